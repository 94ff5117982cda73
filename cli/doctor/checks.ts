// The steps before MCP: this machine, the way to the server, its health, the sign-in. Runs under Node.
import { stat } from "node:fs/promises";
import { connect } from "node:tls";
import { configPath, isLoopback, readConfig } from "../core/config.ts";
import { CliError } from "../core/errors.ts";
import { reach, userAgent } from "../core/http.ts";
import { isRecord, parseJson, textOf } from "../core/json.ts";
import type { Session } from "../core/session.ts";
import type { WhoAmI } from "../core/wire.ts";
import type { Outcome, Step } from "./steps.ts";

const dayMs = 86_400_000;
const certificateDays = 14;
const tokenDays = 7;
const skewWarnMs = 60_000;
const skewFailMs = 5 * 60_000;
const tlsTimeoutMs = 10_000;

type Open = () => Promise<Session>;

export function localSteps(env: NodeJS.ProcessEnv, open: Open): Step[] {
  return [
    {
      id: "node",
      title: "Node",
      needs: [],
      run: async () => ({ message: `${process.versions.node} on ${process.platform}` }),
    },
    { id: "config", title: "Profiles", needs: [], run: () => checkConfig(env) },
    {
      id: "team",
      title: "Team",
      needs: ["config"],
      run: async () => {
        const { url, source, profile } = await open();
        const from = source === "environment" ? "SUPER_DATA_TOKEN" : `profile ${profile}`;
        return { message: `${url}, signed in by ${from}` };
      },
    },
    { id: "proxy", title: "Proxy", needs: [], run: async () => checkProxy(env) },
  ];
}

async function checkConfig(env: NodeJS.ProcessEnv): Promise<Outcome> {
  const path = configPath(env);
  const { profiles, current } = await readConfig(env);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return { message: `none yet (${path})` };
  if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
    return {
      state: "fail",
      message: `${path} holds secrets and others on this machine may read it`,
      fix: `chmod 600 ${path}`,
    };
  }
  return { message: `${Object.keys(profiles).join(", ") || "none"}; current: ${current ?? "none"}` };
}

/** Node's fetch takes no proxy from the environment by itself. */
function checkProxy(env: NodeJS.ProcessEnv): Outcome {
  const names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].filter((name) => (env[name] ?? "") !== "");
  if (names.length === 0) return { message: "none set" };
  if (env.NODE_USE_ENV_PROXY === "1") return { message: `${names[0]} is used` };
  return {
    state: "warn",
    message: `${names[0]} is set, and Node does not use it by itself`,
    fix: "If the server is only reached through it, use Node 24 and set NODE_USE_ENV_PROXY=1.",
  };
}

export function networkSteps(open: Open): Step[] {
  return [
    { id: "reach", title: "Server", needs: ["team"], run: async () => checkHealth(await open()) },
    { id: "tls", title: "TLS", needs: ["reach"], run: async () => checkTls((await open()).origin) },
    { id: "ready", title: "Server's parts", needs: ["reach"], run: async () => checkReady((await open()).origin) },
    { id: "clock", title: "Clock", needs: ["reach"], run: async () => checkClock((await open()).origin) },
  ];
}

const get = (url: string): Promise<Response> =>
  reach(url, { headers: { "user-agent": userAgent }, redirect: "manual" });

async function checkHealth({ origin }: Session): Promise<Outcome> {
  const startedAt = performance.now();
  const answer = await get(`${origin}/health`);
  const text = await answer.text();
  const ms = Math.round(performance.now() - startedAt);
  if (answer.ok && textOf(parseJson(text), "status") === "ok") return { message: `${origin} answers in ${ms} ms` };
  return {
    state: "fail",
    message: `${origin}/health answered ${answer.status}, not as Super Data does`,
    fix: "Check the address. A proxy or sign-in page before the server must let /t/, /health and /.well-known/ pass.",
  };
}

