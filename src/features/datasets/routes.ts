// Datasets over REST: upload, in one request or in parts, list, read and delete. Their content goes out as files, see frame-files. Runs at the edge.
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { readEtags } from "../../core/etags.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { datasetLimits } from "../../limits.ts";
import { readDigests } from "../../platform/digests.ts";
import { uploadBody } from "../../platform/uploads.ts";
import { defineRoute, reply, restList, section, toolRoutes } from "../../route.ts";
import { callerOf } from "../access/access.ts";
import { removeDataset } from "./calls.ts";
import { describedDataset, findDataset, publicDataset } from "./datasets.ts";
import {
  type Committed,
  committedSchema,
  completeUploadSchema,
  createdUploadSchema,
  createUploadSchema,
  type DatasetFormat,
  datasetFormatSchema,
  describedDatasetSchema,
  descriptionSchema,
  partNumberSchema,
  stateEtag,
  storedPartSchema,
  uploadStatusSchema,
} from "./schema.ts";
import { datasetTools } from "./tools.ts";
import { abortUpload, completeUpload, putPart, uploadBrokenOff, uploadDataset } from "./upload.ts";
import type { Precondition } from "./versions.ts";

const formatOfType: Readonly<Record<string, DatasetFormat>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "text/csv": "csv",
};

const plainCharsets: ReadonlySet<string> = new Set(["", "utf-8", "utf8", "us-ascii"]);

const writing = { permission: "data:write", what: "upload or delete datasets" } as const;
const ofDataset = z.object({ dataset: datasetNameSchema });
const ofUpload = ofDataset.extend({ upload_id: z.string().min(1).max(100) });
const ofPart = ofUpload.extend({ part: partNumberSchema });

/** What an upload's body may be accompanied by. */
export const uploadHeaders = [
  { name: "Content-Encoding", description: "`gzip`, when the body is compressed." },
  {
    name: "Content-Digest",
    description: "`sha-256=:<base64>:` (or sha-512) of the body as sent: checked while it arrives (RFC 9530).",
  },
  { name: "Repr-Digest", description: "The same as Content-Digest." },
];

const conditions = [
  { name: "If-Match", description: "Only in place of the version with this etag; `*`: only if there is one." },
  { name: "If-None-Match", description: "`*`: only if there is no such dataset." },
];

