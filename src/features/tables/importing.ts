// Rows of a frame or table put into a table, which is made when it is missing: all of them or none. Rules on records; runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Cell, Column, LogicalType } from "../../engines/frame/types.ts";
import type { Caller } from "../access/access.ts";
import { useFrame } from "../frames/frame-store.ts";
import type { Reader, Source } from "../workspace/schema.ts";
import { requireRelation } from "../workspace/store.ts";
import { addTable, auditedTable } from "./ddl.ts";
import { insertChunks, insertFromTable, type Path } from "./importing-chunks.ts";
import { type ColumnType, createTableSchema, type ImportRows, type Table, tableColumnNameSchema } from "./schema.ts";
import {
  bumpTable,
  carrySources,
  findTable,
  frameColumns,
  noteWriter,
  requireTable,
  type StoredTable,
  type TableDeps,
  trimHistory,
} from "./table-store.ts";

/** What rows come from, as the workspace knows it. */
interface Input {
  name: string;
  columns: readonly Column[];
  sources: readonly Source[];
  /** Adds its rows to a table; returns how many. */
  insert: (table: Table, paths: readonly Path[]) => number;
}

export interface Imported {
  table: StoredTable;
  created: boolean;
  rows: number;
  notes: string[];
}

/**
 * Adds the rows of what `ref` names to a table, or makes the table of them. Throws `constraint_failed` and `invalid_argument` with the row's number,
 * `already_exists` and `not_found` by `mode`; then nothing has changed.
 */
export function importRows(deps: WorkspaceDeps, by: Caller, reader: Reader, input: ImportRows): Promise<Imported> {
  return deps.change(by, () => {
    const from = openInput(deps, reader, input);
    const mapped = mappedColumns(from, input.columns);
    const existing = findTable(deps, input.table_name, reader);
    requireMode(existing, input);
    noteWriter(deps, by);
    const notes: string[] = [];
    const table = existing ?? madeFor(deps, by, reader, { input, from, mapped, notes });
    const paths = mapped.map(({ column, index, to }) => {
      const target = targetOf(table, to, existing !== undefined);
      return { column, index, target, convert: converterOf(column, target) };
    });
    requireDistinct(paths);
    const rows = from.insert(table, paths);
    if (table.history) trimHistory(deps, table.id);
    carrySources(deps, table.id, from.sources);
    bumpTable(deps, table.id, by);
    const after = requireTable(deps, table.name, reader);
    const added = { from: from.name, rows, datasets: from.sources.map(({ name, version }) => `${name} v${version}`) };
    return {
      result: { table: after, created: existing === undefined, rows, notes },
      audit: [
        {
          action: "table.import",
          target: { kind: "table", name: table.name },
          after: existing === undefined ? { ...auditedTable(after), ...added } : added,
        },
      ],
      events: [{ kind: "table", name: table.name, change: existing === undefined ? "created" : "updated" }],
    };
  });
}

function openInput(deps: WorkspaceDeps, reader: Reader, { ref, table_name }: ImportRows): Input {
  const relation = requireRelation(deps.db, ref, reader);
  if (relation.kind === "frame") {
    const frame = useFrame(deps, ref, reader);
    const { columns, sources } = frame;
    const insert: Input["insert"] = (table, paths) => insertChunks(deps, table, frame, paths);
    return { name: frame.name ?? frame.id, columns, sources, insert };
  }
  const source = requireTable(deps, ref, reader);
  if (source.name.toLowerCase() === table_name.toLowerCase()) {
    throw new AppError("invalid_argument", `The table "${source.name}" cannot be imported into itself.`, {
      hint: "Give another table_name; export_table makes a frame of its rows, which can be added to it.",
    });
  }
  const insert: Input["insert"] = (table, paths) => insertFromTable(deps, table, source, paths);
  return { name: source.name, columns: frameColumns(deps, source), sources: source.sources, insert };
}

/** Two columns may not go to one, and some must go. */
function requireDistinct(paths: readonly Path[]): void {
  const seen = new Set<string>();
  for (const { target } of paths) {
    if (seen.has(target.name)) {
      throw new AppError("invalid_argument", `columns: two columns of the source would go to "${target.name}".`, {
        hint: "Give one of them another column, or leave it out with null.",
      });
    }
    seen.add(target.name);
  }
  if (seen.size > 0) return;
  throw new AppError("invalid_argument", "columns: no column of the source is left to import.", {
    hint: "Leave out fewer with null.",
  });
}

interface Mapped {
  column: Column;
  index: number;
  to: string;
}

/** The columns that are taken, and what they are called in the table. */
function mappedColumns({ columns }: Input, map: ImportRows["columns"]): Mapped[] {
  const names = columns.map(({ name }) => name);
  const wanted = new Map<string, string | null>();
  for (const [name, to] of Object.entries(map)) {
    const found = names.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      throw new AppError("invalid_argument", `columns: the source has no column "${name}".`, {
        hint: didYouMean(nearNames(name, names)) ?? `Its columns are ${names.join(", ")}.`,
      });
    }
    wanted.set(found, to);
  }
  return columns.flatMap((column, index) => {
    const to = wanted.has(column.name) ? wanted.get(column.name) : column.name;
    return to === null || to === undefined ? [] : [{ column, index, to }];
  });
}

