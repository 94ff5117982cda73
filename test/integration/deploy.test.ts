// `npm run deploy` against a stand-in of wrangler and the shared server: what it makes, what it leaves, what it says, what it keeps to itself.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, inject, it, vi } from "vitest";
import { type Account, looking, Operator, runScript } from "../helpers/deploying.ts";

// Several runs in a test, each a dozen processes.
vi.setConfig({ testTimeout: 180_000 });

const server = inject("server");
const operatorToken = readFileSync(join(server.persist, "operator-token"), "utf8").trim();
const asOperator = { OPERATOR_TOKEN: operatorToken };
const team = `deployed-${process.pid}`;
let operators: Operator[] = [];

function operator(changes: Partial<Account> = {}, url = server.origin): Operator {
  const one = new Operator(url, changes);
  operators.push(one);
  return one;
}

afterEach(() => {
  for (const one of operators) one.leave();
  operators = [];
});
afterAll(async () => {
  await fetch(`${server.origin}/operator/teams/${team}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${operatorToken}` },
  });
});

const making = [
  "r2 bucket create WORKER-files",
  "queues create WORKER-background",
  "queues create WORKER-dead-letters",
  "kv namespace create WORKER-oauth",
  "kv namespace list",
];

it("takes a new operator from nothing to an owner's link, and a second run changes nothing that is there", async () => {
  const one = operator();
  const first = await one.deployed(["--team", team], asOperator);
  expect(one.commands()).toEqual([...looking, ...making, "deploy --config CONFIG --minify --secrets-file FILE"]);
  expect(first).toMatchObject({
    dry_run: false,
    worker: one.worker,
    account: { id: "a1b2", name: "Example" },
    url: server.origin,
    created: [
      `bucket ${one.worker}-files`,
      `queue ${one.worker}-background`,
      `queue ${one.worker}-dead-letters`,
      `namespace ${one.worker}-oauth`,
    ],
    secrets: {
      set: ["OPERATOR_TOKEN", "SECRETS_KEY", "BACKUP_KEY"],
      made: ["SECRETS_KEY", "BACKUP_KEY"],
      kept_in: one.keepFile,
    },
    smoke: { ok: true },
    team: { team, created: true },
  });
  const link = (first.team as { owner_link: string }).owner_link;
  const page = await fetch(`${server.origin}${new URL(link).pathname}`);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("owner")]);

  const before = one.account;
  const config = readFileSync(one.configFile, "utf8");
  const kept = readFileSync(one.keepFile, "utf8");
  const second = await one.deployed(["--team", team], asOperator);
  expect(one.commands()).toEqual([...looking, "deploy --config CONFIG --minify"]);
  expect(second).toMatchObject({
    created: [],
    secrets: { set: [], made: [], kept_in: one.keepFile },
    smoke: { ok: true },
    team: { team, created: false },
  });
  expect(second.team).not.toHaveProperty("owner_link");
  const worker = before.workers[one.worker];
  expect(one.account).toEqual({ ...before, workers: { [one.worker]: { ...worker, versions: 2 } } });
  expect(readFileSync(one.configFile, "utf8")).toBe(config);
  expect(readFileSync(one.keepFile, "utf8")).toBe(kept);

  const third = await one.deployed(["--team", team, "--owner-link", "--no-smoke"], asOperator);
  expect(third.team).toMatchObject({ created: false, owner_link: expect.stringContaining(`/join/${team}/`) });
  expect(third).not.toHaveProperty("smoke");
});

