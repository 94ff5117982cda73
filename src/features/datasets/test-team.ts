// A team, and calls into it, for this feature's tests: real object and bucket, the surface's part played here.
import { createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { describeError } from "../../core/errors.ts";
import { openDb } from "../../durable/db.ts";
import { handleBackground } from "../../surfaces/background/consumer.ts";
import type { Actor } from "../access/access.ts";
import { datasetRoutes } from "./routes.ts";
import type { Dataset } from "./schema.ts";
import { changedDatasets, takeDueObjects } from "./store.ts";

export type Team = Awaited<ReturnType<typeof openTeam>>;

/** A fresh team. `request` goes through the feature's routes; `sweep` does what alarm and queue do once everything is due. */
export async function openTeam(slug: string) {
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  await stub.create({ slug, name: slug });

  const datasets = (): Promise<Dataset[]> =>
    runInDurableObject(stub, (_object, state) => changedDatasets(openDb(state.storage), -1));

  const call = async (role: Actor["role"] = "member"): Promise<CallContext> => ({
    team: slug,
    actor: { userId: "usr_1", username: "ada", role, tokenId: "tok_1" },
    client: "test",
    requestId: "req_1",
    catalogue: {
      team: slug,
      name: slug,
      incarnation: "inc_1",
      revision: 1,
      functions: new Map(),
      tools: new Map(),
      datasets: new Map((await datasets()).filter((item) => !item.deleted).map((item) => [item.name, item])),
    },
    stub,
    files: env.FILES,
    background: env.BACKGROUND,
    now: () => 0,
    waitUntil: () => undefined,
    signal: undefined,
    execution: {},
  });

  const request = async (
    method: string,
    path: string,
    options: { body?: BodyInit | undefined; headers?: Record<string, string>; role?: Actor["role"] } = {},
  ): Promise<{ status: number; etag: string | null; text: string; body: Record<string, unknown> }> => {
    const context = await call(options.role);
    const app = new Hono<TeamRoutes>()
      .use(async (c, next) => {
        c.set("call", context);
        await next();
      })
      .route("/datasets", datasetRoutes)
      .onError((error, c) => c.json(describeError(error), 400));
    const init = { method, headers: options.headers ?? {}, body: options.body ?? null };
    const response = await app.request(`/datasets${path}`, init, env);
    const text = new TextDecoder().decode(await response.arrayBuffer());
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, etag: response.headers.get("etag"), text, body: isJson ? JSON.parse(text) : {} };
  };

  const objects = async (): Promise<string[]> =>
    (await env.FILES.list({ prefix: `teams/${slug}/` })).objects.map((object) => object.key);

  /** Plays alarm and queue at a time when all uploads have expired and all grace is over. Returns what was deleted. */
  const sweep = async (): Promise<{ r2_key: string; multipart_id: string | null }[]> => {
    const later = Date.now() + 48 * 60 * 60_000;
    const { due } = await runInDurableObject(stub, (_object, state) => takeDueObjects(openDb(state.storage), later));
    const body = { type: "delete_objects", team: slug, objects: due };
    const messages = [{ id: "m1", timestamp: new Date(0), attempts: 1, body }];
    await handleBackground(createMessageBatch("super-data-background", messages), env);
    return due;
  };

  /** Rows of the feature's tables that should be empty when nothing is under way. */
  const leftovers = (): Promise<Record<string, number>> =>
    runInDurableObject(stub, (_object, state) => {
      const count = (table: string): number =>
        state.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
      return { uploads: count("uploads"), parts: count("upload_parts"), retired: count("retired_objects") };
    });

  return { slug, stub, call, request, datasets, objects, sweep, leftovers };
}

/** A body that gives these pieces and then breaks off. */
export function brokenBody(...pieces: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const next = rest.shift();
      if (next === undefined) controller.error(new Error("connection reset"));
      else controller.enqueue(encoder.encode(next));
    },
  });
}

/** `count` NDJSON records of about 100 bytes, a few kilobytes at a time. */
export function manyRecords(count: number, bad?: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      let text = "";
      for (const end = Math.min(count, next + 500); next < end; next++)
        text += next === bad ? "{oops\n" : recordLine(next);
      if (text === "") controller.close();
      else controller.enqueue(encoder.encode(text));
    },
  });
}

export function recordLine(index: number): string {
  return `{"id":${index},"region":"r${index % 7}","note":"${"n".repeat(60)}","amount":${index % 100}.50}\n`;
}
