// What the surface costs: tokens of the default tool list and of a default answer, bundle size, start-up time. Prints rows as JSON.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { freePort, median } from "./measure.mjs";

const tokens = (value) => encode(typeof value === "string" ? value : JSON.stringify(value)).length;

/** Tokens that a client's model pays, on the demo team as `npm start` makes it. */
export async function benchTokens() {
  const persist = mkdtempSync(join(tmpdir(), "super-data-bench-"));
  const child = spawn(
    process.execPath,
    ["scripts/start.mjs", "--port", String(await freePort()), "--persist", persist, "--json"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  try {
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { url, token } = JSON.parse(line);
    const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "auto" } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(url), { authProvider: { token: async () => token } }),
    );
    const { tools } = await client.listTools();
    const all = await listAll(url, token);
    const preview = await client.callTool({
      name: "query_dataset",
      arguments: { dataset: "orders", query: ".", input: "records" },
    });
    const rows = preview.structuredContent.rows;
    await client.close();
    const text = preview.content[0].text;
    return [
      { name: "tools/list, default, demo team", value: tokens(tools), unit: "tokens", goal: "<= 2000" },
      { name: "tools/list, ?toolsets=all, demo team", value: tokens(all), unit: "tokens" },
      { name: `default preview of orders (${rows.length} rows)`, value: tokens(text), unit: "tokens", goal: "<= 2000" },
      {
        name: "the same rows: Markdown / indented JSON",
        value: tokens(text) / tokens(JSON.stringify(rows, null, 2)),
        unit: "ratio",
        goal: "<= 0.5",
      },
    ];
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
    rmSync(persist, { recursive: true, force: true });
  }
}

async function listAll(url, token) {
  const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}?toolsets=all`), { authProvider: { token: async () => token } }),
  );
  const { tools } = await client.listTools();
  await client.close();
  return tools;
}

/** Size of what is uploaded, and the time its top level takes before it can serve. */
export function benchBundle() {
  const dir = mkdtempSync(join(tmpdir(), "super-data-bench-"));
  try {
    const built = spawnSync("wrangler", ["deploy", "--dry-run", "--minify", "--outdir", dir], { encoding: "utf8" });
    const [, total, gzip] = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(built.stdout) ?? [];
    if (gzip === undefined) throw new Error(built.stdout + built.stderr);
    const startups = Array.from({ length: 5 }, (_, i) => startupMs(join(dir, `startup-${i}.cpuprofile`)));
    return [
      { name: "bundle", value: Number(total), unit: "KiB" },
      { name: "bundle, gzip", value: Number(gzip), unit: "KiB", goal: "<= 1024" },
      { name: "start-up, active CPU", value: median(startups), unit: "ms", goal: "<= 200" },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function startupMs(outfile) {
  const { status, stdout, stderr } = spawnSync("wrangler", ["check", "startup", "--outfile", outfile], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stdout + stderr);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(outfile, "utf8"));
  const idle = new Set(
    nodes
      .filter((node) => node.callFrame.functionName === "(idle)" || node.callFrame.functionName === "(root)")
      .map((node) => node.id),
  );
  return samples.reduce((sum, node, i) => (idle.has(node) ? sum : sum + timeDeltas[i]), 0) / 1000;
}

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

if (process.argv[1] === import.meta.filename)
  console.log(JSON.stringify([...(await benchTokens()), ...benchBundle()], null, 2));
