// What `npm run deploy` says to people: the plan before, the summary after. Never a secret's value. Pure; runs under Node.
import { publicPart } from "./deploy-wrangler.mjs";

const indent = (lines) => lines.map((line) => `  ${line}`);

/** Every step and its command, and what is there already. */
export function planText({ plan, flags }) {
  const { names, found, missing, secrets } = plan;
  const there = [
    ...(found.worker ? [`Worker ${names.worker}`] : []),
    ...(found.bucket ? [`bucket ${names.bucket}`] : []),
    ...names.queues.filter((queue) => found.queues[queue]).map((queue) => `queue ${queue}`),
    ...(found.namespaceId === undefined ? [] : [`namespace ${names.namespace} (${found.namespaceId})`]),
    ...found.secrets.map((name) => `secret ${name}`),
  ];
  const made = Object.keys(secrets.made);
  const given = Object.keys(secrets.set).filter((name) => !made.includes(name));
  const steps = [
    ...(flags.build ? ["build: npm run build"] : []),
    ...missing.map(({ what, args }) => `make ${what}: wrangler ${publicPart(args)}`),
    `write the configuration ${plan.path}`,
    ...(made.length === 0 ? [] : [`make ${made.join(", ")}, and keep them in ${plan.keepFile}`]),
    ...(given.length === 0 ? [] : [`set ${given.join(", ")} as given or kept`]),
    `deploy ${names.worker}, Durable Object migrations included: wrangler ${publicPart(plan.deployArgs)}${Object.keys(secrets.set).length === 0 ? "" : " --secrets-file …"}`,
    ...(flags.smoke ? ["test the deployment: npm run smoke"] : []),
    ...(plan.team === undefined ? [] : [`team ${plan.team}, and a link for its owner when it is new`]),
  ];
  return [
    `There already: ${there.length === 0 ? "nothing" : there.join(", ")}`,
    flags.dryRun ? "Would do, and did none of it:" : "To do:",
    ...indent(steps),
  ].join("\n");
}

/** What a person needs next. */
export function summaryText({ url, secrets, team, smoke, operator_token_known: knowsToken, providers, config }) {
  const lines = ["", `Address    ${url}`];
  if (team !== undefined) {
    lines.push(`Team       ${team.team}${team.created ? "" : ", which was there"}; MCP URL ${url}/t/${team.team}/mcp`);
    if (team.owner_link !== undefined) {
      lines.push(`Owner      ${team.owner_link}`);
      lines.push(`           makes the first who opens it and presses the button the owner; until ${team.expires_at}`);
    }
  }
  if (secrets.kept_in !== undefined) {
    lines.push(`Secrets    ${secrets.kept_in}`);
    lines.push("           put them into your vault, then delete the file; backups cannot be read without BACKUP_KEY");
  }
  for (const provider of providers)
    lines.push(`Provider   register the redirect URI ${url}/sign-in/${provider}/callback`);
  if (!knowsToken) {
    lines.push(
      "Operator   OPERATOR_TOKEN was not given, so the test was of what is open to all, and no team was made:",
    );
    lines.push("           set it in the environment and run this again for the rest");
  }
  if (smoke === undefined) lines.push(`Test       left out; npm run smoke -- --url ${url}`);
  lines.push(`Config     ${config}; wrangler takes it with --config`);
  return `${lines.join("\n")}\n`;
}
