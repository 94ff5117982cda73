// `npm run deploy`: walks an operator through a deployment to Cloudflare: login, what is missing, secrets, the deployment itself, its test, the first
// team and its owner's link. Run again it changes nothing that is there but the code. Runs under Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  checkVersion,
  chooseAccount,
  lookAround,
  makeMissing,
  missingResources,
  originOf,
  whoIsLoggedIn,
} from "./deploy-account.mjs";
import { askSignIn, terminalQuestions } from "./deploy-ask.mjs";
import {
  configPath,
  environmentConfig,
  namesOf,
  readCommittedConfig,
  readPreviousConfig,
  writeConfig,
} from "./deploy-config.mjs";
import { DeployError } from "./deploy-failures.mjs";
import { readFlags, usage } from "./deploy-flags.mjs";
import {
  checkSecrets,
  defaultKeepFile,
  keepSecrets,
  ownSecrets,
  readKept,
  readVars,
  secretsToSet,
  withSecretsFile,
} from "./deploy-secrets.mjs";
import { planText, summaryText } from "./deploy-text.mjs";
import { publicPart, wranglerAt } from "./deploy-wrangler.mjs";
import { ask, ensureTeam, makeOwnerLink, RequestError } from "./operator-api.mjs";
import { checkLines, runSmoke } from "./smoke-checks.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const note = (line) => process.stderr.write(`${line}\n`);
/** A workers.dev name or a domain that is new takes a while to be known. */
const reachableTries = 60;
const reachablePauseMs = 2_000;

/** Logs in, offering a person to, and settles the account. */
async function enter(wrangler, flags, questions) {
  let login;
  try {
    login = await whoIsLoggedIn(wrangler);
  } catch (error) {
    if (error.kind !== "not_logged_in" || questions === undefined) throw error;
    if (!(await questions.yes("You are not logged in to Cloudflare. Log in with the browser now?"))) throw error;
    if (!(await wrangler.login())) throw error;
    login = await whoIsLoggedIn(wrangler);
  }
  const choose =
    questions &&
    ((accounts) => {
      for (const [i, { id, name }] of accounts.entries()) note(`  ${i + 1}  ${name} (${id})`);
      return questions.text("Which account? Its number");
    });
  const account = await chooseAccount(login.accounts, flags.account ?? process.env.CLOUDFLARE_ACCOUNT_ID, choose);
  wrangler.useAccount(account.id);
  note(`Logged in${login.email === undefined ? "" : ` as ${login.email}`}; account ${account.name} (${account.id})`);
  return account;
}

/** The account and what it has. A dry run without a login takes it that nothing is there. */
async function look({ wrangler, flags, questions }, names) {
  try {
    const account = await enter(wrangler, flags, questions);
    return { account, found: await lookAround(wrangler, names) };
  } catch (error) {
    if (error.kind !== "not_logged_in" || !flags.dryRun) throw error;
    note(`${error.message} This is what a new deployment would do.`);
    return {
      account: { id: "ACCOUNT", name: "not known" },
      found: { bucket: false, queues: {}, worker: false, secrets: [] },
    };
  }
}

/** Everything that is to happen, told before any of it does. */
async function makePlan({ wrangler, flags, questions }) {
  const committed = await readCommittedConfig(root);
  const names = namesOf(committed, flags.env);
  const path = configPath(root, flags.env);
  const { account, found } = await look({ wrangler, flags, questions }, names);
  const keepFile = flags.keepFile ?? defaultKeepFile(account.id, names.worker);
  const kept = readKept(keepFile, root);
  const given = readVars(flags.varsFile);
  const asked = questions && !found.worker && flags.varsFile === undefined ? await askSignIn(questions) : undefined;
  const secrets = { ...fromEnvironment(), ...given.secrets, ...asked?.secrets };
  if (questions !== undefined) await askOwnSecrets(questions, found, { ...kept, ...secrets }, secrets);
  checkSecrets(secrets);
  return {
    committed,
    names,
    path,
    account,
    found,
    keepFile,
    hasKept: Object.keys(kept).length > 0,
    missing: missingResources(names, found, flags.location),
    vars: { ...given.vars, ...asked?.vars },
    providers: asked?.providers ?? [],
    secrets: secretsToSet({ present: found.secrets, isNew: !found.worker, given: secrets, kept }),
    operatorToken: secrets.OPERATOR_TOKEN ?? kept.OPERATOR_TOKEN,
    team:
      flags.team ?? (found.worker ? undefined : ((await questions?.text("The first team's slug", "demo")) ?? "demo")),
    deployArgs: deployArgs(path),
  };
}

