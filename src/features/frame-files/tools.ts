// The file tools: read CSV, JSON, Parquet and Arrow into frames, and write frames as files. Run at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { readsOnly, type ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import type { CsvOutput } from "../../engines/frame/formats/text-out.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { findDataset } from "../datasets/datasets.ts";
import { answerFrame, rowsWanted } from "../frames/answers.ts";
import { asNameSchema, type Frame, type Lineage } from "../frames/schema.ts";
import { type Rows, rowsSchema } from "../results/schema.ts";
import { dataRefSchema } from "../workspace/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import { memoryFile, uploadedFile } from "./files.ts";
import { frameRefOf, openDatasetTable, sourceOf } from "./frame-files.ts";
import { type Loaded, loadPart, magicFormat, openFile } from "./reading.ts";
import {
  csvFields,
  csvOutputFields,
  type FileOptions,
  type InputFormat,
  type OutputFormat,
  partFields,
  typesSchema,
} from "./schema.ts";
import { filePieces } from "./writing.ts";

const datasetField = z.string().optional().describe("A dataset's name.");
const uploadField = z.string().optional().describe("An uploaded file's id, as POST …/api/v1/frames/files gave it.");
const textField = (what: string) => z.string().optional().describe(`${what}, up to ${frameLimits.inlineBytes} bytes.`);

const loadedSchema = rowsSchema.extend({
  file_rows: z.int().describe("Rows of what was read."),
  offset: z.int().describe("Rows of it before the frame's first."),
  next_offset: z.int().optional().describe("There is more: the offset of the next call."),
  next_call: z.string().optional(),
});
type LoadedRows = z.infer<typeof loadedSchema>;

interface Sources {
  text?: string | undefined;
  dataset?: string | undefined;
  upload?: string | undefined;
}

interface ReadRequest extends Sources {
  tool: string;
  args: Record<string, unknown>;
  format: InputFormat | "magic";
  options: FileOptions;
  name?: string | undefined;
}

/** Reads what the call names into a frame and shows its first rows. */
async function readInto(context: CallContext, request: ReadRequest): Promise<ToolAnswer<LoadedRows>> {
  const { dataset, upload, text, options, name } = request;
  requireOne({ dataset, upload, text }, request.format === "magic");
  const params = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const lineage = (input: Lineage["inputs"][number]): Lineage => ({ operation: request.tool, inputs: [input], params });
  let loaded: Loaded;
  if (dataset !== undefined) {
    const found = findDataset(context.catalogue, dataset);
    requireNoDialect(options);
    context.execution.dataset = found.name;
    context.execution.datasetVersion = found.version;
    const table = await openDatasetTable(context, found, options);
    const made = lineage({ kind: "dataset", name: found.name, version: found.version });
    loaded = await loadPart(context, table, options, { name, lineage: made, sources: [sourceOf(found)] });
  } else {
    const file = upload === undefined ? memoryFile(inlineBytes(text ?? "")) : await uploadedFile(context, upload);
    const format = request.format === "magic" ? ((await magicFormat(file)) ?? "parquet") : request.format;
    const table = await openFile(file, format, options);
    const made = lineage(upload === undefined ? { kind: "text", name: "text" } : { kind: "upload", name: upload });
    loaded = await loadPart(context, table, options, { name, lineage: made, sources: [] });
  }
  return answerLoaded(context, loaded, request);
}

function requireOne(sources: Sources, isBinary: boolean): void {
  const given = Object.values(sources).filter((source) => source !== undefined).length;
  if (given === 1) return;
  throw new AppError(
    "invalid_argument",
    given === 0 ? "Nothing to read was named." : "More than one thing to read was named.",
    { hint: isBinary ? "Give `upload`." : "Give exactly one of `text`, `dataset` and `upload`." },
  );
}