it("makes secrets that reach the Worker and the operator's own file, and no output, command line or environment", async () => {
  const one = operator({}, "");
  // A deployment that knows only the token that was set.
  const stub = createServer((request, response) => {
    const token = one.account.workers[one.worker]?.secrets.OPERATOR_TOKEN;
    const open = request.url === "/health";
    if (!open && request.headers.authorization !== `Bearer ${token}`) response.statusCode = 401;
    const link = { url: "http://localhost/join/demo/link", expires_at: "2026-11-28T00:00:00.000Z" };
    response.end(
      JSON.stringify(open ? { status: "ok" } : request.method === "PUT" ? { team: "demo", created: true } : link),
    );
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => stub.once("listening", resolve));
  one.account = { ...one.account, url: `http://127.0.0.1:${(stub.address() as AddressInfo).port}` };
  const { status, out, err } = await one.deploy(["--yes", "--no-smoke"]);
  stub.close();
  expect(status, err).toBe(0);
  expect(out).toContain("Team       demo; MCP URL");
  expect(out).toContain("http://localhost/join/demo/link");

  const secrets = one.account.workers[one.worker]?.secrets ?? {};
  expect(Object.keys(secrets)).toEqual(["OPERATOR_TOKEN", "SECRETS_KEY", "BACKUP_KEY"]);
  expect(secrets.OPERATOR_TOKEN).toMatch(/^[0-9a-f]{64}$/);
  expect(secrets.SECRETS_KEY).toMatch(/^[0-9a-f]{64}$/);
  expect(Buffer.from(secrets.BACKUP_KEY ?? "", "base64")).toHaveLength(32);
  const kept = readFileSync(one.keepFile, "utf8").split("\n").slice(1).join("\n");
  expect(kept).toBe(
    Object.entries(secrets)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  expect([statSync(one.keepFile).mode & 0o777, statSync(dirname(one.keepFile)).mode & 0o777]).toEqual([0o600, 0o700]);

  const noted = one.noted();
  const files = noted.filter(({ secrets_file: file }) => file !== undefined);
  expect(files).toEqual([{ secrets_file: expect.any(String), mode: "600", directory_mode: "700" }]);
  expect(existsSync(files[0]?.secrets_file ?? "")).toBe(false);
  expect(noted.flatMap(({ secrets_in_environment: names }) => names ?? [])).toEqual([]);
  const seen = [out, err, JSON.stringify(noted), readFileSync(one.configFile, "utf8")].join("\n");
  expect(one.secretValues().filter((value) => seen.includes(value))).toEqual([]);
});

describe("a dry run", () => {
  it("says every step and command and runs none that changes anything", async () => {
    const one = operator({ buckets: [] });
    const before = one.account;
    const { status, out, err } = await one.deploy(["--dry-run", "--location", "weur"]);
    expect([status, out]).toEqual([0, ""]);
    expect(one.commands()).toEqual(looking);
    expect(one.account).toEqual(before);
    expect([existsSync(one.keepFile), existsSync(one.configFile)]).toEqual([false, false]);
    expect(
      err.replaceAll(one.configFile, "CONFIG").replaceAll(one.keepFile, "KEPT").replaceAll(one.worker, "WORKER"),
    ).toBe(
      `Logged in as operator@example.org; account Example (a1b2)
There already: nothing
Would do, and did none of it:
  make bucket WORKER-files: wrangler r2 bucket create WORKER-files --location weur
  make queue WORKER-background: wrangler queues create WORKER-background
  make queue WORKER-dead-letters: wrangler queues create WORKER-dead-letters
  make namespace WORKER-oauth: wrangler kv namespace create WORKER-oauth
  write the configuration CONFIG
  make OPERATOR_TOKEN, SECRETS_KEY, BACKUP_KEY, and keep them in KEPT
  deploy WORKER, Durable Object migrations included: wrangler deploy --config CONFIG --minify --secrets-file …
  test the deployment: npm run smoke
  team demo, and a link for its owner when it is new
`,
    );
  });

  it("works before the first login", async () => {
    const one = operator({ loggedIn: false });
    const { status, err } = await one.deploy(["--dry-run"]);
    expect(status).toBe(0);
    expect(one.commands()).toEqual(["--version", "whoami --json"]);
    expect(err).toContain("You are not logged in to Cloudflare. This is what a new deployment would do.");
    expect(err).toContain(`wrangler queues create ${one.worker}-background`);
  });
});

describe("what fails says the next step", () => {
  const refusal = (code: number, text: string) => ({ resource: "/accounts/a1b2/any", code, text });
  const cases: [string, Partial<Account>, string, string, string][] = [
    ["not_logged_in", { loggedIn: false }, "You are not logged in to Cloudflare.", "npx wrangler login", "whoami"],
    [
      "r2_not_enabled",
      { failing: { "r2 bucket": refusal(10042, "Please enable R2 through the Cloudflare Dashboard.") } },
      "R2 is not enabled in this account.",
      "https://dash.cloudflare.com/a1b2/r2/overview",
      "r2 bucket info",
    ],
    [
      "queues_not_in_plan",
      { failing: { "queues create": refusal(100129, "Queues are unavailable on the free plan.") } },
      "Queues are not available in this account's plan.",
      "https://dash.cloudflare.com/a1b2/workers/plans",
      "queues create",
    ],
    [
      "queues_not_in_plan",
      { failing: { "queues info": refusal(11002, "In order to use Queues, you must enable your account.") } },
      "Queues are not available in this account's plan.",
      "https://dash.cloudflare.com/a1b2/workers/queues",
      "queues info",
    ],
    [
      "queue_quota",
      { failing: { "queues create": refusal(19999, "You have reached the maximum number of queues.") } },
      "This account may have no more queues (You have reached the maximum number of queues. [code: 19999])",
      "Delete queues that nothing uses",
      "queues create",
    ],
    [
      "name_taken",
      {
        failing: {
          "r2 bucket create": refusal(10004, "The bucket you tried to create already exists, and you own it."),
        },
      },
      "A name is taken: `wrangler r2 bucket create WORKER-files` was refused (The bucket you tried to create already exists, and you own it. [code: 10004])",
      "--env NAME",
      "r2 bucket create",
    ],
    [
      "missing_permission",
      { failing: { "kv namespace list": refusal(10000, "Authentication error") } },
      "Your login may not do this: `wrangler kv namespace list` was refused.",
      "Workers KV Storage: Edit",
      "kv namespace list",
    ],
    [
      "cpu_limit_not_in_plan",
      { failing: { deploy: refusal(100328, "CPU limits are not supported for the Free plan.") } },
      "This account's plan takes no CPU limit (limits.cpu_ms in wrangler.toml).",
      "--no-cpu-limit",
      "deploy",
    ],
    [
      "consumer_taken",
      { failing: { deploy: refusal(11004, "workers.api.error.consumer_exists") } },
      "Another Worker takes the messages of one of this deployment's queues.",
      "npx wrangler queues info NAME",
      "deploy",
    ],
    [
      "no_subdomain",
      {
        failing: {
          deploy: {
            message:
              "You can either deploy your worker to one or more routes by specifying them in your wrangler.json file, or register a workers.dev subdomain here:\nhttps://dash.cloudflare.com/a1b2/workers/onboarding",
          },
        },
      },
      "This account has no workers.dev name yet.",
      "https://dash.cloudflare.com/a1b2/workers/onboarding",
      "deploy",
    ],
    [
      "unreachable",
      { failing: { "queues info": { message: "fetch failed" } } },
      "Cloudflare's API could not be reached.",
      "Check the network",
      "queues info",
    ],
    [
      "wrangler_failed",
      { failing: { "queues info": refusal(500, "Internal error") } },
      "`wrangler queues info WORKER-background` failed with code 500: Internal error [code: 500]",
      "run this again; it goes on where it was",
      "queues info",
    ],
    [
      "wrangler_too_old",
      { version: "4.90.1" },
      "wrangler 4.90.1 is too old: this project needs 4.164.0 or newer.",
      "Run `npm ci`",
      "--version",
    ],
    [
      "several_accounts",
      {
        accounts: [
          { id: "a1b2", name: "Example" },
          { id: "c3d4", name: "Other" },
        ],
      },
      "Your login has several accounts: Example (a1b2), Other (c3d4).",
      "--account ID",
      "whoami",
    ],
  ];

  it.each(cases)("%s", async (kind, changes, message, next, lastCommand) => {
    const one = operator(changes);
    const { status, out, err } = await one.deploy(["--yes", "--json"]);
    expect(status).toBe(1);
    const { error } = JSON.parse(out);
    expect([error.kind, error.message.replaceAll(one.worker, "WORKER")]).toEqual([kind, message]);
    expect(error.next).toContain(next);
    expect(err).toContain(`${error.message}\nNext: ${error.next}\n`);
    expect(one.commands().at(-1)).toMatch(new RegExp(`^${lastCommand}`));
  });

  it("a Worker of that name that is not Super Data is left alone", async () => {
    const one = operator();
    one.account = { ...one.account, workers: { [one.worker]: { secrets: { OTHER: "x" }, versions: 1, config: {} } } };
    const { error } = (await one.deployed([])) as { error: Record<string, string> };
    expect(error).toEqual({
      kind: "name_taken",
      message: `The account has a Worker ${one.worker} that is not Super Data: it has no secret OPERATOR_TOKEN.`,
      next: `Deploy under another name with --env NAME. If it is yours, run \`npx wrangler secret put OPERATOR_TOKEN --name ${one.worker}\` first.`,
    });
    expect(one.commands()).toEqual(looking);
  });

  it("the next run goes on where one broke off, with the secrets that were made then", async () => {
    const one = operator({ failing: { deploy: refusal(500, "Internal error") } });
    expect(await one.deployed([], asOperator)).toMatchObject({ error: { kind: "wrangler_failed" } });
    const kept = readFileSync(one.keepFile, "utf8");
    const { failing: _, ...mended } = one.account;
    one.account = mended;
    await one.deployed(["--team", team, "--no-smoke"], asOperator);
    expect(one.commands()).toEqual([...looking, "deploy --config CONFIG --minify --secrets-file FILE"]);
    expect(readFileSync(one.keepFile, "utf8")).toBe(kept);
    const { SECRETS_KEY, BACKUP_KEY } = one.account.workers[one.worker]?.secrets ?? {};
    expect(kept.split("\n").slice(1)).toEqual([`SECRETS_KEY=${SECRETS_KEY}`, `BACKUP_KEY=${BACKUP_KEY}`, ""]);
  });

  it("a deployment whose test fails says which part", async () => {
    const one = operator();
    const { error, smoke } = await one.deployed([], { OPERATOR_TOKEN: "0".repeat(64) });
    expect(error).toEqual({
      kind: "smoke_failed",
      message: "The deployment does not work as it should: team: The deployment refuses this OPERATOR_TOKEN.",
      next: "Give the one it was deployed with; `npx wrangler secret put OPERATOR_TOKEN` sets another.",
    });
    expect(smoke).toMatchObject({ ok: false });
  });

  it("flags and files that are wrong change nothing", async () => {
    const one = operator();
    const said = async (...args: string[]) => (await one.deploy(args)).err.split("\n").slice(0, 2);
    expect(await said("--evn", "x")).toEqual(["Unknown option '--evn'", ""]);
    expect(await said("--yes", "--env", "Acme_1")).toEqual([
      '--env takes at most 30 of a-z, 0-9 and "-", beginning and ending with a letter or digit; not "Acme_1".',
      "",
    ]);
    expect(await said("--json")).toEqual(["--json asks nothing: add --yes, or --dry-run.", ""]);
    expect(await said()).toEqual([
      "This is no terminal to ask on.",
      "Next: Add --yes to go on without questions, or --dry-run to see what would happen.",
    ]);
    expect(await said("--yes", "--vars", "/no/such/file")).toContain(
      "The file of variables /no/such/file could not be read: ENOENT.",
    );
    expect(await said("--yes", "--keep", "secrets.env")).toContain(
      `${join(process.cwd(), "secrets.env")} is in the checkout, where secrets must not lie.`,
    );
    mkdirSync(dirname(one.keepFile), { recursive: true });
    writeFileSync(one.keepFile, "BACKUP_KEY=x\n");
    chmodSync(one.keepFile, 0o644);
    expect(await said("--yes")).toContain(`Others can read ${one.keepFile}, which holds secrets.`);
    expect(one.account.workers).toEqual({});
    expect(one.account.buckets).toEqual([]);
  });
});

it("names everything after the environment, takes variables and a domain, and leaves the committed configuration alone", async () => {
  const one = operator();
  const committed = readFileSync("wrangler.toml", "utf8");
  const vars = join(one.home, "vars.env");
  writeFileSync(vars, "TEAM_CREATION=@example.org\nGOOGLE_CLIENT_ID=client\nGOOGLE_CLIENT_SECRET=very-secret-1\n");
  const args = ["--vars", vars, "--no-cpu-limit", "--no-smoke", "--team", team];
  const { status, out, err } = await one.deploy(["--yes", ...args], asOperator);
  expect(status, err).toBe(0);
  const text = readFileSync(one.configFile, "utf8");
  expect([out, err, text].join("\n")).not.toContain("very-secret-1");
  expect(one.account.workers[one.worker]?.secrets.GOOGLE_CLIENT_SECRET).toBe("very-secret-1");
  const config = JSON.parse(text);
  expect(config).toMatchObject({
    name: one.worker,
    account_id: "a1b2",
    keep_vars: true,
    vars: { TEAM_CREATION: "@example.org", GOOGLE_CLIENT_ID: "client" },
    kv_namespaces: [{ binding: "OAUTH_KV", id: "0f2ac74b498b48028cb68387c421e279" }],
    r2_buckets: [{ binding: "FILES", bucket_name: `${one.worker}-files` }],
    queues: {
      producers: [{ queue: `${one.worker}-background` }],
      consumers: [
        { queue: `${one.worker}-background`, dead_letter_queue: `${one.worker}-dead-letters` },
        { queue: `${one.worker}-dead-letters` },
      ],
    },
    migrations: [{ tag: "v1" }, { tag: "v2" }, { tag: "v3" }],
  });
  expect(config).not.toHaveProperty("limits");

  // What was said once holds for later runs, which need not say it again.
  await one.deployed(["--no-smoke", "--team", team], asOperator);
  expect(readFileSync(one.configFile, "utf8")).toBe(text);
  writeFileSync(vars, `PUBLIC_ORIGIN=${server.origin}\n`);
  await one.deployed([...args, "--domain", "data.example.org"], asOperator);
  expect(JSON.parse(readFileSync(one.configFile, "utf8"))).toMatchObject({
    routes: [{ pattern: "data.example.org", custom_domain: true }],
    vars: { TEAM_CREATION: "@example.org", GOOGLE_CLIENT_ID: "client", PUBLIC_ORIGIN: server.origin },
  });
  expect(readFileSync("wrangler.toml", "utf8")).toBe(committed);

  const wrangler = join(process.cwd(), "node_modules/wrangler/bin/wrangler.js");
  const flags = ["deploy", "--config", one.configFile, "--dry-run", "--outdir", join(one.home, "out")];
  const { stdout } = await promisify(execFile)(process.execPath, [wrangler, ...flags], {
    env: {
      ...process.env,
      CLOUDFLARE_ENV: "",
      WRANGLER_SEND_METRICS: "false",
      NO_COLOR: "1",
      XDG_CONFIG_HOME: one.home,
    },
  });
  expect(stdout).toContain("--dry-run: exiting now.");
  for (const binding of [
    "TEAM (TeamObject)",
    "WORKSPACE (WorkspaceObject)",
    `BACKGROUND (${one.worker}-background)`,
    `FILES (${one.worker}-files)`,
  ]) {
    expect(stdout).toContain(`env.${binding}`);
  }
});

it("without OPERATOR_TOKEN an upgrade tests what is open to all, and says so", async () => {
  const one = operator();
  await one.deployed(["--team", team, "--no-smoke"], asOperator);
  const { status, out, err } = await one.deploy(["--yes"]);
  expect(status, err).toBe(0);
  expect(out).toContain("OPERATOR_TOKEN was not given, so the test was of what is open to all, and no team was made");
  expect(err).toContain("ok     oauth metadata");
  expect(err).not.toContain("mcp tools");
});

it("asks how people sign in, and reads where wrangler says a deployment is served", async () => {
  const load = (name: string) => import(new URL(`../../scripts/${name}`, import.meta.url).href);
  const { askSignIn } = await load("deploy-ask.mjs");
  const answers = ["google oidc", "google-client", "SSO", "https://login.example.org", "oidc-client", "example.org"];
  const shown: string[] = [];
  const text = async (question: string) => {
    shown.push(question);
    return answers.shift() ?? "";
  };
  expect(await askSignIn({ text, secret: async (question: string) => `secret of ${question.split(":")[0]}` })).toEqual({
    providers: ["google", "sso"],
    vars: {
      GOOGLE_CLIENT_ID: "google-client",
      OIDC_SSO_CLIENT_ID: "oidc-client",
      OIDC_SSO_ISSUER: "https://login.example.org",
      ALLOWED_EMAIL_DOMAINS: "example.org",
      PASSKEYS: "off",
    },
    secrets: { GOOGLE_CLIENT_SECRET: "secret of Google", OIDC_SSO_CLIENT_SECRET: "secret of OpenID Connect" },
  });
  expect(answers).toEqual([]);

  const { originOf } = await load("deploy-account.mjs");
  const deployed = (...targets: string[]) => originOf([{ type: "wrangler-session" }, { type: "deploy", targets }]);
  expect(deployed("https://super-data.example.workers.dev", "schedule: 17 2 * * *")).toBe(
    "https://super-data.example.workers.dev",
  );
  expect(deployed("data.example.org (custom domain)", "https://super-data.example.workers.dev")).toBe(
    "https://data.example.org",
  );
  expect(deployed("schedule: 17 2 * * *", "Producer for super-data-background")).toBeUndefined();
});

it("says its flags", async () => {
  const { status, out } = await runScript("deploy.mjs", ["--help"]);
  expect(status).toBe(0);
  for (const flag of ["--env", "--dry-run", "--yes", "--json", "--vars", "--team"]) expect(out).toContain(flag);
});
