// The flags of `npm run deploy`: what they are, and the errors of a wrong one. Pure; runs under Node.
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export const usage = `Usage: npm run deploy [-- FLAGS]

Makes what is missing in your Cloudflare account, sets secrets, deploys, tests the deployment and prints the first owner's link. Run it again to
upgrade: what is there stays as it is.

  --env NAME         a deployment of its own: Worker, bucket, queues and namespace are named super-data-NAME…
  --dry-run          says every step and command, runs none that changes anything
  --yes              asks nothing: makes secrets, takes passkeys for sign-in and "demo" for the first team, unless flags say otherwise
  --json             for scripts: one line of JSON on standard output, everything else on standard error; asks nothing, so it needs --yes or --dry-run
  --account ID       the Cloudflare account, by id or name, when your login has several
  --domain NAME      serves at this domain, whose zone is in the account, instead of workers.dev
  --location HINT    where a new bucket lies: weur, eeur, apac, wnam, enam or oc
  --vars FILE        NAME=value lines: ways to sign in, who may create teams, limits (docs/guides/deploy.md).
                     Names that end in _SECRET, _KEY or _TOKEN are set as secrets
  --keep FILE        where secrets that were made here are kept for you, outside this checkout (default: below ~/.config/super-data)
  --team SLUG        the first team (default demo); made when it is missing
  --owner-link       prints a new owner's link for --team although the team was there already
  --no-cpu-limit     leaves limits.cpu_ms out, which the free plan refuses
  --no-build         deploys what the last build made
  --no-smoke         leaves the test of the deployment out
  --wrangler FILE    another wrangler than this checkout's
  --help             this text`;

const options = {
  env: { type: "string" },
  "dry-run": { type: "boolean" },
  yes: { type: "boolean", short: "y" },
  json: { type: "boolean" },
  account: { type: "string" },
  domain: { type: "string" },
  location: { type: "string" },
  vars: { type: "string" },
  keep: { type: "string" },
  team: { type: "string" },
  "owner-link": { type: "boolean" },
  "cpu-limit": { type: "boolean" },
  build: { type: "boolean" },
  smoke: { type: "boolean" },
  wrangler: { type: "string" },
  help: { type: "boolean", short: "h" },
};

const locations = ["weur", "eeur", "apac", "wnam", "enam", "oc"];

/** The flags as an object in camel case, or `{ problem }` with one line that says what is wrong. Paths are resolved from `from`. */
export function readFlags(args, from) {
  let values;
  try {
    ({ values } = parseArgs({ args, options, allowNegative: true }));
  } catch (error) {
    return { problem: error.message.replace(/\. To specify a positional.*$/s, ".") };
  }
  const problem = problemOf(values);
  if (problem !== undefined) return { problem };
  const path = (name) => (values[name] === undefined ? undefined : resolve(from, values[name]));
  return {
    env: values.env,
    dryRun: values["dry-run"] === true,
    yes: values.yes === true,
    json: values.json === true,
    account: values.account,
    domain: values.domain?.toLowerCase(),
    location: values.location,
    varsFile: path("vars"),
    keepFile: path("keep"),
    team: values.team,
    ownerLink: values["owner-link"] === true,
    cpuLimit: values["cpu-limit"] !== false,
    build: values.build !== false,
    smoke: values.smoke !== false,
    wrangler: path("wrangler"),
    help: values.help === true,
  };
}

function problemOf(values) {
  const empty = Object.entries(values).find(([, value]) => value === "");
  if (empty !== undefined) return `--${empty[0]} takes a value.`;
  if (values.env !== undefined && !/^[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?$/.test(values.env)) {
    return `--env takes at most 30 of a-z, 0-9 and "-", beginning and ending with a letter or digit; not "${values.env}".`;
  }
  if (values.env === "default")
    return `--env cannot be "default": that is what the deployment without --env is kept as.`;
  if (values.domain !== undefined && !/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i.test(values.domain)) {
    return `--domain takes a host name like data.example.org, not "${values.domain}".`;
  }
  if (values.location !== undefined && !locations.includes(values.location)) {
    return `--location takes one of ${locations.join(", ")}, not "${values.location}".`;
  }
  if (values["owner-link"] === true && values.team === undefined) return "--owner-link needs --team: the team to own.";
  if (values.json === true && values.yes !== true && values["dry-run"] !== true && values.help !== true) {
    return "--json asks nothing: add --yes, or --dry-run.";
  }
  return undefined;
}
