// The Worker as `wrangler dev` runs it, without its debugger: that one looks into every refusal that a team's object throws, and under thousands of
// them holds requests up for seconds. A process of its own; its options come as JSON in PROOF_SERVER. Runs under Node.
import { fileURLToPath } from "node:url";
import { unstable_startWorker } from "wrangler";

const { port, persistDir, vars, entry } = JSON.parse(process.env.PROOF_SERVER ?? "{}");
const worker = await unstable_startWorker({
  config: fileURLToPath(new URL("../../wrangler.toml", import.meta.url)),
  ...(entry === undefined ? {} : { entrypoint: entry }),
  envFiles: [],
  bindings: Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, { type: "plain_text", value }])),
  dev: {
    server: { hostname: "127.0.0.1", port },
    inspector: false,
    persist: `${persistDir}/state`,
    logLevel: "info",
    watch: false,
  },
});
await worker.ready;
const end = () => void worker.dispose().then(() => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, end);
// A run that was killed leaves no server behind.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && end(), 1000);
