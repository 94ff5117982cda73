// Writes over REST: every one passes the write guard, and one with an Idempotency-Key runs once. Runs at the edge.
import type { Context, MiddlewareHandler } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { isFinal, requestHashOf } from "../../features/idempotency/idempotency.ts";
import { idempotencyKeySchema } from "../../tool.ts";
import { guardWrite } from "../write-guard.ts";
import { openBody } from "./hashed-body.ts";

/** A response as it is kept. */
interface KeptResponse {
  status: number;
  headers: [name: string, value: string][];
  body: string | null;
}

const reads: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const keptHeaders = ["content-type", "etag", "location", "cache-control"];

/** Middleware of a team's REST API, after the call context is set. */
export const guardWrites: MiddlewareHandler<TeamRoutes> = async (c, next) => {
  if (reads.has(c.req.method)) return next();
  const header = c.req.header("idempotency-key");
  if (header === undefined) {
    await guardWrite(c.get("call"), undefined, async () => ({ answer: await next(), remember: undefined }));
    return;
  }
  return runKeyed(c, parseWith(idempotencyKeySchema, header, "Idempotency-Key"), next);
};

async function runKeyed(c: Context<TeamRoutes>, key: string, next: () => Promise<void>): Promise<Response | undefined> {
  const body = await openBody(c.req.raw);
  c.req.raw = body.request;
  const hashWith = async (digest: string | undefined): Promise<string | undefined> =>
    digest === undefined ? undefined : requestHashOf([...askedBy(c), digest]);
  const once = {
    key,
    operation: `${c.req.method} ${c.req.path}`,
    requestHash: await hashWith(body.digest),
    hashRest: async () => hashWith(await body.digestOfRest()),
  };
  const { answer, replayed } = await guardWrite<KeptResponse>(c.get("call"), once, async (call) => {
    c.set("call", call);
    await next();
    // A refusal before the whole body was read is not remembered: nobody knows yet what was asked.
    const requestHash = isFinalAnswer(c) ? await hashWith(await body.digestIfRead()) : undefined;
    return { answer: await keep(c.res), remember: requestHash === undefined ? undefined : { requestHash } };
  });
  if (!replayed) return undefined;
  c.get("call").execution.replayed = true;
  const headers = new Headers(answer.headers);
  headers.set("idempotency-replayed", "true");
  return new Response(answer.body, { status: answer.status, headers });
}

/** What makes a request the same one, besides method, path and body. */
function askedBy(c: Context<TeamRoutes>): (string | null)[] {
  const headers = ["content-type", "content-encoding", "if-match", "if-none-match"].map((name) =>
    c.req.raw.headers.get(name),
  );
  return [c.req.method, c.req.path, new URL(c.req.url).search, ...headers];
}

function isFinalAnswer(c: Context<TeamRoutes>): boolean {
  return c.error === undefined ? c.res.status < 500 : isAppError(c.error) && isFinal(c.error.code);
}

async function keep(response: Response): Promise<KeptResponse> {
  const headers = keptHeaders.flatMap((name): [string, string][] => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const body = response.body === null ? null : new TextDecoder().decode(await response.clone().arrayBuffer());
  return { status: response.status, headers, body };
}
