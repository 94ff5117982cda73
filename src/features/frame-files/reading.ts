// From a file, a text or a dataset to a frame, a part of it at a time. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { openArrow } from "../../engines/frame/formats/arrow-in.ts";
import { openCsv } from "../../engines/frame/formats/csv-in.ts";
import { openJson } from "../../engines/frame/formats/json-in.ts";
import { openParquet } from "../../engines/frame/formats/parquet-in.ts";
import type { OpenedTable } from "../../engines/frame/formats/source.ts";
import type { Frame, Lineage } from "../frames/schema.ts";
import type { Source } from "../workspace/schema.ts";
import { type ReadableFile, wholeFile } from "./files.ts";
import { loadFrame } from "./loading.ts";
import type { FileOptions, InputFormat } from "./schema.ts";

/** What a load gave: the frame, and where in the file it stands. */
export interface Loaded {
  frame: Frame;
  /** Rows of the file. */
  total: number;
  offset: number;
  /** Where the next part begins; left out after the last. */
  nextOffset?: number;
  notes: string[];
}

/** Looks at a file of this format. Throws `file_malformed`, `unsupported`, `too_large`, `not_found` for columns that are not there. */
export async function openFile(file: ReadableFile, format: InputFormat, options: FileOptions): Promise<OpenedTable> {
  const { columns, types, names } = options;
  const choice = { columns, types };
  switch (format) {
    case "csv": {
      const { delimiter, quote, comment, skip_rows: skipLines, header, na_values: naValues } = options;
      return openCsv(file.open, { ...choice, dialect: { delimiter, quote, comment, skipLines }, header, naValues });
    }
    case "json":
    case "ndjson":
      return openJson(file.open, { ...choice, kind: format, names });
    case "parquet":
      return openParquet(file, { columns });
    case "arrow":
      return openArrow(await wholeFile(file), { columns });
  }
}

/** Whether a file with this beginning is Parquet or Arrow; undefined for others. */
export async function magicFormat(file: ReadableFile): Promise<"parquet" | "arrow" | undefined> {
  const start = new Uint8Array(await file.slice(0, 8));
  const text = String.fromCharCode(...start);
  if (text.startsWith("PAR1")) return "parquet";
  return text.startsWith("ARROW1") || text.startsWith("\u00ff\u00ff\u00ff\u00ff") ? "arrow" : undefined;
}

/** Makes a frame of the part of a table that was asked for, as far as a frame of the team goes. Throws `invalid_argument`, and as `loadFrame`. */
export async function loadPart(
  context: CallContext,
  table: OpenedTable,
  part: { offset?: number | undefined; limit?: number | undefined },
  frame: { name?: string | undefined; lineage: Lineage; sources: Source[]; isAudited?: boolean },
): Promise<Loaded> {
  const { offset = 0, limit = context.frameRows } = part;
  if (limit > context.frameRows) throw limitTooHigh(limit, context.frameRows);
  if (offset > 0 && offset >= table.total) throw offsetTooHigh(offset, table.total);
  const { isAudited = false, ...made } = frame;
  const loaded = await loadFrame(context, { ...made, columns: table.columns }, table.rows(offset, limit), {
    isAudited,
  });
  const nextOffset = offset + loaded.rows;
  return {
    ...{ frame: loaded, total: table.total, offset, notes: table.notes },
    ...(nextOffset < table.total ? { nextOffset } : {}),
  };
}

function limitTooHigh(limit: number, most: number): AppError {
  return new AppError("too_large", `${limit} rows were asked for; a frame has ${most} at most (limit rows).`, {
    hint: `Leave limit out and go on with offset, or have an admin raise the team's setting frame_rows.`,
    details: { limit: "rows", value: most, rows: limit },
  });
}

function offsetTooHigh(offset: number, total: number): AppError {
  return new AppError("invalid_argument", `offset ${offset} is past the end: there are ${total} rows.`, {
    hint: "The last part has been read; begin with offset 0.",
    details: { rows: total },
  });
}
