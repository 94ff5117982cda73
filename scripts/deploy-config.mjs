// What a deployment is called and the configuration that wrangler deploys it by: the committed wrangler.toml with the names, the namespace's id
// and the variables of one environment, written below .deploy/, which git ignores. Runs under Node.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** The committed configuration as an object. wrangler's own reader reads it, so that both understand the same. */
export async function readCommittedConfig(root) {
  const { experimental_readRawConfig: readRawConfig } = await import("wrangler");
  return readRawConfig({ config: join(root, "wrangler.toml") }).rawConfig;
}

/** Names of everything that the deployment has in the account. Without `env` they are those of the committed configuration. */
export function namesOf(committed, env) {
  const own = (name) => {
    if (env === undefined) return name;
    const rest = name.startsWith(committed.name) ? name.slice(committed.name.length) : `-${name}`;
    return `${committed.name}-${env}${rest}`;
  };
  const queues = [...committed.queues.producers, ...committed.queues.consumers].map(({ queue }) => queue);
  return {
    worker: own(committed.name),
    bucket: own(committed.r2_buckets[0].bucket_name),
    queues: [...new Set(queues)].map(own),
    namespace: own(`${committed.name}-oauth`),
    // Who deployed by hand has it in the committed configuration.
    namespaceId: env === undefined ? committed.kv_namespaces[0].id : undefined,
    own,
  };
}

/** Where the configuration of an environment lies. */
export function configPath(root, env) {
  return join(root, ".deploy", env ?? "default", "wrangler.json");
}

/** The configuration of the last run from this checkout; undefined when there was none. */
export function readPreviousConfig(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`${path} is not JSON. Delete it; the next run writes it anew.`);
  }
}

/**
 * The committed configuration as this environment needs it. `vars` and `domain` of an earlier run stay unless given anew; `keep_vars` keeps
 * variables that were set from elsewhere.
 */
export function environmentConfig({
  committed,
  names,
  path,
  root,
  previous,
  accountId,
  namespaceId,
  vars,
  domain,
  cpuLimit,
}) {
  const from = (target) => relative(dirname(path), join(root, target)).split(sep).join("/");
  const routes = domain === undefined ? previous?.routes : [{ pattern: domain, custom_domain: true }];
  const { limits, ...rest } = committed;
  const keepsLimit = cpuLimit && !(previous !== undefined && previous.limits === undefined);
  return {
    $schema: from("node_modules/wrangler/config-schema.json"),
    ...rest,
    ...(keepsLimit && limits !== undefined ? { limits } : {}),
    name: names.worker,
    account_id: accountId,
    main: from(committed.main),
    assets: { ...committed.assets, directory: from(committed.assets.directory) },
    ...(routes === undefined ? {} : { routes }),
    keep_vars: true,
    vars: { ...committed.vars, ...previous?.vars, ...vars },
    kv_namespaces: committed.kv_namespaces.map((binding) => ({ ...binding, id: namespaceId })),
    r2_buckets: committed.r2_buckets.map((binding) => ({ ...binding, bucket_name: names.own(binding.bucket_name) })),
    queues: {
      producers: committed.queues.producers.map((producer) => ({ ...producer, queue: names.own(producer.queue) })),
      consumers: committed.queues.consumers.map((consumer) => ({
        ...consumer,
        queue: names.own(consumer.queue),
        ...(consumer.dead_letter_queue === undefined
          ? {}
          : { dead_letter_queue: names.own(consumer.dead_letter_queue) }),
      })),
    },
  };
}

/** Writes the configuration; true when that changed the file. */
export function writeConfig(path, config) {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  mkdirSync(dirname(path), { recursive: true });
  let before;
  try {
    before = readFileSync(path, "utf8");
  } catch {
    // The first run.
  }
  if (before === text) return false;
  writeFileSync(path, text);
  return true;
}