function requireMode(existing: StoredTable | undefined, { mode, table_name }: ImportRows): void {
  if (mode === "create" && existing !== undefined) {
    throw new AppError("already_exists", `There is a table called "${existing.name}" already.`, {
      hint: 'Choose another name, or take mode "append" to add the rows to it.',
    });
  }
  if (mode === "append" && existing === undefined) {
    throw new AppError("not_found", `There is no table "${table_name}" to add rows to.`, {
      hint: 'list_tables shows the tables; mode "create" makes one of the rows.',
    });
  }
}

/** The types that columns get in a table that is made of them. */
function madeFor(
  deps: TableDeps,
  by: Caller,
  reader: Reader,
  { input, from, mapped, notes }: { input: ImportRows; from: Input; mapped: readonly Mapped[]; notes: string[] },
): Table {
  const schema: Record<string, unknown> = {};
  for (const { column, to } of mapped) {
    if (Object.hasOwn(schema, to)) continue;
    const checked = tableColumnNameSchema.safeParse(to);
    if (!checked.success) {
      throw new AppError(
        "invalid_argument",
        `A table cannot have a column "${to}": ${checked.error.issues[0]?.message}.`,
        {
          hint: `Give it another name: columns {${JSON.stringify(column.name)}: "…"}.`,
        },
      );
    }
    if (isLocal(column))
      notes.push(`"${to}" holds times without a zone, which a table's timestamp does not: its type is text.`);
    const { type, unit } = column;
    schema[to] = type === "timestamp" && !isLocal(column) ? { type, unit: unit ?? "us" } : typeFor(column);
  }
  const definition = createTableSchema.parse({
    table_name: input.table_name,
    schema,
    primary_key: input.primary_key,
    description: input.description,
  });
  return addTable(deps, by, reader, definition, from.sources);
}

const isLocal = ({ type, timezone }: Column): boolean => type === "timestamp" && timezone === undefined;

function typeFor(column: Column): ColumnType {
  if (column.type === "int64") return "int";
  return isLocal(column) ? "text" : column.type;
}

/** What a column of each type can be put into without its values becoming others. */
const fits: Readonly<Record<LogicalType, readonly ColumnType[]>> = {
  int: ["int", "float", "decimal", "text", "json"],
  int64: ["int", "decimal", "text"],
  float: ["float", "int", "decimal", "text"],
  bool: ["bool", "text", "json"],
  text: ["text", "int", "float", "bool", "date", "timestamp", "decimal", "json"],
  date: ["date", "text"],
  timestamp: ["timestamp", "text"],
  decimal: ["decimal", "text"],
  json: ["json", "text"],
  binary: ["binary"],
};

function targetOf(table: Table, name: string, isExisting: boolean): Table["columns"][number] {
  const found = table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = table.columns.map((column) => column.name);
  throw new AppError("invalid_argument", `The table "${table.name}" has no column "${name}".`, {
    hint: `${didYouMean(nearNames(name, names)) ?? `Its columns are ${names.join(", ")}.`} Map the source's columns with columns {"${name}": "…"}, null leaves one out${isExisting ? "; alter_table adds one" : ""}.`,
  });
}

function converterOf(column: Column, target: Table["columns"][number]): (cell: Cell) => Cell {
  const isFitting = fits[column.type].includes(target.type) && !(isLocal(column) && target.type !== "text");
  if (!isFitting) {
    const what = isLocal(column) ? "timestamp without a zone" : column.type;
    throw new AppError(
      "invalid_argument",
      `The source's column "${column.name}" is ${what}; "${target.name}" of the table is ${target.type}.`,
      { hint: "Derive a column of that type first, or leave it out: columns with null for it." },
    );
  }
  const { type } = column;
  if (target.type === type) return (cell) => cell;
  if (target.type === "text")
    return (cell) => (cell === null || typeof cell === "string" ? cell : JSON.stringify(cell));
  if (target.type === "decimal" && type === "int") return (cell) => (cell === null ? null : String(cell));
  return type === "text" ? fromText(target.type) : (cell) => cell;
}

/** A text as a value of another type, where it says one; otherwise the text itself, which is then refused with its row. */
function fromText(type: ColumnType): (cell: Cell) => Cell {
  if (type === "float")
    return (cell) =>
      typeof cell === "string" && /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(cell) ? Number(cell) : cell;
  if (type === "bool") return (cell) => (cell === "true" ? true : cell === "false" ? false : cell);
  if (type === "json") return (cell) => (typeof cell === "string" ? (structured(cell) ?? cell) : cell);
  return (cell) => cell;
}

/** The object or array that a text is as JSON. */
function structured(text: string): Cell | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Cell;
  } catch {
    return undefined;
  }
}
