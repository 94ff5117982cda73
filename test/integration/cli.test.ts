// The command line against the running product: what every command shares, and those that only ask.
import { spawn } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Cli, errorOf, openCli, script } from "../helpers/cli.ts";
import { createTeam, createToken } from "../helpers/clients.ts";
import { freePort } from "../helpers/server.ts";

const server = inject("server");
let cli: Cli;
let team: Awaited<ReturnType<typeof createTeam>>;
/** The environment of somebody else. */
let viewer: Record<string, string>;

beforeAll(async () => {
  team = await createTeam(server, "shell");
  cli = await openCli(team);
  viewer = { SUPER_DATA_TOKEN: (await createToken(server, "shell", { username: "vera", role: "viewer" })).token };
  await cli.json(["datasets", "push", "-", "--name", "orders", "--format", "ndjson"], {
    input: Array.from({ length: 2_500 }, (_, id) =>
      JSON.stringify({ id, region: id % 2 === 0 ? "north" : 'south, "far"', amount: id }),
    ).join("\n"),
  });
});
afterAll(() => cli?.remove());

/** Anyone signed in to the team of samples. */
const demo = { SUPER_DATA_URL: server.url, SUPER_DATA_TOKEN: server.token };

describe("the words of a command", () => {
  it("says what commands there are, and of each how it is used, with examples", async () => {
    const all = await cli.run([]);
    expect([all.code, all.err]).toEqual([0, ""]);
    const names = [...all.out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}\S/gm)].map(([, name = ""]) => name);
    expect(names).toHaveLength(28);
    const helps = await Promise.all(names.map((name) => cli.run([...name.split(" "), "--help"])));
    helps.forEach(({ code, out, err }, at) => {
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(new RegExp(`^Usage: super-data ${names[at]}\\b`));
      expect(out).toContain(`Examples:\n  `);
      expect(out).toContain("--json");
    });
  });

  it.each([
    [["dataset", "list"], 'There is no command "dataset". Did you mean "datasets list"?', "super-data --help"],
    [
      ["datasets", "psh"],
      'There is no command "datasets psh". Did you mean "datasets push"?',
      "super-data datasets --help",
    ],
    [["whoami", "--jsn"], "There is no option --jsn. Did you mean --json?", "super-data whoami --help"],
    [["datasets", "pull"], "Something is missing: super-data datasets pull NAME.", "super-data datasets pull --help"],
    [["whoami", "now"], '"now" is one word too many: super-data whoami takes no words.', "super-data whoami --help"],
    [["query", "orders", ".", "--limit", "many"], '--limit takes a whole number above 0, not "many".', undefined],
  ])("refuses %j", async (args, message, hint) => {
    const { code, out, err } = await cli.run(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`error: ${message}\n`);
    if (hint !== undefined) expect(err).toContain(`See \`${hint}\`.`);
  });

  it("prints the version, and help for a group", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect((await cli.run(["--version"])).out).toBe(`${version}\n`);
    const group = await cli.run(["tools"]);
    expect([group.code, group.out.match(/^ {2}tools \w+/gm)]).toEqual([
      2,
      ["  tools list", "  tools run", "  tools test", "  tools pull", "  tools push"],
    ]);
  });
});

