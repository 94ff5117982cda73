// DuckDB as the oracle: the same frame and the same question there, and its answer as cells of ours. Runs in Node.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type Cell, type Column, floatCell, type Row } from "../../src/engines/frame/types.ts";
import { duckType } from "./operations.ts";
import type { Frame } from "./random.ts";

export class Oracle {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(): Promise<Oracle> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    return new Oracle(await instance.connect());
  }

  close(): void {
    this.#connection.closeSync();
  }

  /** Puts a frame into a table, with its rows' numbers as _n. */
  async put(table: string, { columns, rows }: Frame): Promise<void> {
    const definitions = columns.map((column) => `"${column.name}" ${duckType(column)}`);
    await this.#connection.run(`CREATE OR REPLACE TABLE ${table} (${[...definitions, "_n BIGINT"].join(", ")})`);
    if (rows.length === 0) return;
    const lines = rows.map((row, number) => {
      const values = columns.map((column, index) => literal(row[index] ?? null, column));
      return `(${[...values, number].join(", ")})`;
    });
    await this.#connection.run(`INSERT INTO ${table} VALUES ${lines.join(", ")}`);
  }

  /** The answer to a question as rows of cells of these types. */
  async ask(sql: string, columns: readonly Column[]): Promise<Row[]> {
    const shown = columns.map(({ type }, index) =>
      type === "float" || type === "bool" ? `_t.c${index}` : `CAST(_t.c${index} AS VARCHAR)`,
    );
    const names = columns.map((_, index) => `c${index}`).join(", ");
    // Numbered within, so that the order of the question is the order of the answer.
    const answer = await this.#connection.runAndReadAll(`SELECT ${shown.join(", ")} FROM (${sql}) AS _t(${names})`);
    return answer.getRows().map((row) => row.map((value, index) => cell(value, columns[index]?.type ?? "text")));
  }
}

function literal(value: Cell, column: Column): string {
  if (value === null) return "NULL";
  return `CAST('${String(value).replaceAll("'", "''")}' AS ${duckType(column)})`;
}

function cell(value: unknown, type: Column["type"]): Cell {
  if (value === null || value === undefined) return null;
  if (type === "float") return floatCell(Number(value));
  if (type === "bool") return Boolean(value);
  if (type === "int") return Number(value);
  return type === "timestamp" ? timestamp(String(value)) : String(value);
}

function timestamp(text: string): string {
  const [seconds = "", fraction = ""] = text.replace(" ", "T").split(".");
  return `${seconds}.${fraction.padEnd(6, "0")}`;
}
