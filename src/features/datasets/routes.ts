// Datasets over REST: upload, in one request or in parts, list, read and delete. Mounted at /t/:team/api/v1/datasets. Runs at the edge.
import { type Context, Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { datasetLimits } from "../../limits.ts";
import { bodyBytes, jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { findDataset, openDataset, publicDataset, summarize } from "./datasets.ts";
import {
  type Committed,
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

const plainCharsets: ReadonlySet<string> = new Set(["", "utf-8", "utf8", "us-ascii"]);

const reads = guarded("data:read", "read datasets");
const writes = guarded("data:write", "upload or delete datasets");

export const datasetRoutes = new Hono<TeamRoutes>()
  .get("/", reads, (c) => {
    const call = c.get("call");
    const { limit, cursor } = parseWith(datasetListQuerySchema, c.req.query(), "datasets");
    const { items, ...page } = pageOf([...call.catalogue.datasets.values()], {
      limit,
      cursor,
      key: (item) => item.name,
    });
    return c.json({ datasets: items.map(summarize), ...page });
  })
  .get("/:name", reads, (c) => {
    const dataset = findDataset(c.get("call").catalogue, c.req.param("name"));
    return c.json(publicDataset(dataset), 200, { etag: dataset.etag });
  })
  .get("/:name/content", reads, async (c) => {
    const call = c.get("call");
    const dataset = findDataset(call.catalogue, c.req.param("name"));
    const headers = {
      etag: dataset.etag,
      "content-type": dataset.kind === "whole" ? "application/json" : "application/x-ndjson",
      "cache-control": "private, no-cache",
    };
    if (matches(c.req.header("if-none-match"), dataset.etag)) return c.body(null, 304, headers);
    return c.body(await openDataset(call.files, dataset), 200, headers);
  })
  .put("/:name", writes, async (c) => {
    const call = c.get("call");
    const name = nameOf(c);
    const format = formatOf(c);
    const description = parseWith(descriptionSchema.optional(), c.req.query("description"), "description");
    const source = bodyOf(c, bodyTooLarge);
    const committed = await uploadDataset(call, {
      name,
      format,
      description,
      precondition: preconditionOf(c),
      source,
    });
    return committedAnswer(c, committed);
  })
  .delete("/:name", writes, async (c) => {
    const call = c.get("call");
    const { name } = findDataset(call.catalogue, c.req.param("name"));
    await call.stub.datasets().remove({ name, precondition: preconditionOf(c), by: callerOf(call) });
    return c.body(null, 204);
  })
  .post("/:name/uploads", writes, async (c) => {
    const call = c.get("call");
    const name = nameOf(c);
    const { format, description } = parseWith(createUploadSchema, await jsonBody(c.req.raw), "upload");
    const begin = { team: call.team, name, format, kind: "parts" as const, description, precondition: undefined };
    const { id, expiresAt } = await call.stub.datasets().begin({ ...begin, by: callerOf(call) });
    const limits = { part_max_bytes: datasetLimits.requestBytes, parts_max: datasetLimits.parts };
    return c.json({ upload_id: id, ...limits, expires_at: new Date(expiresAt).toISOString() }, 201);
  })
  .get("/:name/uploads/:id", writes, async (c) => {
    const call = c.get("call");
    const status = await call.stub.datasets().upload(nameOf(c), c.req.param("id"), call.actor);
    return c.json({ ...status, parts: status.parts.map(({ part, bytes, etag }) => ({ part, bytes, etag })) });
  })
  .put("/:name/uploads/:id/parts/:part", writes, async (c) => {
    const call = c.get("call");
    const part = parseWith(partNumberSchema, c.req.param("part"), "part");
    const source = bodyOf(c, partTooLarge);
    const stored = await putPart(call, { name: nameOf(c), uploadId: c.req.param("id"), part }, source);
    return c.json(stored, 200, { etag: stored.etag });
  })
  .post("/:name/uploads/:id/complete", writes, async (c) => {
    const call = c.get("call");
    const { parts } = parseWith(completeUploadSchema, await jsonBody(c.req.raw), "complete");
    const target = { name: nameOf(c), uploadId: c.req.param("id"), parts, precondition: preconditionOf(c) };
    return committedAnswer(c, await completeUpload(call, target));
  })
  .delete("/:name/uploads/:id", writes, async (c) => {
    await abortUpload(c.get("call"), nameOf(c), c.req.param("id"));
    return c.body(null, 204);
  });

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

/** `notes` only where there are any: what the uploader should know about the content. */
function committedAnswer(c: Request, { dataset, created, notes }: Committed): Response {
  const body = { ...publicDataset(dataset), ...(notes.length === 0 ? {} : { notes }) };
  return c.json(body, created ? 201 : 200, { etag: dataset.etag });
}

/** The body as counted bytes; one that is encoded, or announces too many, is refused before anything is opened for it. */
function bodyOf(c: Request, tooLarge: () => AppError): AsyncIterable<Uint8Array> {
  requirePlainUtf8(c);
  if (Number(c.req.header("content-length") ?? 0) > datasetLimits.requestBytes) throw tooLarge();
  return bodyBytes(c.req.raw.body, datasetLimits.requestBytes, { tooLarge, brokenOff: uploadBrokenOff });
}

function requirePlainUtf8(c: Request): void {
  const encoding = c.req.header("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    throw new AppError("unsupported", "Content that is compressed (Content-Encoding) is not taken.", {
      hint: "Send it uncompressed, without a Content-Encoding header.",
    });
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(c.req.header("content-type") ?? "")?.[1]?.toLowerCase();
  if (charset === undefined || plainCharsets.has(charset)) return;
  throw new AppError("unsupported", "The Content-Type names a charset other than UTF-8.", {
    hint: "Convert the file to UTF-8 and send it with charset=utf-8, or without a charset.",
  });
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

/** The state that If-Match or If-None-Match ask for; undefined without these headers. Throws `invalid_argument` for what cannot be honoured. */
function preconditionOf(c: Request): Precondition {
  const match = c.req.header("if-match");
  const noneMatch = c.req.header("if-none-match");
  if (noneMatch === undefined) return match?.split(",").map((etag) => etag.trim());
  if (match === undefined && noneMatch.trim() === "*") return "absent";
  throw new AppError("invalid_argument", "A change takes If-Match with etags or *, or If-None-Match: *, not both.", {
    hint: "Send If-None-Match: * to create only what does not exist, or If-Match: <etag> to replace only what you know.",
  });
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const etags = header.split(",").map((entry) => entry.trim().replace(/^W\//, ""));
  return etags.includes("*") || etags.includes(etag);
}
