// Benchmark: our jq engine under workerd against the native `jq` program on the same generated files. Prints one JSON row a line.
// Run with Node from the repository root after the wasm is built; takes about two minutes. `--quick` takes one sample instead of five.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, copyFileSync, createReadStream, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { freePort, median } from "./measure.mjs";

const root = new URL("../", import.meta.url);
const workDir = new URL("bench/.work/", root);
const path = (name, base = workDir) => fileURLToPath(new URL(name, base));
const samples = process.argv.includes("--quick") ? 1 : 5;
const warmSamples = 200;

const recordsFile = path("records.ndjson");
const wholeFile = path("whole.json");
const smallFile = path("small.json");

/** Linear congruential numbers, so that every machine measures the same bytes. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function generateFiles() {
  if ([recordsFile, wholeFile, smallFile].every((file) => existsSync(file))) return;
  mkdirSync(workDir, { recursive: true });
  const random = generator(42);
  const regions = ["north", "south", "east", "west"];
  const lines = Array.from({ length: 400_000 }, (_, index) =>
    JSON.stringify({
      region: regions[Math.floor(random() * 4)],
      amount: Math.round(random() * 1e5) / 100,
      product: `product-${Math.floor(random() * 500)}`,
      ts: new Date(1.7e12 + index * 60_000).toISOString(),
    }),
  );
  writeFileSync(recordsFile, `${lines.join("\n")}\n`);
  writeFileSync(wholeFile, `[${lines.slice(0, 42_000).join(",")}]`);
  writeFileSync(smallFile, `[${lines.slice(0, 50).join(",")}]`);
}

const workerSource = `
import { runJq } from ${JSON.stringify(path("src/engines/jq/run.ts", root))};
export default {
  async fetch(request) {
    if (!request.headers.has("x-job")) return new Response("ready");
    const job = JSON.parse(request.headers.get("x-job"));
    const body = job.stream ? request.body : new Uint8Array(await request.arrayBuffer());
    const times = [];
    let outcome;
    for (let i = 0; i < (job.repeat ?? 1); i += 1) {
      outcome = await runJq({
        program: job.program, mode: job.mode, nullInput: job.nullInput === true, input: body,
        window: { offset: 0, limit: 20, maxBytes: 65536 },
      });
      times.push(outcome.engineMs);
    }
    return Response.json({ times, total: outcome.total, first: outcome.outputs[0], memoryBytes: outcome.memoryBytes });
  },
};`;

/** The engine as the product bundles it: one script and the compiled module beside it, in a workerd of its own. */
async function startWorker() {
  await build({
    stdin: { contents: workerSource, resolveDir: fileURLToPath(root), loader: "ts" },
    bundle: true,
    outfile: path("worker.js"),
    format: "esm",
    target: "es2024",
    plugins: [
      {
        name: "compiled-wasm",
        setup: (plugin) => plugin.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./jq.wasm", external: true })),
      },
    ],
  });
  copyFileSync(path("src/engines/jq/build/jq.wasm", root), path("jq.wasm"));
  const port = await freePort();
  writeFileSync(path("jq.capnp"), configuration(port));
  const child = spawn("workerd", ["serve", path("jq.capnp")], { stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}/`;
  await untilAnswers(url, child);
  return { url, stop: () => child.kill("SIGKILL") };
}

function configuration(port) {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "./jq.wasm", wasm = embed "jq.wasm")]
);
`;
}

async function untilAnswers(url, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return answer.arrayBuffer();
    await setTimeout(50);
  }
}

async function measureOurs(worker, { file, ...job }) {
  const response = await fetch(worker.url, {
    method: "POST",
    headers: { "x-job": JSON.stringify(job) },
    body: Readable.toWeb(createReadStream(file, { highWaterMark: 1024 * 1024 })),
    duplex: "half",
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function measureNative({ file, program, nullInput, expected }) {
  const input = openSync(file, "r");
  const started = performance.now();
  const result = spawnSync("jq", ["-c", ...(nullInput ? ["-n"] : []), program], {
    stdio: [input, "pipe", "inherit"],
    maxBuffer: 1 << 30,
  });
  const ms = performance.now() - started;
  closeSync(input);
  const lines = result.stdout.toString().trimEnd().split("\n");
  if (result.status !== 0 || lines.length !== expected.total || lines[0] !== expected.first) {
    throw new Error(
      `native jq answers otherwise: ${lines.length} outputs, first ${lines[0]}; ours ${expected.total}, first ${expected.first}`,
    );
  }
  return ms;
}

const round = (value) => Math.round(value * 100) / 100;

const whole = { file: wholeFile, mode: "whole" };
const records = { file: recordsFile, mode: "records", stream: true };
const jobs = [
  { name: "whole 3.8 MB: length", ...whole, program: "length" },
  { name: "whole 3.8 MB: group_by, map", ...whole, program: "group_by(.region)|map({region:.[0].region,n:length})" },
  { name: "records 36 MB: select", ...records, program: "select(.amount>999)" },
  {
    name: "records 36 MB: -n reduce inputs",
    ...records,
    nullInput: true,
    program: "reduce inputs as $r ({}; .[$r.region] += 1)",
  },
  {
    name: "records 36 MB: -n reduce inputs, sums",
    ...records,
    nullInput: true,
    program: "reduce inputs as $r (0; . + $r.amount)|floor",
  },
  {
    name: "small warm query",
    file: smallFile,
    mode: "whole",
    repeat: warmSamples,
    program: "map(select(.amount>500))|length",
  },
];

/** Measures every job, ours and native in turn; medians. */
export async function benchJq() {
  generateFiles();
  const worker = await startWorker();
  const rows = [];
  try {
    for (const { name, ...job } of jobs) {
      const ours = [];
      const native = [];
      let memoryBytes = 0;
      for (let i = 0; i < samples; i += 1) {
        const answer = await measureOurs(worker, job);
        ours.push(median(answer.times));
        memoryBytes = Math.max(memoryBytes, answer.memoryBytes);
        native.push(measureNative({ ...job, expected: answer }));
      }
      rows.push({
        name,
        ours_ms: round(median(ours)),
        native_ms: round(median(native)),
        ratio: round(median(ours) / median(native)),
        peakMemoryBytes: memoryBytes,
      });
    }
  } finally {
    worker.stop();
  }
  return rows;
}

if (process.argv[1] === import.meta.filename) for (const row of await benchJq()) console.log(JSON.stringify(row));
