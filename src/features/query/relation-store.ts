// Tables and frames as one kind of thing to read: what each is, its rows, all of them as a stream. Synchronous; SQL only. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Row } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { listFrames, readSlice, useFrame } from "../frames/frame-store.ts";
import { streamChunks } from "../frames/frames.ts";
import type { Frame } from "../frames/schema.ts";
import {
  closeCursor,
  frameColumns,
  listStored,
  requireTable,
  rowJson,
  type StoredTable,
} from "../tables/table-store.ts";
import type { Reader } from "../workspace/schema.ts";
import { requireRelation } from "../workspace/store.ts";
import type { FoundRelation, ListedRelation } from "./schema.ts";

type Deps = Pick<WorkspaceDeps, "db" | "sql" | "now" | "wakeAt">;

/** Rows of a table that are measured to say how large it is. */
const measuredRows = 1_000;
/** Characters of rows sent for one page: an answer shows fewer. */
const sliceChars = 512 * 1024;

/** What is called so. Using a frame keeps it. Throws `not_found`. */
export function readRelation(deps: Deps, nameOrRef: string, reader: Reader): FoundRelation {
  const found = open(deps, nameOrRef, reader);
  return "frame" in found ? ofFrame(found.frame) : ofTable(deps, found.table);
}

function open(deps: Deps, nameOrRef: string, reader: Reader): { frame: Frame } | { table: StoredTable } {
  const { kind, name, id } = requireRelation(deps.db, nameOrRef, reader);
  return kind === "frame"
    ? { frame: useFrame(deps, nameOrRef, reader) }
    : { table: requireTable(deps, name ?? id, reader) };
}

function ofFrame({ id, name, columns, rows, bytes, sources, lineage }: Frame): FoundRelation {
  return { kind: "frame", id, name, description: describeFrame({ rows, lineage }), columns, rows, bytes, sources };
}

function describeFrame({ rows, lineage }: Pick<Frame, "rows" | "lineage">): string {
  const inputs = lineage.inputs.map(({ name }) => name).join(", ");
  return `A frame of ${rows} rows, made by ${lineage.operation}${inputs === "" ? "" : ` of ${inputs}`}.`;
}

function ofTable(deps: Deps, table: StoredTable): FoundRelation {
  const { id, name, description, sources, dataVersion: version } = table;
  const columns = frameColumns(deps, table);
  const from = quoteName(name);
  const { rows } = deps.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${from}`).one();
  const { bytes, measured } = deps.sql
    .exec<{ bytes: number; measured: number }>(
      `SELECT coalesce(sum(length(CAST(j AS BLOB)) + 1), 0) AS bytes, count(*) AS measured FROM (SELECT ${rowJson(columns)} AS j FROM ${from} LIMIT ${measuredRows})`,
    )
    .one();
  const all = measured === 0 ? 0 : Math.ceil((bytes / measured) * rows);
  return { kind: "table", id, name, description, columns, rows, bytes: all, version, sources };
}

/** All that `reader` may read: tables by name, then frames, the last used first. */
export function listRelations(deps: Deps, reader: Reader): ListedRelation[] {
  return [
    ...listStored(deps, reader).map(({ id, name, description }) => ({ kind: "table" as const, id, name, description })),
    ...listFrames(deps, reader).map((frame) => {
      const { id, name } = frame;
      return { kind: "frame" as const, id, name, description: describeFrame(frame) };
    }),
  ];
}

/** Rows from `offset` on, `limit` at most, and no more than an answer can show. Throws `not_found`. */
export function sliceRelation(
  deps: Deps,
  nameOrRef: string,
  reader: Reader,
  offset: number,
  limit: number,
): { found: FoundRelation; rows: Row[] } {
  const opened = open(deps, nameOrRef, reader);
  const found = "frame" in opened ? ofFrame(opened.frame) : ofTable(deps, opened.table);
  const rows =
    "frame" in opened ? readSlice(deps, opened.frame, offset, limit) : tableSlice(deps, found, offset, limit);
  return { found, rows: withinChars(rows) };
}

function tableSlice(deps: Deps, { name, columns }: FoundRelation, offset: number, limit: number): Row[] {
  const cursor = deps.sql.exec<{ json: string }>(
    `SELECT ${rowJson(columns)} AS json FROM ${quoteName(name ?? "")} ORDER BY rowid LIMIT ? OFFSET ?`,
    limit,
    offset,
  );
  const rows: Row[] = [];
  let chars = 0;
  for (const { json } of cursor) {
    rows.push(JSON.parse(json) as Row);
    chars += json.length;
    if (chars > sliceChars) break;
  }
  closeCursor(cursor);
  return rows;
}

function withinChars(rows: Row[]): Row[] {
  let chars = 0;
  const end = rows.findIndex((row, index) => {
    chars += JSON.stringify(row).length;
    return index > 0 && chars > sliceChars;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

/**
 * All rows, a line of JSON for each chunk, each read when it is asked for. A frame in use is kept. Breaks off with `conflict` when the table is
 * written to meanwhile, for then the parts would not be of one state. Throws `not_found`.
 */
export function streamRelation(deps: Deps, nameOrRef: string, reader: Reader): ReadableStream<Uint8Array> {
  const opened = open(deps, nameOrRef, reader);
  if ("table" in opened) return streamTable(deps, opened.table, reader);
  return streamChunks(deps, opened.frame, () => useFrame(deps, opened.frame.id, reader));
}

function streamTable(deps: Deps, table: StoredTable, reader: Reader): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const row = rowJson(frameColumns(deps, table));
  let after: string | undefined;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      try {
        requireSame(deps, table, reader);
        const chunk = readTableChunk(deps, table.name, row, after);
        if (chunk.last === undefined) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        after = chunk.last;
        controller.enqueue(encoder.encode(`[${chunk.rows.join(",")}]\n`));
      } catch (error) {
        controller.error(error);
      }
    },
  });
}

function requireSame(deps: Deps, table: StoredTable, reader: Reader): void {
  if (requireTable(deps, table.name, reader).dataVersion === table.dataVersion) return;
  throw new AppError("conflict", `The table "${table.name}" was written to while it was read.`, {
    hint: "Call again to read it as it is now.",
  });
}

/** The rows after that row number (its digits: it may be beyond 2^53), as JSON texts, as many as make a chunk. */
function readTableChunk(
  deps: Deps,
  name: string,
  row: string,
  after: string | undefined,
): { rows: string[]; last: string | undefined } {
  const where = after === undefined ? "" : `WHERE rowid > ${after}`;
  const cursor = deps.sql.exec<{ id: string; json: string }>(
    `SELECT CAST(rowid AS TEXT) AS id, ${row} AS json FROM ${quoteName(name)} ${where} ORDER BY rowid LIMIT ${frameLimits.chunkRows}`,
  );
  const rows: string[] = [];
  let chars = 0;
  let last: string | undefined;
  for (const { id, json } of cursor) {
    rows.push(json);
    last = id;
    chars += json.length;
    if (chars > frameLimits.chunkBytes) break;
  }
  closeCursor(cursor);
  return { rows, last };
}
