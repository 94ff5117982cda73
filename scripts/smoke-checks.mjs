// The checks of `npm run smoke`: is this a deployment that works, from its health to a tool's answer. What they make they remove. Runs under Node.
import { randomBytes } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { ask, askJson, ensureTeam, RequestError } from "./operator-api.mjs";

/** The team that is made for the test, and removed after it. */
export const smokeTeam = "smoke-test";

const records = [
  { month: "2026-01", revenue: 10 },
  { month: "2026-02", revenue: 32 },
];

class CheckError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}

/**
 * Runs all checks against `origin`. With `operatorToken` in a team made for it, with `team` and `token` in that team, with neither only what is open
 * to all. `onCheck` gets each as it ends. Returns `{ ok, checks }`; a check is `{ name, ok, detail, next? }`. Never throws.
 */
export async function runSmoke({ origin, operatorToken, team, token }, onCheck = () => {}) {
  const checks = [];
  const check = async (name, work) => {
    let entry;
    try {
      entry = { name, ok: true, detail: await work() };
    } catch (error) {
      const next = error instanceof CheckError || error instanceof RequestError ? error.next : undefined;
      entry = { name, ok: false, detail: error.message, ...(next === undefined ? {} : { next }) };
    }
    checks.push(entry);
    onCheck(entry);
    return entry.ok;
  };
  const healthy = (await check("health", () => health(origin))) && (await check("ready", () => ready(origin)));
  if (healthy) {
    await check("oauth metadata", () => oauthMetadata(origin, team ?? smokeTeam));
    if (token !== undefined && team !== undefined) await inTeam(check, { origin, team, token });
    else if (operatorToken !== undefined) await inOwnTeam(check, { origin, operatorToken });
  }
  return { ok: checks.every(({ ok }) => ok), checks };
}

/** One line for a check, and its next step below. */
export function checkLines({ name, ok, detail, next }) {
  return `${ok ? "ok    " : "FAILED"} ${name}: ${detail}${next === undefined ? "" : `\n       ${next}`}`;
}

async function health(origin) {
  const answer = await askJson(origin, "GET", "/health");
  if (answer.status === "ok") return "the Worker answers";
  throw new CheckError(
    "/health does not say ok: this is not Super Data.",
    "Check the address: it is the deployment's origin.",
  );
}

async function ready(origin) {
  const response = await ask(origin, "/health/ready");
  const answer = await response.json().catch(() => undefined);
  const parts = Object.entries(answer?.checks ?? {});
  const failing = parts.filter(([, { ok }]) => !ok).map(([part]) => part);
  if (response.ok && parts.length > 0 && failing.length === 0) {
    return parts.map(([part, { ms }]) => `${part} ${ms} ms`).join(", ");
  }
  throw new CheckError(
    failing.length === 0 ? `/health/ready was answered with ${response.status}.` : `Not ready: ${failing.join(", ")}.`,
    "`npx wrangler tail` shows why, as not_ready. The part's binding may name something that is not there: run `npm run deploy` again.",
  );
}

async function oauthMetadata(origin, team) {
  const resource = await askJson(origin, "GET", `/.well-known/oauth-protected-resource/t/${team}/mcp`);
  const server = await askJson(origin, "GET", "/.well-known/oauth-authorization-server");
  const expected = `${origin}/t/${team}/mcp`;
  if (ownMachine(resource.resource) !== ownMachine(expected) || ownMachine(server.issuer) !== ownMachine(origin)) {
    throw new CheckError(
      `It calls itself ${server.issuer} (${resource.resource}), not ${origin}.`,
      "Set PUBLIC_ORIGIN to the address that people and clients use, or test that one.",
    );
  }
  return `issuer ${server.issuer}`;
}

/** A server on this machine calls itself localhost, whichever of its names it was asked by. */
const ownMachine = (url) => url.replace(/^(https?:\/\/)(?:127\.0\.0\.1|\[::1\])(?=[:/]|$)/, "$1localhost");