/** How a file is written says nothing of a dataset, which was read when it was uploaded. */
function requireNoDialect({ delimiter, header, quote, skip_rows, comment, names }: FileOptions): void {
  const given = Object.entries({ delimiter, header, quote, skip_rows, comment, names }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  throw new AppError(
    "invalid_argument",
    `${given[0]} is for text and uploads: a dataset was read when it was uploaded.`,
    {
      hint: `Leave ${given[0]} out.`,
    },
  );
}

function inlineBytes(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const limit = frameLimits.inlineBytes;
  if (bytes.length <= limit) return bytes;
  throw new AppError("too_large", `text may have ${limit} bytes (limit inlineBytes); this has ${bytes.length}.`, {
    hint: "Upload it with POST …/api/v1/frames or …/frames/files, or make it a dataset.",
    details: { limit: "inlineBytes", value: limit, bytes: bytes.length },
  });
}

async function answerLoaded(
  context: CallContext,
  loaded: Loaded,
  { tool, args, text }: ReadRequest,
): Promise<ToolAnswer<LoadedRows>> {
  const { frame, total, offset, nextOffset } = loaded;
  const { rows } = await context.workspace.frames().slice(frame.id, readerOf(context), 0, rowsWanted({}));
  const notes = [...loaded.notes];
  const more: Pick<LoadedRows, "next_offset" | "next_call"> = {};
  if (nextOffset !== undefined) {
    const { name: _name, text: _text, ...kept } = args;
    const call = `${tool} ${JSON.stringify({ ...kept, offset: nextOffset })}`;
    more.next_offset = nextOffset;
    more.next_call = text === undefined ? call : `${call} with the same text`;
    notes.push(`Warning: rows ${offset + 1} to ${nextOffset} of ${total} were loaded. Next part: ${more.next_call}`);
  }
  const answer: ToolAnswer<Rows> = await answerFrame({ frame, rows }, { notes });
  return { text: answer.text, data: { ...answer.data, file_rows: total, offset, ...more } };
}

const readCsv = defineTool({
  name: "read_csv",
  title: "Read CSV",
  description:
    "Makes a frame of CSV text, an uploaded file or a dataset; answers with its data_ref and first rows. Types are found out from every row (leading zeros stay text, large integers exact).",
  input: z.object({
    text: textField("The CSV"),
    dataset: datasetField,
    upload: uploadField,
    name: asNameSchema,
    ...partFields,
    types: typesSchema,
    ...csvFields,
  }),
  output: loadedSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, args) => {
    const { text, dataset, upload, name, ...options } = args;
    return readInto(context, { tool: "read_csv", args, format: "csv", text, dataset, upload, name, options });
  },
});

const readJson = defineTool({
  name: "read_json",
  title: "Read JSON",
  description:
    "Makes a frame of JSON (records, arrays, {columns, data}) or NDJSON: text, an uploaded file or a dataset; answers with its data_ref and first rows.",
  input: z.object({
    text: textField("The JSON"),
    dataset: datasetField,
    upload: uploadField,
    name: asNameSchema,
    lines: z.boolean().optional().describe("true: NDJSON, a value a line."),
    names: z.array(z.string().min(1)).max(2_000).optional().describe("Names for records that are arrays."),
    ...partFields,
    types: typesSchema,
  }),
  output: loadedSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, args) => {
    const { text, dataset, upload, name, lines = false, ...options } = args;
    const format = lines ? "ndjson" : "json";
    return readInto(context, { tool: "read_json", args, format, text, dataset, upload, name, options });
  },
});

const readParquet = defineTool({
  name: "read_parquet",
  title: "Read Parquet or Arrow",
  description:
    "Makes a frame of an uploaded Parquet or Arrow IPC (Feather) file; answers with its data_ref and first rows.",
  input: z.object({ upload: uploadField, name: asNameSchema, ...partFields }),
  output: loadedSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, args) => {
    const { upload, name, ...options } = args;
    return readInto(context, { tool: "read_parquet", args, format: "magic", upload, name, options });
  },
});

const writtenSchema = z.object({
  data_ref: z.string(),
  format: z.string(),
  rows: z.int(),
  bytes: z.int().optional().describe("Of the text."),
  text: z.string().optional().describe("The whole file, when it is small."),
  kept_bytes: z.int().describe("What the frame takes here."),
  url: z.string().describe("GET it with the caller's own token as Authorization: Bearer."),
  read_with: z.object({ pandas: z.string(), polars: z.string(), duckdb: z.string() }),
});
type Written = z.infer<typeof writtenSchema>;

async function findFrame(context: CallContext, nameOrRef: string): Promise<Frame> {
  const reader = readerOf(context);
  const ref = await frameRefOf(context, nameOrRef);
  if ((await context.workspace.frames().kindOf(ref, reader)) === "table") {
    throw new AppError("invalid_argument", `"${nameOrRef}" is a table; files are made of frames and datasets.`, {
      hint: `export_table {"table_name": ${JSON.stringify(nameOrRef)}} makes a frame of it.`,
    });
  }
  return context.workspace.frames().find(ref, reader);
}

/** The file as text when that is asked for and it is small, and where to fetch it. */
async function writeOut(
  context: CallContext,
  dataRef: string,
  format: OutputFormat,
  { isText = false, csv = {} }: { isText?: boolean; csv?: CsvOutput } = {},
): Promise<ToolAnswer<Written>> {
  const frame = await findFrame(context, dataRef);
  const url = `${context.origin}/t/${context.team}/api/v1/frames/${frame.id}.${format}${queryOf(csv)}`;
  const text = isText ? await smallText(context, frame, format, csv) : undefined;
  const data: Written = {
    ...{ data_ref: frame.id, format, rows: frame.rows, kept_bytes: frame.bytes, url, read_with: readWith(format, url) },
    ...(text === undefined ? {} : { text, bytes: utf8Bytes(text) }),
  };
  return { text: describeFile(data, text), data };
}

