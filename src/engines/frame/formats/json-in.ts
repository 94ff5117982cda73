// JSON as a table: an array or lines of objects or arrays, or a document of columns and data. Pure.

import { AppError } from "../../../core/errors.ts";
import { isRecord, parseExact } from "../../../core/exact-json.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { JsonRecordReader } from "../../records/json-records.ts";
import { ndjsonReader } from "../../records/ndjson.ts";
import type { RecordTarget } from "../../records/reader.ts";
import type { Column, Row } from "../types.ts";
import { malformedFile } from "./errors.ts";
import { JsonColumn, jsonCell } from "./json-columns.ts";
import { frameNames, renamedNote } from "./names.ts";
import {
  askedType,
  type ColumnChoice,
  chosenColumns,
  feed,
  noColumns,
  type OpenBytes,
  type OpenedTable,
  type TextReader,
  tooManyColumns,
} from "./source.ts";

export interface JsonOptions extends ColumnChoice {
  /** json: one document; ndjson: a value a line. */
  kind: "json" | "ndjson";
  /** Names of the columns of records that are arrays. */
  names?: readonly string[] | undefined;
}

type Shape = "objects" | "arrays" | "values";

/** The first reading: which columns there are and what their values are. */
class JsonScan {
  readonly #options: JsonOptions;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #columns = new Map<string, JsonColumn>();
  #shape: Shape | undefined;
  #width = 0;
  rows = 0;

  constructor(options: JsonOptions) {
    this.#options = options;
    // Of arrays the names are not the records' own; of objects others need not be looked at.
    this.#wanted = options.columns === undefined || options.names !== undefined ? undefined : new Set(options.columns);
  }

  get shape(): Shape {
    return this.#shape ?? "objects";
  }

  names(count: number): string[] {
    const { names } = this.#options;
    if (names !== undefined && names.length !== count) throw wrongNames(names.length, count);
    return names === undefined ? Array.from({ length: count }, (_, index) => `column_${index + 1}`) : [...names];
  }

