// `wrangler dev` as a child process: its own state directory, no network chatter, ended with all it started. Runs under Node.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const startTimeoutMs = 120_000;
const pollMs = 100;
const stopTimeoutMs = 8_000;
const keptLines = 25;
/** How long the build's own words may follow its failure. */
const buildErrorMs = 300;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** True when nothing listens on the port of 127.0.0.1. */
export function portIsFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Everything that wrangler and workerd would otherwise keep in the home directory or ask the network for. */
function environment(persistDir) {
  const { OPERATOR_TOKEN: _, ...inherited } = process.env;
  return {
    ...inherited,
    XDG_CONFIG_HOME: join(persistDir, "config"),
    XDG_CACHE_HOME: join(persistDir, "cache"),
    WRANGLER_CACHE_DIR: join(persistDir, "cache", "wrangler"),
    WRANGLER_REGISTRY_PATH: join(persistDir, "registry"),
    CLOUDFLARE_DEV_REGISTRY_PATH: join(persistDir, "registry"),
    WRANGLER_LOG_PATH: join(persistDir, "logs"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
    WRANGLER_HIDE_BANNER: "true",
    X_LOCAL_EXPLORER: "false",
    X_LOCAL_OBSERVABILITY: "false",
    DO_NOT_TRACK: "1",
    FORCE_COLOR: "0",
  };
}

/**
 * Starts the Worker on 127.0.0.1 with all its state in `persistDir` and the variables `vars`. `onLine` gets each line it prints. Returns at once
 * `{ origin, ready, ended, stop }`: `ready` resolves when it answers /health and rejects with the cause when it does not come up,
 * `ended` resolves to its last lines when it is gone, `stop` ends it and everything it started.
 */
export function startDevServer({ port, persistDir, operatorToken, vars = {}, onLine }) {
  mkdirSync(persistDir, { recursive: true });
  const all = { ...vars, OPERATOR_TOKEN: operatorToken };
  const files = ["--config", writeConfig(persistDir, Object.keys(all)), "--env-file", writeVariables(persistDir, all)];
  const child = spawnWrangler(
    [...files, "--port", String(port), "--persist-to", join(persistDir, "state")],
    persistDir,
  );
  const lastLines = [];
  const state = { exited: false, buildFailed: false };
  for (const stream of [child.stdout, child.stderr]) {
    splitLines(stream, (line) => {
      if (line.trim() !== "") lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      if (/Build failed with \d+ error/.test(line)) state.buildFailed = true;
      onLine(line);
    });
  }
  const ended = new Promise((resolve) => {
    child.once("error", (error) => lastLines.push(error.message) && resolve(lastLines));
    child.once("close", () => resolve(lastLines));
  }).then((lines) => {
    state.exited = true;
    return lines;
  });
  const origin = `http://127.0.0.1:${port}`;
  const ready = waitUntilHealthy(origin, state).catch((error) => {
    throw new Error([error.message, ...lastLines].join("\n"));
  });
  return { origin, ready, ended, stop: () => stop(child, state, ended) };
}

/**
 * wrangler.toml as this server needs it: paths that do not depend on where it stands, and the names of all variables, since wrangler takes
 * from a file only what its configuration names. Values stay out of it and out of the process list.
 */
function writeConfig(persistDir, names) {
  const absolute = (path) => JSON.stringify(join(root, path));
  const text = readFileSync(join(root, "wrangler.toml"), "utf8")
    .replace(/^main = "(.*)"$/m, (_, path) => `main = ${absolute(path)}`)
    .replace(/^directory = "(.*)"$/m, (_, path) => `directory = ${absolute(path)}`)
    .replace(/^required = .*$/m, `required = ${JSON.stringify(names)}`);
  const path = join(persistDir, "wrangler.toml");
  writeFileSync(path, text);
  return path;
}

/** The variables as a file that only this user can read. */
function writeVariables(persistDir, vars) {
  const path = join(persistDir, "secrets.env");
  // What reads the file takes a bare $ for another variable.
  const lines = Object.entries(vars).map(([name, value]) => `${name}='${value.replaceAll("$", "\\$")}'\n`);
  writeFileSync(path, lines.join(""), { mode: 0o600 });
  return path;
}

/** `wrangler dev` in a process group of its own, so that workerd can be ended even when wrangler died first. */
function spawnWrangler(flags, persistDir) {
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const fixed = ["--ip", "127.0.0.1", "--show-interactive-dev-session=false", "--log-level", "log"];
  return spawn(process.execPath, [wrangler, "dev", ...fixed, ...flags], {
    cwd: root,
    env: environment(persistDir),
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
}

function splitLines(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  stream.on("end", () => rest !== "" && onLine(rest));
}

async function waitUntilHealthy(origin, state) {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (state.exited) throw new Error("The local server ended before it served. Its last lines:");
    if (state.buildFailed) {
      await sleep(buildErrorMs);
      throw new Error("The Worker does not build:");
    }
    const healthy = await fetch(`${origin}/health`).then(
      async (response) => response.ok && (await response.json()).status === "ok",
      () => false,
    );
    if (healthy) return;
    await sleep(pollMs);
  }
  throw new Error(`The local server did not answer within ${startTimeoutMs / 1000} s. Its last lines:`);
}

/** SIGTERM to the whole group, then SIGKILL for what is left of it. Returns when the processes are gone. */
async function stop(child, state, ended) {
  const signalGroup = (signal) => {
    try {
      return child.pid !== undefined && process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
    } catch {
      return false;
    }
  };
  signalGroup("SIGTERM");
  await Promise.race([ended, sleep(stopTimeoutMs)]);
  const deadline = Date.now() + stopTimeoutMs;
  while (signalGroup(0) && Date.now() < deadline) {
    if (state.exited) signalGroup("SIGKILL");
    await sleep(20);
  }
  signalGroup("SIGKILL");
}
