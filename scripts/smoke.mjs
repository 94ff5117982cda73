// `npm run smoke -- --url ORIGIN`: tests a deployment, or `npm start`, from outside. Exit code 0: all is well. 1: something is not. Runs under Node.
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checkLines, runSmoke } from "./smoke-checks.mjs";

const usage = `Usage: npm run smoke -- --url https://super-data.example.workers.dev [--team SLUG --token sdp_… | --public] [--json]

Asks health, readiness and OAuth metadata; then stores a small dataset, lists tools and calls one over MCP, and removes what it made.
It works in a team "smoke-test" that it makes with the operator's token, from the environment: OPERATOR_TOKEN (npm start keeps its own in
.dev/operator-token). Or in a team of yours with --team and --token (a member's, or SUPER_DATA_TOKEN in the environment).

  --public  only what is open to all; needs no token
  --json    one line {"url","ok","checks"} on standard output`;

function readArguments(args) {
  const options = {
    url: { type: "string" },
    team: { type: "string" },
    token: { type: "string" },
    public: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  };
  let values;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    return { problem: error.message.replace(/\. To specify a positional.*$/s, ".") };
  }
  if (values.help) return { help: true };
  if (values.url === undefined || !URL.canParse(values.url) || !/^https?:/.test(values.url)) {
    return { problem: "--url takes the address of the deployment, https://…" };
  }
  const { origin, pathname } = new URL(values.url);
  const team = values.team ?? /^\/t\/([^/]+)/.exec(pathname)?.[1];
  const token = values.token ?? (team === undefined ? undefined : process.env.SUPER_DATA_TOKEN);
  const asked = { origin, json: values.json === true };
  if (values.public === true) return asked;
  if (team !== undefined && token !== undefined) return { ...asked, team, token };
  if (values.team !== undefined || values.token !== undefined)
    return { problem: "--team and --token belong together." };
  const operatorToken = process.env.OPERATOR_TOKEN;
  if (operatorToken === undefined || operatorToken === "") {
    return {
      problem: "OPERATOR_TOKEN is not set. Set it, give --team and --token, or test only what is open with --public.",
    };
  }
  return { ...asked, operatorToken };
}

async function main() {
  const asked = readArguments(process.argv.slice(2));
  if (asked.help || asked.problem !== undefined) {
    if (asked.problem !== undefined) console.error(`${asked.problem}\n`);
    (asked.help ? console.log : console.error)(usage);
    process.exitCode = asked.help ? 0 : 1;
    return;
  }
  const { ok, checks } = await runSmoke(asked, (check) => !asked.json && console.log(checkLines(check)));
  if (asked.json) console.log(JSON.stringify({ url: asked.origin, ok, checks }));
  else console.log(ok ? `${asked.origin} works.` : `${asked.origin} does not work as it should.`);
  process.exitCode = ok ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
