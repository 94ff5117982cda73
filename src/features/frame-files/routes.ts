// Frames over REST: list, read, upload, drop. Runs at the edge.
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { cursorSchema, pageFields, pageOf } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { uploadBody } from "../../platform/uploads.ts";
import { defineRoute, reply, section } from "../../route.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { callerOf } from "../access/access.ts";
import { showFrame } from "../frames/frames.ts";
import { frameSchema } from "../frames/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import { serveFrame } from "./content-routes.ts";
import { keepFile, withFile } from "./files.ts";
import { type Loaded, loadPart, magicFormat, openFile } from "./reading.ts";
import {
  downloadQuerySchema,
  type InputFormat,
  inputFormats,
  keptFileSchema,
  type OutputFormat,
  outputFormats,
  uploadedFrameSchema,
  uploadQuerySchema,
} from "./schema.ts";

const formatOfType: Readonly<Record<string, InputFormat>> = {
  "text/csv": "csv",
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/vnd.apache.parquet": "parquet",
  "application/x-parquet": "parquet",
  "application/vnd.apache.arrow.file": "arrow",
  "application/vnd.apache.arrow.stream": "arrow",
};

const reading = { permission: "data:read", what: "read frames" } as const;
const writing = { permission: "data:write", what: "upload or drop frames" } as const;
const ofFrame = z.object({ data_ref: z.string() });

const uploadHeaders = [
  { name: "Content-Encoding", description: "`gzip`, when the body is compressed." },
  { name: "Content-Digest", description: "`sha-256=:<base64>:` (or sha-512) of the body as sent: checked (RFC 9530)." },
];

export const frameFileRoutes = section("Frames", [
  defineRoute({
    ...reading,
    operation: "list_data",
    method: "GET",
    path: "/frames",
    summary: "List frames",
    description: "The frames you may read, by their data_refs.",
    query: z.object({
      limit: z.int().min(1).max(listLimits.maxEntries).default(listLimits.restEntries),
      cursor: cursorSchema,
    }),
    answer: z.object({ frames: z.array(frameSchema), ...pageFields }),
    volatile: ["last_used_at", "expires_at"],
    handler: async (call, { query }) => {
      const listed = await call.workspace.frames().list(readerOf(call));
      // By their refs, so that what is used meanwhile stays in its place.
      const frames = listed.sort((a, b) => (a.id < b.id ? -1 : 1));
      const { items, ...page } = pageOf(frames, { ...query, key: (frame) => frame.id });
      return { frames: items.map(showFrame), ...page };
    },
  }),
  defineRoute({
    ...writing,
    operation: "upload_frame",
    method: "POST",
    path: "/frames",
    summary: "Upload a frame",
    description: `Makes a frame of a CSV, JSON, NDJSON, Parquet or Arrow file of up to ${frameLimits.uploadBytes} bytes. Types are found out from every row.`,
    query: uploadQuerySchema,
    body: {
      types: ["text/csv", ...Object.keys(formatOfType).filter((type) => type !== "text/csv")],
      description: "The file.",
    },
    answer: uploadedFrameSchema,
    status: 201,
    headers: [...uploadHeaders, { name: "Location", of: "answer", description: "The frame." }],
    errors: ["file_malformed", "digest_mismatch", "upload_aborted"],
    handler: async (call, { query: { format: asked, name, ...options }, request }) => {
      const format = formatOf(request, asked);
      const loaded = await withFile(call, bodyOf(request), async (file) => {
        const kind = format === "parquet" || format === "arrow" ? ((await magicFormat(file)) ?? format) : format;
        const table = await openFile(file, kind, options);
        const lineage = { operation: "upload", inputs: [{ kind: "upload" as const, name: format }], params: options };
        return loadPart(call, table, options, { name, lineage, sources: [], isAudited: true });
      });
      const location = `${new URL(request.url).pathname.replace(/\/$/, "")}/${loaded.frame.id}`;
      return reply(answerOf(loaded), { etag: `"${loaded.frame.id}"`, headers: { location } });
    },
  }),
  defineRoute({
    ...writing,
    operation: "upload_file",
    method: "POST",
    path: "/frames/files",
    summary: "Upload a file for tools",
    description: "Keeps a file for a day, so that read_csv, read_json and read_parquet can read it more than once.",
    body: { types: ["application/octet-stream", ...Object.keys(formatOfType)], description: "The file." },
    answer: keptFileSchema,
    status: 201,
    headers: uploadHeaders,
    errors: ["digest_mismatch", "upload_aborted"],
    handler: async (call, { request }) => {
      const { id, bytes, expiresAt } = await keepFile(call, bodyOf(request));
      return { upload: id, bytes, expires_at: new Date(expiresAt).toISOString() };
    },
  }),
  defineRoute({
    ...reading,
    operation: "get_frame",
    keptIn: "workspace",
    method: "GET",
    path: "/frames/:data_ref",
    summary: "Read what a frame is",
    description: `Columns, size, where it came from, until when it is kept. With an ending (${outputFormats.map((format) => `.${format}`).join(", ")}) all its rows as a file, as download_frame gives them: pandas.read_parquet takes the address.`,
    params: ofFrame,
    query: downloadQuerySchema,
    answer: frameSchema,
    volatile: ["last_used_at", "expires_at"],
    handler: async (call, { params, query, request }) => {
      const { name, format } = targetOf(params.data_ref);
      if (format !== undefined) return serveFrame(call, request, name, format, query);
      return showFrame(await call.workspace.frames().find(name, readerOf(call)));
    },
  }),
  defineRoute({
    ...writing,
    operation: "drop_data",
    method: "DELETE",
    path: "/frames/:data_ref",
    summary: "Drop a frame",
    params: ofFrame,
    status: 204,
    handler: async (call, { params }) => {
      await call.workspace.frames().drop([params.data_ref], readerOf(call), callerOf(call));
      return undefined;
    },
  }),
]);

