// `npm run conformance`: the official MCP suite against the fixture Worker, both requirement sets. Runs on Node, offline.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const suite = join(root, "node_modules/@modelcontextprotocol/conformance");
const requirementSets = ["2026-07-28", "2025-11-25"];
const startTimeoutMs = 60_000;

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 22)
  fail(`The conformance suite needs Node 22 or newer, this is ${process.versions.node}; use npm run conformance.`);

const knownFailures = JSON.parse(readFileSync(join(here, "known-failures.json"), "utf8"));
const state = mkdtempSync(join(tmpdir(), "super-data-conformance-"));
const port = await freePort();
const worker = startWorker(port, state);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopWorker(worker).then(() => process.exit(1)));
try {
  await untilServing(port, worker);
  let wrong = 0;
  for (const set of requirementSets) wrong += await runSet(set, `http://127.0.0.1:${port}/mcp`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await stopWorker(worker);
  rmSync(state, { recursive: true, force: true });
}

/** Runs one set and prints its summary. Returns how many scenarios are not what known-failures.json says. */
async function runSet(set, url) {
  const output = await runSuite(set, url);
  const required = parse(readFileSync(join(suite, "requirements", `${set}.yaml`), "utf8")).server;
  const passed = new Map();
  for (const [, mark, name] of output.matchAll(/^([✓✗]) (\S+): \d+ passed, \d+ failed/gmu))
    passed.set(name, mark === "✓");

  const known = knownFailures[set] ?? [];
  const missing = required.filter((name) => !passed.has(name));
  const failed = required.filter((name) => passed.get(name) === false);
  const unexpected = [...missing, ...failed.filter((name) => !known.includes(name))];
  const stale = known.filter((name) => !failed.includes(name));
  if (unexpected.length > 0) console.log(output);

  console.log(`\nMCP ${set}: ${required.length} required scenarios`);
  for (const name of failed) console.log(`  ✗ ${name}${known.includes(name) ? " (known)" : ""}`);
  for (const name of missing) console.log(`  ✗ ${name} did not run`);
  for (const name of stale) console.log(`  ! ${name} passes or is not required: take it out of known-failures.json`);
  console.log(`${required.length - failed.length - missing.length} passed, ${failed.length + missing.length} failed`);
  return unexpected.length + stale.length;
}

async function runSuite(set, url) {
  const child = spawn(process.execPath, [join(suite, "dist/index.js"), "server", "--url", url, "--requirements", set], {
    cwd: state,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  await once(child, "close");
  return output;
}

/** wrangler in a process group of its own, so that workerd ends with it. */
function startWorker(port, persistTo) {
  const args = ["dev", "--config", join(here, "wrangler.toml"), "--ip", "127.0.0.1", "--port", String(port)];
  const child = spawn(
    process.execPath,
    [
      join(root, "node_modules/wrangler/bin/wrangler.js"),
      ...args,
      "--persist-to",
      persistTo,
      "--show-interactive-dev-session=false",
    ],
    {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
    },
  );
  child.log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (child.log += text));
  return child;
}

async function untilServing(port, child) {
  const giveUpAt = Date.now() + startTimeoutMs;
  while (Date.now() < giveUpAt && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`The fixture Worker did not start:\n${child.log}`);
}

async function stopWorker(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group has ended.
    }
  };
  kill("SIGTERM");
  const force = setTimeout(() => kill("SIGKILL"), 5_000);
  await closed;
  clearTimeout(force);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
