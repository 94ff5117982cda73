// Runs wrangler for `npm run deploy`: what it is given, what is read from it. Only what wrangler gives for machines is read: --json answers, and
// the lines it writes to WRANGLER_OUTPUT_FILE_PATH. Runs under Node.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureOf } from "./deploy-failures.mjs";

/** Never handed to wrangler: it takes secrets' values from the environment where a file names them, and an environment would change all names. */
const withheld = ["OPERATOR_TOKEN", "SECRETS_KEY", "BACKUP_KEY", "CLOUDFLARE_ENV"];

function environment(outputFile, accountId) {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheld.includes(name)));
  return {
    ...inherited,
    ...(accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }),
    WRANGLER_OUTPUT_FILE_PATH: outputFile,
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  };
}

/**
 * `run(args)` resolves to `{ ok, stdout, entries, code, message, words }` whatever becomes of the command; `entries` are wrangler's lines for
 * machines, `code` and `message` those of its failure. `must(args)` throws a DeployError when it failed. `login()` lets a person log in.
 */
export function wranglerAt({ path, root }) {
  let accountId;
  const command = /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];

  async function run(args) {
    const scratch = mkdtempSync(join(tmpdir(), "super-data-deploy-"));
    try {
      const outputFile = join(scratch, "output.ndjson");
      const { status, stdout, stderr } = await execute(command, args, {
        cwd: root,
        env: environment(outputFile, accountId),
        stdio: ["ignore", "pipe", "pipe"],
      });
      const entries = readEntries(outputFile);
      const failed = entries.findLast(({ type }) => type === "command-failed");
      const code = Number.isInteger(Number(failed?.code)) && failed?.code != null ? Number(failed.code) : undefined;
      return { ok: status === 0, stdout, entries, code, message: failed?.message ?? "", words: stderr || stdout };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  return {
    run,
    useAccount: (id) => {
      accountId = id;
    },
    failure: (args, result) =>
      failureOf({ at: publicPart(args), code: result.code, words: result.words || result.message, accountId }),
    async must(args) {
      const result = await run(args);
      if (!result.ok) throw this.failure(args, result);
      return result;
    },
    login: async () =>
      (await execute(command, ["login"], { cwd: root, env: process.env, stdio: "inherit" })).status === 0,
  };
}

/** A command as it may be shown: everything but where secrets lie for a moment. */
export function publicPart(args) {
  return args.map((arg, i) => (args[i - 1] === "--secrets-file" ? "…" : arg)).join(" ");
}

function execute([file, ...before], args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...before, ...args], options);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.once("error", (error) => reject(new Error(`${file} could not be started: ${error.code ?? error.message}.`)));
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

function readEntries(path) {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
