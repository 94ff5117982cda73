// Requests made wrong: each starts as a good one for its endpoint and loses something on the way. Runs in Node.
import type { Random } from "../isolation/random.ts";
import { headerText, oddBody, oddText, oddValue, spoil } from "./values.ts";

/** One endpoint with a request that it would take. */
export interface Endpoint {
  /** For the report. */
  name: string;
  method: string;
  /** With `:name` for what varies; `:team` is the victim team. */
  path: string;
  /** Query parameters it knows. */
  query?: readonly string[];
  /** A good JSON body, form or text. */
  json?: unknown;
  form?: Record<string, string>;
  text?: string;
  type?: string;
  headers?: Record<string, string>;
  /** Whose token a good request carries. */
  auth: "team" | "operator" | "none";
  /** In which form it says no. */
  errors: "problem" | "rpc" | "oauth" | "page" | "any";
}

export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: string | Buffer | undefined;
}

export interface Tokens {
  team: string;
  operator: string;
  slug: string;
}

const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY"];
const types = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-16",
  "text/csv",
  "application/x-ndjson",
  "application/yaml",
  "image/png",
  "x",
  "",
];
const headerNames = [
  "accept",
  "content-encoding",
  "if-match",
  "if-none-match",
  "idempotency-key",
  "x-user-id",
  "origin",
  "cookie",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "mcp-session-id",
  "last-event-id",
  "x-forwarded-for",
  "x-forwarded-host",
  "forwarded",
  "range",
  "accept-encoding",
  "accept-language",
  "user-agent",
  "referer",
  "sec-fetch-site",
  "x-csrf",
  "expect-ct",
  "traceparent",
];

/** A request to the endpoint with a few things wrong, or by chance none. */
export function spoiledRequest(random: Random, endpoint: Endpoint, tokens: Tokens): FuzzRequest {
  const request = goodRequest(random, endpoint, tokens);
  const changes = 1 + random.int(3);
  for (let change = 0; change < changes; change++) spoilRequest(random, request, endpoint, tokens);
  if (request.body === undefined) delete request.headers["content-type"];
  return request;
}

function goodRequest(random: Random, endpoint: Endpoint, tokens: Tokens): FuzzRequest {
  const names: Record<string, string> = { team: tokens.slug, kind: "dataset", part: "1" };
  const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => names[name] ?? segment(random));
  const { body, type } = bodyOf(endpoint, endpoint.json);
  const token = endpoint.auth === "team" ? tokens.team : tokens.operator;
  return {
    method: endpoint.method,
    path: path + (endpoint.query === undefined || random.chance(0.5) ? "" : `?${query(random, endpoint.query)}`),
    headers: {
      ...(endpoint.auth === "none" ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { "content-type": type }),
      ...endpoint.headers,
    },
    body,
  };
}

function bodyOf(endpoint: Endpoint, json: unknown): { body: string | undefined; type: string | undefined } {
  if (json !== undefined) return { body: JSON.stringify(json), type: endpoint.type ?? "application/json" };
  if (endpoint.form !== undefined)
    return { body: new URLSearchParams(endpoint.form).toString(), type: "application/x-www-form-urlencoded" };
  return { body: endpoint.text, type: endpoint.type };
}

function segment(random: Random): string {
  return random.chance(0.4)
    ? random.pick(["orders", "scratch", "ada", "tok_none", "x"] as const)
    : encode(oddText(random));
}

function query(random: Random, names: readonly string[]): string {
  return Array.from({ length: 1 + random.int(3) }, () => {
    const name = random.chance(0.9) ? (random.pick(names) ?? "x") : encode(oddText(random));
    return `${name}=${random.chance(0.8) ? encode(oddText(random)) : rawPath(random)}`;
  }).join("&");
}

/** Half surrogates cannot be percent-encoded; what cannot be encoded is cut. */
function encode(text: string): string {
  return encodeURIComponent(text.slice(0, 2_000).toWellFormed());
}

/** Characters that may stand in a request line but mean nothing there. */
function rawPath(random: Random): string {
  return Array.from({ length: random.int(20) }, () => String.fromCharCode(33 + random.int(94)))
    .join("")
    .replaceAll("#", "");
}

function spoilRequest(random: Random, request: FuzzRequest, endpoint: Endpoint, tokens: Tokens): void {
  switch (random.int(12)) {
    case 0:
      request.method = random.pick(methods) ?? "GET";
      return;
    case 1:
      spoilToken(random, request, tokens);
      return;
    case 2:
    case 3: {
      const name = random.pick(headerNames) ?? "accept";
      request.headers[name] = random.chance(0.1) ? [headerText(random), headerText(random)] : headerText(random);
      return;
    }
    case 4:
      request.path = spoilPath(random, request.path);
      return;
    case 5:
      request.path += `${request.path.includes("?") ? "&" : "?"}${query(random, endpoint.query ?? ["cursor", "limit", "x"])}`;
      return;
    case 6:
      request.headers["content-type"] = random.pick(types) ?? "";
      return;
    case 7:
      if (request.body !== undefined || random.chance(0.3))
        request.body = oddBody(random, String(request.body ?? "{}"));
      return;
    default:
      spoilFields(random, request, endpoint);
  }
}

function spoilFields(random: Random, request: FuzzRequest, endpoint: Endpoint): void {
  if (endpoint.json !== undefined) request.body = JSON.stringify(spoil(random, endpoint.json));
  else if (endpoint.form !== undefined) {
    const entries = Object.entries(endpoint.form);
    const place = random.int(entries.length);
    const form = entries.map(([name, value], index): [string, string] => [
      name,
      index === place ? oddText(random).toWellFormed() : value,
    ]);
    if (random.chance(0.2)) form.push(random.pick(form) ?? ["a", "b"]);
    request.body = new URLSearchParams(form).toString();
  } else if (endpoint.text !== undefined) request.body = oddBody(random, endpoint.text);
}

function spoilToken(random: Random, request: FuzzRequest, tokens: Tokens): void {
  const token = random.pick([
    "",
    "x",
    `sdp_${"A".repeat(43)}`,
    `sds_${"_".repeat(43)}`,
    tokens.team.slice(0, -2),
    `${tokens.team}x`,
    tokens.operator,
    tokens.team,
    "a.b.c",
    `${tokens.slug}.per_x:grant:secret`,
    "a:b:c",
    "::",
    headerText(random),
  ] as const);
  if (random.chance(0.15)) delete request.headers.authorization;
  else
    request.headers.authorization = `${random.pick(["Bearer ", "bearer  ", "Basic ", "DPoP ", "", "Bearer Bearer "] as const)}${token}`;
}

function spoilPath(random: Random, path: string): string {
  const parts = path.split("/");
  const place = 1 + random.int(Math.max(1, parts.length - 1));
  switch (random.int(6)) {
    case 0:
      return `${path}/${encode(oddText(random))}`;
    case 1:
      return path.replace("/", "//");
    case 2:
      return parts.filter((_, index) => index !== place).join("/") || "/";
    case 3:
      return parts.map((part, index) => (index === place ? encode(oddText(random)) : part)).join("/");
    case 4:
      return parts.map((part, index) => (index === place ? rawPath(random) : part)).join("/");
    default:
      return `${path}${random.pick(["%00", "%2e%2e", ";x", "//", "/..", "%", "\\", "?", "?%", "/%c0%af"] as const)}`;
  }
}

/** For tests of the generator: a value that is none of ours. */
export const someValue = oddValue;
