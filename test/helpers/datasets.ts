// A team's datasets for unit tests: routes with the surface's part played here, what is left in the bucket, and content to upload. Runs in workerd.
import { createExecutionContext, createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { CallContext } from "../../src/context.ts";
import { dayMs } from "../../src/core/durations.ts";
import { openDb } from "../../src/durable/db.ts";
import type { Role } from "../../src/features/access/access.ts";
import { findVersion } from "../../src/features/datasets/calls.ts";
import { datasetRoutes } from "../../src/features/datasets/routes.ts";
import type { Dataset } from "../../src/features/datasets/schema.ts";
import { changedDatasets, takeDueObjects } from "../../src/features/datasets/store.ts";
import { datasetVersionRoutes } from "../../src/features/datasets/version-routes.ts";
import { contentRoutes } from "../../src/features/frame-files/content-routes.ts";
import type { StoredObject } from "../../src/platform/r2.ts";
import { handleBackground } from "../../src/surfaces/background/consumer.ts";
import { apiOf } from "./api.ts";
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
  ): Promise<{
    status: number;
    headers: Headers;
    etag: string | null;
    text: string;
    body: Record<string, unknown>;
  }> => {
    const context = await call(options.role);
    const app = apiOf(context, [...datasetRoutes, ...datasetVersionRoutes, ...contentRoutes(findVersion)]);
    const init = { method, headers: options.headers ?? {}, body: options.body ?? null };
    const response = await app.request(`/datasets${path}`, init, env);
    const text = new TextDecoder().decode(await response.arrayBuffer());
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const { status, headers } = response;
    return { status, headers, etag: headers.get("etag"), text, body: isJson && text !== "" ? JSON.parse(text) : {} };
  };

  const objects = async (): Promise<string[]> =>
    (await env.FILES.list({ prefix: `teams/${slug}/` })).objects.map((object) => object.key);

  const sweepAt = async (later: number): Promise<StoredObject[]> => {
    const { due } = await runInDurableObject(stub, (_object, state) => takeDueObjects(openDb(state.storage), later));
    const body = { type: "delete_objects", team: slug, objects: due };
    const messages = [{ id: "m1", timestamp: new Date(0), attempts: 1, body }];
    await handleBackground(createMessageBatch("super-data-background", messages), env, createExecutionContext());
    return due;
  };

  /**
   * Plays alarm and queue at a time when all uploads have expired and all grace is over; after 31 days no old version is kept any more, either.
   * Returns what was deleted.
   */
  const sweep = async (days = 2): Promise<StoredObject[]> => {
    const later = Date.now() + days * dayMs;
    return [...(await sweepAt(later)), ...(await sweepAt(later + dayMs / 2))];
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
