// Frames over REST: list, read, download in every format, upload, drop. Mounted at /t/:team/api/v1/frames. Runs at the edge.
import { type Context, Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { listQuerySchema, pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { bodyBytes } from "../../platform/request-body.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { callerOf, guarded } from "../access/access.ts";
import { showFrame } from "../frames/frames.ts";
import { readerOf } from "../workspace/workspace.ts";
import { keepFile, withFile } from "./files.ts";
import { type Loaded, loadPart, magicFormat, openFile } from "./reading.ts";
import {
  downloadQuerySchema,
  type InputFormat,
  inputFormats,
  mediaTypes,
  type OutputFormat,
  outputFormats,
  uploadQuerySchema,
} from "./schema.ts";
import { byteStream, filePieces } from "./writing.ts";

type Request = Context<TeamRoutes>;

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

const reads = guarded("data:read", "read frames");
const writes = guarded("data:write", "upload or drop frames");

const frameListQuery = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries });

export const frameRoutes = new Hono<TeamRoutes>()
  .get("/", reads, async (c) => {
    const call = c.get("call");
    const { limit, cursor } = parseWith(frameListQuery, c.req.query(), "frames");
    const listed = await call.workspace.frames().list(readerOf(call));
    // By their refs, so that what is used meanwhile stays in its place.
    const frames = listed.sort((a, b) => (a.id < b.id ? -1 : 1));
    const { items, ...page } = pageOf(frames, { limit, cursor, key: (frame) => frame.id });
    return c.json({ frames: items.map(showFrame), ...page });
  })
  .post("/", writes, async (c) => {
    const call = c.get("call");
    const { format: asked, name, ...options } = parseWith(uploadQuerySchema, c.req.query(), "upload");
    const format = formatOf(c, asked);
    const loaded = await withFile(call, bodyOf(c), async (file) => {
      const kind = format === "parquet" || format === "arrow" ? ((await magicFormat(file)) ?? format) : format;
      const table = await openFile(file, kind, options);
      const lineage = { operation: "upload", inputs: [{ kind: "upload" as const, name: format }], params: options };
      return loadPart(call, table, options, { name, lineage, sources: [], isAudited: true });
    });
    return c.json(answerOf(loaded), 201, {
      etag: etagOf(loaded.frame.id),
      location: `${c.req.path.replace(/\/$/, "")}/${loaded.frame.id}`,
    });
  })
  .post("/files", writes, async (c) => {
    const { id, bytes, expiresAt } = await keepFile(c.get("call"), bodyOf(c));
    return c.json({ upload: id, bytes, expires_at: new Date(expiresAt).toISOString() }, 201);
  })
  .get("/:ref", reads, async (c) => {
    const call = c.get("call");
    const { name, format } = targetOf(c.req.param("ref"));
    const frame = await call.workspace.frames().find(name, readerOf(call));
    if (format === undefined) return c.json(showFrame(frame), 200, { etag: etagOf(frame.id) });
    const csv = parseWith(downloadQuerySchema, c.req.query(), "download");
    const headers = {
      etag: etagOf(frame.id),
      "content-type": mediaTypes[format],
      "content-disposition": `attachment; filename="${frame.name ?? frame.id}.${format}"`,
      "cache-control": "private, no-cache",
    };
    if (matches(c.req.header("if-none-match"), headers.etag)) return c.body(null, 304, headers);
    if (c.req.method === "HEAD") return c.body(null, 200, headers);
    return c.body(byteStream(await filePieces(call, frame, format, csv)), 200, headers);
  })
  .delete("/:ref", writes, async (c) => {
    const call: CallContext = c.get("call");
    await call.workspace.frames().drop([c.req.param("ref")], readerOf(call), callerOf(call));
    return c.body(null, 204);
  });

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

/** A frame never changes, so that its id says what is in it. */
function etagOf(id: string): string {
  return `"${id}"`;
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const etags = header.split(",").map((entry) => entry.trim().replace(/^W\//, ""));
  return etags.includes("*") || etags.includes(etag);
}

function formatOf(c: Request, asked: InputFormat | undefined): InputFormat {
  if (asked !== undefined) return asked;
  const type = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(formatOfType, type) ? formatOfType[type] : undefined;
  if (format !== undefined) return format;
  throw new AppError("unsupported", "The Content-Type does not name a format that frames are made of.", {
    hint: `Add ?format=${inputFormats.join(", ")} (one of them).`,
  });
}

/** The body as counted bytes; one that is encoded, or announces too many, is refused before it is read. */
function bodyOf(c: Request): AsyncIterable<Uint8Array> {
  const encoding = c.req.header("content-encoding")?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    throw new AppError("unsupported", "Content that is compressed (Content-Encoding) is not taken.", {
      hint: "Send it uncompressed; Parquet and Arrow files compress inside.",
    });
  }
  if (Number(c.req.header("content-length") ?? 0) > frameLimits.uploadBytes) throw tooLarge();
  return bodyBytes(c.req.raw.body, frameLimits.uploadBytes, { tooLarge, brokenOff });
}

function tooLarge(): AppError {
  const limit = frameLimits.uploadBytes;
  return new AppError("too_large", `One upload may have ${limit} bytes (limit uploadBytes); this one has more.`, {
    hint: "Send it as Parquet, which is smaller, or in several files; a large CSV or JSON file can become a dataset, in parts.",
    details: { limit: "uploadBytes", value: limit },
  });
}

function brokenOff(bytes: number, cause: unknown): AppError {
  return new AppError("upload_aborted", `The upload broke off after ${bytes} bytes; nothing of it was kept.`, {
    hint: "Send it again.",
    cause,
  });
}

/** What was loaded, and whether there is more. */
function answerOf({ frame, total, offset, nextOffset, notes }: Loaded): Record<string, unknown> {
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