describe("errors", () => {
  it("says in words and as JSON what is wrong, what to do, and which request it was", async () => {
    const plain = await cli.run(["datasets", "pull", "nothing"]);
    expect([plain.code, plain.out]).toEqual([5, ""]);
    expect(plain.err).toMatch(/^error: .*nothing.*\n {2}.+\n {2}\(not_found, request [0-9a-f-]{36}\)\n$/);
    const { code, out, err } = await cli.run(["datasets", "pull", "nothing", "--json"]);
    expect([code, out]).toEqual([5, ""]);
    expect(errorOf({ code, out, err })).toMatchObject({
      code: "not_found",
      status: 404,
      exit_code: 5,
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("has an exit code for each way of failing", async () => {
    const nobody = await cli.run(["whoami", "--json"], { env: { SUPER_DATA_URL: "", SUPER_DATA_TOKEN: "" } });
    expect([nobody.code, errorOf(nobody).code]).toEqual([3, "not_signed_in"]);
    const wrong = await cli.run(["whoami", "--json"], { env: { SUPER_DATA_TOKEN: "sdp_wrong" } });
    expect([wrong.code, errorOf(wrong).code]).toEqual([3, "unauthorized"]);
    const other = await cli.run(["whoami", "--json"], { env: { SUPER_DATA_TOKEN: server.token } });
    expect([other.code, errorOf(other).code]).toEqual([3, "unauthorized"]);
    const weak = await cli.run(["backup", "create", "--json"], { env: viewer });
    expect([weak.code, errorOf(weak).code]).toEqual([4, "forbidden"]);
    const taken = await cli.run(
      ["datasets", "push", "-", "--name", "orders", "--format", "csv", "--create-only", "--json"],
      { input: "a\n1\n" },
    );
    expect([taken.code, errorOf(taken).code]).toEqual([6, "precondition_failed"]);
    const port = await freePort();
    const away = await cli.run(["whoami", "--json"], { env: { SUPER_DATA_URL: `http://127.0.0.1:${port}/t/shell` } });
    expect([away.code, errorOf(away).code, errorOf(away).message]).toEqual([
      7,
      "unreachable",
      `http://127.0.0.1:${port} cannot be reached: ECONNREFUSED.`,
    ]);
    const program = await cli.run(["query", "orders", "{", "--json"]);
    expect([program.code, errorOf(program).code]).toEqual([1, "jq_syntax"]);
  });

  it("takes no address that is none", async () => {
    const { code, err } = await cli.run(["whoami", "--url", "https://super-data.example.com/demo"]);
    expect([code, err]).toEqual([2, expect.stringContaining("It looks like https://super-data.example.com/t/TEAM.")]);
  });
});

describe("whoami", () => {
  it("says who one is by the environment", async () => {
    const { out } = await cli.run(["whoami"]);
    expect(out).toContain("shell-owner, owner of shell");
    expect(await cli.json(["whoami"])).toMatchObject({
      username: "shell-owner",
      role: "owner",
      team: "shell",
      profile: null,
      source: "environment",
    });
  });
});

describe("query", () => {
  it("gives a pipe one row a line, all of them, over as many pages as it takes", async () => {
    const { code, out, err } = await cli.run(["query", "orders", ".[] | {id, amount}"]);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect([code, err, rows.length]).toEqual([0, "", 2_500]);
    expect(rows.at(-1)).toEqual({ id: 2_499, amount: 2_499 });
  });

  it("says what it left out", async () => {
    const { code, out, err } = await cli.run(["query", "orders", ".[] | .id", "--limit", "2"]);
    expect([code, out, err]).toEqual([0, "0\n1\n", "warning: 2 rows of 2500; --all gets the rest.\n"]);
    expect(await cli.json(["query", "orders", ".[] | .id", "--limit", "2"])).toMatchObject({
      rows: [0, 1],
      returned: 2,
      total: 2_500,
      truncated: true,
      next_cursor: expect.any(String),
    });
  });

  it("writes CSV and tables, binds arguments, reads records and files", async () => {
    const csv = await cli.run([
      "query",
      "orders",
      "--records",
      "select(.id < $n) | {id, region}",
      "--argjson",
      "n=2",
      "--format",
      "csv",
    ]);
    expect(csv.out).toBe('id,region\n0,north\n1,"south, ""far"""\n');
    const program = join(cli.folder, "sum.jq");
    writeFileSync(program, "reduce inputs as $o ({}; .[$o.region] += $o.amount)");
    const sums = await cli.run(["query", "orders", "--null-input", "--file", program, "--format", "table"]);
    expect(sums.out).toBe('  north  south, "far"\n1561250       1562500\n');
  });

  it("shows control characters of data and does not send them to the terminal as a table", async () => {
    const { out } = await cli.run(["query", "orders", '{a: "\\u001b[2J", b: 1}', "--format", "table"]);
    expect(out).toBe("a          b\n\\u001b[2J  1\n");
  });

  it("knows whether there is SQL", async () => {
    const ran = await cli.run(["query", "--sql", "SELECT 1 AS one", "--json"]);
    const answers = [
      { code: 1, error: "unsupported" },
      { code: 0, rows: [{ one: 1 }] },
    ];
    const found =
      ran.code === 0
        ? { code: 0, rows: (JSON.parse(ran.out) as { rows: unknown[] }).rows }
        : { code: ran.code, error: errorOf(ran).code };
    expect(answers).toContainEqual(found);
  });
});

describe("tools", () => {
  it("runs the team's tools with arguments of their declared types", async () => {
    const { out } = await cli.run(["tools", "run", "top_customers", "--arg", "n=2"], { env: demo });
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line) as object)),
    ).toEqual([
      ["customer", "spent", "orders"],
      ["customer", "spent", "orders"],
    ]);
    const bad = await cli.run(["tools", "run", "top_customers", "--arg", "n=two"], { env: demo });
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining('error: n is an integer; "two" is none.\n')]);
  });

  it("runs built-in tools, whose text it prints", async () => {
    const { code, out } = await cli.run(["tools", "run", "describe_dataset", "--args", '{"dataset":"orders"}']);
    expect([code, out]).toEqual([0, expect.stringContaining("orders")]);
    const none = await cli.run(["tools", "run", "no_such_tool", "--json"]);
    expect([none.code, errorOf(none).code]).toEqual([5, "not_found"]);
  });

  it("lists them", async () => {
    const { tools, functions } = await cli.json<Record<"tools" | "functions", { name: string }[]>>(["tools", "list"], {
      env: demo,
    });
    expect(tools.map(({ name }) => name)).toContain("revenue_by");
    expect(functions.map(({ name }) => name)).toContain("money");
  });
});

