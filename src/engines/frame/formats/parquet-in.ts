// Parquet as a table, read a row group and a column at a time. Values are taken raw and converted here, so that none is rounded. Pure.
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { AppError, isAppError } from "../../../core/errors.ts";
import { parseExact } from "../../../core/exact-json.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { bytesOfBase64, hexOfBytes } from "../binary.ts";
import { type Cell, type Column, fitsInt64, floatCell, type Row, type TimeUnit } from "../types.ts";
import { zonesOfSchema } from "./arrow-in.ts";
import { parquetCodecs, readableCodecs } from "./codecs.ts";
import { frameNames, renamedNote } from "./names.ts";
import { requireFooter, requireHonestPages } from "./parquet-guard.ts";
import { type ColumnChoice, chosenColumns, noColumns, type OpenedTable } from "./source.ts";
import { clockText, dateText, decimalText, nestedNumber, textOfBytes, timestampText } from "./typed-values.ts";

/** Reads ranges of a file. */
export interface RangeSource {
  byteLength: number;
  slice: (start: number, end?: number) => Promise<ArrayBuffer>;
}

const units = { MILLIS: "ms", MICROS: "us", NANOS: "ns" } as const;
const asIs = (value: unknown): unknown => value;
/** Only INT96 is still converted, to nanoseconds, and texts. */
const rawParsers = { timestampFromNanoseconds: asIs, stringFromBytes: textOfBytes };

interface ColumnPlan {
  /** Its name in the file. */
  given: string;
  column: Column;
  cell: (value: unknown) => Cell;
}

/** Looks at a Parquet file. Throws `file_malformed`, `unsupported`, `not_found` for columns that are not there, `too_large`. */
export async function openParquet(file: RangeSource, choice: Omit<ColumnChoice, "types"> = {}): Promise<OpenedTable> {
  await requireFooter(file);
  const metadata = await reading(() => parquetMetadataAsync(file, { geoparquet: false }));
  const tree = parquetSchema(metadata);
  if (tree.children.length === 0) throw noColumns();
  const given = tree.children.map(({ element }) => element.name);
  const names = frameNames(given);
  const zones = zonesOf(metadata);
  const plans = chosenColumns(names, given, choice).map((index): ColumnPlan => {
    const node = tree.children[index] ?? tree;
    const column = columnOf(names[index] ?? "", node, metadata, zones);
    return { given: given[index] ?? "", column, cell: cellReader(column, node) };
  });
  requireReadable(metadata, new Set(plans.map((plan) => plan.given)));
  const note = renamedNote(given, names);
  const raw = withoutTypes(metadata);
  return {
    columns: plans.map(({ column }) => column),
    total: Number(metadata.num_rows),
    notes: note === undefined ? [] : [note],
    rows: (offset, limit) => readGroups(file, raw, plans, { offset, limit }),
  };
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("file_malformed", "This is not a Parquet file that can be read.", {
      hint: "Write it again with pyarrow, polars or DuckDB and send it whole; encrypted files are not read.",
      cause: error,
    });
  }
}

/** Refuses codecs that are not at hand and columns too large to be decoded, before anything is read. */
function requireReadable(metadata: FileMetaData, columns: ReadonlySet<string>): void {
  const readable: readonly string[] = readableCodecs;
  for (const group of metadata.row_groups) {
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined || !columns.has(chunk.path_in_schema[0] ?? "")) continue;
      if (!readable.includes(chunk.codec)) throw unreadableCodec(chunk.codec);
      const bytes = Math.max(Number(chunk.total_uncompressed_size), Number(chunk.total_compressed_size));
      if (bytes > frameLimits.parquetColumnBytes) throw columnTooLarge(chunk.path_in_schema[0] ?? "", bytes);
    }
  }
}

function unreadableCodec(codec: string): AppError {
  return new AppError("unsupported", `The file is compressed with ${codec}, which is not read here.`, {
    hint: "Write it with ZSTD, SNAPPY, GZIP or LZ4, e.g. compression='zstd'.",
    details: { codec, readable: readableCodecs },
  });
}

