// One line of JSON for each request, its id on the answer, and REST calls counted. Never values: no URL, query, header or body. Runs at the edge.
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { CallContext, RequestTrace } from "../context.ts";
import { isAppError } from "../core/errors.ts";
import { logEvent, logFailure } from "../core/log.ts";
import { teamSlugSchema } from "../core/names.ts";
import { redactMember } from "../features/audit/redact.ts";
import { countCall } from "../features/metrics/metrics.ts";
import { logLimits } from "../limits.ts";
import { setRateLimitHeaders } from "./rest/rate-limits.ts";
import { requestIdOf } from "./session.ts";

export interface LoggedRoutes {
  Bindings: Env;
  Variables: { requestId: string; call?: CallContext };
}

const teamPrefix = /^\/t\/:team(\/api\/v1)?/;
/** What of a team's addresses is no page of the dashboard. */
const forPrograms = /^\/t\/:team\/(api\/v1|live|metrics)(\/|$)/;
const mcpRoute = "/t/:team/mcp";
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Middleware around everything. */
export const requestLog: MiddlewareHandler<LoggedRoutes> = async (c, next) => {
  const startedAt = Date.now();
  // Kept from the start: a handler may put another request in the place of this one.
  const requestId = requestIdOf(c.req.raw);
  const client = c.req.header("user-agent")?.slice(0, logLimits.clientChars);
  c.set("requestId", requestId);
  await next();
  const call: CallContext | undefined = c.get("call");
  markAnswer(c, requestId, call);
  const route = routeOf(c);
  const method = methods.has(c.req.method) ? c.req.method : "other";
  const durationMs = Date.now() - startedAt;
  // A tool's call is counted as that, whatever address it came by.
  if (call !== undefined && route !== mcpRoute && call.trace?.tool === undefined) {
    const surface = route === undefined || forPrograms.test(route) ? "rest" : "page";
    const tool = route === undefined ? "rest:unknown" : `${surface}:${method} ${route.replace(teamPrefix, "")}`;
    call.waitUntil(countCall(call, { tool, outcome: outcomeOf(c), durationMs }));
  }
  const write = (): void =>
    writeLine(c, {
      event: { request_id: requestId, ...whoOf(c, call), ...whatOf(call?.trace), route: route ?? "unknown", method },
      outcome: call?.trace?.outcome ?? outcomeOf(c),
      startedAt,
      client: call?.trace?.client ?? client,
      call,
    });
  const running = call?.trace?.running ?? [];
  if (call === undefined || running.length === 0) write();
  else call.waitUntil(Promise.allSettled(running).then(write));
};

function markAnswer(c: Context<LoggedRoutes>, requestId: string, call: CallContext | undefined): void {
  try {
    c.res.headers.set("x-request-id", requestId);
  } catch {
    // An answer that came from elsewhere has headers that cannot be changed.
    c.res = new Response(c.res.body, c.res);
    c.res.headers.set("x-request-id", requestId);
  }
  // Data is never a page or a script, whatever it looks like.
  c.res.headers.set("x-content-type-options", "nosniff");
  if (call !== undefined) setRateLimitHeaders(c.res.headers, call.limits);
}

/** The pattern of the route that answered, never the path: paths hold the secrets of links. */
function routeOf(c: Context<LoggedRoutes>): string | undefined {
  return matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"))?.path;
}

function outcomeOf(c: Context<LoggedRoutes>): string {
  if (c.error !== undefined) return isAppError(c.error) ? c.error.code : "internal";
  return c.res.status < 400 ? "ok" : `http_${c.res.status}`;
}

function whoOf(c: Context<LoggedRoutes>, call: CallContext | undefined): Record<string, unknown> {
  if (call !== undefined) {
    const { userId, username, through, credential } = call.actor;
    return { team: call.team, user_id: userId, username, through, credential_id: credential.id };
  }
  const asked = teamSlugSchema.safeParse(/^\/t\/([^/]+)/.exec(c.req.path)?.[1]);
  return asked.success ? { team: asked.data } : {};
}

function whatOf(trace: RequestTrace | undefined): Record<string, unknown> {
  return trace === undefined ? {} : { tool: trace.tool, rpc_method: trace.method, era: trace.era };
}

function writeLine(
  c: Context<LoggedRoutes>,
  line: {
    event: Record<string, unknown>;
    outcome: string;
    startedAt: number;
    client: string | undefined;
    call: CallContext | undefined;
  },
): void {
  const { status } = c.res;
  const fields = {
    ...line.event,
    status,
    outcome: line.outcome,
    duration_ms: Date.now() - line.startedAt,
    client: line.client,
    ...argumentsOf(line.call),
  };
  if (status >= 500 || line.outcome === "internal") logFailure("request", fields);
  else logEvent("request", fields);
}

/** Arguments of a tool call, only of a team that wants them logged: cut, and without what stands behind a secret's name. */
function argumentsOf(call: CallContext | undefined): Record<string, unknown> {
  if (call?.logArguments !== true || call.trace?.args === undefined) return {};
  const text = JSON.stringify(call.trace.args, redactMember) ?? "";
  return {
    arguments: text.length <= logLimits.parametersChars ? text : `${text.slice(0, logLimits.parametersChars)}…`,
  };
}