function fromEnvironment() {
  const present = ownSecrets.filter(({ name }) => process.env[name]);
  return Object.fromEntries(present.map(({ name }) => [name, process.env[name]]));
}

async function askOwnSecrets(questions, found, known, secrets) {
  for (const { name, what, onlyNew } of ownSecrets) {
    if (known[name] !== undefined || (found.worker && onlyNew === true)) continue;
    const isSet = found.secrets.includes(name);
    // Of a Worker that is there only the operator's token is of use: for the test and for teams.
    if (isSet && name !== "OPERATOR_TOKEN") continue;
    const question = isSet
      ? `${name} of this deployment, for its test (not shown; empty: test only what is open)`
      : `${name}, which ${what} (not shown; empty: make one)`;
    const answer = await questions.secret(question);
    if (answer !== "") secrets[name] = answer;
  }
}

function deployArgs(path) {
  return ["deploy", "--config", path, "--minify"];
}

function build() {
  note("Building …");
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    throw new DeployError(`The build failed:\n${stderr || stdout}`, "`npm run build` shows it again.", "build_failed");
  }
}

/** Makes, sets and deploys. Returns what was made and where the deployment is served. */
async function carryOut({ wrangler, flags }, plan) {
  if (flags.build) build();
  const created = [];
  const namespaceId = await makeMissing(wrangler, plan, (what) => {
    created.push(what);
    note(`Made ${what}`);
  });
  const config = environmentConfig({
    ...plan,
    root,
    previous: readPreviousConfig(plan.path),
    accountId: plan.account.id,
    namespaceId,
    domain: flags.domain,
    cpuLimit: flags.cpuLimit,
  });
  writeConfig(plan.path, config);
  const { set, made } = plan.secrets;
  if (Object.keys(made).length > 0) {
    // Before they are set: a deployment that breaks off must not leave a secret that nobody has.
    keepSecrets(plan.keepFile, plan.names.worker, made);
    note(`Made ${Object.keys(made).join(", ")}; kept for you in ${plan.keepFile}`);
  }
  note("Deploying …");
  const { entries } =
    Object.keys(set).length === 0
      ? await wrangler.must(plan.deployArgs)
      : await withSecretsFile(set, (file) => wrangler.must([...plan.deployArgs, "--secrets-file", file]));
  // Behind a proxy people and clients use another address than wrangler knows.
  const origin = publicOrigin(config.vars) ?? originOf(entries);
  if (origin === undefined) {
    throw new DeployError(
      "The Worker was deployed, and wrangler names no address it is served at.",
      "Give --domain, or switch workers.dev on for it in the dashboard, then run this again.",
      "no_address",
    );
  }
  note(`Deployed: ${origin}`);
  return { created, origin };
}

function publicOrigin({ PUBLIC_ORIGIN: set }) {
  if (set === undefined || set === "") return undefined;
  if (URL.canParse(set)) return new URL(set).origin;
  throw new DeployError(`PUBLIC_ORIGIN is not an address: ${set}`, "Set it to https://…, with --vars.", "bad_vars");
}

/** Waits until a new address is known. Throws a DeployError when it does not come to be. */
async function untilReachable(origin) {
  let last = "";
  for (let i = 0; i < reachableTries; i += 1) {
    try {
      const response = await ask(origin, "/health");
      if (response.ok) return;
      last = `it answers with ${response.status}`;
    } catch (error) {
      last = error.message;
    }
    if (i === 0) note("Waiting until the address is known …");
    await new Promise((resolve) => setTimeout(resolve, reachablePauseMs));
  }
  throw new DeployError(
    `${origin} does not answer yet: ${last}`,
    `Try \`npm run smoke -- --url ${origin}\` in some minutes, then run this again for the first team.`,
    "unreachable",
  );
}

