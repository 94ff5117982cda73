// `npm run deploy` for a test: an account that is a JSON file, the stand-in of wrangler that reads it, and what a run printed and did. Runs in Node.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";

export interface Account {
  url: string;
  loggedIn?: boolean;
  version?: string;
  accounts: { id: string; name: string }[];
  buckets: string[];
  queues: string[];
  namespaces: { id: string; title: string }[];
  workers: Record<string, { secrets: Record<string, string>; versions: number; config: Record<string, unknown> }>;
  /** By how a command begins: what it is refused with. */
  failing?: Record<string, { resource?: string; code?: number; text?: string; message?: string }>;
}

interface Noted {
  command?: string;
  secrets_in_environment?: string[];
  secrets_file?: string;
  mode?: string;
  directory_mode?: string;
}

export interface Run {
  status: number | null;
  out: string;
  err: string;
}

export const secretNames = ["OPERATOR_TOKEN", "SECRETS_KEY", "BACKUP_KEY"];

/** Runs a script of the project to its end. Secrets of the caller's environment do not reach it. */
export function runScript(script: string, args: string[], env: Record<string, string> = {}): Promise<Run> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => ![...secretNames, "CLOUDFLARE_ACCOUNT_ID"].includes(name),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`scripts/${script}`, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...Object.fromEntries(inherited), ...env },
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, out, err }));
  });
}

let count = 0;

/** An operator with an account, a home of their own and an environment name that no other test has. */
export class Operator {
  readonly home = mkdtempSync(join(tmpdir(), "super-data-operator-"));
  readonly env = `t${process.pid}-${++count}`;
  readonly worker = `super-data-${this.env}`;
  readonly keepFile = join(this.home, "super-data", `${this.worker}-a1b2.env`);
  readonly configFile = join(process.cwd(), ".deploy", this.env, "wrangler.json");
  private readonly accountFile = join(this.home, "account.json");

  constructor(url: string, changes: Partial<Account> = {}) {
    this.account = {
      url,
      accounts: [{ id: "a1b2", name: "Example" }],
      buckets: [],
      queues: [],
      namespaces: [],
      workers: {},
      ...changes,
    };
  }

  get account(): Account {
    return JSON.parse(readFileSync(this.accountFile, "utf8"));
  }

  set account(value: Account) {
    writeFileSync(this.accountFile, JSON.stringify(value));
  }

  /** Runs `npm run deploy` without a build; what the command lines were is in `commands()` afterwards. */
  async deploy(args: string[], env: Record<string, string> = {}): Promise<Run> {
    rmSync(`${this.accountFile}.log`, { force: true });
    const fixed = ["--env", this.env, "--no-build", "--wrangler", "test/fixtures/wrangler-stand-in.mjs"];
    return runScript("deploy.mjs", [...fixed, ...args], {
      STAND_IN_ACCOUNT: this.accountFile,
      XDG_CONFIG_HOME: this.home,
      ...env,
    });
  }

  /** As `deploy`, with --json: its answer, parsed. */
  async deployed(args: string[], env: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const { out, err } = await this.deploy([...args, "--yes", "--json"], env);
    expect(out, err).toMatch(/^\{.*\}\n$/);
    return JSON.parse(out);
  }

  noted(): Noted[] {
    const path = `${this.accountFile}.log`;
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Command lines of the last run, with what differs from run to run taken out. */
  commands(): string[] {
    return this.noted().flatMap(({ command }) =>
      command === undefined
        ? []
        : [
            command
              .replaceAll(this.worker, "WORKER")
              .replace(this.configFile, "CONFIG")
              .replace(/--secrets-file \S+/, "--secrets-file FILE"),
          ],
    );
  }

  /** Values of all secrets that the account's Worker has. */
  secretValues(): string[] {
    return Object.values(this.account.workers[this.worker]?.secrets ?? {});
  }

  leave(): void {
    rmSync(this.home, { recursive: true, force: true });
    rmSync(join(process.cwd(), ".deploy", this.env), { recursive: true, force: true });
  }
}

/** What every run asks before it changes anything. */
export const looking = [
  "--version",
  "whoami --json",
  "r2 bucket info WORKER-files --json",
  "queues info WORKER-background",
  "queues info WORKER-dead-letters",
  "kv namespace list",
  "secret list --name WORKER --format json",
];
