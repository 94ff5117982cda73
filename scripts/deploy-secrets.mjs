// Secrets of a deployment: made here, kept for the operator in a file that only they can read, handed to wrangler through one that is gone
// afterwards. They are never printed and never lie in the checkout. Runs under Node.
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { parseEnv } from "node:util";
import { DeployError } from "./deploy-failures.mjs";

/** What each deployment has, how it is made, and what it is for. `onlyNew`: what it seals would not open under one that came later. */
export const ownSecrets = [
  { name: "OPERATOR_TOKEN", make: () => randomBytes(32).toString("hex"), what: "guards /operator and /metrics" },
  {
    name: "SECRETS_KEY",
    make: () => randomBytes(32).toString("hex"),
    what: "seals webhooks' and signing keys",
    onlyNew: true,
  },
  { name: "BACKUP_KEY", make: () => randomBytes(32).toString("base64"), what: "encrypts backups" },
];

const secretName = /(?:_SECRET|_KEY|_TOKEN)$/;

/** The file of --vars as `{ vars, secrets }`. Throws a DeployError that says what is wrong with it. */
export function readVars(path) {
  if (path === undefined) return { vars: {}, secrets: {} };
  let values;
  try {
    values = parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    throw new DeployError(
      `The file of variables ${path} could not be read: ${error.code ?? error.message}.`,
      "Give --vars a file of NAME=value lines.",
      "bad_vars",
    );
  }
  const wrong = Object.keys(values).find((name) => !/^[A-Z][A-Z0-9_]*$/.test(name));
  if (wrong !== undefined) {
    throw new DeployError(`${path}: ${wrong} is not a name of a variable.`, "Use A-Z, 0-9 and _.", "bad_vars");
  }
  const entries = Object.entries(values);
  return {
    vars: Object.fromEntries(entries.filter(([name]) => !secretName.test(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => secretName.test(name))),
  };
}

/** Where the secrets made for a Worker are kept when --keep names no other place. */
export function defaultKeepFile(accountId, worker) {
  const base = process.env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return join(base, "super-data", `${worker}-${accountId}.env`);
}

/** What is kept already. Throws a DeployError when others can read it, or it lies in the checkout. */
export function readKept(path, root) {
  if (isBelow(path, root)) {
    throw new DeployError(
      `${path} is in the checkout, where secrets must not lie.`,
      "Give --keep a file outside it.",
      "bad_keep",
    );
  }
  if (!existsSync(path)) return {};
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new DeployError(
      `Others can read ${path}, which holds secrets.`,
      `Run \`chmod 600 ${path}\`, then this again.`,
      "open_secrets",
    );
  }
  return parseEnv(readFileSync(path, "utf8"));
}

/** Adds secrets to the file, readable by its owner alone. */
export function keepSecrets(path, worker, secrets) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const before = existsSync(path)
    ? readFileSync(path, "utf8")
    : `# Secrets of the Worker ${worker}, made by \`npm run deploy\`. Put them into your vault, then delete this file.\n`;
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path, before + lines.join(""), { mode: 0o600 });
  chmodSync(path, 0o600);
}

/** Calls `use` with a file of the secrets for `wrangler deploy --secrets-file`, which nobody else can read and which is gone afterwards. */
export async function withSecretsFile(secrets, use) {
  const scratch = mkdtempSync(join(tmpdir(), "super-data-secrets-"));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  const end = () => process.exit(1);
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, end);
  try {
    const path = join(scratch, "secrets.json");
    // JSON: in NAME=value lines wrangler would take a $ for another variable.
    writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
    return await use(path);
  } finally {
    remove();
    process.off("exit", remove);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, end);
  }
}

/**
 * What is to be set: `{ set, made }` with the values; `made` are those made here. What the Worker has stays as it is, whatever is given.
 * `given` comes first, then what is kept from an earlier run that did not get so far, then a new value.
 */
export function secretsToSet({ present, isNew, given, kept }) {
  const set = {};
  const made = {};
  for (const { name, make, onlyNew } of ownSecrets) {
    if (present.includes(name)) continue;
    const mayBeNew = isNew || onlyNew !== true;
    const value = given[name] ?? (mayBeNew ? kept[name] : undefined);
    if (value !== undefined) set[name] = value;
    else if (mayBeNew) set[name] = made[name] = make();
  }
  for (const [name, value] of Object.entries(given)) {
    if (!present.includes(name) && set[name] === undefined) set[name] = value;
  }
  return { set, made };
}

/** Throws a DeployError when a BACKUP_KEY that was given would encrypt nothing. */
export function checkSecrets(given) {
  const { BACKUP_KEY: key } = given;
  if (key !== undefined && Buffer.from(key, "base64").length !== 32) {
    throw new DeployError(
      "BACKUP_KEY is not 32 bytes in base64.",
      "Make one with `openssl rand -base64 32`, or leave it out: one is made.",
      "bad_secret",
    );
  }
  const short = given.OPERATOR_TOKEN;
  if (short !== undefined && short.length < 32) {
    throw new DeployError(
      "OPERATOR_TOKEN is shorter than 32 characters.",
      "Make one with `openssl rand -hex 32`, or leave it out: one is made.",
      "bad_secret",
    );
  }
}

function isBelow(path, root) {
  const real = (target) => {
    try {
      return realpathSync(target);
    } catch {
      return dirname(target) === target
        ? target
        : join(real(dirname(target)), target.slice(dirname(target).length + 1));
    }
  };
  const way = relative(real(root), real(path));
  return way !== ".." && !way.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(way);
}
