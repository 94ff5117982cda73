// How much of a bare fetch handler's rate an MCP tool call keeps, both under bare `workerd serve` on this machine.
// Own programs only: our Worker as `wrangler deploy --dry-run` bundles it, and a three-line handler. Prints rows as JSON.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import autocannon from "autocannon";
import { freePort, median } from "./measure.mjs";

const operatorToken = "bench-operator-token";
/** More than the machine can do: what is measured is the server, not its rate limits. */
const callsPerMinute = 100_000_000;
const rounds = 5;
const seconds = 3;
const connections = 8;
const toolsInTeam = 100;

/** Modules of the bundle as workerd's configuration names them. */
export function modules(dir) {
  const kinds = { js: "esModule", wasm: "wasm", sql: "text", jq: "text" };
  return readdirSync(dir)
    .filter((file) => kinds[file.split(".").at(-1)] !== undefined)
    .sort((a, b) => Number(b === "worker.js") - Number(a === "worker.js"))
    .map(
      (file) =>
        `(name = ${JSON.stringify(file === "worker.js" ? file : `./${file}`)}, ${kinds[file.split(".").at(-1)]} = embed ${JSON.stringify(file)})`,
    )
    .join(",\n      ");
}

function configuration(bundle, storage, ports) {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "bare", worker = .bare),
    (name = "main", worker = .main),
    (name = "nothing", worker = .nothing),
    (name = "storage", disk = (path = ${JSON.stringify(storage)}, writable = true)),
  ],
  sockets = [
    (name = "bare", address = "127.0.0.1:${ports.bare}", http = (), service = "bare"),
    (name = "main", address = "127.0.0.1:${ports.main}", http = (), service = "main"),
  ]
);
const bare :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [(name = "bare.js", esModule = "export default { fetch() { return new Response('ok'); } }")]
);
const nothing :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [(name = "nothing.js", esModule = "export default { fetch() { return new Response(null, { status: 404 }); } }")]
);
const main :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
      ${modules(bundle)}
  ],
  bindings = [
    (name = "TEAM", durableObjectNamespace = "TeamObject"),
    (name = "PERSON", durableObjectNamespace = "PersonObject"),
    (name = "DEPLOYMENT", durableObjectNamespace = "DeploymentObject"),
    (name = "ADDRESS", durableObjectNamespace = "AddressObject"),
    (name = "OAUTH_KV", kvNamespace = "nothing"),
    (name = "FILES", r2Bucket = "nothing"),
    (name = "BACKGROUND", queue = "nothing"),
    (name = "OPERATOR_TOKEN", text = "${operatorToken}"),
    (name = "RATE_LIMIT_MAX_PER_MINUTE", text = "${callsPerMinute}"),
  ],
  durableObjectNamespaces = [
    (className = "TeamObject", uniqueKey = "bench", enableSql = true),
    (className = "PersonObject", uniqueKey = "bench-person", enableSql = true),
    (className = "DeploymentObject", uniqueKey = "bench-deployment", enableSql = true),
    (className = "AddressObject", uniqueKey = "bench-address", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage")
);
`;
}

export async function api(base, path, token, init = {}) {
  const response = await fetch(base + path, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A team with a realistic catalogue: many tools, one of them called here. */
async function prepareTeam(base) {
  await api(base, "/operator/teams/bench", operatorToken, { method: "PUT" });
  const { token } = await api(base, "/operator/teams/bench/tokens", operatorToken, {
    method: "POST",
    body: JSON.stringify({ username: "bench", role: "owner" }),
  });
  const tools = Array.from(
    { length: toolsInTeam },
    (_, i) =>
      `  - name: tool_${i}\n    description: "Adds ${i} to a number."\n    query: "\${n} + ${i}"\n    parameters: [{ name: n, type: integer }]\n    datasets: []\n`,
  );
  const report = await api(base, "/t/bench/api/v1/library", token, {
    method: "POST",
    headers: { "content-type": "application/yaml" },
    body: `tools:\n${tools.join("")}`,
  });
  const rates = ["person_per_minute", "token_per_minute", "query_per_minute", "write_per_minute"];
  await api(base, "/t/bench/api/v1/team", token, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      settings: { rate_limits: Object.fromEntries(rates.map((name) => [name, callsPerMinute])) },
    }),
  });
  if (report.failed.length > 0) throw new Error(JSON.stringify(report.failed[0]));
  return token;
}

/** The body and headers of one 2026-07-28 request. */
export function mcpRequest(token, method, params) {
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${token}`,
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(params.name === undefined ? {} : { "mcp-name": params.name }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  };
}

async function rate(url, request = {}) {
  const result = await autocannon({ url, connections, duration: seconds, ...request });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} errors`);
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 };
}

export async function benchMcp() {
  const dir = mkdtempSync(join(tmpdir(), "super-data-bench-"));
  const bundle = join(dir, "bundle");
  const storage = join(dir, "storage");
  mkdirSync(storage);
  const built = spawnSync("wrangler", ["deploy", "--dry-run", "--minify", "--outdir", bundle], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  const ports = { bare: await freePort(), main: await freePort() };
  writeFileSync(join(bundle, "bench.capnp"), configuration(bundle, storage, ports));
  const workerd = spawn("workerd", ["serve", join(bundle, "bench.capnp"), "--experimental"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const base = `http://127.0.0.1:${ports.main}`;
    await untilServing(`${base}/health`);
    const token = await prepareTeam(base);
    const mcp = `${base}/t/bench/mcp`;
    const cases = {
      "a bare fetch handler": () => rate(`http://127.0.0.1:${ports.bare}/`),
      "MCP tools/call, answer from the cache": () =>
        rate(mcp, mcpRequest(token, "tools/call", { name: "tool_7", arguments: { n: 35 } })),
      "MCP tools/call, jq run each time": () =>
        rate(mcp, mcpRequest(token, "tools/call", { name: "tool_7", arguments: { n: 35, fresh: true } })),
      "MCP tools/list": () => rate(mcp, mcpRequest(token, "tools/list", {})),
    };
    await checkAnswer(mcp, token);
    const results = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const [name, run] of Object.entries(cases)) {
        const measured = await run();
        if (round > 0) results[name].push(measured); // the first round warms up
      }
    }
    const bare = median(results["a bare fetch handler"].map((r) => r.perSecond));
    return Object.entries(results).map(([name, runs]) => ({
      name,
      perSecond: Math.round(median(runs.map((r) => r.perSecond))),
      ratio: median(runs.map((r) => r.perSecond)) / bare,
      p50Ms: median(runs.map((r) => r.p50)),
      p99Ms: median(runs.map((r) => r.p99)),
    }));
  } finally {
    workerd.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
}

async function checkAnswer(url, token) {
  const { method, headers, body } = mcpRequest(token, "tools/call", { name: "tool_7", arguments: { n: 35 } });
  const answer = await (await fetch(url, { method, headers, body })).json();
  const rows = answer.result?.structuredContent?.rows;
  if (JSON.stringify(rows) !== "[42]") throw new Error(`the tool answered ${JSON.stringify(answer)}`);
}

export async function untilServing(url) {
  for (let tries = 0; tries < 200; tries++) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(await benchMcp(), null, 2));