export const datasetRoutes = section("Datasets", [
  ...toolRoutes(datasetTools, { list_datasets: { method: "GET", path: "/datasets", ...restList } }),
  defineRoute({
    operation: "describe_dataset",
    method: "GET",
    path: "/datasets/:dataset",
    summary: "Read a dataset",
    description: "What a dataset is: fields with types and examples, first records, version, size.",
    permission: "data:read",
    what: "read datasets",
    params: z.object({ dataset: z.string() }),
    answer: describedDatasetSchema,
    handler: async (call, { params }) => {
      const dataset = findDataset(call.catalogue, params.dataset);
      return reply(describedDataset(dataset), { etag: stateEtag(dataset) });
    },
  }),
  defineRoute({
    operation: "create_dataset",
    method: "PUT",
    path: "/datasets/:dataset",
    mayCreate: true,
    summary: "Upload a dataset",
    description: `Makes the body the dataset's next version, or the first. A JSON array, NDJSON lines or CSV rows become records; other JSON stays whole. Up to ${datasetLimits.requestBytes} bytes; more go in parts, see create_upload. Answers 201 for a new dataset.`,
    ...writing,
    params: ofDataset,
    query: z.object({
      format: datasetFormatSchema.optional().describe("Left out: as Content-Type says."),
      description: descriptionSchema.optional(),
    }),
    body: { types: ["application/json", "application/x-ndjson", "text/csv"], description: "The data, in UTF-8." },
    answer: committedSchema,
    conditional: "own",
    headers: [...uploadHeaders, ...conditions],
    errors: ["digest_mismatch", "dataset_malformed", "upload_aborted"],
    handler: async (call, { params: { dataset: name }, query, request }) => {
      const format = query.format ?? formatOf(request);
      const source = bodyOf(request, bodyTooLarge, contentTooLarge);
      const precondition = preconditionOf(request.headers);
      return answerOf(
        await uploadDataset(call, { name, format, description: query.description, precondition, source }),
      );
    },
  }),
  defineRoute({
    operation: "delete_dataset",
    method: "DELETE",
    path: "/datasets/:dataset",
    summary: "Delete a dataset",
    description: "It is kept for some time: restore_dataset brings it back.",
    ...writing,
    params: z.object({ dataset: z.string() }),
    status: 204,
    conditional: "own",
    headers: conditions.slice(0, 1),
    handler: async (call, { params, request }) => {
      const { name } = findDataset(call.catalogue, params.dataset);
      await removeDataset(call, name, preconditionOf(request.headers));
      return undefined;
    },
  }),
  defineRoute({
    operation: "create_upload",
    method: "POST",
    path: "/datasets/:dataset/uploads",
    summary: "Begin an upload in parts",
    description:
      "For large files and unsteady lines: PUT the parts in any order, each again when it breaks off, then complete the upload. Location names it.",
    ...writing,
    params: ofDataset,
    body: createUploadSchema,
    answer: createdUploadSchema,
    status: 201,
    headers: [{ name: "Location", of: "answer", description: "The upload: GET tells what has arrived." }],
    example: { request: { format: "ndjson", description: "Orders since 2019" } },
    handler: async (call, { params: { dataset: name }, body: { format, description }, request }) => {
      const begin = { team: call.team, name, format, kind: "parts" as const, description, precondition: undefined };
      const { id, expiresAt } = await call.stub.datasets().begin({ ...begin, by: callerOf(call) });
      const limits = { part_max_bytes: datasetLimits.requestBytes, parts_max: datasetLimits.parts };
      const location = `${new URL(request.url).pathname.replace(/\/$/, "")}/${id}`;
      const created = { upload_id: id, ...limits, expires_at: new Date(expiresAt).toISOString() };
      return reply(created, { headers: { location } });
    },
  }),
  defineRoute({
    operation: "get_upload",
    method: "GET",
    path: "/datasets/:dataset/uploads/:upload_id",
    summary: "Read an upload in parts",
    description:
      "Which parts have arrived, and until when it can go on: all that is needed to take it up again. One that was completed is still shown for a day.",
    ...writing,
    params: ofUpload,
    answer: uploadStatusSchema,
    unstored: true,
    handler: (call, { params: { dataset, upload_id } }) => call.stub.datasets().upload(dataset, upload_id, call.actor),
  }),
  defineRoute({
    operation: "put_upload_part",
    method: "PUT",
    path: "/datasets/:dataset/uploads/:upload_id/parts/:part",
    summary: "Send a part",
    description: `One part, from 1; cut anywhere, even inside a record, up to ${datasetLimits.requestBytes} bytes. A part that is sent again replaces the first.`,
    ...writing,
    params: ofPart,
    body: { types: ["application/octet-stream"], description: "The part's bytes." },
    answer: storedPartSchema,
    conditional: "own",
    headers: uploadHeaders,
    errors: ["digest_mismatch", "upload_aborted"],
    handler: async (call, { params: { dataset: name, upload_id: uploadId, part }, request }) => {
      const stored = await putPart(call, { name, uploadId, part }, bodyOf(request, partTooLarge, partTooLarge));
      return reply(stored, { etag: stored.etag });
    },
  }),
  defineRoute({
    operation: "complete_upload",
    mayCreate: true,
    method: "POST",
    path: "/datasets/:dataset/uploads/:upload_id/complete",
    summary: "Complete an upload in parts",
    description:
      "Reads the parts in order as one file and makes it the dataset's next version. When it fails, parts can be replaced and it is asked for again; asked for again after it succeeded, it answers the same.",
    ...writing,
    params: ofUpload,
    body: completeUploadSchema,
    answer: committedSchema,
    conditional: "own",
    headers: conditions,
    errors: ["upload_incomplete", "digest_mismatch", "dataset_malformed"],
    example: { request: { parts: 3 } },
    handler: async (call, { params: { dataset: name, upload_id: uploadId }, body, request }) => {
      const expected = body.digest === undefined ? [] : readDigests("digest", body.digest);
      const precondition = preconditionOf(request.headers);
      return answerOf(await completeUpload(call, { name, uploadId, parts: body.parts, expected, precondition }));
    },
  }),
  defineRoute({
    operation: "abort_upload",
    method: "DELETE",
    path: "/datasets/:dataset/uploads/:upload_id",
    summary: "Abort an upload in parts",
    description: "Ends it and deletes what arrived.",
    ...writing,
    params: ofUpload,
    status: 204,
    handler: async (call, { params: { dataset, upload_id } }) => {
      await abortUpload(call, dataset, upload_id);
      return undefined;
    },
  }),
]);

