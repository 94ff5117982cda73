// Rows as Arrow IPC, a record batch at a time: a stream, or a file (Feather 2) with its footer. Pure.
import {
  Column as ArrowColumn,
  binary,
  bool,
  columnFromArray,
  type DataType,
  dateDay,
  decimal,
  float64,
  int32,
  int64,
  tableFromColumns,
  tableToIPC,
  timestamp,
  TimeUnit as Unit,
  utf8,
} from "@uwdata/flechette";
import { Builder } from "@uwdata/flechette/src/encode/builder.js";
import { writeFooter } from "@uwdata/flechette/src/encode/footer.js";
import type { Column, Row, TimeUnit } from "../types.ts";
import { maxPrecision } from "./numbers.ts";
import { typedValue } from "./typed-values.ts";

const units: Readonly<Record<TimeUnit, 0 | 1 | 2 | 3>> = {
  s: Unit.SECOND,
  ms: Unit.MILLISECOND,
  us: Unit.MICROSECOND,
  ns: Unit.NANOSECOND,
};
/** The end of a stream: a message of no length. */
const endOfStream = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
/** ARROW1 and two bytes that align what follows. */
const fileStart = Uint8Array.of(65, 82, 82, 79, 87, 49, 0, 0);

/** Arrow's type of a column, and of the values it is built of where they are counts. */
function arrowType(column: Column): { type: DataType; raw?: DataType } {
  switch (column.type) {
    case "int":
    case "int64":
      return { type: int64() };
    case "float":
      return { type: float64() };
    case "bool":
      return { type: bool() };
    case "date":
      return { type: dateDay(), raw: int32() };
    case "timestamp":
      return { type: timestamp(units[column.unit ?? "us"], column.timezone ?? null), raw: int64() };
    case "decimal": {
      const precision = column.precision ?? maxPrecision;
      return { type: decimal(precision, column.scale ?? 0, precision > maxPrecision ? 256 : 128) };
    }
    case "binary":
      return { type: binary() };
    default:
      return { type: utf8() };
  }
}

function tableOf(columns: readonly Column[], rows: readonly Row[]) {
  const built = columns.map((column, index): [string, ArrowColumn<unknown>] => {
    const { type, raw } = arrowType(column);
    const values = rows.map((row) => typedValue(column, row[index] ?? null));
    const made = columnFromArray(values, raw ?? type);
    return [column.name, new ArrowColumn([...made.data], type)];
  });
  return tableFromColumns(built);
}

/** The schema of a stream of these columns alone, as its message; Parquet files carry it too. */
export function arrowSchemaMessage(columns: readonly Column[]): Uint8Array {
  const bytes = encoded(columns, []);
  return bytes.subarray(0, messageEnd(bytes));
}

function encoded(columns: readonly Column[], rows: readonly Row[]): Uint8Array {
  const bytes = tableToIPC(tableOf(columns, rows), { format: "stream" });
  if (bytes === null) throw new Error("a memory sink gives bytes");
  return bytes;
}

/** The length of the first message's head: its mark, its length, its metadata. */
function messageEnd(bytes: Uint8Array): number {
  return 8 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(4, true);
}

/** The bytes of an Arrow file or stream of these rows; each batch of them becomes one record batch. */
export async function* arrowBytes(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
  format: "file" | "stream",
): AsyncGenerator<Uint8Array> {
  const blocks: { offset: number; metadataLength: number; bodyLength: number }[] = [];
  let offset = 0;
  const sent = (bytes: Uint8Array): Uint8Array => {
    offset += bytes.length;
    return bytes;
  };
  if (format === "file") yield sent(fileStart);
  yield sent(arrowSchemaMessage(columns));
  for await (const rows of batches) {
    const bytes = encoded(columns, rows);
    const batch = bytes.subarray(messageEnd(bytes), bytes.length - endOfStream.length);
    const metadataLength = messageEnd(batch);
    blocks.push({ offset, metadataLength, bodyLength: batch.length - metadataLength });
    yield sent(batch);
  }
  yield endOfStream;
  if (format === "file") yield* fileEnd(columns, blocks);
}

function fileEnd(columns: readonly Column[], blocks: Parameters<typeof writeFooter>[3]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const builder = new Builder({ write: (bytes) => parts.push(bytes.slice()) });
  // It ends a stream by itself, too: a reader finds everything by the footer's place from the end.
  writeFooter(builder, tableOf(columns, []).schema, [], blocks, null);
  return parts;
}