/** In a team of the test's own. One that a broken-off run left is used again; one that was there is left as it was. */
async function inOwnTeam(check, { origin, operatorToken }) {
  const operator = (method, path, body) => askJson(origin, method, `/operator${path}`, { token: operatorToken, body });
  let made = false;
  const opened = await check("team", async () => {
    made = await openTeam(origin, operatorToken, operator);
    return `${smokeTeam} ${made ? "made" : "was there"}`;
  });
  if (!opened) return;
  let id;
  let token;
  const hasToken = await check("token", async () => {
    const answer = await operator("POST", `/teams/${smokeTeam}/tokens`, {
      username: "smoke-test",
      role: "owner",
      label: "smoke test",
      expires_in_days: 1,
    });
    ({ id, token } = answer);
    return `of an owner, until ${answer.expires_at}`;
  });
  if (hasToken) await inTeam(check, { origin, team: smokeTeam, token });
  await check("removed", async () => {
    if (id !== undefined) await operator("DELETE", `/teams/${smokeTeam}/tokens/${id}`);
    if (made) await operator("DELETE", `/teams/${smokeTeam}`);
    return made ? "token and team" : "token";
  });
}

/** True when the test made the team or brought it back from its deletion, so that it is the test's to delete. */
async function openTeam(origin, operatorToken, operator) {
  try {
    const { created } = await ensureTeam(origin, operatorToken, smokeTeam, "Smoke test");
    return created || (await operator("POST", `/teams/${smokeTeam}/restore`)).restored;
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new CheckError(
      "The deployment refuses this OPERATOR_TOKEN.",
      "Give the one it was deployed with; `npx wrangler secret put OPERATOR_TOKEN` sets another.",
    );
  }
}

/** A dataset in, a tool's answer out, over MCP as clients of both eras speak it. */
async function inTeam(check, { origin, team, token }) {
  const dataset = `smoke_${randomBytes(4).toString("hex")}`;
  const path = `/t/${team}/api/v1/datasets/${dataset}`;
  const stored = await check("dataset", async () => {
    await askJson(origin, "PUT", path, { token, body: records });
    return `${dataset} stored`;
  });
  if (!stored) return;
  await check("mcp initialize", () => initialize(origin, team, token));
  await check("mcp tools", () => useTools({ origin, team, token, dataset }));
  await check("dataset removed", async () => {
    await askJson(origin, "DELETE", path, { token });
    return dataset;
  });
}

/** The first message of a client of 2025, written out, so that a client of ours cannot hide what is wrong with it. */
async function initialize(origin, team, token) {
  const response = await ask(origin, `/t/${team}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-06-18",
        capabilities: {},
        clientInfo: { name: "super-data-smoke", version: "1.0.0" },
      },
    }),
  });
  const text = await response.text();
  const json = (response.headers.get("content-type") ?? "").startsWith("text/event-stream")
    ? (/^data: ?(.*)$/m.exec(text)?.[1] ?? "{}")
    : text;
  const { result } = JSON.parse(json);
  if (!response.ok || result?.serverInfo === undefined) {
    throw new CheckError(`initialize was answered with ${response.status}: ${text.slice(0, 200)}`);
  }
  return `${result.serverInfo.name} ${result.serverInfo.version}, revision ${result.protocolVersion}`;
}

async function useTools({ origin, team, token, dataset }) {
  const client = new Client({ name: "super-data-smoke", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${origin}/t/${team}/mcp`), {
      authProvider: { token: async () => token },
    }),
  );
  try {
    const { tools } = await client.listTools();
    if (!tools.some(({ name }) => name === "query_dataset")) {
      throw new CheckError("tools/list does not have query_dataset.");
    }
    const result = await client.callTool({
      name: "query_dataset",
      arguments: { dataset, query: "[.[].revenue] | add" },
    });
    const rows = result.structuredContent?.rows;
    if (result.isError === true || JSON.stringify(rows) !== "[42]") {
      const said = result.content?.map((part) => part.text ?? "").join(" ");
      throw new CheckError(`query_dataset should answer 42 and answered: ${String(said).slice(0, 300)}`);
    }
    return `${tools.length} listed; query_dataset answers 42`;
  } finally {
    await client.close();
  }
}
