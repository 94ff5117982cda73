// Frames out of what is no frame yet: datasets, and rows in memory. What other features load data with. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError, isAppError } from "../../core/errors.ts";
import { readInLarge } from "../../core/read-in-large.ts";
import { openFlatRecords } from "../../engines/frame/formats/csv-in.ts";
import { openJson, tableOfRecords } from "../../engines/frame/formats/json-in.ts";
import type { OpenBytes, OpenedTable } from "../../engines/frame/formats/source.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { openDataset } from "../datasets/datasets.ts";
import type { Dataset } from "../datasets/schema.ts";
import { copying, type Frame, type Lineage } from "../frames/schema.ts";
import { framePattern, type Source } from "../workspace/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import { loadFrame } from "./loading.ts";
import type { FileOptions } from "./schema.ts";

/** The version of a dataset that rows came from. */
export function sourceOf({ id, name, version, visibility }: Dataset): Source {
  return { id, name, version, ...(visibility === undefined ? {} : { visibility }) };
}

/** A dataset as a table: one uploaded as CSV by its cells' texts, others by their JSON values. Throws as `openJson`, `conflict`. */
export async function openDatasetTable(
  context: Pick<CallContext, "files">,
  dataset: Dataset,
  { columns, types, na_values: naValues }: Pick<FileOptions, "columns" | "types" | "na_values"> = {},
): Promise<OpenedTable> {
  const open: OpenBytes = async () => readInLarge(await openDataset(context.files, dataset));
  if (dataset.kind === "records" && dataset.record_count === 0) throw emptyDataset(dataset);
  if (dataset.format === "csv") return openFlatRecords(open, { columns, types, naValues });
  try {
    return await openJson(open, { kind: dataset.kind === "whole" ? "json" : "ndjson", columns, types });
  } catch (error) {
    throw sayingWhere(error, dataset);
  }
}

/** Of a document that is no list of records: how a frame is made of a list within it. */
function sayingWhere(error: unknown, { name }: Dataset): unknown {
  const lists = isAppError(error) ? error.details?.lists : undefined;
  if (!Array.isArray(lists) || lists.length === 0) return error;
  const [first] = lists;
  const call = JSON.stringify({ dataset: name, query: `.${first}[]`, to_frame: true });
  return new AppError("file_malformed", `The dataset "${name}" is one document, not a list of records.`, {
    hint: `Make a frame of a list in it: query_dataset ${call}. Lists: ${lists.map((list) => `.${list}`).join(", ")}.`,
    details: { lists },
  });
}

function emptyDataset({ name }: Dataset): AppError {
  return new AppError("file_malformed", `The dataset "${name}" has no records, so nothing in it could be a column.`, {
    hint: "Give it records first.",
  });
}

/**
 * The server's own copy of a dataset's current version as a frame, made when there is none yet: what SQL and the frame operations read when
 * they are given a dataset's name. It is in no list, is shared by all who may read the dataset, and expires when nobody uses it.
 * Throws `too_large` for more rows than a frame of this team may have, `file_malformed` for a dataset that is no table.
 */
export async function loadDataset(context: CallContext, dataset: Dataset): Promise<Frame> {
  const copyOf = `dataset:${dataset.id}@${dataset.version}`;
  const reader = readerOf(context);
  const known = await context.workspace.frames().copy(copyOf, reader);
  if (known !== undefined) return known;
  if (dataset.record_count > context.frameRows && dataset.kind === "records")
    throw tooManyRecords(dataset, dataset.record_count, context.frameRows);
  const table = await openDatasetTable(context, dataset);
  if (table.total > context.frameRows) throw tooManyRecords(dataset, table.total, context.frameRows);
  const { name, version } = dataset;
  const lineage: Lineage = { operation: copying, inputs: [{ kind: "dataset", name, version }] };
  const frame = { columns: table.columns, lineage, sources: [sourceOf(dataset)], copyOf };
  return loadFrame(context, frame, table.rows(0, context.frameRows));
}

function tooManyRecords({ name }: Dataset, rows: number, limit: number): AppError {
  return new AppError(
    "too_large",
    `The dataset "${name}" has ${rows} records; a frame has ${limit} rows at most (limit rows).`,
    {
      hint: `Load a part of it with read_json {"dataset": ${JSON.stringify(name)}, "offset": 0}, reduce it with query_dataset, or have an admin raise the team's setting frame_rows (up to ${frameLimits.maxRows}).`,
      details: { limit: "rows", value: limit, rows },
    },
  );
}

/**
 * The data_ref, or the name of a table or frame, by which the workspace knows what an argument names: a dataset's name becomes the data_ref of
 * its copy (`loadDataset`), everything else is passed on as it is, whether or not there is such a thing. A frame or table goes before a
 * dataset of the same name.
 */
export async function frameRefOf(context: CallContext, nameOrRef: string): Promise<string> {
  const dataset = context.catalogue.datasets.get(nameOrRef);
  if (dataset === undefined || framePattern.test(nameOrRef)) return nameOrRef;
  const kind = await context.workspace.frames().kindOf(nameOrRef, readerOf(context));
  return kind === undefined ? (await loadDataset(context, dataset)).id : nameOrRef;
}

/** Rows that are in memory, as records of any shape or as rows of known columns. */
export interface RowsToLoad {
  name?: string | undefined;
  lineage: Lineage;
  sources: Source[];
  /** JSON values, numbers exact as `parseExact` gives them: objects, arrays of equal length, or single values (a column `value`). */
  records?: readonly unknown[];
  /** Rows as frames keep them, together with `columns`. */
  rows?: readonly Row[];
  columns?: readonly Column[];
}

/** Makes a frame of rows in memory; of records the types are found out. Throws `too_large` past the team's rows, `already_exists`, `file_malformed`. */
export async function loadRows(context: CallContext, { records, rows, columns, ...frame }: RowsToLoad): Promise<Frame> {
  const count = records?.length ?? rows?.length ?? 0;
  if (count > context.frameRows) {
    throw new AppError(
      "too_large",
      `The result has ${count} rows; a frame has ${context.frameRows} at most (limit rows).`,
      {
        hint: "Filter or aggregate first, or have an admin raise the team's setting frame_rows.",
        details: { limit: "rows", value: context.frameRows, rows: count },
      },
    );
  }
  const table =
    records === undefined
      ? { columns: [...(columns ?? [])], row: (index: number): Row => rows?.[index] ?? [] }
      : tableOfRecords(records);
  async function* batches(): AsyncGenerator<Row[]> {
    for (let at = 0; at < count; at += frameLimits.chunkRows) {
      const size = Math.min(frameLimits.chunkRows, count - at);
      yield Array.from({ length: size }, (_, index) => table.row(at + index));
    }
  }
  return loadFrame(context, { ...frame, columns: table.columns }, batches());
}