function columnTooLarge(name: string, bytes: number): AppError {
  const limit = frameLimits.parquetColumnBytes;
  return new AppError(
    "too_large",
    `Column ${JSON.stringify(name)} has ${bytes} bytes in one row group; ${limit} can be read (limit parquetColumnBytes).`,
    {
      hint: "Write the file with smaller row groups, e.g. row_group_size=50000, or leave the column out with `columns`.",
      details: { limit: "parquetColumnBytes", value: limit, bytes, column: name },
    },
  );
}

/** The same file, described as if all its values but texts were plain: numbers, BigInts and bytes come as they are stored. */
function withoutTypes(metadata: FileMetaData): FileMetaData {
  const keys = mapKeys(parquetSchema(metadata));
  const schema = metadata.schema.map((element): SchemaElement => {
    if ((element.num_children !== undefined && element.num_children > 0) || keys.has(element)) return element;
    const { converted_type: _converted, logical_type: _logical, ...plain } = element;
    // Bytes of texts one by one would take ten times what texts do.
    return leafOf(element).kind === "text" ? { ...plain, converted_type: "UTF8" } : plain;
  });
  return { ...metadata, schema };
}

/** Keys of maps: the reader makes members' names of them. */
function mapKeys(node: SchemaTree, found = new Set<SchemaElement>()): ReadonlySet<SchemaElement> {
  const [entries] = node.children;
  const [key] = entries?.children ?? [];
  if (isMap(node) && key !== undefined) found.add(key.element);
  for (const child of node.children) mapKeys(child, found);
  return found;
}

function isMap({ element }: SchemaTree): boolean {
  return element.converted_type === "MAP" || element.logical_type?.type === "MAP";
}

/** Cells, and characters of them as JSON, that are held at once. */
const heldCells = 1_000_000;
const heldChars = 24 * 1024 * 1024;

async function* readGroups(
  file: AsyncBuffer,
  metadata: FileMetaData,
  plans: readonly ColumnPlan[],
  { offset, limit }: { offset: number; limit: number },
): AsyncGenerator<Row[]> {
  let start = 0;
  let most = Math.max(frameLimits.chunkRows, Math.floor(heldCells / plans.length));
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    let rowStart = Math.max(start, offset);
    const last = Math.min(end, offset + limit);
    start = end;
    if (rowStart < last) for (const { given } of plans) await requireHonest(file, metadata, group, given);
    while (rowStart < last) {
      const rowEnd = Math.min(last, rowStart + most);
      const blocks = await readBlocks(file, metadata, plans, { rowStart, rowEnd });
      if (blocks === undefined) {
        most = Math.max(1, Math.floor((rowEnd - rowStart) / 2));
        continue;
      }
      for (const block of blocks) yield rowsOf(block, plans);
      rowStart = rowEnd;
    }
  }
}

/** Looks through the pages of a column in a row group. Throws `file_malformed`, `too_large`. */
async function requireHonest(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: FileMetaData["row_groups"][number],
  given: string,
): Promise<void> {
  const tree = parquetSchema(metadata);
  for (const { meta_data: chunk } of group.columns) {
    if (chunk === undefined || chunk.path_in_schema[0] !== given) continue;
    const path = elementsOf(tree, chunk.path_in_schema);
    // Where the reader begins.
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    await reading(async () => {
      const bytes = new Uint8Array(await file.slice(start, start + Number(chunk.total_compressed_size)));
      const { codec } = chunk;
      requireHonestPages(bytes, {
        name: given,
        isBoolean: chunk.type === "BOOLEAN",
        rows: path.length === 1 && path[0]?.repetition_type !== "REPEATED" ? Number(group.num_rows) : undefined,
        maxRepetition: path.filter(({ repetition_type }) => repetition_type === "REPEATED").length,
        maxDefinition: path.filter(({ repetition_type }) => repetition_type !== "REQUIRED").length,
        decompress: codec === "UNCOMPRESSED" ? undefined : parquetCodecs[codec],
      });
    });
  }
}

