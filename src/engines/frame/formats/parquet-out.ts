// Rows as Parquet, a row group at a time. Pure.
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { base64OfBytes } from "../binary.ts";
import type { Column, Row, TimeUnit } from "../types.ts";
import { arrowSchemaMessage } from "./arrow-out.ts";
import { maxPrecision } from "./numbers.ts";
import { typedValue } from "./typed-values.ts";

/** Digits that 64 bits hold of any decimal. */
const longPrecision = 18;

const units = { s: "MILLIS", ms: "MILLIS", us: "MICROS", ns: "NANOS" } as const;
const countedUnits: Readonly<Record<TimeUnit, TimeUnit>> = { s: "ms", ms: "ms", us: "us", ns: "ns" };

function elementOf(column: Column): SchemaElement {
  const { name } = column;
  const repetition_type = "OPTIONAL";
  switch (column.type) {
    case "int":
    case "int64":
      return { name, type: "INT64", repetition_type };
    case "float":
      return { name, type: "DOUBLE", repetition_type };
    case "bool":
      return { name, type: "BOOLEAN", repetition_type };
    case "date":
      return { name, type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" }, repetition_type };
    case "timestamp": {
      const logical_type = {
        type: "TIMESTAMP",
        isAdjustedToUTC: column.timezone !== undefined,
        unit: units[column.unit ?? "us"],
      } as const;
      return { name, type: "INT64", logical_type, repetition_type };
    }
    case "decimal":
      return decimalElement(column);
    case "binary":
      return { name, type: "BYTE_ARRAY", repetition_type };
    default:
      return { name, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" }, repetition_type };
  }
}

function decimalElement({ name, precision = maxPrecision, scale = 0 }: Column): SchemaElement {
  const decimal = {
    converted_type: "DECIMAL",
    precision,
    scale,
    logical_type: { type: "DECIMAL", precision, scale },
    repetition_type: "OPTIONAL",
  } as const;
  if (precision <= longPrecision) return { name, type: "INT64", ...decimal };
  const bits = Math.ceil(precision * Math.log2(10)) + 1;
  return { name, type: "FIXED_LEN_BYTE_ARRAY", type_length: Math.max(16, Math.ceil(bits / 8)), ...decimal };
}

/** The bytes of a Parquet file (SNAPPY) of these rows; each batch of them becomes one row group. */
export async function* parquetBytes(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const schema: SchemaElement[] = [{ name: "schema", num_children: columns.length }, ...columns.map(elementOf)];
  // Zones' names stand there alone.
  const arrow = base64OfBytes(arrowSchemaMessage(columns));
  const file = new ParquetWriter({
    writer,
    schema,
    kvMetadata: [{ key: "ARROW:schema", value: arrow }],
    createdBy: "super-data",
  });
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  for await (const rows of batches) {
    const columnData = columns.map((column, index) => ({
      name: column.name,
      data: rows.map((row) => typedValue(column, row[index] ?? null, countedUnits[column.unit ?? "us"])),
    }));
    if (rows.length > 0) file.write({ columnData, rowGroupSize: rows.length });
    yield taken();
  }
  file.finish();
  yield taken();
}
