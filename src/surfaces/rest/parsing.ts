// What a request says, read strictly: path, query string and JSON body, for a tool as its arguments. Runs at the edge.
import type { Context } from "hono";
import * as z from "zod";
import type { CallContext, TeamRoutes } from "../../context.ts";
import {
  type BodySize,
  isBytes,
  type OwnRoute,
  pathParameters,
  type RouteInput,
  type ToolRoute,
} from "../../core/define-route.ts";
import { idempotencyKey } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { parseWith } from "../../core/parse.ts";
import { bodyText, jsonBody } from "../../platform/request-body.ts";
import { readQuery, readText } from "./arguments.ts";

type Request_ = Context<TeamRoutes>;

const nothing = z.strictObject({});

/**
 * The arguments that a request gives a tool. A GET's are in the query string, a DELETE's there or in a JSON body, others' in the body; what
 * the address says is nowhere else. Throws `invalid_argument`, `too_large`, `upload_aborted`.
 */
export async function toolArguments(c: Request_, route: ToolRoute<CallContext>): Promise<Record<string, unknown>> {
  const { tool, method, path, fixed = {}, preset = {}, without = [] } = route;
  const inQuery = method === "GET" || method === "DELETE";
  const query = readQuery(new URL(c.req.url).searchParams, inQuery ? tool.input : nothing);
  if (!inQuery) parseWith(nothing, query, "query");
  const body = method === "GET" ? {} : await readRecord(c.req.raw, route.bodySize);
  const said = { ...pathArguments(c, path, tool.input), ...fixed };
  const given = { ...query, ...body };
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(said, name)) throw elsewhere(name, "the address says it");
    if (without.includes(name)) throw elsewhere(name, "answers over REST are JSON, whatever it says");
    if (name === idempotencyKey) throw elsewhere(name, "send it as the header Idempotency-Key");
    if (Object.hasOwn(query, name) && Object.hasOwn(body, name)) throw elsewhere(name, "the query string says it");
  }
  return { ...preset, ...given, ...said };
}

/** What a route of our own is given. Throws as `toolArguments`. */
export async function routeInput(
  c: Request_,
  route: OwnRoute<CallContext>,
): Promise<RouteInput<unknown, unknown, unknown>> {
  const { params, query, body } = route;
  const path = params === undefined ? {} : pathArguments(c, route.path, params);
  const asked = readQuery(new URL(c.req.url).searchParams, query ?? nothing);
  return {
    params: params === undefined ? undefined : parseWith(params.strict(), path, "address"),
    query: parseWith((query ?? nothing).strict(), asked, "query"),
    body:
      body === undefined || isBytes(body)
        ? undefined
        : parseWith(body.strict(), await readRecord(c.req.raw, route.bodySize), "body"),
    request: c.req.raw,
  };
}

/** What varies in a path, as a schema takes it. */
export function pathArguments(c: Request_, path: string, schema: z.ZodObject): Record<string, unknown> {
  return Object.fromEntries(
    pathParameters(path).map((name) => [name, readText(c.req.param(name) ?? "", name, schema)]),
  );
}

async function readRecord(request: Request, size: BodySize | undefined): Promise<Record<string, unknown>> {
  const body = size === undefined ? await jsonBody(request) : await longJson(request, size);
  if (isRecord(body)) return body;
  throw new AppError("invalid_argument", "The request body is not a JSON object.", { hint: "Send a JSON object." });
}

async function longJson(request: Request, { maxBytes, tooLarge }: BodySize): Promise<unknown> {
  const text = await bodyText(request, maxBytes, tooLarge);
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_argument", "The request body is not JSON.", { hint: "Send a JSON object." });
  }
}

function elsewhere(name: string, why: string): AppError {
  return new AppError("invalid_argument", `${name} is not taken here: ${why}.`, { hint: `Leave ${name} out.` });
}
