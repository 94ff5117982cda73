// Datasets over REST: upload, in one request or in parts, list, read and delete. Mounted at /t/:team/api/v1/datasets. Runs at the edge.
import { type Context, Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { datasetLimits } from "../../limits.ts";
import { bodyBytes, jsonBody } from "../../platform/request-body.ts";
import { requirePermission } from "../access/access.ts";
import { findDataset, openDataset, publicDataset, summarize } from "./datasets.ts";
import {
  completeUploadSchema,
  createUploadSchema,
  type DatasetFormat,
  datasetFormatSchema,
  datasetListQuerySchema,
  descriptionSchema,
  partNumberSchema,
} from "./schema.ts";
import { abortUpload, completeUpload, putPart, uploadBrokenOff, uploadDataset } from "./upload.ts";
import type { Precondition } from "./versions.ts";

type Request = Context<TeamRoutes>;

const formatOfType: Readonly<Record<string, DatasetFormat>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "text/csv": "csv",
};

export const datasetRoutes = new Hono<TeamRoutes>()
  .get("/", (c) => {
    const call = reader(c);
    const { limit, cursor } = parseWith(datasetListQuerySchema, c.req.query(), "datasets");
    const { items, ...page } = pageOf([...call.catalogue.datasets.values()], {
      limit,
      cursor,
      key: (item) => item.name,
    });
    return c.json({ datasets: items.map(summarize), ...page });
  })
  .get("/:name", (c) => {
    const dataset = findDataset(reader(c).catalogue, c.req.param("name"));
    return c.json(publicDataset(dataset), 200, { etag: dataset.etag });
  })
  .get("/:name/content", async (c) => {
    const call = reader(c);
    const dataset = findDataset(call.catalogue, c.req.param("name"));
    const headers = {
      etag: dataset.etag,
      "content-type": dataset.kind === "whole" ? "application/json" : "application/x-ndjson",
      "cache-control": "private, no-cache",
    };
    if (matches(c.req.header("if-none-match"), dataset.etag)) return c.body(null, 304, headers);
    return c.body(await openDataset(call.files, dataset), 200, headers);
  })
  .put("/:name", async (c) => {
    const call = writer(c);
    const name = nameOf(c);
    const format = formatOf(c);
    const description = parseWith(descriptionSchema.optional(), c.req.query("description"), "description");
    const source = bodyOf(c, bodyTooLarge);
    const { dataset, created } = await uploadDataset(call, {
      name,
      format,
      description,
      ifMatch: preconditionOf(c),
      source,
    });
    return c.json(publicDataset(dataset), created ? 201 : 200, { etag: dataset.etag });
  })
  .delete("/:name", async (c) => {
    const call = writer(c);
    const { name } = findDataset(call.catalogue, c.req.param("name"));
    await call.stub.datasets().remove({ name, ifMatch: preconditionOf(c), by: call.actor.username });
    return c.body(null, 204);
  })
  .post("/:name/uploads", async (c) => {
    const call = writer(c);
    const name = nameOf(c);
    const { format, description } = parseWith(createUploadSchema, await jsonBody(c.req.raw), "upload");
    const begin = { team: call.team, name, format, kind: "parts" as const, description, ifMatch: undefined };
    const { id, expiresAt } = await call.stub.datasets().begin({ ...begin, by: call.actor.username });
    const limits = { part_max_bytes: datasetLimits.requestBytes, parts_max: datasetLimits.parts };
    return c.json({ upload_id: id, ...limits, expires_at: new Date(expiresAt).toISOString() }, 201);
  })
  .get("/:name/uploads/:id", async (c) => {
    const status = await writer(c).stub.datasets().upload(nameOf(c), c.req.param("id"));
    return c.json({ ...status, parts: status.parts.map(({ part, bytes, etag }) => ({ part, bytes, etag })) });
  })
  .put("/:name/uploads/:id/parts/:part", async (c) => {
    const call = writer(c);
    const part = parseWith(partNumberSchema, c.req.param("part"), "part");
    const source = bodyOf(c, partTooLarge);
    const stored = await putPart(call, { name: nameOf(c), uploadId: c.req.param("id"), part }, source);
    return c.json(stored, 200, { etag: stored.etag });
  })
  .post("/:name/uploads/:id/complete", async (c) => {
    const call = writer(c);
    const { parts } = parseWith(completeUploadSchema, await jsonBody(c.req.raw), "complete");
    const target = { name: nameOf(c), uploadId: c.req.param("id"), parts, ifMatch: preconditionOf(c) };
    const { dataset, created } = await completeUpload(call, target);
    return c.json(publicDataset(dataset), created ? 201 : 200, { etag: dataset.etag });
  })
  .delete("/:name/uploads/:id", async (c) => {
    await abortUpload(writer(c), nameOf(c), c.req.param("id"));
    return c.body(null, 204);
  });

function reader(c: Request): CallContext {
  const call = c.get("call");
  requirePermission(call.actor, "data:read", "read datasets");
  return call;
}

function writer(c: Request): CallContext {
  const call = c.get("call");
  requirePermission(call.actor, "data:write", "upload or delete datasets");
  return call;
}

function nameOf(c: Request): string {
  return parseWith(datasetNameSchema, c.req.param("name"), "dataset name");
}

function formatOf(c: Request): DatasetFormat {
  const asked = c.req.query("format");
  if (asked !== undefined) return parseWith(datasetFormatSchema, asked, "format");
  const type = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(formatOfType, type) ? formatOfType[type] : undefined;
  if (format !== undefined) return format;
  throw new AppError("unsupported", "The Content-Type does not name a format that datasets are uploaded in.", {
    hint: "Send Content-Type: application/json, application/x-ndjson or text/csv, or add ?format=json, ndjson or csv.",
  });
}

/** The body as counted bytes; one that announces too many is refused before anything is opened for it. */
function bodyOf(c: Request, tooLarge: () => AppError): AsyncIterable<Uint8Array> {
  if (Number(c.req.header("content-length") ?? 0) > datasetLimits.requestBytes) throw tooLarge();
  return bodyBytes(c.req.raw.body, datasetLimits.requestBytes, { tooLarge, brokenOff: uploadBrokenOff });
}

function bodyTooLarge(): AppError {
  const limit = datasetLimits.requestBytes;
  return new AppError("too_large", `One request may carry ${limit} bytes (limit requestBytes); this upload has more.`, {
    hint: 'Upload in parts: POST …/datasets/<name>/uploads with {"format": …}, PUT …/uploads/<upload_id>/parts/1, 2, … each within that limit (cut anywhere), then POST …/uploads/<upload_id>/complete.',
    details: { limit: "requestBytes", value: limit },
  });
}

function partTooLarge(): AppError {
  const limit = datasetLimits.requestBytes;
  return new AppError("too_large", `A part may have ${limit} bytes (limit requestBytes); this one has more.`, {
    hint: "Cut the file into smaller parts; a cut may be anywhere, even inside a record.",
    details: { limit: "requestBytes", value: limit },
  });
}

/** The etags of If-Match; undefined without that header. */
function preconditionOf(c: Request): Precondition {
  return c.req
    .header("if-match")
    ?.split(",")
    .map((etag) => etag.trim());
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const etags = header.split(",").map((entry) => entry.trim().replace(/^W\//, ""));
  return etags.includes("*") || etags.includes(etag);
}
