// `npm run deploy` with the wrangler of this checkout, against a stand-in of Cloudflare's API: that its commands and what is read from them are real.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { type Refusal, serveCloudflare } from "../fixtures/cloudflare-stand-in.mjs";
import { runScript } from "../helpers/deploying.ts";

const server = inject("server");
const operatorToken = readFileSync(join(server.persist, "operator-token"), "utf8").trim();
const env = `w${process.pid}`;
const worker = `super-data-${env}`;
const team = `wrangled-${process.pid}`;
const slowMs = 180_000;
let home = "";
let stop = () => {};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "super-data-wrangler-"));
});
afterEach(() => {
  stop();
  rmSync(home, { recursive: true, force: true });
  rmSync(join(process.cwd(), ".deploy", env), { recursive: true, force: true });
});

async function cloudflare(refuse: Record<string, Refusal> = {}) {
  const api = await serveCloudflare({ refuse });
  stop = api.stop;
  const deploy = async (args: string[], token = "made-up") => {
    const { status, out, err } = await runScript(
      "deploy.mjs",
      ["--env", env, "--yes", "--json", "--no-build", "--team", team, ...args],
      {
        CLOUDFLARE_API_BASE_URL: api.url,
        CLOUDFLARE_API_TOKEN: token,
        OPERATOR_TOKEN: operatorToken,
        XDG_CONFIG_HOME: home,
        WRANGLER_LOG_PATH: join(home, "logs"),
      },
    );
    expect(out, err).toMatch(/^\{.*\}\n$/);
    return { status, err, answer: JSON.parse(out) };
  };
  return { ...api, deploy };
}

it(
  "deploys an empty account, and again",
  async () => {
    const { account, asked, deploy } = await cloudflare();
    const vars = join(home, "vars.env");
    writeFileSync(vars, `PUBLIC_ORIGIN=${server.origin}\nGITHUB_CLIENT_SECRET=with $dollar\n`);
    const first = await deploy(["--vars", vars]);
    expect(first.answer, first.err).toMatchObject({
      worker,
      url: server.origin,
      created: [
        `bucket ${worker}-files`,
        `queue ${worker}-background`,
        `queue ${worker}-dead-letters`,
        `namespace ${worker}-oauth`,
      ],
      smoke: { ok: true },
      team: { team, created: true },
    });
    expect(asked).toEqual([
      "POST /r2/buckets",
      "POST /queues",
      "POST /queues",
      "POST /storage/kv/namespaces",
      `POST /workers/scripts/${worker}/assets-upload-session`,
      `PUT /workers/scripts/${worker}`,
      `POST /workers/scripts/${worker}/subdomain`,
      `PUT /workers/scripts/${worker}/schedules`,
      "POST /queues/q1/consumers",
      "POST /queues/q2/consumers",
    ]);
    const { metadata, secrets } = account.workers[worker] ?? {};
    expect(secrets?.map(({ name }) => name)).toEqual([
      "OPERATOR_TOKEN",
      "SECRETS_KEY",
      "BACKUP_KEY",
      "GITHUB_CLIENT_SECRET",
    ]);
    expect(metadata?.bindings).toEqual(
      expect.arrayContaining([
        { name: "OPERATOR_TOKEN", type: "secret_text", text: operatorToken },
        { name: "GITHUB_CLIENT_SECRET", type: "secret_text", text: "with $dollar" },
        { name: "PUBLIC_ORIGIN", type: "plain_text", text: server.origin },
        { name: "OAUTH_KV", type: "kv_namespace", namespace_id: "0f2ac74b498b48028cb68387c421e279" },
        { name: "FILES", type: "r2_bucket", bucket_name: `${worker}-files` },
        { name: "BACKGROUND", type: "queue", queue_name: `${worker}-background` },
        { name: "WORKSPACE", type: "durable_object_namespace", class_name: "WorkspaceObject" },
      ]),
    );
    expect(metadata).toMatchObject({
      keep_bindings: expect.arrayContaining(["plain_text", "secret_text"]),
      limits: { cpu_ms: 300_000 },
      migrations: { new_tag: "v3" },
    });

    asked.length = 0;
    const second = await deploy([]);
    expect(second.answer, second.err).toMatchObject({
      created: [],
      secrets: { set: [], made: [] },
      smoke: { ok: true },
      team: { team, created: false },
    });
    expect(
      asked.filter((request) => request.startsWith("POST /r2") || request === "POST /queues" || request.includes("kv")),
    ).toEqual([]);
    expect(account.workers[worker]?.metadata.bindings.filter(({ type }) => type === "secret_text")).toEqual([]);
    await fetch(`${server.origin}/operator/teams/${team}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${operatorToken}` },
    });
  },
  slowMs,
);

it.each<[string, Record<string, Refusal>, string]>([
  [
    "r2_not_enabled",
    {
      [`GET /r2/buckets/${worker}-files`]: {
        status: 403,
        code: 10042,
        message: "Please enable R2 through the Cloudflare Dashboard.",
      },
    },
    "R2 is not enabled in this account.",
  ],
  [
    "queues_not_in_plan",
    { "POST /queues": { status: 403, code: 100129, message: "Queues are unavailable on the free plan." } },
    "Queues are not available in this account's plan.",
  ],
  [
    "missing_permission",
    { "GET /storage/kv/namespaces": { status: 403, code: 10000, message: "Authentication error" } },
    "Your login may not do this: `wrangler kv namespace list` was refused.",
  ],
  [
    "cpu_limit_not_in_plan",
    {
      [`PUT /workers/scripts/${worker}`]: {
        status: 400,
        code: 100328,
        message: "CPU limits are not supported for the Free plan.",
      },
    },
    "This account's plan takes no CPU limit (limits.cpu_ms in wrangler.toml).",
  ],
])(
  "understands the real wrangler's failure: %s",
  async (kind, refuse, message) => {
    const { deploy } = await cloudflare(refuse);
    const { status, answer, err } = await deploy([]);
    expect([status, answer.error?.kind, answer.error?.message], err).toEqual([1, kind, message]);
  },
  slowMs,
);

it(
  "understands the real wrangler without a login",
  async () => {
    const { deploy } = await cloudflare();
    const { answer } = await deploy([], "");
    expect(answer.error).toEqual({
      kind: "not_logged_in",
      message: "You are not logged in to Cloudflare.",
      next: "Run `npx wrangler login`, or where there is no browser set CLOUDFLARE_API_TOKEN, then run this again.",
    });
  },
  slowMs,
);