function checkTls(origin: string): Promise<Outcome> {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol === "http:") {
    if (isLoopback(origin)) return Promise.resolve({ message: "not needed on this machine" });
    return Promise.resolve({
      state: "fail",
      message: "plain http: tokens travel readable, and OAuth is not served",
      fix: "Serve it over https, and sign in at that address.",
    });
  }
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname, port: Number(port === "" ? 443 : port), servername: hostname, timeout: tlsTimeoutMs },
      () => {
        const { valid_to } = socket.getPeerCertificate();
        const version = socket.getProtocol();
        socket.destroy();
        const days = Math.floor((Date.parse(valid_to) - Date.now()) / dayMs);
        const message = `${version}, certificate valid for ${days} more days`;
        resolve(
          days >= certificateDays ? { message } : { state: "warn", message, fix: "Have the certificate renewed." },
        );
      },
    );
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    socket.once("error", (error) => reject(new CliError("unreachable", `TLS failed: ${error.message}`)));
  });
}

async function checkReady(origin: string): Promise<Outcome> {
  const answer = await get(`${origin}/health/ready`);
  const body = parseJson(await answer.text());
  const checks = isRecord(body) && isRecord(body.checks) ? Object.entries(body.checks) : [];
  const failing = checks.filter(([, part]) => !isRecord(part) || part.ok !== true).map(([name]) => name);
  if (answer.ok && failing.length === 0) return { message: checks.map(([name]) => name).join(", ") };
  return {
    state: "fail",
    message: `failing: ${failing.join(", ") || answer.status}`,
    fix: "The operator finds why in the server's log, as not_ready.",
  };
}

async function checkClock(origin: string): Promise<Outcome> {
  const sentAt = Date.now();
  const answer = await get(`${origin}/health`);
  await answer.body?.cancel();
  const said = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(said)) return { message: "the server names no time" };
  const skewMs = Math.abs(said - (sentAt + Date.now()) / 2);
  const message = skewMs < 2_000 ? "right" : `${Math.round(skewMs / 1000)} s apart from the server's`;
  if (skewMs < skewWarnMs) return { message };
  return {
    state: skewMs < skewFailMs ? "warn" : "fail",
    message,
    fix: "Set this machine's clock by the network (NTP): tokens end by time.",
  };
}

export function signInSteps(open: Open): Step[] {
  return [
    { id: "oauth", title: "OAuth", needs: ["reach"], run: async () => checkOAuth(await open()) },
    { id: "token", title: "Sign-in", needs: ["reach"], run: async () => checkToken(await open()) },
  ];
}

async function checkOAuth({ mcpUrl, source }: Session): Promise<Outcome> {
  const { discover } = await import("../core/oauth.ts");
  try {
    const { metadata } = await discover(mcpUrl);
    const missing = [
      ...(metadata.registration_endpoint === undefined ? ["registration"] : []),
      ...(metadata.code_challenge_methods_supported?.includes("S256") === true ? [] : ["PKCE with S256"]),
    ];
    if (missing.length === 0) return { message: `issuer ${metadata.issuer}` };
    return {
      state: "warn",
      message: `the server offers no ${missing.join(" and no ")}`,
      fix: "Clients need a token instead: `super-data token create`.",
    };
  } catch (error) {
    if (source === "oauth" || !(error instanceof CliError)) throw error;
    return {
      state: "warn",
      message: error.message,
      fix: "Clients that sign in by OAuth cannot; a token works. See docs/guides/connect.md, For operators.",
    };
  }
}

async function checkToken({ api }: Session): Promise<Outcome> {
  const { username, role, team, scopes, credential } = await api.json<WhoAmI>("/whoami");
  const message = `${username}, ${role} of ${team}; scopes ${scopes.join(" ")}`;
  const endsInDays =
    credential.expires_at === null
      ? Number.POSITIVE_INFINITY
      : (Date.parse(credential.expires_at) - Date.now()) / dayMs;
  // A sign-in in the browser is renewed by itself.
  if (credential.kind === "connection" || endsInDays >= tokenDays) return { message };
  return {
    state: "warn",
    message: `${message}; the token ends at ${credential.expires_at}`,
    fix: "Make another one: `super-data token create`.",
  };
}
