// The real product for a test: `npm start` on a free port with state of its own. Runs in Node.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface RunningServer {
  /** The MCP URL of the team. */
  url: string;
  origin: string;
  team: string;
  token: string;
  /** Signs one browser in as an owner, once. */
  ownerLink: string;
  persist: string;
  /** What it has written to standard error so far. */
  stderr: () => string;
  /** Ends the server with SIGTERM and waits until nothing of it is left. Keeps the state when `keep` is set. */
  stop: (options?: { keep?: boolean }) => Promise<void>;
}

const startTimeoutMs = 120_000;

/** Starts the server and waits for its one JSON line. */
export async function startServer(
  options: { persist?: string; port?: number; env?: Record<string, string>; args?: string[] } = {},
): Promise<RunningServer> {
  const persist = options.persist ?? mkdtempSync(join(tmpdir(), "super-data-"));
  const port = options.port ?? (await freePort());
  const child = spawn(
    "npm",
    ["start", "--", "--port", String(port), "--persist", persist, "--json", ...(options.args ?? [])],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    },
  );
  let err = "";
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const line = await firstLine(child);
  const { url, team, token, owner_link } = JSON.parse(line) as Record<"url" | "team" | "token" | "owner_link", string>;
  return {
    url,
    team,
    token,
    ownerLink: owner_link,
    persist,
    origin: new URL(url).origin,
    stderr: () => err,
    stop: (how) => stop(child, persist, port, how?.keep === true),
  };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "";
    let err = "";
    const timer = setTimeout(() => {
      child.kill("SIGTERM");
      reject(new Error(`the server did not start in ${startTimeoutMs} ms:\n${err}`));
    }, startTimeoutMs);
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    child.stdout?.on("data", (chunk) => {
      out += chunk;
      const line = /^\{.*\}$/m.exec(out)?.[0];
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(line);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code} before it served:\n${err}`));
    });
  });
}

async function stop(child: ChildProcess, persist: string, port: number, keep: boolean): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
  child.kill("SIGTERM");
  await ended;
  // npm passes the signal on and may be gone before the server is.
  for (let tries = 0; (await isServing(port)) || processesOf(persist).length > 0; tries++) {
    if (tries === 200) throw new Error(`SIGTERM left these behind: ${processesOf(persist).join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (!keep) rmSync(persist, { recursive: true, force: true });
}

function isServing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Command lines of processes that were given this state directory. */
export function processesOf(persist: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return command.includes(persist) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}
