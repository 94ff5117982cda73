// A team's library as files: pull, test, plan and push, drift, what others changed meanwhile; export and import between teams.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Cli, errorOf, openCli } from "../helpers/cli.ts";
import { call, connectV2, createTeam, createToken } from "../helpers/clients.ts";

const server = inject("server");
let cli: Cli;
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "books");
  cli = await openCli(team);
  await save("save_function", { name: "half", description: "Half of a number", definition: "def half: . / 2;" });
  await save("save_tool", {
    name: "halved",
    description: "Half of n.",
    query: "# Halves.\n${n} | half",
    parameters: [{ name: "n", type: "number" }],
  });
});
afterAll(() => cli?.remove());

async function save(tool: string, args: Record<string, unknown>): Promise<void> {
  const client = await connectV2(team);
  const { isError, text } = await call(client, tool, args);
  await client.close();
  if (isError) throw new Error(text);
}

const path = (...names: string[]): string => join(cli.folder, "library", ...names);
const read = (...names: string[]): string => readFileSync(path(...names), "utf8");
const edit = (name: string, change: (text: string) => string): void => writeFileSync(path(name), change(read(name)));

interface Plan {
  drift?: boolean;
  counts: Record<string, number>;
  entries: { name: string; action: string; place: string; diff?: string }[];
  only_on_server: { name: string }[];
}

