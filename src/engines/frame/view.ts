// A frame's chunks as SQL sees them: rows with typed columns, read out of JSONB. Pure: makes SQL, runs nothing.
import { quoteName } from "../sql/identifiers.ts";
import type { Column } from "./types.ts";

/** The name of the table that holds a frame's chunks. */
export function chunkTable(storage: number): string {
  return `sd_f_${storage}`;
}

/**
 * The SQL value of the column at `index` of a row that is called `value`: int and int64 as INTEGER, float as REAL (NaN is NULL, as SQLite
 * has none), bool as 1 and 0, decimal as REAL, json as JSON text, binary as BLOB, the rest as TEXT.
 */
export function columnValue(column: Column, index: number, value = "value"): string {
  const plain = `${value}->>${index}`;
  switch (column.type) {
    case "int64":
      return `CAST(${plain} AS INTEGER)`;
    case "float":
      return column.special === true
        ? `CASE ${plain} WHEN 'NaN' THEN NULL WHEN 'Infinity' THEN 9e999 WHEN '-Infinity' THEN -9e999 WHEN '-0' THEN -0.0 ELSE CAST(${plain} AS REAL) END`
        : `CAST(${plain} AS REAL)`;
    case "decimal":
      return `CAST(${plain} AS REAL)`;
    case "json":
      return `CASE json_type(${value}, '$[${index}]') WHEN 'null' THEN NULL ELSE ${value}->${index} END`;
    case "binary":
      return `unhex(${plain})`;
    default:
      return plain;
  }
}

/**
 * A SELECT of a frame's rows with the columns named in `needed` (all when left out), in the order of the frame. `raw`: with the row itself as
 * JSON too, under that name, so that columns pass on just as they are.
 */
export function frameView(
  frame: { storage: number; columns: readonly Column[] },
  needed?: ReadonlySet<string>,
  raw?: string,
): string {
  const columns = frame.columns.flatMap((column, index) =>
    needed === undefined || needed.has(column.name)
      ? [`${columnValue(column, index)} AS ${quoteName(column.name)}`]
      : [],
  );
  const all = [...(raw === undefined ? [] : [`value AS ${quoteName(raw)}`]), ...columns];
  const table = chunkTable(frame.storage);
  return `SELECT ${all.length === 0 ? "1" : all.join(", ")} FROM ${table}, json_each(${table}.d)`;
}

/** The columns of a row that is called `value`, kept just as they are, as the arguments of jsonb_array(). */
export function keptColumns(indexes: readonly number[], value = "value"): string {
  return indexes.map((index) => `${value}->${index}`).join(", ");
}
