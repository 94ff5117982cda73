// If-Match and If-None-Match of requests that change something: the etag of the route that shows the resource, held until the write is made. Runs at the edge.
import type { Context } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { Reply } from "../../core/define-route.ts";
import { AppError, isAppError, undefinedOn } from "../../core/errors.ts";
import { readEtags } from "../../core/etags.ts";
import { parseWith } from "../../core/parse.ts";
import { requirePermission, type Unless } from "../../features/access/access.ts";
import type { ApiRoute } from "../../route.ts";
import { enterTeam } from "../session.ts";
import { etagOf, isSameState } from "./answers.ts";
import { pathArguments } from "./parsing.ts";

type Asked = Context<TeamRoutes>;

/** How often a request is carried out anew that others were faster than. */
const tries = 4;

/** What a request asks of the state before it: one of these etags (`*`: whatever it is), or that there is nothing. */
type Condition = { etags: readonly string[] } | "absent";

/**
 * Carries out a route's work, which answers a request; one with If-Match, or If-None-Match: *, only in the state that these ask for. The state
 * is compared with what the showing route answers now, and the write goes through only if nothing was written in between; else it is compared
 * again. Throws `precondition_failed` with the current etag, `conflict` when others keep being faster, `invalid_argument` where it cannot be done.
 */
export async function conditionally(
  c: Asked,
  route: ApiRoute,
  routes: readonly ApiRoute[],
  work: (call: CallContext) => Promise<Response>,
): Promise<Response> {
  const condition = route.writes && route.conditional !== "own" ? conditionOf(c.req.raw) : undefined;
  if (condition === undefined) return work(c.get("call"));
  const shown = shownBy(route, routes);
  if (shown === undefined || (condition === "absent" && !mayBeAbsent(route, shown))) throw noConditions(condition);
  for (let attempt = 1; ; attempt++) {
    const call = c.get("call");
    const unless = await placeOf(call, shown);
    requireState(condition, await currentEtag(c, call, shown, condition));
    try {
      return await work({ ...call, unless });
    } catch (error) {
      if (!isMoved(error) || attempt === tries) throw error;
      await enterAgain(c);
    }
  }
}

/** The GET that shows what a route changes: the one it names, or that of its own path. */
export function shownBy(route: ApiRoute, routes: readonly ApiRoute[]): ApiRoute | undefined {
  if (route.conditional === "own" || !route.writes) return undefined;
  const { shows, path, method } = route;
  if (shows === null || (shows === undefined && method === "POST")) return undefined;
  return routes.find(
    (one) => one.method === "GET" && (shows === undefined ? one.path === path : one.operation === shows),
  );
}

/** True for a PUT that makes what its own address then shows. */
export function mayBeAbsent(route: ApiRoute, shown: ApiRoute): boolean {
  return route.method === "PUT" && route.path === shown.path;
}

/** What this request asks for, where a header of it does. Throws `invalid_argument` for both at once and for etags that must not be. */
function conditionOf({ headers }: Request): Condition | undefined {
  const match = headers.get("if-match");
  const noneMatch = headers.get("if-none-match");
  if (noneMatch === null) return match === null ? undefined : { etags: readEtags(match) };
  if (match === null && noneMatch.trim() === "*") return "absent";
  throw new AppError("invalid_argument", "A change takes If-Match with etags or *, or If-None-Match: *, not both.", {
    hint: "Send If-None-Match: * to create only what does not exist, or If-Match: <etag> to change only what you know.",
  });
}

/** Where the log stood before what is compared was read. The call's own definitions are those of its entry, so the team's place is, too. */
async function placeOf(call: CallContext, shown: ApiRoute): Promise<Unless> {
  return shown.keptIn === "workspace"
    ? { workspace: await call.workspace.newestWrite() }
    : { team: call.auditHead ?? 0 };
}

async function currentEtag(
  c: Asked,
  call: CallContext,
  shown: ApiRoute,
  condition: Condition,
): Promise<string | undefined> {
  requirePermission(call.actor, shown.permission, shown.what);
  const read = etagShown(c, call, shown);
  return condition === "absent" ? undefinedOn(["not_found"], read) : read;
}

async function etagShown(c: Asked, call: CallContext, shown: ApiRoute): Promise<string> {
  const result = await show(c, { ...call, execution: {} }, shown);
  const given =
    result instanceof Reply ? result.more.etag : result instanceof Response ? result.headers.get("etag") : undefined;
  if (typeof given === "string") return given;
  const data = result instanceof Reply ? result.data : result;
  return etagOf(data, JSON.stringify(data), shown.volatile);
}

/** What the showing route gives for the resource of this request's path. */
async function show(c: Asked, call: CallContext, shown: ApiRoute): Promise<unknown> {
  if (shown.kind === "tool") {
    const args = { ...shown.preset, ...pathArguments(c, shown.path, shown.tool.input), ...shown.fixed };
    return (await shown.tool.call(call, args)).data;
  }
  const { params } = shown;
  const path = params === undefined ? undefined : parseWith(params, pathArguments(c, shown.path, params), "address");
  const query = shown.query === undefined ? {} : parseWith(shown.query, {}, "query");
  return shown.handler(call, { params: path, query, body: undefined, request: c.req.raw });
}

function requireState(condition: Condition, current: string | undefined): void {
  if (condition === "absent") {
    if (current === undefined) return;
    throw new AppError("precondition_failed", "It exists already, and If-None-Match: * asks that it does not.", {
      hint: "Send If-Match with its etag to change it.",
      details: { etag: current },
    });
  }
  if (current !== undefined && condition.etags.some((etag) => etag === "*" || isSameState(etag, current))) return;
  throw new AppError("precondition_failed", "It is not in the state that If-Match asks for: it was changed.", {
    hint: "Read it again, decide again, and send the etag it has now.",
    details: { etag: current },
  });
}

function isMoved(error: unknown): boolean {
  return isAppError(error) && error.code === "conflict" && error.details?.moved === true;
}

/** The call anew, with the definitions and the log as they are by now. */
async function enterAgain(c: Asked): Promise<void> {
  const before = c.get("call");
  const { idempotencyId, trace } = before;
  const call = await enterTeam(c.req.raw, c.env, c.executionCtx, before.team);
  c.set("call", {
    ...call,
    ...(trace === undefined ? {} : { trace }),
    ...(idempotencyId === undefined ? {} : { idempotencyId }),
  });
}

function noConditions(condition: Condition): AppError {
  const header = condition === "absent" ? "If-None-Match" : "If-Match";
  return new AppError("invalid_argument", `This address takes no ${header}: it changes nothing that one GET shows.`, {
    hint: `Leave ${header} out.`,
  });
}