describe("in git", () => {
  it("pulls each function and tool as a file that a push takes for the same", async () => {
    expect((await cli.run(["tools", "pull"])).out).toBe("library: 2 created, 0 updated, 0 unchanged.\n");
    expect(read("tools", "halved.yaml")).toContain("    query: |-\n      # Halves.\n      ${n} | half\n");
    expect(JSON.parse(read("super-data.lock.json"))).toEqual({
      url: `${team.origin}/t/books`,
      versions: { "function half": 1, "tool halved": 1 },
    });
    const same = await cli.run(["tools", "push", "--check"]);
    expect(same).toEqual({ code: 0, out: "The team is as the files say.\n", err: "" });
    expect(await cli.json(["tools", "push"])).toMatchObject({ applied: false, counts: { same: 2 } });
    expect((await cli.run(["tools", "pull"])).out).toBe("library: 0 created, 0 updated, 2 unchanged.\n");
  });

  it("finds drift, shows the plan, applies it when told to", async () => {
    edit("tools/halved.yaml", (text) => `# Ours.\n${text.replace("Half of n.", "Half of a number n.")}`);
    writeFileSync(
      path("new.yaml"),
      'functions:\n- {name: third, description: A third, definition: "def third: . / 3;"}\n',
    );
    const check = await cli.run(["tools", "push", "--check", "--json"]);
    const plan = JSON.parse(check.out) as Plan;
    expect([check.code, plan.drift, plan.counts]).toEqual([2, true, { same: 1, create: 1, update: 1 }]);
    expect(plan.entries.find(({ name }) => name === "halved")?.diff).toContain(
      "-description: Half of n.\n+description: Half of a number n.",
    );
    const unasked = await cli.run(["tools", "push"]);
    expect([unasked.code, unasked.out]).toEqual([2, ""]);
    expect(unasked.err).toContain("+ function third (create)");
    expect(unasked.err).toContain("Add --yes to say yes.");
    const pushed = await cli.run(["tools", "push", "--yes"]);
    expect([pushed.code, pushed.out]).toEqual([0, "Applied: 1 created, 1 updated, 1 unchanged.\n"]);
    expect((await cli.run(["tools", "push", "--check"])).code).toBe(0);
    expect(read("tools", "halved.yaml")).toMatch(/^# Ours\.\n/);
  });

  it("does not overwrite what others saved since the last pull; pulling brings it into the file, comments and all", async () => {
    await save("save_function", { name: "half", definition: "def half: . * 0.5;", description: "Half of a number" });
    edit("functions/half.yaml", (text) => `${text.replace("Half of a number", "The half")}# The end.\n`);
    const { code, err } = await cli.run(["tools", "push", "--yes"]);
    expect(code).toBe(6);
    expect(err).toContain("changed on the server since the last pull (version 1 there then, 2 now)");
    expect((await cli.run(["tools", "pull"])).out).toBe("library: 0 created, 1 updated, 2 unchanged.\n");
    expect(read("functions", "half.yaml")).toContain("def half: . * 0.5;");
    expect(read("functions", "half.yaml")).toContain("# The end.");
  });

  it("names the file and line of what cannot be saved, and saves nothing", async () => {
    edit("tools/halved.yaml", (text) => text.replace("${n} | half", "${n} | halb"));
    const { code, err } = await cli.run(["tools", "push", "--yes", "--json"]);
    const line =
      read("tools", "halved.yaml")
        .split("\n")
        .findIndex((text) => text.includes("halb")) + 1;
    const error = errorOf({ code, out: "", err });
    expect([code, error.code]).toEqual([1, "library_invalid"]);
    expect(error.message).toMatch(new RegExp(`^library/tools/halved\\.yaml:${line}(:\\d+)?: tool halved: `));
    expect(await cli.json(["tools", "run", "halved", "--arg", "n=8"])).toMatchObject({ rows: [4] });
    edit("tools/halved.yaml", (text) => text.replace("halb", "half"));
  });

  it("refuses YAML that is none and names that stand twice", async () => {
    writeFileSync(path("bad.yaml"), "functions:\n  - name: [\n");
    const bad = await cli.run(["tools", "push", "--check"]);
    expect([bad.code, bad.err]).toEqual([1, expect.stringMatching(/^error: library\/bad\.yaml:\d+:\d+: /)]);
    writeFileSync(path("bad.yaml"), 'functions:\n  - name: half\n    definition: "def half: 1;"\n');
    const twice = await cli.run(["tools", "push", "--check"]);
    expect([twice.code, twice.err]).toEqual([
      1,
      expect.stringContaining("The function half stands in library/bad.yaml:2 and in library/functions/half.yaml:2."),
    ]);
    rmSync(path("bad.yaml"));
    const none = await cli.run(["tools", "push", "nowhere"]);
    expect([none.code, none.err]).toEqual([5, expect.stringContaining("There is no folder or file nowhere.")]);
  });

  it("tests the files' own definitions before they are saved, with cases beside them", async () => {
    writeFileSync(
      path("more.yaml"),
      'functions:\n  - name: sixth\n    description: A sixth\n    definition: "def sixth: third | half;"\ntools:\n  - name: sixths\n    description: Sixths\n    query: "${n} | sixth"\n    parameters: [{name: n, type: number}]\n',
    );
    writeFileSync(
      path("more.test.yaml"),
      "tests:\n  - tool: sixths\n    name: of twelve\n    arguments: {n: 12}\n    expect: {rows: [2]}\n  - tool: sixths\n    name: of nothing\n    expect: {error: invalid_argument}\n",
    );
    const good = await cli.run(["tools", "test"]);
    expect([good.code, good.out]).toEqual([
      0,
      "ok sixths: of twelve\nok sixths: of nothing\n5 functions and tools checked, 2 cases run, 0 failed.\n",
    ]);
    edit("more.test.yaml", (text) => text.replace("[2]", "[3]"));
    const bad = await cli.run(["tools", "test", "library"]);
    expect([bad.code, bad.out]).toEqual([
      1,
      "failed library/more.test.yaml:2 sixths: of twelve: row 1: expected 3, got 2\nok sixths: of nothing\n5 functions and tools checked, 2 cases run, 1 failed.\n",
    ]);
    const saved = await cli.run(["tools", "test", "halved", "--arg", "n=3"]);
    expect([saved.code, saved.out]).toEqual([0, "halved: ok\nFunctions: half\n1.5\n1 of 1 row\n"]);
    const wrong = await cli.run(["tools", "test", "halved"]);
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringMatching(/^halved: failed\n.*\nerror: /)]);
    rmSync(path("more.yaml"));
    rmSync(path("more.test.yaml"));
  });

  it("takes out of use what was pulled and is gone from the files, when told to", async () => {
    rmSync(path("new.yaml"));
    const check = JSON.parse((await cli.run(["tools", "push", "--check", "--json"])).out) as Plan;
    expect(check.only_on_server).toEqual([{ kind: "function", name: "third" }]);
    expect(await cli.json(["tools", "push", "--prune", "--yes"])).toMatchObject({
      removed: [{ kind: "function", name: "third" }],
    });
    expect((await cli.run(["tools", "push", "--check"])).code).toBe(0);
    writeFileSync(path("tools", "local.yaml"), 'tools:\n  - {name: local, description: Local, query: "1"}\n');
    expect((await cli.run(["tools", "pull"])).out).toContain(
      "Only in the files: tool local (library/tools/local.yaml).",
    );
    await cli.run(["tools", "pull", "--prune"]);
    expect(existsSync(path("tools", "local.yaml"))).toBe(false);
  });

  it("is for those who may save", async () => {
    const { token } = await createToken(server, "books", { username: "vic", role: "viewer" });
    edit("tools/halved.yaml", (text) => text.replace("Half of a number n.", "Half."));
    const { code, err } = await cli.run(["tools", "push", "--yes", "--json"], { env: { SUPER_DATA_TOKEN: token } });
    expect([code, errorOf({ code, out: "", err }).code]).toEqual([4, "forbidden"]);
  });
});

