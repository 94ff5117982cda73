// `npm start`: builds what must be built, serves the Worker locally, makes the demo team on first run and proves that a tool answers.
// Runs under Node; scripts/start.cjs checks the machine first.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { ensureOrders } from "../seeds/make-datasets.mjs";
import { buildAssets } from "./build-assets.mjs";
import { portIsFree, startDevServer } from "./dev-server.mjs";
import { failureLine, seedTeam } from "./seed.mjs";
import { readFlags, usage } from "./start-flags.mjs";
import { readVarsFile } from "./vars-file.mjs";
import { welcomeText } from "./welcome.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const team = "demo";
const note = (line) => process.stderr.write(`${line}\n`);

/** An error whose message is all there is to say. */
class StartError extends Error {}

function portTaken(port) {
  return `Port ${port} is taken. Choose another: npm start -- --port ${port === 65_535 ? port - 1 : port + 1}`;
}

/** What a server that people try out on their own machine allows; --vars says otherwise. */
const localVars = { PASSKEYS: "on", TEAM_CREATION: "anyone" };

/** The jq engine, the pages' files and the sample data; nothing is done for what is current. */
async function build() {
  const jq = spawnSync(process.execPath, [join(root, "scripts/build-jq.mjs")], { cwd: root, encoding: "utf8" });
  if (jq.status !== 0) throw new StartError(`The jq engine could not be built:\n${jq.stderr || jq.error?.message}`);
  try {
    await buildAssets();
  } catch (error) {
    throw new StartError(`The styles and scripts of the pages could not be built:\n${error.message}`);
  }
  try {
    ensureOrders();
  } catch (error) {
    throw new StartError(`The sample data could not be made:\n${error.message}`);
  }
}

/** The secret that guards /operator, made once and kept readable by its owner alone. */
function operatorToken(persistDir) {
  const path = join(persistDir, "operator-token");
  mkdirSync(persistDir, { recursive: true });
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
}

async function operatorCall({ origin, operator }, method, path, body) {
  const response = await fetch(`${origin}/operator${path}`, {
    method,
    headers: { authorization: `Bearer ${operator}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  // Only a server that is not ours refuses our own secret: it took the port while ours was starting.
  if (response.status === 401) throw new StartError(portTaken(Number(new URL(origin).port)));
  if (!response.ok) {
    const error = new StartError(`${method} /operator${path} was answered with ${response.status}: ${text}`);
    throw Object.assign(error, { status: response.status });
  }
  return JSON.parse(text);
}

/** The team and a fresh owner token; the seeds too, unless an earlier start brought them in completely. */
async function openTeam(server, persistDir) {
  const { created } = await operatorCall(server, "PUT", `/teams/${team}`, { name: "Demo" });
  const { token } = await operatorCall(server, "POST", `/teams/${team}/tokens`, {
    username: "owner",
    role: "owner",
    label: `npm start ${new Date().toISOString()}`,
  });
  const seededPath = join(persistDir, "seeded");
  if (created || !existsSync(seededPath)) {
    note("Seeding the team:");
    const failed = await seedTeam({ url: server.origin, team, token }, (line) => note(`  ${line}`));
    if (failed.length === 0) writeFileSync(seededPath, "The demo team has its seeds; later starts leave it alone.\n");
    else note(`Some seeds were refused; the next start tries them again:\n${failed.map(failureLine).join("\n")}`);
  }
  return token;
}

/** The variables of --vars. */
function variables(varsFile) {
  if (varsFile === undefined) return {};
  try {
    return readVarsFile(varsFile);
  } catch (error) {
    throw new StartError(error.message);
  }
}

/**
 * A link that signs its first visitor in as an owner of the team: as the one our token is of, or as another once that one has a login.
 * For a browser the server is called localhost: it binds passkeys to a name and refuses numbers.
 */
async function openOwnerLink(server, port) {
  const invite = (who) =>
    operatorCall(server, "POST", `/teams/${team}/invitations`, { ...who, sign_in: true, expires_in_days: 1 });
  const { url } = await invite({ username: "owner" }).catch((error) => {
    if (error.status === 409) return invite({ role: "owner" });
    throw error;
  });
  return `http://localhost:${port}${new URL(url).pathname}`;
}

/** Calls one seed tool as an MCP client does. */
async function prove(url, token) {
  const client = new Client({ name: "npm-start", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: { token: async () => token } }));
  const params = { name: "analyze_performance", arguments: { dataset_name: "sales" } };
  const call = `${params.name}(${JSON.stringify(params.arguments)})`;
  try {
    const result = await client.callTool(params);
    const answer = result.content.map((part) => part.text ?? `[${part.type}]`).join("\n");
    return { call, answer };
  } catch (error) {
    // The team may have changed or removed the tool since; that is no reason not to serve.
    return { call, answer: `could not be called: ${error.message}` };
  } finally {
    await client.close();
  }
}

/** Refuses a directory that another running start uses: two servers on one SQLite file lose data. */
async function takeDirectory(persistDir, port) {
  const path = join(persistDir, "server.json");
  mkdirSync(persistDir, { recursive: true });
  if (existsSync(path)) {
    const other = JSON.parse(readFileSync(path, "utf8"));
    // The port answers for a server whose start was killed hard, the process for one that does not listen yet.
    if (isRunning(other.pid) || !(await portIsFree(other.port))) {
      throw new StartError(
        `${persistDir} is in use by the server on port ${other.port} (started by process ${other.pid}). Stop it, or choose another directory: npm start -- --persist DIR. If no such server runs, delete ${path}.`,
      );
    }
  }
  writeFileSync(path, JSON.stringify({ pid: process.pid, port }));
  return () => rmSync(path, { force: true });
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** wrangler's own line about a request repeats ours, and shows the path, in which links have their secret. */
function isWranglersRequestLine(line) {
  return line.startsWith("[wrangler:info] ");
}

/** Resolves when this process should end: a signal, or npm's own end when npm started us. */
function untilAskedToStop() {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, resolve);
    if (process.env.npm_lifecycle_event !== "start") return;
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && resolve("parent"), 1000).unref();
  });
}