/** From the column to its leaf. */
function elementsOf(tree: SchemaTree, path: readonly string[]): SchemaElement[] {
  const [name, ...rest] = path;
  const child = tree.children.find(({ element }) => element.name === name);
  return child === undefined ? [] : [child.element, ...elementsOf(child, rest)];
}

/** A range's columns, each in blocks of chunkRows cells as JSON: a tenth of what the cells themselves would take. */
type Block = string[];

/**
 * A range of one row group, a column after another: what was decoded for one is let go of before the next. Undefined when it comes to more
 * than may be held; fewer rows must do.
 */
async function readBlocks(
  file: AsyncBuffer,
  metadata: FileMetaData,
  plans: readonly ColumnPlan[],
  range: { rowStart: number; rowEnd: number },
): Promise<Block[] | undefined> {
  const count = range.rowEnd - range.rowStart;
  const blocks = Array.from({ length: Math.ceil(count / frameLimits.chunkRows) }, (): Block => []);
  let chars = 0;
  for (const { given, cell } of plans) {
    const values = await reading(async () => {
      const options = {
        file,
        metadata,
        columns: [given],
        compressors: parquetCodecs,
        utf8: false,
        parsers: rawParsers,
        // An index could lead to pages that nobody looked through.
        useOffsetIndex: false,
      };
      const scan = await parquetScan({ ...options, geoparquet: false, ...range });
      return scan.readColumn({ column: given, ...range });
    });
    for (const [index, block] of blocks.entries()) {
      const from = index * frameLimits.chunkRows;
      const cells = Array.from(values.slice(from, from + frameLimits.chunkRows) as Iterable<unknown>, cell);
      // A long text that a dictionary has once may stand in every row.
      const long = cells.reduce<number>((sum, one) => sum + (typeof one === "string" ? one.length : 0), chars);
      if (long > heldChars && count > 1) return undefined;
      const json = JSON.stringify(cells);
      block.push(json);
      chars += json.length;
    }
    if (chars > heldChars && count > 1) return undefined;
  }
  return blocks;
}

function rowsOf(block: Block, plans: readonly ColumnPlan[]): Row[] {
  const columns = block.map((json, index): Cell[] =>
    // Numbers inside JSON values may have more digits than a double.
    plans[index]?.column.type === "json" ? (parseExact(json) as Cell[]) : JSON.parse(json),
  );
  return Array.from({ length: columns[0]?.length ?? 0 }, (_, at) => columns.map((cells) => cells[at] ?? null));
}

function zonesOf(metadata: FileMetaData): Map<string, string> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === "ARROW:schema")?.value;
  const bytes = text === undefined ? undefined : bytesOfBase64(text);
  return bytes === undefined ? new Map() : zonesOfSchema(bytes);
}

/** What a leaf's values are, told once from its many ways to be told. */
type Leaf =
  | { kind: "bool" | "float" | "half" | "text" | "json" | "uuid" | "binary" | "date" | "nanos96" | "interval" }
  | { kind: "whole"; bits: number; isSigned: boolean }
  | { kind: "decimal"; precision: number; scale: number }
  | { kind: "time" | "timestamp"; unit: TimeUnit; isZoned: boolean };

