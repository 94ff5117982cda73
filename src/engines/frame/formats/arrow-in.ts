// Arrow IPC, file or stream, as a table. Read whole: its batches point into one buffer. Pure.
import {
  type Column as ArrowColumn,
  CompressionType,
  type DataType,
  setCompressionCodec,
  Type,
  tableFromIPC,
} from "@uwdata/flechette";
import { AppError, isAppError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/exact-json.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { hexOfBytes } from "../binary.ts";
import { type Cell, type Column, fitsInt64, floatCell, type Row, type TimeUnit } from "../types.ts";
import { guardArrow } from "./arrow-guard.ts";
import { dictionariesFirst } from "./arrow-order.ts";
import { lz4Frame, zstdFrame } from "./codecs.ts";
import { malformedFile } from "./errors.ts";
import { frameNames, renamedNote } from "./names.ts";
import { type ColumnChoice, chosenColumns, noColumns, type OpenedTable } from "./source.ts";
import { clockText, dateText, decimalText, nestedNumber, timestampText } from "./typed-values.ts";

const notEncoded = (): Uint8Array => {
  throw new Error("nothing is compressed here");
};
/** Bytes that the file being read has come to; reading is never interrupted. */
let inflated = 0;
const counted =
  (decode: (input: Uint8Array, length: number) => Uint8Array) =>
  (input: Uint8Array, length?: number): Uint8Array => {
    inflated += length ?? 0;
    if (inflated > mostInflated) throw inflatesTooFar();
    return decode(input, length ?? 0);
  };
const mostInflated = 2 * frameLimits.documentBytes;
setCompressionCodec(CompressionType.LZ4_FRAME, { encode: notEncoded, decode: counted(lz4Frame) });
setCompressionCodec(CompressionType.ZSTD, { encode: notEncoded, decode: counted(zstdFrame) });

function inflatesTooFar(): AppError {
  return new AppError(
    "too_large",
    `Decompressed, an Arrow file may have ${mostInflated} bytes (twice the limit documentBytes); this one has more.`,
    {
      hint: "Write it as Parquet, which is read a part at a time.",
      details: { limit: "documentBytes", value: frameLimits.documentBytes },
    },
  );
}

const units: readonly TimeUnit[] = ["s", "ms", "us", "ns"];
const dayMs = 86_400_000;

/** Names and zones of the timestamps of an Arrow schema, which Parquet files carry; empty when it cannot be read. */
export function zonesOfSchema(message: Uint8Array): Map<string, string> {
  try {
    guardArrow(message);
    const { fields } = tableFromIPC(message).schema;
    return new Map(
      fields.flatMap(({ name, type }) =>
        type.typeId === Type.Timestamp && type.timezone ? [[name, type.timezone]] : [],
      ),
    );
  } catch {
    return new Map();
  }
}

/** Looks at an Arrow file or stream. Throws `file_malformed`, `unsupported`, `not_found` for columns that are not there, `too_large`. */
export function openArrow(bytes: Uint8Array, choice: Omit<ColumnChoice, "types"> = {}): OpenedTable {
  inflated = 0;
  const table = decoded(() => {
    guardArrow(bytes);
    return tableFromIPC(dictionariesFirst(bytes), {
      useBigInt: true,
      useBigIntTimestamp: true,
      useDecimalInt: true,
      useMap: false,
    });
  });
  const { fields } = table.schema;
  if (fields.length === 0) throw noColumns();
  // A bit is the least that a value takes.
  if (table.numRows > Math.max(frameLimits.maxRows, 8 * (bytes.length + inflated))) throw emptyRows(table.numRows);
  const given = fields.map(({ name }) => name);
  const names = frameNames(given);
  const notes: string[] = [];
  const readers = chosenColumns(names, given, choice).map((index) => {
    const type = fields[index]?.type;
    const values = table.getChildAt(index);
    const name = names[index] ?? "";
    if (type === undefined) throw noColumns();
    const column = columnOf(name, type, values);
    if (type.typeId === Type.Duration)
      notes.push(`${JSON.stringify(name)} is durations as counts of ${units[type.unit]}.`);
    return { column, values, cell: cellReader(column, type) };
  });
  const renamed = renamedNote(given, names);
  if (renamed !== undefined) notes.push(renamed);
  async function* rows(offset: number, limit: number): AsyncGenerator<Row[]> {
    const end = Math.min(offset + limit, table.numRows);
    for (let from = offset; from < end; from += frameLimits.chunkRows) {
      const to = Math.min(end, from + frameLimits.chunkRows);
      let batch: Row[] = [];
      let chars = 0;
      for (let at = from; at < to; at++) {
        const row = readers.map(({ values, cell }) => cell(values.at(at)));
        batch.push(row);
        for (const one of row) chars += lengthOf(one);
        // Values may overlap in the file, so that a few bytes of it are any number of long texts.
        if (chars < frameLimits.chunkBytes) continue;
        yield batch;
        [batch, chars] = [[], 0];
      }
      yield batch;
    }
  }
  return { columns: readers.map(({ column }) => column), total: table.numRows, notes, rows };
}

/** Characters of a text; of a list, its items. */
function lengthOf(cell: Cell): number {
  if (typeof cell === "string") return cell.length;
  return Array.isArray(cell) ? cell.length * 8 : 8;
}

function emptyRows(rows: number): AppError {
  return malformedFile(
    `The file says that it has ${rows} rows, more than its bytes can hold.`,
    "Write the file again.",
  );
}

function decoded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("file_malformed", "This is not an Arrow IPC file or stream that can be read.", {
      hint: "Write it with pyarrow, polars (write_ipc) or pandas (to_feather), version 2 of Feather, and send it whole.",
      cause: error,
    });
  }
}

