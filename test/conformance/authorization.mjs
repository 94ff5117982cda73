// The official suite's `authorization` run against the product itself, with a scripted person at the consent page. Runs on Node, offline.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser } from "../helpers/browser.ts";
import { allow } from "../helpers/oauth.ts";
import { freePort, startServer } from "../helpers/server.ts";
import { joinTeam } from "../helpers/sign-in.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const suite = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const scenarios = ["authorization-server-metadata-endpoint", "authorization-code-grant"];
const suiteTimeoutMs = 120_000;

process.chdir(root);
const server = await startServer();
// On this machine the issuer is called by name.
const issuer = server.origin.replace("127.0.0.1", "localhost");
try {
  const browser = new Browser([issuer]);
  await joinTeam(browser, server, server.team, "member");
  const port = await freePort();
  const output = await runSuite(await register(port), port, browser);
  const passed = scenarios.filter((name) => new RegExp(`^✓ ${name}: [1-9]\\d* passed, 0 failed`, "mu").test(output));
  if (passed.length < scenarios.length) console.log(output);
  console.log(`\nMCP authorization: ${passed.length} of ${scenarios.length} scenarios passed`);
  process.exitCode = passed.length === scenarios.length ? 0 : 1;
} finally {
  await server.stop();
}

/** Registers the suite as a client and returns its id. */
async function register(port) {
  const answer = await fetch(`${issuer}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Conformance suite",
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
      token_endpoint_auth_method: "none",
    }),
  });
  return (await answer.json()).client_id;
}

/** Runs the suite; the address that it prints for a person is opened and allowed. Returns what it has printed. */
async function runSuite(clientId, port, browser) {
  const args = [
    "authorization",
    "--url",
    issuer,
    "--client-id",
    clientId,
    "--resource",
    server.url,
    "-p",
    String(port),
  ];
  const child = spawn(process.execPath, [suite, ...args], { cwd: server.persist, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill(), suiteTimeoutMs);
  let output = "";
  let visited = false;
  const read = (text) => {
    output += text;
    const address = new RegExp(`${issuer}/authorize\\?\\S+`).exec(output)?.[0];
    if (address === undefined || visited) return;
    visited = true;
    allow(browser, new URL(address))
      .then((callback) => fetch(callback))
      .catch((error) => console.error(`the person could not consent: ${error.message}`));
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", read);
  await once(child, "close");
  clearTimeout(timer);
  return output;
}
