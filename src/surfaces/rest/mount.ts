// The list of routes put on Hono: permission, write guard, strict parsing, preconditions, the work, the answer. Runs at the edge.
import { type Context, type Handler, Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { type OwnRoute, Reply, type RouteInput, type ToolRoute } from "../../core/define-route.ts";
import { AppError, type ErrorCode, errorCodes } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { guarded } from "../../features/access/access.ts";
import type { ApiRoute } from "../../route.ts";
import type { BuiltInTool } from "../../tool.ts";
import { type Answer, runLogged } from "../run-logged.ts";
import { jsonAnswer, prefers } from "./answers.ts";
import { guardWrites } from "./idempotency.ts";
import { routeInput, toolArguments } from "./parsing.ts";
import { conditionally } from "./preconditions.ts";

type Asked = Context<TeamRoutes>;

/** Routes as a Hono app. Of two that fit a path, the one with the fewer parameters answers, wherever they stand in the list. */
export function mountRoutes(routes: readonly ApiRoute[], tools: readonly BuiltInTool[] = []): Hono<TeamRoutes> {
  const app = new Hono<TeamRoutes>();
  const ordered = routes.toSorted((a, b) => parametersFirstAt(b.path) - parametersFirstAt(a.path));
  for (const route of ordered) {
    const guards = [guarded(route.permission, route.what), ...(route.writes ? [guardWrites] : [])];
    app.on(route.method, [route.path], ...guards, handlerOf(route, routes, tools));
  }
  return app;
}

/** How far into a path its first parameter stands; without one it comes first of all. */
function parametersFirstAt(path: string): number {
  const at = path.indexOf("/:");
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

type Work = (call: CallContext) => Promise<Response>;

function handlerOf(route: ApiRoute, routes: readonly ApiRoute[], tools: readonly BuiltInTool[]): Handler<TeamRoutes> {
  const isTool = route.kind === "own" && route.logged !== true && tools.some(({ name }) => name === route.operation);
  return async (c) => {
    const work = route.kind === "tool" ? await toolWork(c, route) : await ownWork(c, route, isTool);
    return conditionally(c, route, routes, work);
  };
}

/** The work of a route of our own, its request parsed already: it can be repeated unless it reads the body itself. One named as a tool is logged as that. */
async function ownWork(c: Asked, route: OwnRoute<CallContext>, isTool: boolean): Promise<Work> {
  const input = await routeInput(c, route);
  const run = (call: CallContext) => route.handler(call, input);
  return async (context) => {
    const result = await (isTool ? loggedAsTool(context, route, input, run) : run(context));
    if (result instanceof Response) return result;
    const { data, more } = result instanceof Reply ? result : new Reply(result, {});
    return jsonAnswer(c.req.raw, data, { status: 200, ...shapeOf(route), ...more });
  };
}

/** An answer of our own in place of the tool's, logged as the tool's execution. */
async function loggedAsTool(
  context: CallContext,
  { operation }: OwnRoute<CallContext>,
  { params, query, body }: RouteInput<unknown, unknown, unknown>,
  run: (call: CallContext) => Promise<unknown>,
): Promise<unknown> {
  const args = { ...Object(params), ...Object(query), ...Object(body) };
  let result: unknown;
  const work = {
    tool: operation,
    args,
    run: async (call: CallContext) => {
      result = await run(call);
      return { text: "", data: {} };
    },
  };
  const outcome = await runLogged({ ...context, execution: {} }, work, (shown) => ({ shown, bytes: bytesOf(result) }));
  if ("error" in outcome) throw outcome.error;
  return result;
}

function bytesOf(result: unknown): number {
  if (result === undefined || result instanceof Response) return 0;
  return utf8Bytes(JSON.stringify(result instanceof Reply ? result.data : result) ?? "");
}

async function toolWork(c: Asked, route: ToolRoute<CallContext>): Promise<Work> {
  const args = await toolArguments(c, route);
  return async (context) => {
    const call = { ...context, execution: {} };
    const work = { tool: route.tool.name, args, run: (each: CallContext) => route.tool.call(each, args) };
    const outcome = await runLogged(call, work, (shown) => ({
      shown,
      bytes: "error" in shown ? 0 : utf8Bytes(JSON.stringify(shown.answer.data)),
    }));
    if ("error" in outcome) throw outcome.error;
    return toolAnswer(c.req.raw, route, outcome.answer);
  };
}

function toolAnswer(request: Request, route: ToolRoute<CallContext>, answer: Answer): Promise<Response> | Response {
  if (answer.isError === true) throw failed(answer);
  const { also, status } = route;
  const other = also?.types.some((type) => prefers(request.headers.get("accept"), type))
    ? also?.respond(answer)
    : undefined;
  if (other !== undefined) {
    const headers = { "content-type": other.type, "cache-control": "no-store" };
    return new Response(other.body, { status: status ?? 200, headers });
  }
  return jsonAnswer(request, status === 204 ? undefined : answer.data, { status: 200, ...shapeOf(route) });
}

/** A tool that ran, but whose work failed: what it says is the problem's detail. */
function failed({ text, data }: Answer): AppError {
  const code = isRecord(data.error) ? data.error.code : undefined;
  const known = errorCodes.find((one): one is ErrorCode => one === code);
  return new AppError(known ?? "constraint_failed", text);
}

function shapeOf({ status, unstored, volatile }: ApiRoute) {
  return { ...(status === undefined ? {} : { status }), unstored, volatile };
}