function formatOf(request: Request): DatasetFormat {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(formatOfType, type) ? formatOfType[type] : undefined;
  if (format !== undefined) return format;
  throw new AppError("unsupported", "The Content-Type does not name a format that datasets are uploaded in.", {
    hint: "Send Content-Type: application/json, application/x-ndjson or text/csv, or add ?format=json, ndjson or csv.",
  });
}

/** `notes` only where there are any: what the uploader should know about the content. */
function answerOf({ dataset, created, notes }: Committed) {
  const data = { ...publicDataset(dataset), ...(notes.length === 0 ? {} : { notes }) };
  return reply(data, { status: created ? 201 : 200, etag: dataset.etag });
}

/** The body's content; one that is not UTF-8, is packed in a way that is not taken, or announces too many bytes is refused before anything is opened for it. */
function bodyOf(
  request: Request,
  tooLarge: () => AppError,
  unpackedTooLarge: () => AppError,
): AsyncIterable<Uint8Array> {
  requireUtf8(request);
  const { requestBytes: sentBytes, storedBytes } = datasetLimits;
  const unpackedBytes = unpackedTooLarge === tooLarge ? sentBytes : storedBytes;
  return uploadBody(request, { sentBytes, unpackedBytes, tooLarge, unpackedTooLarge, brokenOff: uploadBrokenOff });
}

function requireUtf8({ headers }: Request): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(headers.get("content-type") ?? "")?.[1]?.toLowerCase();
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

function contentTooLarge(): AppError {
  const limit = datasetLimits.storedBytes;
  return new AppError("too_large", `Unpacked, the upload has more than ${limit} bytes (limit storedBytes).`, {
    hint: "Split it into several datasets.",
    details: { limit: "storedBytes", value: limit },
  });
}

function partTooLarge(): AppError {
  const limit = datasetLimits.requestBytes;
  return new AppError(
    "too_large",
    `A part may have ${limit} bytes (limit requestBytes), unpacked too; this one has more.`,
    {
      hint: "Cut the file into smaller parts; a cut may be anywhere, even inside a record.",
      details: { limit: "requestBytes", value: limit },
    },
  );
}

/** The state that If-Match or If-None-Match ask for; undefined without these headers. Throws `invalid_argument` for what cannot be honoured. */
function preconditionOf(headers: Headers): Precondition {
  const match = headers.get("if-match");
  const noneMatch = headers.get("if-none-match");
  if (noneMatch === null) return match === null ? undefined : readEtags(match);
  if (match === null && noneMatch.trim() === "*") return "absent";
  throw new AppError("invalid_argument", "A change takes If-Match with etags or *, or If-None-Match: *, not both.", {
    hint: "Send If-None-Match: * to create only what does not exist, or If-Match: <etag> to replace only what you know.",
  });
}