function queryOf(csv: CsvOutput): string {
  const given = Object.entries(csv).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** The whole file, unless it is longer than an answer may be. */
async function smallText(
  context: CallContext,
  frame: Frame,
  format: OutputFormat,
  csv: CsvOutput,
): Promise<string | undefined> {
  let text = "";
  for await (const piece of await filePieces(context, frame, format, csv)) {
    if (typeof piece === "string") text += piece;
    if (utf8Bytes(text) > frameLimits.answerBytes) return undefined;
  }
  return text;
}

const polarsReaders: Readonly<Record<OutputFormat, string>> = {
  ...{ csv: "read_csv", json: "read_json", ndjson: "read_ndjson", parquet: "read_parquet" },
  ...{ arrow: "read_ipc", arrows: "read_ipc_stream" },
};

/** One line each to read the file; TOKEN stands for the caller's own. */
function readWith(format: OutputFormat, url: string): Written["read_with"] {
  const headers = '{"Authorization": "Bearer TOKEN"}';
  const content = `requests.get("${url}", headers=${headers}).content`;
  const arrowTable = `pa.ipc.open_${format === "arrow" ? "file" : "stream"}(${content}).read_all()`;
  const pandas = (call: string) => `import pandas as pd; pd.${call}("${url}", storage_options=${headers})`;
  const fetched = `curl -sS -H 'Authorization: Bearer TOKEN' -o t.${format} '${url}' && duckdb -c "FROM 't.${format}'"`;
  const isArrow = format === "arrow" || format === "arrows";
  return {
    pandas: {
      ...{ csv: pandas("read_csv"), json: pandas("read_json"), parquet: pandas("read_parquet") },
      ...{ arrow: pandas("read_feather"), arrows: `import pyarrow as pa, requests; ${arrowTable}.to_pandas()` },
      ndjson: pandas("read_json").replace(", storage", ", lines=True, storage"),
    }[format],
    polars: `import polars as pl, requests; pl.${polarsReaders[format]}(${content})`,
    duckdb: isArrow ? `import duckdb, pyarrow as pa, requests; t = ${arrowTable}; duckdb.sql("FROM t")` : fetched,
  };
}

function describeFile(
  { data_ref: ref, format, rows, url, read_with: lines, bytes }: Written,
  text: string | undefined,
): string {
  const about = `${rows} ${rows === 1 ? "row" : "rows"} of ${ref} as ${format}`;
  if (text !== undefined)
    return `${about}, ${bytes} bytes\n${fenceUntrusted(text, format)}\nAlso at ${url} (with your token)`;
  return [
    `${about}: ${url}`,
    "Fetch it with your own token in the header Authorization: Bearer TOKEN; it is not part of this answer.",
    `pandas: ${lines.pandas}`,
    `polars: ${lines.polars}`,
    `DuckDB: ${lines.duckdb}`,
  ].join("\n");
}

const toCsv = defineTool({
  name: "to_csv",
  title: "Write as CSV",
  description: `A frame or dataset as CSV: the text itself up to ${frameLimits.answerBytes} bytes, beyond that an address to download it from. Empty is null, "" the empty text.`,
  input: z.object({ data_ref: dataRefSchema, ...csvOutputFields }),
  output: writtenSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, { data_ref: ref, ...csv }) => writeOut(context, ref, "csv", { isText: true, csv }),
});

const toJson = defineTool({
  name: "to_json",
  title: "Write as JSON",
  description: `A frame or dataset as JSON records, numbers exact: the text itself up to ${frameLimits.answerBytes} bytes, beyond that an address to download it from.`,
  input: z.object({
    data_ref: dataRefSchema,
    lines: z.boolean().optional().describe("true: NDJSON, a record a line."),
  }),
  output: writtenSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, { data_ref: ref, lines = false }) =>
    writeOut(context, ref, lines ? "ndjson" : "json", { isText: true }),
});

const toParquet = defineTool({
  name: "to_parquet",
  title: "Write as Parquet",
  description: "Where to download a frame or dataset as Parquet, with a line for pandas, polars and DuckDB.",
  input: z.object({ data_ref: dataRefSchema }),
  output: writtenSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, { data_ref: ref }) => writeOut(context, ref, "parquet"),
});

const toArrow = defineTool({
  name: "to_arrow",
  title: "Write as Arrow",
  description:
    "Where to download a frame or dataset as Arrow IPC (Feather), with a line for pandas, polars and DuckDB.",
  input: z.object({
    data_ref: dataRefSchema,
    stream: z.boolean().optional().describe("true: the stream format instead of the file."),
  }),
  output: writtenSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: (context, { data_ref: ref, stream = false }) => writeOut(context, ref, stream ? "arrows" : "arrow"),
});

export const frameFileTools: readonly BuiltInTool[] = [
  readCsv,
  readJson,
  readParquet,
  toCsv,
  toJson,
  toParquet,
  toArrow,
];