it("the guide's example of test cases holds", async () => {
  const guide = readFileSync("docs/guides/command-line.md", "utf8");
  const example = /```yaml\n(tests:[\s\S]*?)```/.exec(guide)?.[1] ?? "";
  const env = { SUPER_DATA_URL: server.url, SUPER_DATA_TOKEN: server.token };
  await cli.json(["tools", "pull", "samples"], { env });
  writeFileSync(join(cli.folder, "samples", "guide.test.yaml"), example);
  const { code, out } = await cli.run(["tools", "test", "samples"], { env });
  expect([code, out]).toEqual([
    0,
    expect.stringContaining("ok revenue_by: four regions\nok revenue_by: unknown field\n"),
  ]);
});

describe("between teams", () => {
  it("exports what is signed, shows the other team the plan, and imports exactly that", async () => {
    const file = join(cli.folder, "halved.json");
    await cli.json(["export", "--what", "tools", "--names", "halved", "--sign", "-o", file]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      tools: [{ name: "halved" }],
      functions: [{ name: "half" }],
      signature: { algorithm: "ed25519" },
    });
    const other = await createTeam(server, "readers");
    const env = { SUPER_DATA_URL: other.url, SUPER_DATA_TOKEN: other.token };
    const plan = await cli.run(["import", file, "--plan"], { env });
    expect([plan.code, plan.out]).toEqual([
      0,
      expect.stringMatching(
        /^Signed with a key this team does not know .*\n\+ function half \(create\)\n\+ tool halved \(create\)\n/,
      ),
    ]);
    const unasked = await cli.run(["import", file], { env });
    expect([unasked.code, unasked.out]).toEqual([2, ""]);
    expect((await cli.run(["import", file, "--yes"], { env })).out).toBe("Imported: 2 created.\n");
    expect(await cli.json(["import", file, "--yes"], { env })).toMatchObject({
      created: [],
      unchanged: [{ name: "half" }, { name: "halved" }],
    });
    writeFileSync(file, readFileSync(file, "utf8").replace("Half of", "Part of"));
    const forged = await cli.run(["import", file, "--yes"], { env });
    expect([forged.code, forged.out]).toEqual([1, ""]);
    expect(forged.err).toContain("signature");
  });

  it("writes YAML to standard output, and refuses what it does not know", async () => {
    expect((await cli.run(["export", "--format", "yaml"])).out).toContain("format: super-data-library");
    expect((await cli.run(["export", "--what", "everything"])).code).toBe(2);
    expect((await cli.run(["import", "absent.json"])).code).toBe(5);
    expect((await cli.run(["import", "-", "--strategy", "merge"], { input: "tools: []" })).code).toBe(2);
  });
});
