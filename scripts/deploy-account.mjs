// What an account has of a deployment, and the commands that make the rest. Runs under Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareVersions, DeployError, notLoggedIn } from "./deploy-failures.mjs";

/** Throws a DeployError when this wrangler is older than the one the project is tested with. */
export async function checkVersion(wrangler, root) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const result = await wrangler.run(["--version"]);
  const found = /\d+\.\d+\.\d+/.exec(result.stdout)?.[0];
  if (found === undefined) throw wrangler.failure(["--version"], result);
  if (compareVersions(found, devDependencies.wrangler) < 0) {
    throw new DeployError(
      `wrangler ${found} is too old: this project needs ${devDependencies.wrangler} or newer.`,
      "Run `npm ci`, which installs it into this checkout, and leave --wrangler out.",
      "wrangler_too_old",
    );
  }
  return found;
}

/** Who is logged in: `{ email, accounts: [{ id, name }] }`. Throws the error of not being logged in. */
export async function whoIsLoggedIn(wrangler) {
  const args = ["whoami", "--json"];
  const result = await wrangler.run(args);
  const answer = parseJson(result.stdout);
  if (answer?.loggedIn === false) throw notLoggedIn();
  if (!result.ok || answer?.loggedIn !== true) throw wrangler.failure(args, result);
  return answer;
}

/** The account to deploy to: the one asked for, the only one, or the one that `choose` picks. Throws a DeployError when none is. */
export async function chooseAccount(accounts, wanted, choose) {
  if (accounts.length === 0) {
    throw new DeployError(
      "Your login sees no account.",
      "An API token needs Account Settings: Read for the account; make another.",
      "no_account",
    );
  }
  const matches = (account, text) => account.id === text || account.name.toLowerCase() === text.toLowerCase();
  const list = accounts.map(({ id, name }) => `${name} (${id})`).join(", ");
  if (wanted !== undefined) {
    const found = accounts.find((account) => matches(account, wanted));
    if (found !== undefined) return found;
    throw new DeployError(
      `Your login has no account "${wanted}". It has: ${list}.`,
      "Give --account one of these.",
      "no_account",
    );
  }
  if (accounts.length === 1) return accounts[0];
  const answer = await choose?.(accounts);
  const found = answer && (accounts[Number(answer) - 1] ?? accounts.find((account) => matches(account, answer)));
  if (found) return found;
  throw new DeployError(`Your login has several accounts: ${list}.`, "Say which: --account ID.", "several_accounts");
}

/**
 * What the account has of the deployment: `{ bucket, queues: {name: boolean}, namespaceId, worker, secrets }`. Changes nothing. Throws a
 * DeployError when one of them cannot be told.
 */
export async function lookAround(wrangler, names) {
  const found = { bucket: await hasBucket(wrangler, names.bucket), queues: {} };
  for (const queue of names.queues) found.queues[queue] = await hasQueue(wrangler, queue);
  found.namespaceId = names.namespaceId ?? (await namespaceId(wrangler, names.namespace));
  const secrets = await secretNames(wrangler, names.worker);
  found.worker = secrets !== undefined;
  found.secrets = secrets ?? [];
  if (found.worker && !found.secrets.includes("OPERATOR_TOKEN")) {
    throw new DeployError(
      `The account has a Worker ${names.worker} that is not Super Data: it has no secret OPERATOR_TOKEN.`,
      `Deploy under another name with --env NAME. If it is yours, run \`npx wrangler secret put OPERATOR_TOKEN --name ${names.worker}\` first.`,
      "name_taken",
    );
  }
  return found;
}

async function hasBucket(wrangler, name) {
  const args = ["r2", "bucket", "info", name, "--json"];
  const result = await wrangler.run(args);
  if (result.ok) return true;
  if (result.code === 10006) return false;
  // It asks for the bucket first, then for its size, which not every token may see.
  if (/graphql/i.test(result.message)) return true;
  throw wrangler.failure(args, result);
}

async function hasQueue(wrangler, name) {
  const args = ["queues", "info", name];
  const result = await wrangler.run(args);
  if (result.ok) return true;
  if (result.code === undefined && result.message.startsWith(`Queue "${name}" does not exist.`)) return false;
  throw wrangler.failure(args, result);
}

async function namespaceId(wrangler, title) {
  const { stdout } = await wrangler.must(["kv", "namespace", "list"]);
  return parseJson(stdout)?.find((namespace) => namespace.title === title)?.id;
}

/** Names of the Worker's secrets; undefined when there is no such Worker. */
async function secretNames(wrangler, worker) {
  const args = ["secret", "list", "--name", worker, "--format", "json"];
  const result = await wrangler.run(args);
  if (result.ok) return (parseJson(result.stdout) ?? []).map(({ name }) => name);
  if (result.code === undefined && result.message.startsWith(`Worker "${worker}" not found.`)) return undefined;
  throw wrangler.failure(args, result);
}

/** The commands that make what is missing, each `{ what, args }`. */
export function missingResources(names, found, location) {
  const at = location === undefined ? [] : ["--location", location];
  return [
    ...(found.bucket
      ? []
      : [{ what: `bucket ${names.bucket}`, args: ["r2", "bucket", "create", names.bucket, ...at] }]),
    ...names.queues
      .filter((queue) => !found.queues[queue])
      .map((queue) => ({ what: `queue ${queue}`, args: ["queues", "create", queue] })),
    ...(found.namespaceId === undefined
      ? [{ what: `namespace ${names.namespace}`, args: ["kv", "namespace", "create", names.namespace] }]
      : []),
  ];
}

/** Makes what is missing and returns the namespace's id. */
export async function makeMissing(wrangler, { names, found, missing }, onMade) {
  for (const { what, args } of missing) {
    await wrangler.must(args);
    onMade(what);
  }
  // Its id is asked for: what creating says is for people.
  const id = found.namespaceId ?? (await namespaceId(wrangler, names.namespace));
  if (id !== undefined) return id;
  throw new DeployError(
    `The namespace ${names.namespace} was made and is not listed yet.`,
    "Wait a minute, then run this again.",
    "not_listed",
  );
}

/** Where a deployment is served, from wrangler's own line about it: undefined when nothing is. */
export function originOf(entries) {
  const { targets } = entries.findLast(({ type }) => type === "deploy") ?? {};
  const domain = targets?.find((target) => target.includes(" (custom domain"))?.split(" ")[0];
  const address =
    domain === undefined ? targets?.find((target) => /^https?:\/\/[^/*\s]+$/.test(target)) : `https://${domain}`;
  return address === undefined ? undefined : new URL(address).origin;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
