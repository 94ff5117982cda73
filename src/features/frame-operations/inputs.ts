// A frame or table opened for an operation. Runs in the workspace, synchronously.
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Row } from "../../engines/frame/types.ts";
import { chunkTable } from "../../engines/frame/view.ts";
import { readRows, readSlice, useFrame } from "../frames/frame-store.ts";
import { type Frame, type Lineage, originOf } from "../frames/schema.ts";
import { readTable, requireTable } from "../tables/table-store.ts";
import type { Reader, Source } from "../workspace/schema.ts";
import { requireRelation } from "../workspace/store.ts";
import { pickFrom, type Rows } from "./reading.ts";

type Deps = Pick<WorkspaceDeps, "db" | "sql" | "now" | "wakeAt">;

/** What can be read of a frame or table, and what results of it carry on. */
export interface Input extends Rows {
  /** Its data_ref, or the table's name. */
  ref: string;
  frame: Frame | undefined;
  sources: readonly Source[];
  lineage: Lineage["inputs"][number];
  /** Rows from `offset` on. */
  slice(offset: number, limit: number): Row[];
}

/** The frame or table of that name or data_ref that `reader` may read; a frame counts as used now. Throws `not_found` that offers near names. */
export function openInput(deps: Deps, nameOrRef: string, reader: Reader): Input {
  return requireRelation(deps.db, nameOrRef, reader).kind === "frame"
    ? ofFrame(deps, useFrame(deps, nameOrRef, reader))
    : ofTable(deps, nameOrRef, reader);
}

function ofFrame(deps: Deps, frame: Frame): Input {
  return {
    ref: frame.id,
    frame,
    columns: frame.columns,
    count: frame.rows,
    rowBytes: frame.bytes / Math.max(frame.rows, 1),
    sources: frame.sources,
    lineage: originOf(frame),
    rows: () => readRows(deps, frame),
    pick: (numbers) => pickChunks(deps, frame, numbers),
    slice: (offset, limit) => readSlice(deps, frame, offset, limit),
  };
}

/** Reads the chunks that hold one of the rows, and no others. */
function pickChunks(deps: Pick<Deps, "sql">, frame: Frame, numbers: readonly number[]): Map<number, Row> {
  const picked = new Map<number, Row>();
  if (numbers.length === 0) return picked;
  const table = chunkTable(frame.storage);
  const places = deps.sql.exec<{ k: number; n: number }>(`SELECT k, n FROM ${table} ORDER BY k`).toArray();
  let at = 0;
  let start = 0;
  for (const { k, n } of places) {
    if ((numbers[at] ?? Number.POSITIVE_INFINITY) < start + n) {
      const { json } = deps.sql.exec<{ json: string }>(`SELECT json(d) AS json FROM ${table} WHERE k = ?`, k).one();
      const rows = JSON.parse(json) as Row[];
      for (let next = numbers[at]; next !== undefined && next < start + n; next = numbers[at]) {
        picked.set(next, rows[next - start] ?? []);
        at += 1;
      }
    }
    start += n;
  }
  return picked;
}

function ofTable(deps: Deps, name: string, reader: Reader): Input {
  const table = requireTable(deps, name, reader);
  const { columns, count, rows } = readTable(deps, table);
  const opened = { rows };
  const [first = []] = rows();
  return {
    ref: table.name,
    frame: undefined,
    columns,
    count,
    rowBytes: first.length === 0 ? 0 : JSON.stringify(first).length / first.length,
    sources: table.sources,
    lineage: { kind: "table", name: table.name, version: table.dataVersion },
    rows,
    pick: (numbers) => pickFrom(opened, numbers),
    slice(offset, limit) {
      const numbers = Array.from(
        { length: Math.max(0, Math.min(limit, count - offset)) },
        (_, index) => offset + index,
      );
      return [...pickFrom(opened, numbers).values()];
    },
  };
}