function leafOf(element: SchemaElement): Leaf {
  const { type, converted_type: converted, logical_type: logical } = element;
  switch (logical?.type) {
    case "DECIMAL":
      return { kind: "decimal", precision: logical.precision, scale: logical.scale };
    case "TIME":
    case "TIMESTAMP":
      return {
        kind: logical.type === "TIME" ? "time" : "timestamp",
        unit: units[logical.unit],
        isZoned: logical.isAdjustedToUTC,
      };
    case "INTEGER":
      return { kind: "whole", bits: logical.bitWidth, isSigned: logical.isSigned };
    case "UUID":
      return { kind: "uuid" };
    case "FLOAT16":
      return { kind: "half" };
    case "JSON":
      return { kind: "json" };
    case "DATE":
      return { kind: "date" };
    case "STRING":
    case "ENUM":
      return { kind: "text" };
    default:
  }
  switch (converted) {
    case "DECIMAL":
      return { kind: "decimal", precision: element.precision ?? 38, scale: element.scale ?? 0 };
    case "TIMESTAMP_MILLIS":
    case "TIMESTAMP_MICROS":
      return { kind: "timestamp", unit: converted === "TIMESTAMP_MILLIS" ? "ms" : "us", isZoned: true };
    case "TIME_MILLIS":
    case "TIME_MICROS":
      return { kind: "time", unit: converted === "TIME_MILLIS" ? "ms" : "us", isZoned: false };
    case "DATE":
      return { kind: "date" };
    case "UTF8":
    case "ENUM":
      return { kind: "text" };
    case "JSON":
      return { kind: "json" };
    case "INTERVAL":
      return { kind: "interval" };
    case "UINT_8":
    case "UINT_16":
    case "UINT_32":
    case "UINT_64":
      return { kind: "whole", bits: Number(converted.slice(5)), isSigned: false };
    default:
      return physicalLeaf(type);
  }
}

function physicalLeaf(type: SchemaElement["type"]): Leaf {
  switch (type) {
    case "BOOLEAN":
      return { kind: "bool" };
    case "INT32":
    case "INT64":
      return { kind: "whole", bits: type === "INT32" ? 32 : 64, isSigned: true };
    case "INT96":
      return { kind: "nanos96" };
    case "FLOAT":
    case "DOUBLE":
      return { kind: "float" };
    default:
      return { kind: "binary" };
  }
}

function columnOf(name: string, node: SchemaTree, metadata: FileMetaData, zones: ReadonlyMap<string, string>): Column {
  if (node.children.length > 0 || node.element.repetition_type === "REPEATED") return { name, type: "json" };
  const leaf = leafOf(node.element);
  switch (leaf.kind) {
    case "whole":
      return leaf.bits < 64 ? { name, type: "int" } : longColumn(name, node.element.name, metadata, leaf.isSigned);
    case "float":
    case "half":
      return { name, type: "float", special: true };
    case "decimal":
      return { name, type: "decimal", precision: leaf.precision, scale: leaf.scale };
    case "timestamp": {
      const timezone = zones.get(node.element.name) ?? "UTC";
      return { name, type: "timestamp", unit: leaf.unit, ...(leaf.isZoned ? { timezone } : {}) };
    }
    case "nanos96":
      return { name, type: "timestamp", unit: "ns" };
    case "time":
    case "text":
    case "uuid":
      return { name, type: "text" };
    case "interval":
      throw new AppError("unsupported", `Column ${JSON.stringify(name)} holds intervals, which frames do not have.`, {
        hint: "Leave it out with `columns`, or write it as text.",
      });
    default:
      return { name, type: leaf.kind };
  }
}

/** 64-bit numbers are int where the file's own statistics say that all are small enough. */
function longColumn(name: string, given: string, metadata: FileMetaData, isSigned: boolean): Column {
  const isWithin = (value: unknown, test: (value: bigint) => boolean): boolean =>
    (typeof value === "bigint" || typeof value === "number") && test(BigInt(value));
  const isSmall = (value: bigint): boolean =>
    value >= BigInt(isSigned ? Number.MIN_SAFE_INTEGER : 0) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  const holds = (test: (value: bigint) => boolean): boolean =>
    metadata.row_groups.every(({ columns }) => {
      const chunk = columns.find(({ meta_data: data }) => data?.path_in_schema[0] === given)?.meta_data;
      const stats = chunk?.statistics;
      if (chunk !== undefined && stats?.null_count === chunk.num_values) return true;
      return isWithin(stats?.min_value ?? stats?.min, test) && isWithin(stats?.max_value ?? stats?.max, test);
    });
  if (metadata.row_groups.length > 0 && holds(isSmall)) return { name, type: "int" };
  if (isSigned || holds((value) => value >= 0n && fitsInt64(value))) return { name, type: "int64" };
  return { name, type: "decimal", precision: 20, scale: 0 };
}