  add(value: unknown): void {
    this.rows++;
    const shape = shapeOf(value);
    this.#shape ??= shape;
    if (shape !== this.#shape) throw mixedShapes(this.rows, shape, this.#shape);
    if (shape === "objects" && isRecord(value)) {
      for (const key in value) this.#column(key)?.add(value[key]);
    } else if (Array.isArray(value)) this.#addArray(value);
    else this.#column("value")?.add(value);
  }

  #addArray(values: readonly unknown[]): void {
    if (this.rows === 1) this.#width = values.length;
    if (values.length !== this.#width) throw wrongLength(this.rows, values.length, this.#width);
    if (this.rows === 1) for (const name of this.names(values.length)) this.#column(name);
    let at = 0;
    for (const column of this.#columns.values()) column.add(values[at++]);
  }

  #column(key: string): JsonColumn | undefined {
    const known = this.#columns.get(key);
    if (known !== undefined || this.#wanted?.has(key) === false) return known;
    if (this.#columns.size === frameLimits.columns && this.#wanted === undefined)
      throw tooManyColumns(this.#columns.size + 1);
    const column = new JsonColumn();
    this.#columns.set(key, column);
    return column;
  }

  finish(options: JsonOptions): { columns: Column[]; keys: string[]; indexes: number[]; notes: string[] } {
    if (this.#shape === undefined && options.names !== undefined) for (const name of options.names) this.#column(name);
    const given = [...this.#columns.keys()];
    if (given.length === 0) throw noColumns();
    const names = frameNames(given);
    const indexes = chosenColumns(names, given, options);
    const scans = [...this.#columns.values()];
    const columns = indexes.map((index) => {
      const [name = "", key = ""] = [names[index], given[index]];
      const asked = askedType(options, name, key);
      const scan = scans[index] ?? new JsonColumn();
      return asked === undefined ? scan.column(name) : scan.asked(name, asked);
    });
    const note = renamedNote(given, names);
    return {
      columns,
      keys: indexes.map((index) => given[index] ?? ""),
      indexes,
      notes: note === undefined ? [] : [note],
    };
  }
}

/** Looks at JSON. Throws `file_malformed`, `not_found` for columns that are not there, `too_large`. */
export async function openJson(open: OpenBytes, options: JsonOptions): Promise<OpenedTable> {
  const scan = new JsonScan(options);
  let document: JsonDocument | undefined;
  const take = (json: string, value: unknown): void => scan.add(exactly(json, value));
  const reader = jsonReader(options.kind, {
    record: take,
    whole: (json) => {
      document = documentOf(parseExact(json));
    },
    note: () => undefined,
  });
  for await (const _ of feed(open, reader));
  if (document !== undefined) return openDocument(document, options);
  const found = scan.finish(options);
  const rows = (offset: number, limit: number) =>
    readRecords(open, options.kind, rowMaker(scan.shape, found), { offset, limit });
  return { columns: found.columns, total: scan.rows, notes: found.notes, rows };
}

/** Records that are in memory, as a table. Throws as `openJson`. */
export function tableOfRecords(
  records: readonly unknown[],
  options: Omit<JsonOptions, "kind"> = {},
): { columns: Column[]; notes: string[]; row: (index: number) => Row } {
  const all: JsonOptions = { ...options, kind: "json" };
  const scan = new JsonScan(all);
  for (const record of records) scan.add(record);
  const found = scan.finish(all);
  const make = rowMaker(scan.shape, found);
  return { columns: found.columns, notes: found.notes, row: (index) => make(records[index], index) };
}

/** The value with its numbers exact; `value` is what JSON.parse made of it. */
function exactly(json: string, value: unknown): unknown {
  return value === undefined || /[0-9.]{16}|[0-9][eE]/.test(json) ? parseExact(json) : value;
}

function jsonReader(kind: JsonOptions["kind"], target: RecordTarget): TextReader {
  if (kind === "json")
    return new JsonRecordReader(target, { limit: "documentBytes", value: frameLimits.documentBytes });
  const reader = ndjsonReader(target);
  return { push: (text, offset) => reader.push(text, offset), end: (offset) => reader.end(offset) };
}

function rowMaker(
  shape: Shape,
  found: { columns: Column[]; keys: string[]; indexes: number[] },
): (value: unknown, index: number) => Row {
  const { columns, keys, indexes } = found;
  return (value, index) => {
    const where = () => `Row ${index + 1}`;
    return columns.map((column, at) => {
      const key = keys[at] ?? "";
      if (shape === "values") return jsonCell(column, value, where);
      if (shape === "arrays") return jsonCell(column, Array.isArray(value) ? value[indexes[at] ?? 0] : null, where);
      return jsonCell(column, isRecord(value) && Object.hasOwn(value, key) ? value[key] : null, where);
    });
  };
}

async function* readRecords(
  open: OpenBytes,
  kind: JsonOptions["kind"],
  make: (value: unknown, index: number) => Row,
  { offset, limit }: { offset: number; limit: number },
): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  let at = 0;
  const reader = jsonReader(kind, {
    record: (json, value) => {
      const index = at++;
      if (index >= offset && index < offset + limit) batch.push(make(exactly(json, value), index));
    },
    whole: () => undefined,
    note: () => undefined,
  });
  for await (const _ of feed(open, reader)) {
    if (batch.length > 0) {
      yield batch;
      batch = [];
    }
    if (at >= offset + limit) return;
  }
}

interface JsonDocument {
  columns: string[];
  data: unknown[];
}

/** A document of the form {"columns": [names], "data": [rows]}, as pandas writes with orient="split". Throws `file_malformed`. */
function documentOf(value: unknown): JsonDocument {
  if (isRecord(value)) {
    const { columns, data } = value;
    if (Array.isArray(columns) && Array.isArray(data)) return { columns: columns.map((name) => String(name)), data };
  }
  throw malformedFile(
    "The document is neither an array of records nor an object with columns and data.",
    'Send [{"a": 1}, …], one record a line as NDJSON, or {"columns": ["a"], "data": [[1], …]} (pandas: orient="records" or "split"); of a nested document make records first, with query_dataset.',
    { lists: listsIn(value) },
  );
}

/** Names of a document's members that hold lists, the longest first: where its records may be. */
function listsIn(document: unknown): string[] {
  if (!isRecord(document)) return [];
  return Object.entries(document)
    .flatMap(([name, list]) => (Array.isArray(list) && /^[A-Za-z_]\w{0,40}$/.test(name) ? [{ name, list }] : []))
    .sort((a, b) => b.list.length - a.list.length)
    .slice(0, 5)
    .map(({ name }) => name);
}

function openDocument(document: JsonDocument, options: JsonOptions): OpenedTable {
  const { data } = document;
  for (const [index, row] of data.entries())
    if (!Array.isArray(row)) throw mixedShapes(index + 1, shapeOf(row), "arrays");
  const table = tableOfRecords(data, { ...options, names: options.names ?? document.columns });
  async function* rows(offset: number, limit: number): AsyncGenerator<Row[]> {
    const end = Math.min(offset + limit, data.length);
    for (let at = offset; at < end; at += frameLimits.chunkRows) {
      const count = Math.min(frameLimits.chunkRows, end - at);
      yield Array.from({ length: count }, (_, index) => table.row(at + index));
    }
  }
  return { columns: table.columns, total: data.length, notes: table.notes, rows };
}

function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return "arrays";
  return isRecord(value) ? "objects" : "values";
}

const shapeNames: Record<Shape, string> = { objects: "an object", arrays: "an array", values: "a single value" };

function mixedShapes(row: number, found: Shape, expected: Shape): AppError {
  return malformedFile(
    `Row ${row} is ${shapeNames[found]} where the first is ${shapeNames[expected]}.`,
    "Make all records objects, or all arrays of the same length.",
    { row },
  );
}

function wrongLength(row: number, length: number, width: number): AppError {
  return malformedFile(
    `Row ${row} has ${length} values where the first has ${width}.`,
    "Give every row as many values.",
    {
      row,
    },
  );
}

function wrongNames(names: number, width: number): AppError {
  return new AppError("invalid_argument", `There are ${names} names for rows of ${width} values.`, {
    hint: "Give as many names as a row has values.",
  });
}