/** `df_x.parquet` is the frame df_x as Parquet. No frame's name holds a point. */
function targetOf(param: string): { name: string; format?: OutputFormat } {
  const point = param.indexOf(".");
  if (point < 0) return { name: param };
  const extension = param.slice(point + 1).toLowerCase();
  const format = outputFormats.find((known) => known === extension);
  if (format !== undefined) return { name: param.slice(0, point), format };
  throw new AppError("unsupported", `Frames are not written as ".${extension.slice(0, 20)}".`, {
    hint: `Take one of ${outputFormats.map((known) => `.${known}`).join(", ")}.`,
  });
}

function formatOf(request: Request, asked: InputFormat | undefined): InputFormat {
  if (asked !== undefined) return asked;
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(formatOfType, type) ? formatOfType[type] : undefined;
  if (format !== undefined) return format;
  throw new AppError("unsupported", "The Content-Type does not name a format that frames are made of.", {
    hint: `Add ?format=${inputFormats.join(", ")} (one of them).`,
  });
}

/** The body's content. */
function bodyOf(request: Request): AsyncIterable<Uint8Array> {
  const limit = frameLimits.uploadBytes;
  const rules = { sentBytes: limit, unpackedBytes: limit, tooLarge, unpackedTooLarge: tooLarge, brokenOff };
  return uploadBody(request, rules);
}

function tooLarge(): AppError {
  const limit = frameLimits.uploadBytes;
  return new AppError(
    "too_large",
    `One upload may have ${limit} bytes (limit uploadBytes), unpacked too; this one has more.`,
    {
      hint: "Send it as Parquet, which is smaller, or in several files; a large CSV or JSON file can become a dataset, in parts.",
      details: { limit: "uploadBytes", value: limit },
    },
  );
}

function brokenOff(bytes: number, cause: unknown): AppError {
  return new AppError("upload_aborted", `The upload broke off after ${bytes} bytes; nothing of it was kept.`, {
    hint: "Send it again.",
    cause,
  });
}

/** What was loaded, and whether there is more. */
function answerOf({ frame, total, offset, nextOffset, notes }: Loaded): z.input<typeof uploadedFrameSchema> {
  return {
    ...showFrame(frame),
    file_rows: total,
    offset,
    truncated: nextOffset !== undefined,
    ...(nextOffset === undefined
      ? {}
      : {
          next_offset: nextOffset,
          warning: `Rows ${offset + 1} to ${nextOffset} of ${total} were loaded. For the rest send the file again with ?offset=${nextOffset}, or keep it with POST …/frames/files and let tools read it.`,
        }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
