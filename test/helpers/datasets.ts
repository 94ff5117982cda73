// A team's datasets for unit tests: routes with the surface's part played here, what is left in the bucket, and content to upload. Runs in workerd.
import { createExecutionContext, createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../src/context.ts";
import { describeError } from "../../src/core/errors.ts";
import { openDb } from "../../src/durable/db.ts";
import type { Role } from "../../src/features/access/access.ts";
import { datasetRoutes } from "../../src/features/datasets/routes.ts";
import type { Dataset } from "../../src/features/datasets/schema.ts";
import { changedDatasets, takeDueObjects } from "../../src/features/datasets/store.ts";
import { handleBackground } from "../../src/surfaces/background/consumer.ts";
import { aDataset } from "./catalogue.ts";
import { freshTeam } from "./team.ts";

export type DatasetTeam = Awaited<ReturnType<typeof datasetTeam>>;

/** A fresh team. `request` goes through the feature's routes; `sweep` does what alarm and queue do once everything is due. */
export async function datasetTeam() {
  const team = await freshTeam();
  const { slug, call } = team;
  // Only for looking inside; calls go through the team's client.
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));

  const datasets = (): Promise<Dataset[]> =>
    runInDurableObject(stub, (_object, state) => changedDatasets(openDb(state.storage), 0));

  const request = async (
    method: string,
    path: string,
    options: { body?: BodyInit | undefined; headers?: Record<string, string>; role?: Role } = {},
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
    await handleBackground(createMessageBatch("super-data-background", messages), env, createExecutionContext());
    return due;
  };

  /** Rows of the feature's tables that should be empty when nothing is under way. */
  const leftovers = (): Promise<Record<string, number>> =>
    runInDurableObject(stub, (_object, state) => {
      const count = (table: string): number =>
        state.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
      return { uploads: count("uploads"), parts: count("upload_parts"), retired: count("retired_objects") };
    });

  return { ...team, stub, request, datasets, objects, sweep, leftovers };
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

/** One of those records with its line end. */
export function recordLine(index: number): string {
  return `{"id":${index},"region":"r${index % 7}","note":"${"n".repeat(60)}","amount":${index % 100}.50}\n`;
}

/** The same call with further datasets, each a list of records or one document, stored as an upload leaves them. */
export async function withDatasets(context: CallContext, contents: Record<string, unknown>): Promise<CallContext> {
  const datasets = new Map(context.catalogue.datasets);
  for (const [name, content] of Object.entries(contents)) datasets.set(name, await putDataset(context, name, content));
  return { ...context, execution: {}, catalogue: { ...context.catalogue, datasets } };
}

async function putDataset(context: CallContext, name: string, content: unknown): Promise<Dataset> {
  const records = Array.isArray(content) ? content : undefined;
  const text =
    records === undefined ? JSON.stringify(content) : records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const r2_key = `teams/${context.team}/datasets/${name}`;
  await context.files.put(r2_key, text);
  return aDataset(name, {
    kind: records === undefined ? "whole" : "records",
    format: "json",
    etag: `"${context.team}-${name}"`,
    bytes: text.length,
    record_count: records?.length ?? 1,
    r2_key,
  });
}
