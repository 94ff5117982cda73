// The command line as a child process, with a configuration directory of its own. Runs in Node.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCli } from "../../scripts/build-cli.mjs";

export const script = join(import.meta.dirname, "../../cli/super-data.cjs");

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Written to standard input, which then ends; left out, it is closed. */
  input?: string | Uint8Array;
  /** Told of each piece of standard error, with the process. */
  onErr?: (text: string, child: ChildProcess) => void;
}

export interface Cli {
  /** A folder of its own. */
  folder: string;
  /** The environment it runs with: none of this machine's own sign-ins. */
  env: Record<string, string>;
  run: (args: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** Runs with --json and gives what it prints; fails on any other exit code than 0. */
  json: <T = Record<string, unknown>>(args: readonly string[], options?: RunOptions) => Promise<T>;
  remove: () => void;
}

/** Builds the command line and gives it a home. `signedIn` is the team that the environment names. */
export async function openCli(signedIn?: { url: string; token: string }): Promise<Cli> {
  await buildCli();
  const folder = mkdtempSync(join(tmpdir(), "super-data-cli-"));
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    APPDATA: folder,
    XDG_CONFIG_HOME: join(folder, "config"),
    ...(signedIn === undefined ? {} : { SUPER_DATA_URL: signedIn.url, SUPER_DATA_TOKEN: signedIn.token }),
  };
  const run: Cli["run"] = (args, options = {}) =>
    start(args, { cwd: folder, ...options, env: { ...env, ...options.env } });
  return {
    folder,
    env,
    run,
    json: async <T>(args: readonly string[], options?: RunOptions) => {
      const { code, out, err } = await run([...args, "--json"], options);
      if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${err}`);
      return JSON.parse(out) as T;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function start(args: readonly string[], { env, cwd, input, onErr }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { env: env ?? {}, cwd, stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      err += text;
      onErr?.(err, child);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
    // It may have ended before it read everything.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** What a failed command printed with --json. */
export const errorOf = (
  ran: Ran,
): { code: string; message: string; hint?: string; exit_code: number; request_id?: string } =>
  (JSON.parse(ran.err.trim().split("\n").at(-1) ?? "") as { error: ReturnType<typeof errorOf> }).error;
