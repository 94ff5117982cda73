// The real Worker for a run of the proof or of the fuzzer, with state of its own. Runs in Node.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "../helpers/server.ts";

export interface ProofServer {
  origin: string;
  operatorToken: string;
  persistDir: string;
  /** Every line that the server has printed. */
  lines: string[];
  /** The process that began it; the runtime is a child of its. */
  pid: number | undefined;
}

const startTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;

/**
 * Starts a server, hands it over, and ends it whatever happens. `operatorToken`: as that of an earlier server on this state; `entry`: another
 * entry than the Worker's own.
 */
export async function withServer<Result>(
  persistDir: string,
  use: (server: ProofServer) => Promise<Result>,
  { operatorToken = randomBytes(24).toString("hex"), entry }: { operatorToken?: string; entry?: string } = {},
): Promise<Result> {
  const lines: string[] = [];
  const port = Number(process.env.PROOF_PORT ?? (await freePort()));
  const child = start({ port, persistDir, operatorToken, lines, entry });
  const origin = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(origin, child, lines);
    return await use({ origin, operatorToken, persistDir, lines, pid: child.pid });
  } finally {
    await stop(child);
  }
}

function start({
  port,
  persistDir,
  operatorToken,
  lines,
  entry,
}: Pick<ProofServer, "persistDir" | "operatorToken" | "lines"> & {
  port: number;
  entry: string | undefined;
}): ChildProcess {
  const vars = {
    OPERATOR_TOKEN: operatorToken,
    TEAM_CREATION: "anyone",
    RATE_LIMIT_MAX_PER_MINUTE: "1000000",
    WEBHOOK_DNS: "http://127.0.0.1:9/",
  };
  // Whatever wrangler would otherwise keep in the home directory or ask the network for.
  const quiet = {
    XDG_CONFIG_HOME: join(persistDir, "config"),
    XDG_CACHE_HOME: join(persistDir, "cache"),
    WRANGLER_REGISTRY_PATH: join(persistDir, "registry"),
    WRANGLER_LOG_PATH: join(persistDir, "logs"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    X_LOCAL_EXPLORER: "false",
    X_LOCAL_OBSERVABILITY: "false",
    FORCE_COLOR: "0",
  };
  const child = spawn(process.execPath, [fileURLToPath(new URL("bare-server.mjs", import.meta.url))], {
    env: { ...process.env, ...quiet, PROOF_SERVER: JSON.stringify({ port, persistDir, vars, entry }) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on("line", (line) => lines.push(line));
  return child;
}

async function untilHealthy(origin: string, child: ChildProcess, lines: readonly string[]): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && child.exitCode === null) {
    const healthy = await fetch(`${origin}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return;
    await sleep(100);
  }
  throw new Error(`The server did not come up:\n${lines.slice(-20).join("\n")}`);
}

/** Ends the process and all that it started. */
async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("close", resolve));
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(stopTimeoutMs)]);
  try {
    if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
