// What the names in a statement stand for: tables, frames and copies of datasets, and the SQL that makes them so. Runs in the workspace.
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column } from "../../engines/frame/types.ts";
import { chunkTable, frameView } from "../../engines/frame/view.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";
import { namesOf, readsUnnamedColumns, type Statement } from "../../engines/sql/statement.ts";
import { useFrame } from "../frames/frame-store.ts";
import type { Frame } from "../frames/schema.ts";
import { type UserTable, userTables } from "../tables/table-store.ts";
import { framePattern, type Reader } from "../workspace/schema.ts";
import { readableRelations } from "../workspace/store.ts";
import type { Copy } from "./schema.ts";

export type SqlDeps = Pick<WorkspaceDeps, "db" | "sql" | "now" | "wakeAt" | "undone">;

/** A frame under the name that the statement has for it. */
export interface NamedFrame {
  name: string;
  frame: Frame;
  rootPage: number;
  /** Set when it is the server's copy of a dataset. */
  isDataset: boolean;
}

/** What a statement's names stand for. */
export interface Resolved {
  statement: Statement;
  /** Tables whose names, or whose full-text index's, occur. */
  tables: UserTable[];
  frames: NamedFrame[];
  /** Names that occur and that SQLite would find, but this reader shall not: kept from it. */
  kept: string[];
  /** `name AS MATERIALIZED (…)` of each frame, and what keeps the rest from being found. */
  clauses: string[];
  /** Names of all that this reader could have named: for errors. */
  known: string[];
}

const ownNames = /^(?:sd_|sqlite_|_cf_|pragma_|fts5|dbstat|bytecode$|tables_used$)/;

/** Finds what the names in a statement stand for. Throws `not_found` for a frame that has gone. */
export function resolveRelations(
  deps: SqlDeps,
  statement: Statement,
  reader: Reader,
  copies: readonly Copy[],
): Resolved {
  const names = namesOf(statement);
  const tables = userTables(deps, reader);
  const used = tables.filter(({ name, searchName }) =>
    [name, searchName].some((each) => each !== undefined && names.has(each.toLowerCase())),
  );
  const frames = namedFrames(deps, names, reader, copies);
  const kept = keptNames(deps, names, tables, frames);
  return {
    ...{ statement, tables: used, frames, kept },
    clauses: [...frames.map((named) => clauseOf(named, statement, names)), ...kept.map(unfindable)],
    known: readableRelations(deps.db, reader).flatMap(({ name }) => name ?? []),
  };
}

function namedFrames(
  deps: SqlDeps,
  names: ReadonlyMap<string, string>,
  reader: Reader,
  copies: readonly Copy[],
): NamedFrame[] {
  const owned = readableRelations(deps.db, reader, "frame").flatMap(({ id, name }) =>
    name !== null && names.has(name.toLowerCase()) ? [{ name, ref: id }] : [],
  );
  const refs = [...names.keys()].filter((name) => framePattern.test(name)).map((ref) => ({ name: ref, ref }));
  const isTaken = new Set([...owned, ...refs].map(({ name }) => name.toLowerCase()));
  const wanted = [
    ...[...owned, ...refs].map((each) => ({ ...each, isDataset: false })),
    ...copies.filter(({ name }) => !isTaken.has(name.toLowerCase())).map((each) => ({ ...each, isDataset: true })),
  ];
  return wanted.map(({ name, ref, isDataset }) => {
    const frame = useFrame(deps, ref, reader);
    return { name, frame, isDataset, rootPage: rootPageOf(deps, chunkTable(frame.storage)) };
  });
}

function rootPageOf(deps: SqlDeps, table: string): number {
  return deps.sql
    .exec<{ rootpage: number }>(
      `SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ${quoteText(table)}`,
    )
    .one().rootpage;
}

/** Names of the statement that SQLite knows, or could, and that are not for this reader. */
function keptNames(
  deps: SqlDeps,
  names: ReadonlyMap<string, string>,
  tables: readonly UserTable[],
  frames: readonly NamedFrame[],
): string[] {
  const open = new Set(
    [
      ...tables.flatMap(({ name, searchName }) => [name, ...(searchName === undefined ? [] : [searchName])]),
      ...frames.map(({ name }) => name),
    ].map((name) => name.toLowerCase()),
  );
  const physical = deps.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    .toArray()
    .map(({ name }) => name.toLowerCase());
  const known = new Set(physical);
  return [...names.keys()].filter((name) => !open.has(name) && (known.has(name) || ownNames.test(name)));
}

/** Whoever names it in FROM is told of a circle; where a statement has something of its own by that name, that is found first. */
function unfindable(name: string): string {
  return `${quoteName(name)} AS (SELECT * FROM ${quoteName(name)})`;
}

function clauseOf({ name, frame }: NamedFrame, statement: Statement, names: ReadonlyMap<string, string>): string {
  const needed = readsUnnamedColumns(statement)
    ? undefined
    : new Set(frame.columns.filter((column) => names.has(column.name.toLowerCase())).map((column) => column.name));
  return `${quoteName(name)} AS MATERIALIZED (${frameView(frame, needed)})`;
}

/** The columns of what was read, as results may have them again. */
export function inputColumns({ tables, frames }: Pick<Resolved, "tables" | "frames">): Column[] {
  const ofTables = tables.flatMap(({ columns }) =>
    columns.map((column): Column => (column.type === "timestamp" ? { ...column, timezone: "UTC" } : column)),
  );
  return [...ofTables, ...frames.flatMap(({ frame }) => frame.columns)];
}