function cellReader(column: Column, node: SchemaTree): (value: unknown) => Cell {
  if (column.type === "json" && (node.children.length > 0 || node.element.repetition_type === "REPEATED"))
    return (value) => nested(node, value, node.element.repetition_type === "REPEATED") as Cell;
  const leaf = leafOf(node.element);
  return (value) => (value === null || value === undefined ? null : leafCell(column, leaf, value));
}

function leafCell({ name, type }: Pick<Column, "name" | "type">, leaf: Leaf, value: unknown): Cell {
  switch (leaf.kind) {
    case "whole": {
      const whole = wholeOf(leaf, value as number | bigint);
      return type === "int" ? Number(whole) : String(whole);
    }
    case "float":
      return floatCell(Number(value));
    case "half":
      return floatCell(halfOf(value as Uint8Array));
    case "decimal":
      return decimalText(value instanceof Uint8Array ? signedOf(value) : BigInt(value as number | bigint), leaf.scale);
    case "date":
      return dateText(Number(value), name);
    case "timestamp":
      return timestampText(BigInt(value as number | bigint), leaf.unit, leaf.isZoned, name);
    case "nanos96":
      return timestampText(BigInt(value as bigint), "ns", false, name);
    case "time":
      return clockText(value as number | bigint, leaf.unit);
    case "bool":
      return Boolean(value);
    case "text":
      return typeof value === "string" ? value : textOfBytes(value as Uint8Array);
    case "json":
      return jsonOf(value as Uint8Array, name);
    case "uuid":
      return hexOfBytes(value as Uint8Array).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    default:
      return hexOfBytes(value as Uint8Array);
  }
}

function jsonOf(bytes: Uint8Array, name: string): Cell {
  try {
    return parseExact(textOfBytes(bytes)) as Cell;
  } catch {
    throw new AppError("file_malformed", `Column ${JSON.stringify(name)}: a value in it is not JSON.`, {
      hint: "Leave the column out with `columns`, or write it as text.",
    });
  }
}

/** Unsigned numbers are stored in signed words. */
function wholeOf({ bits, isSigned }: { bits: number; isSigned: boolean }, value: number | bigint): number | bigint {
  if (isSigned || value >= 0) return value;
  return typeof value === "bigint"
    ? BigInt.asUintN(64, value)
    : bits === 64
      ? BigInt.asUintN(64, BigInt(value))
      : value >>> 0;
}

/** A number of two's complement, big end first. */
function signedOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hexOfBytes(bytes)}`));
}

/** A float of 16 bits (IEEE 754). */
function halfOf(bytes: Uint8Array): number {
  const word = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * 2 ** -24 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** A nested value as JSON. `isList`: the element is repeated, and so a list of what it is. */
function nested(node: SchemaTree, value: unknown, isList = false): unknown {
  if (value === null || value === undefined) return null;
  if (isList) return Array.from(value as Iterable<unknown>, (item) => nested(node, item));
  const { element, children } = node;
  if (children.length === 0) return nestedLeaf(leafOf(element), value);
  if (Array.isArray(value)) {
    const [entry = node] = children;
    const item =
      entry.children.length === 1 && entry.element.repetition_type === "REPEATED"
        ? (entry.children[0] ?? entry)
        : entry;
    return value.map((each) => nested(item, each));
  }
  if (typeof value !== "object") return value;
  const [entries] = children;
  const hasKeys = isMap(node);
  const typeOf = (name: string): SchemaTree | undefined =>
    hasKeys ? entries?.children[1] : children.find((child) => child.element.name === name);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const child = typeOf(name);
      return [name, child === undefined ? null : nested(child, member, child.element.repetition_type === "REPEATED")];
    }),
  );
}

function nestedLeaf(leaf: Leaf, value: unknown): unknown {
  if (leaf.kind === "whole") return nestedNumber(wholeOf(leaf, value as number | bigint));
  if (leaf.kind === "float") return nestedNumber(Number(value));
  return leafCell({ name: "nested", type: "text" }, leaf, value);
}
