// What no answer may be, however wrong the request was. Runs anywhere.
import type { Endpoint, FuzzRequest } from "./requests.ts";
import type { FuzzAnswer } from "./sender.ts";

const internals =
  /\bat (?:async )?[\w.<>]+ \(?[\w./:-]+:\d+:\d+|node_modules|file:\/\/\/(?!etc\/passwd)|worker\.js:\d+|\/src\/\w+|\b(?:TypeError|RangeError|ReferenceError|SyntaxError|ZodError|DrizzleError|DrizzleQueryError)\b|SQLITE_|internal error; reference|Durable Object|Cannot read propert/;

/** What is wrong with an answer; undefined when nothing is. */
export function fault(endpoint: Endpoint, request: FuzzRequest, answer: FuzzAnswer): string | undefined {
  const { status, type, body } = answer;
  if (status >= 500 && !isBusy(answer)) return `it failed with ${status}`;
  // The runtime's own words, before any Worker is asked.
  if (status === 400 && type.startsWith("text/plain") && /^(?:invalid URI|Bad Request)/.test(body)) return undefined;
  if (request.method === "HEAD") return body === "" ? undefined : "HEAD was answered with a body";
  const inside = internals.exec(body.replaceAll(sentText(request), ""))?.[0];
  if (inside !== undefined && !echoed(request, inside)) return `it shows its inside: ${inside}`;
  if (type.startsWith("application/problem+json")) return problemFault(answer);
  // A wrong path may lead anywhere; where it still is the endpoint's own, it says no in its own form.
  if (status < 400 || !request.path.startsWith(prefixOf(endpoint))) return undefined;
  if (endpoint.errors === "problem") return `its ${status} is no problem body but ${type || "nothing"}`;
  if (endpoint.errors === "rpc" && !body.includes('"jsonrpc":"2.0"'))
    return `its ${status} is no JSON-RPC error but ${type}`;
  if (endpoint.errors === "oauth" && !/"error":"[a-z_]+"/.test(body))
    return `its ${status} is no OAuth error but ${type}`;
  return undefined;
}

/** The one failure that is documented: busy, with the time to come back. */
function isBusy({ status, headers, body }: FuzzAnswer): boolean {
  return status === 503 && headers["retry-after"] !== undefined && /"code":"(?:busy|team_unavailable)"/.test(body);
}

function problemFault({ status, body }: FuzzAnswer): string | undefined {
  let problem: Record<string, unknown>;
  try {
    problem = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return "its problem body is not JSON";
  }
  if (problem.status !== status) return `its problem body says ${problem.status}, the answer ${status}`;
  for (const field of ["type", "title", "code", "detail", "request_id"]) {
    const value = problem[field];
    if (typeof value !== "string" || value === "") return `its problem body has no ${field}`;
  }
  return problem.code === "internal" ? "its problem is internal" : undefined;
}

function prefixOf({ path }: Endpoint): string {
  return path.split("/:")[0] ?? path;
}

function sentText({ path, body }: FuzzRequest): string {
  return typeof body === "string" && body.length > 10 ? body : path;
}

function echoed({ path, body, headers }: FuzzRequest, text: string): boolean {
  return [path, String(body ?? ""), JSON.stringify(headers)].some((part) => part.includes(text));
}