/** The type of a column; of 64-bit numbers the values say whether all are small enough for int. */
function columnOf(name: string, given: DataType, values: ArrowColumn<unknown>): Column {
  const type = innerType(given);
  switch (type.typeId) {
    case Type.Bool:
      return { name, type: "bool" };
    case Type.Int:
      return type.bitWidth < 64 ? { name, type: "int" } : wholeColumn(name, values, type.signed);
    case Type.Duration:
      return { name, type: "int64" };
    case Type.Float:
      return { name, type: "float", special: true };
    case Type.Decimal: {
      const scale = Math.max(0, type.scale);
      return { name, type: "decimal", precision: type.precision + (scale - type.scale), scale };
    }
    case Type.Date:
      return { name, type: "date" };
    case Type.Timestamp:
      return {
        name,
        type: "timestamp",
        unit: units[type.unit] ?? "us",
        ...(type.timezone ? { timezone: type.timezone } : {}),
      };
    case Type.Null:
    case Type.Time:
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { name, type: "text" };
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return { name, type: "binary" };
    case Type.Interval:
      throw unreadable(name, "intervals");
    default:
      return { name, type: "json" };
  }
}

function unreadable(name: string, what: string): AppError {
  return new AppError("unsupported", `Column ${JSON.stringify(name)} holds ${what}, which frames do not have.`, {
    hint: "Leave it out with `columns`, or write it as text.",
  });
}

/** Numbers of 64 bits are int where all are small enough, so that they are numbers to everyone. */
function wholeColumn(name: string, values: ArrowColumn<unknown>, isSigned: boolean): Column {
  let isSmall = true;
  let isLong = true;
  for (const value of values) {
    if (typeof value !== "bigint") continue;
    if (isSmall && (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)))
      isSmall = false;
    if (!isSmall && !fitsInt64(value)) {
      isLong = false;
      break;
    }
  }
  if (isSmall) return { name, type: "int" };
  return isLong || isSigned ? { name, type: "int64" } : { name, type: "decimal", precision: 20, scale: 0 };
}

/** What a dictionary's or a run's values are. */
function innerType(type: DataType): DataType {
  if (type.typeId === Type.Dictionary) return innerType(type.dictionary);
  if (type.typeId === Type.RunEndEncoded) return innerType(type.children[1]?.type ?? type);
  return type;
}

function cellReader(column: Column, given: DataType): (value: unknown) => Cell {
  const type = innerType(given);
  const read = (value: unknown): Cell => {
    if (value === null || value === undefined) return null;
    if (column.type === "int") return Number(value);
    if (column.type === "json") return nested(type, value) as Cell;
    return plainCell(column, type, value);
  };
  return read;
}

function plainCell(column: Column, type: DataType, value: unknown): Cell {
  const { name } = column;
  switch (type.typeId) {
    case Type.Int:
    case Type.Duration:
      return String(value);
    case Type.Float:
      return floatCell(Number(value));
    case Type.Decimal:
      return decimalText(value as bigint | number, type.scale);
    case Type.Date:
      return dateText(dayOf(value as number), name);
    case Type.Timestamp:
      return timestampText(value as bigint, units[type.unit] ?? "us", Boolean(type.timezone), name);
    case Type.Time:
      return clockText(value as bigint | number, units[type.unit] ?? "us");
    case Type.Bool:
      return Boolean(value);
    default:
      return value instanceof Uint8Array ? hexOfBytes(value) : String(value);
  }
}

/** Days out of the milliseconds that the reader makes of dates of any unit. */
function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** A value inside a list or struct as JSON. */
function nested(given: DataType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  const type = innerType(given);
  switch (type.typeId) {
    case Type.Struct:
      if (!isRecord(value)) return null;
      return Object.fromEntries(type.children.map((child) => [child.name, nested(child.type, value[child.name])]));
    case Type.Map:
      return nestedMap(type.children[0]?.type, value as [unknown, unknown][]);
    case Type.List:
    case Type.LargeList:
    case Type.ListView:
    case Type.LargeListView:
    case Type.FixedSizeList:
      return Array.from(value as Iterable<unknown>, (item) => nested(type.children[0]?.type ?? type, item));
    case Type.Union:
      return typeof value === "number" || typeof value === "bigint" ? nestedNumber(value) : String(value);
    case Type.Int:
    case Type.Float:
    case Type.Duration:
      return nestedNumber(value as number | bigint);
    case Type.Bool:
      return value;
    case Type.Interval:
      throw malformedFile(
        "A nested value is an interval, which JSON does not have.",
        "Leave the column out with `columns`.",
      );
    default:
      return plainCell({ name: "nested", type: "text" }, type, value);
  }
}

/** A map as an object where its keys are texts, else as pairs. */
function nestedMap(entries: DataType | undefined, pairs: readonly [unknown, unknown][]): unknown {
  const children = entries?.typeId === Type.Struct ? entries.children : [];
  const [keyType, valueType] = [children[0]?.type, children[1]?.type];
  if (keyType === undefined || valueType === undefined) return null;
  const all = pairs.map(([key, value]) => [nested(keyType, key), nested(valueType, value)] as const);
  return all.every(([key]) => typeof key === "string") ? Object.fromEntries(all) : all;
}
