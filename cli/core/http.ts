// Requests to a team's REST API: the token goes along, what may pass is tried again, and a refusal becomes our error. Runs under Node.
import { randomUUID } from "node:crypto";
import { version } from "../../package.json";
import { CliError, fromServer } from "./errors.ts";
import { isRecord, parseJson, textOf } from "./json.ts";

export const userAgent = `super-data-cli/${version}`;

/** Errors that the same request may not meet again. */
const passing: readonly string[] = [
  "unreachable",
  "busy",
  "rate_limited",
  "team_unavailable",
  "idempotency_running",
  "upload_aborted",
];
const tries = 5;
const firstWaitMs = 400;
const longestWaitMs = 20_000;
const shownChars = 300;

/** Where the token comes from. `renew` gets another one after a refusal; false: there is none. */
export interface TokenSource {
  token: () => Promise<string>;
  renew: (refused: string) => Promise<boolean>;
}

export interface ApiRequest {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON to send. */
  json?: unknown;
  /** Bytes or text to send. */
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Readonly<Record<string, string>>;
  /** False: no idempotency key, since repeating it does no harm. */
  keyed?: boolean;
}

export class Api {
  readonly #base: string;
  readonly #tokens: TokenSource;

  /** `url` is the team's address. */
  constructor(url: string, tokens: TokenSource) {
    this.#base = `${url}/api/v1`;
    this.#tokens = tokens;
  }

  /** The answer's JSON. The caller says what it is: the server's own schemas hold on the other side. */
  async json<T>(path: string, request: ApiRequest = {}): Promise<T> {
    const answer = await this.send(path, request);
    const text = await answer.text();
    if (answer.status === 204 || text === "") return undefined as T;
    const value = parseJson(text);
    if (value !== undefined) return value as T;
    throw notOurs(this.#base, answer, text);
  }

  /** The answer itself; throws for a refusal. A write carries a key, so that sending it again does it once. */
  async send(path: string, request: ApiRequest = {}): Promise<Response> {
    const { method = "GET", query = {}, json, body, headers = {}, keyed = true } = request;
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const sent = new Headers({ "user-agent": userAgent, accept: "application/json", ...headers });
    if (method !== "GET" && keyed) sent.set("idempotency-key", randomUUID());
    if (json !== undefined) sent.set("content-type", "application/json");
    const payload = json === undefined ? body : JSON.stringify(json);
    const init: RequestInit = {
      method,
      headers: sent,
      redirect: "manual",
      ...(payload === undefined ? {} : { body: payload }),
    };
    return withRetries(() => this.#once(url, init, sent));
  }

  async #once(url: URL, init: RequestInit, headers: Headers): Promise<Response> {
    const token = await this.#tokens.token();
    headers.set("authorization", `Bearer ${token}`);
    const answer = await reach(url, init);
    if (answer.status === 401 && (await this.#tokens.renew(token))) {
      await answer.body?.cancel();
      headers.set("authorization", `Bearer ${await this.#tokens.token()}`);
      return accepted(url, await reach(url, init));
    }
    return accepted(url, answer);
  }
}

/** A name or id as part of a path. */
export const segment = (text: string): string => encodeURIComponent(text);

/** Sends a request without a token. Throws `unreachable` in place of fetch's own errors. */
export async function reach(url: URL | string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw unreachable(new URL(url).origin, error);
  }
}

export function unreachable(origin: string, error: unknown): CliError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const named = isRecord(cause) || cause instanceof Error ? Reflect.get(cause, "code") : undefined;
  const code = typeof named === "string" ? named : cause instanceof Error ? cause.message : String(cause);
  return new CliError("unreachable", `${origin} cannot be reached: ${code}.`, { hint: hintOf(code), cause: error });
}

function hintOf(code: string): string {
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return "Its name is not known: check the address, the network and the VPN.";
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code)) {
    return "Its certificate is not trusted. Behind a company's proxy, set NODE_EXTRA_CA_CERTS to the file of its authority.";
  }
  if (code === "ECONNREFUSED") return "Nothing listens there: check the port, and that the server runs.";
  return "Try again; `super-data doctor` finds out more.";
}

/** Runs a request again while what is wrong may pass: a lost connection, a busy server, a limit of the rate. */
export async function withRetries<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const waitMs = attempt < tries ? waitBefore(error, attempt) : undefined;
      if (waitMs === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

function waitBefore(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof CliError)) return undefined;
  const mayPass = passing.includes(error.code);
  // What a name server does not know or a certificate does not say stays so for the next seconds.
  const isFinal =
    error.code === "unreachable" && /ENOTFOUND|CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|ECONNREFUSED/.test(error.message);
  if (!mayPass || isFinal) return undefined;
  const asked = error.details?.retry_after;
  const waitMs = typeof asked === "number" ? asked * 1000 : firstWaitMs * 2 ** (attempt - 1);
  return waitMs > longestWaitMs ? undefined : waitMs;
}

async function accepted(url: URL, answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  if (answer.status === 304) return answer;
  if (answer.status >= 300 && answer.status < 400) {
    const to = answer.headers.get("location") ?? "elsewhere";
    throw new CliError("redirected", `${url.origin} sends requests on to ${to}; a token is not taken along.`, {
      hint: "Sign in to the team at the address it has there.",
      status: answer.status,
    });
  }
  const text = await answer.text().catch(() => "");
  const problem = parseJson(text);
  const requestId = textOf(problem, "request_id") ?? answer.headers.get("x-request-id") ?? undefined;
  const code = textOf(problem, "code");
  if (!isRecord(problem) || code === undefined) throw notOurs(url.origin, answer, text);
  const retryAfter = Number(answer.headers.get("retry-after"));
  const details = {
    ...(isRecord(problem.details) ? problem.details : {}),
    ...(retryAfter > 0 ? { retry_after: retryAfter } : {}),
  };
  throw fromServer({
    code,
    message: textOf(problem, "detail") ?? code,
    hint: textOf(problem, "hint"),
    status: answer.status,
    requestId,
    ...(Object.keys(details).length === 0 ? {} : { details }),
  });
}

/** An answer that is no Super Data server's: a proxy's, or one of something else at this address. */
function notOurs(where: string, answer: Response, text: string): CliError {
  const words = text
    .replaceAll(/<[^>]*>|\s+/g, " ")
    .trim()
    .slice(0, shownChars);
  const isGate = [502, 503, 504].includes(answer.status);
  return new CliError(
    isGate ? "busy" : "not_super_data",
    `${where} answered ${answer.status} in words that are not Super Data's${words === "" ? "." : `: ${words}`}`,
    {
      status: answer.status,
      hint: "Check the address; a proxy or sign-in page may stand before it. `super-data doctor` finds out more.",
    },
  );
}
