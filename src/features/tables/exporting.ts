// A table's rows handed out: as a frame, or as lines of JSON for a dataset. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { recordJson } from "../../engines/frame/output.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import type { Caller } from "../access/access.ts";
import { readSlice } from "../frames/frame-store.ts";
import { writeFrame } from "../frames/frame-writer.ts";
import { tooManyRows } from "../frames/frames.ts";
import type { Frame } from "../frames/schema.ts";
import type { Reader } from "../workspace/schema.ts";
import { rowJson } from "./table-cells.ts";
import { frameColumns, readTable, requireTable, type StoredTable, type TableDeps } from "./table-store.ts";

/** Makes a frame of a table's rows as they are now, with the first of them. Throws `too_large` past `maxRows`, `already_exists` for its name. */
export function exportToFrame(
  deps: WorkspaceDeps,
  by: Caller,
  reader: Reader,
  input: { table_name: string; name?: string | undefined; maxRows: number; shown: number },
): { frame: Frame; rows: Row[] } {
  const table = requireTable(deps, input.table_name, reader);
  const { columns, rows, count } = readTable(deps, table);
  if (count > input.maxRows) throw tooManyRows(input.maxRows, count);
  const frame = writeFrame(
    deps,
    by,
    {
      name: input.name,
      columns,
      lineage: {
        operation: "export_table",
        inputs: [{ kind: "table", name: table.name, version: table.dataVersion }],
      },
      sources: table.sources,
    },
    function* () {
      for (const batch of rows()) yield* batch;
    },
    input.maxRows,
  );
  return { frame, rows: readSlice(deps, frame, 0, input.shown) };
}

const rowsAtOnce = 500;

/** A table's rows as lines of JSON records. As `streamTable`. */
export function streamRecords(deps: TableDeps, name: string, reader: Reader): ReadableStream<Uint8Array> {
  return streamTable(deps, name, reader, (columns, rows) =>
    rows.map((json) => `${recordJson(columns, JSON.parse(json) as Row)}\n`).join(""),
  );
}

/** A table's rows as frames' rows travel: each line a JSON array of rows. As `streamTable`. */
export function streamRows(deps: TableDeps, name: string, reader: Reader): ReadableStream<Uint8Array> {
  return streamTable(deps, name, reader, (_columns, rows) => `[${rows.join(",")}]\n`);
}

/**
 * A table's rows as text, some rows whenever more are asked for: no cursor stays open in between. `write` gets each row as a JSON array.
 * Breaks off with `conflict` when the table is written to meanwhile.
 */
function streamTable(
  deps: TableDeps,
  name: string,
  reader: Reader,
  write: (columns: readonly Column[], rows: readonly string[]) => string,
): ReadableStream<Uint8Array> {
  const table = requireTable(deps, name, reader);
  const columns = frameColumns(deps, table);
  const encoder = new TextEncoder();
  let after: string | undefined;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      try {
        requireUnchanged(deps, name, reader, table);
        const where = after === undefined ? "" : `WHERE rowid > CAST(${after} AS INTEGER)`;
        const rows = deps.sql
          .exec<{ id: string; json: string }>(
            `SELECT CAST(rowid AS TEXT) AS id, ${rowJson(columns)} AS json FROM ${quoteName(table.name)} ${where} ORDER BY rowid LIMIT ${rowsAtOnce}`,
          )
          .toArray();
        after = rows.at(-1)?.id;
        if (after === undefined) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        const lines = rows.map(({ json }) => json);
        controller.enqueue(encoder.encode(write(columns, lines)));
      } catch (error) {
        controller.error(error);
      }
    },
  });
}

function requireUnchanged(deps: TableDeps, name: string, reader: Reader, table: StoredTable): void {
  const now = requireTable(deps, name, reader);
  if (now.id === table.id && now.dataVersion === table.dataVersion) return;
  throw new AppError("conflict", `The table "${table.name}" was written to while it was read.`, {
    hint: "Call again.",
  });
}