/** From the first byte of the build to the end of the server. Resolves after a signal, throws when it could not start or died. */
async function serve({ port, persistDir, varsFile, json }) {
  const asked = untilAskedToStop();
  const vars = { ...localVars, ...variables(varsFile) };
  await build();
  if (!(await portIsFree(port))) throw new StartError(portTaken(port));
  const release = await takeDirectory(persistDir, port);
  note(`Starting on port ${port} …`);
  const operator = operatorToken(persistDir);
  let serving = false;
  const onLine = (line) => serving && !isWranglersRequestLine(line) && note(line);
  const server = startDevServer({ port, persistDir, operatorToken: operator, vars, onLine });
  const running = async () => {
    await server.ready;
    const token = await openTeam({ origin: server.origin, operator }, persistDir);
    const url = `${server.origin}/t/${team}/mcp`;
    const proof = await prove(url, token);
    const ownerLink = await openOwnerLink({ origin: server.origin, operator }, port);
    serving = true;
    if (json) process.stdout.write(`${JSON.stringify({ url, team, token, owner_link: ownerLink })}\n`);
    else process.stdout.write(welcomeText({ origin: server.origin, team, token, ownerLink, proof, persistDir }));
    const lastLines = await server.ended;
    throw new StartError(`The local server ended by itself. Its last lines:\n${lastLines.join("\n")}`);
  };
  try {
    await Promise.race([asked, running()]);
  } finally {
    await server.stop();
    release();
  }
}

/** Runs `npm start` with these arguments and ends the process: 0 after a signal, 1 when it could not start or the server died. */
export async function main(args) {
  const flags = readFlags(args, process.env.INIT_CWD ?? process.cwd());
  if (flags.problem !== undefined || flags.help) {
    if (flags.problem !== undefined) note(`${flags.problem}\n`);
    (flags.json ? process.stderr : flags.help ? process.stdout : process.stderr).write(`${usage}\n`);
    process.exit(flags.problem === undefined ? 0 : 1);
  }
  try {
    await serve(flags);
    process.exit(0);
  } catch (error) {
    const cause = error.cause === undefined ? "" : `: ${error.cause.message ?? error.cause}`;
    note(error instanceof StartError ? error.message : `npm start failed: ${error.message}${cause}`);
    process.exit(1);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