async function test({ flags }, origin, operatorToken) {
  if (!flags.smoke) return undefined;
  note("Testing the deployment:");
  const result = await runSmoke({ origin, operatorToken }, (check) => note(`  ${checkLines(check)}`));
  if (result.ok) return result;
  const failed = result.checks.find(({ ok }) => !ok);
  throw Object.assign(
    new DeployError(
      `The deployment does not work as it should: ${failed.name}: ${failed.detail}`,
      failed.next ?? "`npx wrangler tail` shows what it logs; docs/guides/upgrade.md says how to go back.",
      "smoke_failed",
    ),
    { smoke: result },
  );
}

/** The first team and its owner's link; the link only for a team that is new, or when asked for. */
async function firstTeam({ flags }, plan, origin, operatorToken) {
  if (plan.team === undefined || operatorToken === undefined) return undefined;
  const { team, created } = await ensureTeam(origin, operatorToken, plan.team, plan.team);
  if (!created && !flags.ownerLink) return { team, created };
  const { url, expires_at } = await makeOwnerLink(origin, operatorToken, team);
  return { team, created, owner_link: url, expires_at };
}

async function deploy(flags) {
  const questions = flags.yes || flags.dryRun || flags.json || !process.stdin.isTTY ? undefined : terminalQuestions();
  if (questions === undefined && !flags.yes && !flags.dryRun) {
    throw new DeployError(
      "This is no terminal to ask on.",
      "Add --yes to go on without questions, or --dry-run to see what would happen.",
      "no_terminal",
    );
  }
  const wrangler = wranglerAt({ path: flags.wrangler ?? join(root, "node_modules/wrangler/bin/wrangler.js"), root });
  await checkVersion(wrangler, root);
  const plan = await makePlan({ wrangler, flags, questions });
  const facts = {
    dry_run: flags.dryRun,
    worker: plan.names.worker,
    account: plan.account,
    config: plan.path,
    commands: [...plan.missing.map(({ args }) => args), plan.deployArgs].map((args) => `wrangler ${publicPart(args)}`),
    secrets: {
      set: Object.keys(plan.secrets.set),
      made: Object.keys(plan.secrets.made),
      ...(plan.hasKept || Object.keys(plan.secrets.made).length > 0 ? { kept_in: plan.keepFile } : {}),
    },
  };
  note(planText({ plan, flags }));
  if (flags.dryRun) return facts;
  if (questions !== undefined && !(await questions.yes("Go on?"))) {
    throw new DeployError("Nothing was changed.", "Run this again when you want to go on.", "stopped");
  }
  const { created, origin } = await carryOut({ wrangler, flags }, plan);
  await untilReachable(origin);
  const operatorToken = plan.secrets.set.OPERATOR_TOKEN ?? plan.operatorToken;
  const smoke = await test({ flags }, origin, operatorToken);
  const team = await firstTeam({ flags }, plan, origin, operatorToken);
  return {
    ...facts,
    url: origin,
    created,
    ...(smoke === undefined ? {} : { smoke }),
    ...(team === undefined ? {} : { team }),
    operator_token_known: operatorToken !== undefined,
    providers: plan.providers,
  };
}

/** Says what went wrong, on standard error and with --json on standard output too. */
function fail(error, json) {
  const known = error instanceof DeployError || error instanceof RequestError;
  const message = known ? error.message : `npm run deploy failed: ${error.message}`;
  note(`${message}${error.next === undefined ? "" : `\nNext: ${error.next}`}`);
  const said = { error: { kind: error.kind ?? "failed", message, next: error.next } };
  if (json)
    process.stdout.write(
      `${JSON.stringify({ ...said, ...(error.smoke === undefined ? {} : { smoke: error.smoke }) })}\n`,
    );
  process.exitCode = 1;
}

async function main() {
  const flags = readFlags(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (flags.problem !== undefined || flags.help) {
    if (flags.problem !== undefined) note(`${flags.problem}\n`);
    (flags.help ? process.stdout : process.stderr).write(`${usage}\n`);
    process.exitCode = flags.help ? 0 : 1;
    return;
  }
  try {
    const result = await deploy(flags);
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (!flags.dryRun) process.stdout.write(summaryText(result));
  } catch (error) {
    fail(error, flags.json);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
