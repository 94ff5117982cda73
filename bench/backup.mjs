// Backup and restore of a large team under bare `workerd serve`: how long each takes, how long the team answers nobody meanwhile, sizes, memory.
// Own programs only: our Worker as `wrangler deploy --dry-run` bundles it; a directory plays R2. Prints rows as JSON.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { api, modules, untilServing } from "./mcp.mjs";
import { freePort, median } from "./measure.mjs";

const operatorToken = "bench-operator-token";
const tools = 1_000;
const logRows = 100_000;
const rounds = 3;
const MIB = 1024 * 1024;
const backupKey = Buffer.alloc(32, 7).toString("base64");

function configuration(dir, port) {
  const objects = {
    TEAM: "BenchTeam",
    PERSON: "PersonObject",
    DEPLOYMENT: "DeploymentObject",
    ADDRESS: "AddressObject",
  };
  const bindings = Object.entries(objects).map(
    ([name, type]) => `(name = "${name}", durableObjectNamespace = "${type}")`,
  );
  const namespaces = Object.values(objects).map(
    (type) => `(className = "${type}", uniqueKey = "${type}", enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "nothing", worker = .nothing),
    (name = "storage", disk = (path = ${JSON.stringify(join(dir, "storage"))}, writable = true)),
    (name = "files", disk = (path = ${JSON.stringify(join(dir, "files"))}, writable = true)),
  ],
  sockets = [(name = "main", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const nothing :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [(name = "nothing.js", esModule = "export default { fetch() { return new Response(null, { status: 404 }); } }")]
);
const main :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
      (name = "bench.js", esModule = embed "bench.mjs"),
      ${modules(join(dir, "bundle")).replace('name = "worker.js"', 'name = "./worker.js"')}
  ],
  bindings = [
    ${bindings.join(",\n    ")},
    (name = "OAUTH_KV", kvNamespace = "nothing"),
    (name = "DISK", service = "files"),
    (name = "BACKGROUND", queue = "nothing"),
    (name = "OPERATOR_TOKEN", text = "${operatorToken}"),
    (name = "BACKUP_KEY", text = "${backupKey}"),
    (name = "RATE_LIMIT_MAX_PER_MINUTE", text = "100000000"),
  ],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage")
);
`;
}

/** Seconds of computation that a process has used; unlike the clock they do not grow with the machine's load. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Runs `work` while asking the team for something small all the time. Returns how long it took and the longest that nobody was answered. */
async function watched(pid, ask, work) {
  let longest = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const begun = performance.now();
      await ask();
      longest = Math.max(longest, performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  const begun = performance.now();
  const cpuBefore = cpuOf(pid);
  const result = await work();
  const ms = performance.now() - begun;
  const cpu = cpuOf(pid) - cpuBefore;
  isOver = true;
  await asking;
  return { result, ms, cpu, blockedMs: longest };
}

/** The most memory a process has had, in bytes. */
function peakOf(pid) {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

async function prepareTeam(base) {
  await api(base, "/operator/teams/bench", operatorToken, { method: "PUT" });
  const { token } = await api(base, "/operator/teams/bench/tokens", operatorToken, {
    method: "POST",
    body: JSON.stringify({ username: "bench", role: "owner" }),
  });
  const filled = await fetch(`${base}/bench/fill`, { method: "POST", body: JSON.stringify({ tools, logRows }) });
  const { bytes } = await filled.json();
  return { token, bytes };
}

/** One round: a backup, a team made of it, a preview, the swap. */
async function round(pid, base, token) {
  const path = "/t/bench/api/v1";
  const ask = () => api(base, `${path}/whoami`, token);
  const post = (at, body = {}) => api(base, `${path}${at}`, token, { method: "POST", body: JSON.stringify(body) });
  const backup = await watched(pid, ask, () => post("/backups"));
  const as = `copy-${crypto.randomUUID().slice(0, 8)}`;
  const made = await watched(pid, ask, () =>
    api(base, "/operator/teams/bench/restore", operatorToken, {
      method: "POST",
      body: JSON.stringify({ backup_id: backup.result.id, as }),
    }),
  );
  const preview = await watched(pid, ask, () => post(`/backups/${backup.result.id}/restore`));
  const { confirm } = preview.result;
  const swap = await watched(pid, ask, () => post(`/backups/${backup.result.id}/restore`, { confirm }));
  return { backup, made, preview, swap };
}

export async function benchBackup() {
  const dir = mkdtempSync(join(tmpdir(), "super-data-bench-"));
  const bundle = join(dir, "bundle");
  for (const name of ["storage", "files"]) mkdirSync(join(dir, name));
  const built = spawnSync("wrangler", ["deploy", "--dry-run", "--minify", "--outdir", bundle], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  copyFileSync(new URL("backup-worker.mjs", import.meta.url), join(bundle, "bench.mjs"));
  const port = await freePort();
  writeFileSync(join(bundle, "bench.capnp"), configuration(dir, port));
  const workerd = spawn("workerd", ["serve", join(bundle, "bench.capnp"), "--experimental"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const base = `http://127.0.0.1:${port}`;
    await untilServing(`${base}/health`);
    const { token, bytes } = await prepareTeam(base);
    const before = peakOf(workerd.pid);
    const runs = [];
    for (let at = 0; at < rounds; at++) runs.push(await round(workerd.pid, base, token));
    return rowsOf(runs, { bytes, before, after: peakOf(workerd.pid) });
  } finally {
    workerd.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
}

function rowsOf(runs, { bytes, before, after }) {
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  const mib = (size) => `${(size / MIB).toFixed(1)} MiB`;
  const figures = (name) => {
    const of = (key) => median(runs.map((run) => run[name][key]));
    return `${seconds(of("ms"))}, ${of("cpu").toFixed(2)} s of it computing; nobody is answered for ${seconds(of("blockedMs"))} at most`;
  };
  const { bytes: state, stored_bytes: stored, rows } = runs[0].backup.result;
  return [
    {
      name: `backup: ${tools} tools, ${tools * 10} versions, ${logRows} log rows (${rows} rows)`,
      measured: figures("backup"),
      compared: `SQLite ${mib(bytes)}, NDJSON ${mib(state)}, stored ${mib(stored)}`,
    },
    { name: "restore: a team made of the backup", measured: figures("made"), compared: "" },
    { name: "restore: preview and what would change", measured: figures("preview"), compared: "" },
    { name: "restore: safety backup and swap", measured: figures("swap"), compared: "" },
    {
      name: "memory: workerd's peak over all of these",
      measured: mib(after),
      compared: `${mib(before)} before, load ${loadavg()[0]?.toFixed(1)}`,
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(await benchBackup(), null, 2));