describe("tokens", () => {
  it("creates one that works, lists it and ends it", async () => {
    const { code, out } = await cli.run([
      "token",
      "create",
      "nightly",
      "--scope",
      "data:read",
      "--expires-in-days",
      "1",
    ]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^sdp_\S+\n$/)]);
    const env = { SUPER_DATA_TOKEN: out.trim() };
    expect(await cli.json(["whoami"], { env })).toMatchObject({
      scopes: ["data:read"],
      credential: { label: "nightly" },
    });
    const narrow = await cli.run(["backup", "list"], { env });
    expect([narrow.code, narrow.err]).toEqual([4, expect.stringContaining("super-data login --scope data:read,admin")]);
    const { tokens } = await cli.json<{ tokens: { id: string; label: string }[] }>(["token", "list"]);
    const id = tokens.find(({ label }) => label === "nightly")?.id ?? "";
    expect(await cli.json(["token", "revoke", id])).toEqual({ id, revoked: true });
    expect((await cli.run(["whoami"], { env })).code).toBe(3);
    expect((await cli.run(["token", "revoke", "tok_none"])).code).toBe(5);
  });
});

describe("backups", () => {
  it("takes one, previews, restores only what was agreed to, and deletes", { timeout: 120_000 }, async () => {
    const { id } = await cli.json<{ id: string }>(["backup", "create"]);
    await cli.json(["datasets", "push", "-", "--name", "later", "--format", "csv"], { input: "a\n1\n" });
    const listed = await cli.json<{ backups: { id: string; state: string }[] }>(["backup", "list"]);
    expect(listed.backups.find((one) => one.id === id)).toMatchObject({ state: "complete" });
    const preview = await cli.run(["backup", "preview", id]);
    expect([preview.code, preview.out]).toEqual([
      0,
      expect.stringMatching(/0 created, 0 changed, 1 removed\n {2}- later\n/),
    ]);
    const unasked = await cli.run(["backup", "restore", id]);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringContaining("Add --yes to say yes.")]);
    const restored = await cli.json(["backup", "restore", id, "--yes"]);
    expect(restored).toMatchObject({ outcome: "restored", backup_id: id, safety_backup: expect.any(String) });
    expect((await cli.run(["datasets", "pull", "later"])).code).toBe(5);
    expect(await cli.json(["backup", "delete", id, "--yes"])).toEqual({ backup_id: id, deleted: true });
    const left = await cli.json<{ backups: { id: string }[] }>(["backup", "list"]);
    expect(left.backups.map((one) => one.id)).not.toContain(id);
    expect((await cli.run(["backup", "preview", "bkp_none"])).code).toBe(5);
  });

  it("downloads one as a tar file, for owners", { timeout: 120_000 }, async () => {
    const { id } = await cli.json<{ id: string }>(["backup", "create"]);
    const saved = await cli.json<{ path: string; bytes: number }>(["backup", "download", id, "-o", cli.folder]);
    expect(saved).toEqual({
      backup_id: id,
      path: join(cli.folder, `shell-${id}.tar`),
      bytes: statSync(saved.path).size,
    });
    const file = readFileSync(saved.path);
    expect([file.subarray(257, 262).toString(), file.length % 512]).toEqual(["ustar", 0]);
    expect(file.subarray(0, 100).toString().replace(/\0+$/, "")).toBe(`backups/${id}/manifest.json`);
    const twice = await cli.run(["backup", "download", id, "-o", saved.path]);
    expect([twice.code, twice.err]).toEqual([6, expect.stringContaining("exists.")]);
    expect((await cli.run(["backup", "download", "bkp_none"])).code).toBe(5);
    const admin = await createToken(server, "shell", { username: "shell-admin", role: "admin" });
    const refused = await cli.run(["backup", "download", id, "-o", "-"], { env: { SUPER_DATA_TOKEN: admin.token } });
    expect([refused.code, refused.out]).toEqual([4, ""]);
  });
});

describe("audit verify", () => {
  it("follows the chain from the server and from a file, and finds what was changed", async () => {
    const { holds, head, entries } = await cli.json<{ holds: boolean; head: string; entries: number }>([
      "audit",
      "verify",
    ]);
    expect([holds, head]).toEqual([true, expect.stringMatching(new RegExp(`^${entries}:[0-9a-f]{64}$`))]);
    expect((await cli.run(["audit", "verify", "--expect", head])).code).toBe(0);
    const address = `${team.origin}/t/shell/api/v1/audit/export`;
    const text = await (await fetch(address, { headers: { authorization: `Bearer ${team.token}` } })).text();
    const path = join(cli.folder, "audit.ndjson");
    writeFileSync(path, text.replace("shell-owner", "somebody-el"));
    const { code, err } = await cli.run(["audit", "verify", "--file", path]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^error: The chain is broken at entry \d+\. It was changed/),
    ]);
    expect((await cli.run(["audit", "verify", "--expect", "1"])).code).toBe(2);
    expect((await cli.run(["audit", "verify"], { env: viewer })).code).toBe(4);
  });
});

it("ends quietly when whoever reads it has enough", async () => {
  const child = spawn(process.execPath, [script, "query", "orders", ".[]"], {
    env: cli.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect([code, err]).toEqual([0, ""]);
});
