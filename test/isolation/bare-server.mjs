// The Worker in the local runtime with real objects, files, keys and queues, without what `wrangler dev` puts in front of it: its proxies and its
// debugger take most of a request's time, and look into every refusal. A process of its own; its options come as JSON in PROOF_SERVER. Runs under Node.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

// The one that this wrangler was made for.
const { convertV4MiniflareOptions, Miniflare } = createRequire(import.meta.resolve("wrangler"))("miniflare");
const { port, persistDir, vars, entry } = JSON.parse(process.env.PROOF_SERVER ?? "{}");
const root = fileURLToPath(new URL("../../", import.meta.url));
const config = join(root, "wrangler.toml");
const kinds = { js: "ESModule", wasm: "CompiledWasm", sql: "Text", jq: "Text" };

/** What `wrangler deploy` would send, the entry first. */
function bundle() {
  const dir = join(persistDir, "bundle");
  const args = ["deploy", ...(entry === undefined ? [] : [entry]), "--dry-run", "--outdir", dir, "--config", config];
  const built = spawnSync("wrangler", args, { cwd: root, encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr || String(built.error));
  const isEntry = (name) => name === (entry ?? "worker.ts").replace(/^.*\//, "").replace(/\.\w+$/, ".js");
  return readdirSync(dir)
    .filter((name) => kinds[name.split(".").at(-1)] !== undefined)
    .sort((a, b) => Number(isEntry(b)) - Number(isEntry(a)))
    .map((name) => ({
      type: kinds[name.split(".").at(-1)],
      path: join(dir, name),
      contents: readFileSync(join(dir, name)),
    }));
}

const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
const { modulesRules: _, ...bound } = workerOptions;
const miniflare = new Miniflare({
  ...convertV4MiniflareOptions({
    host: "127.0.0.1",
    workers: [
      {
        ...bound,
        modulesRoot: join(persistDir, "bundle"),
        modules: bundle(),
        bindings: { ...workerOptions.bindings, ...vars },
        unsafeDirectSockets: [{ host: "127.0.0.1", port }],
      },
    ],
  }),
  resourcePersistencePath: join(persistDir, "state"),
});
await miniflare.ready;
const end = () => void miniflare.dispose().then(() => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, end);
// A run that was killed leaves no server behind.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && end(), 1000);
