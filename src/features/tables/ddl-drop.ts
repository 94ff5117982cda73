// Dropping tables so that they can come back, and removing for good those that did not. Rules on records; runs in the workspace.
import { sql } from "drizzle-orm";
import { requireConfirmation } from "../../core/confirmation.ts";
import { AppError, isAppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { deleteRelations, renameRelation } from "../workspace/store.ts";
import { mayRead, unionOfSources } from "../workspace/workspace.ts";
import { auditedTable, buildTable, createTriggers, dropTriggers, referencedTables, requireName } from "./ddl.ts";
import { tableError } from "./ddl-errors.ts";
import { nameList, rowIdColumn } from "./ddl-sql.ts";
import { createSearch, dropSearch } from "./full-text.ts";
import type { DropTable, RestoreTable, Table } from "./schema.ts";
import {
  carrySources,
  duePurges,
  findTable,
  lastDropped,
  markDropped,
  noteWriter,
  referencesTo,
  requireTable,
  type StoredTable,
  type TableDeps,
} from "./table-store.ts";
import { tables } from "./workspace-table.ts";

const droppedName = ({ id }: Pick<Table, "id">) => `sd_dropped_${id}`;

/**
 * A dropped table keeps its rows under another name. One that refers to other tables is kept as a plain copy instead: its references would
 * go on holding, and refuse deletions there for a reason that nobody sees.
 */
const isKeptAsCopy = (table: Table) =>
  table.columns.some(({ references }) => references !== undefined && references.table !== table.name);

/** Drops a table; its rows can come back until `purgeAt`. Throws `conflict` while others refer to it, `confirmation_required` when it has rows. */
export function dropTable(
  deps: WorkspaceDeps,
  by: Caller,
  reader: Reader,
  { call, confirm, ...input }: DropTable & { call: string },
): Promise<{ name: string; rows: number; restorable_until: string }> {
  return deps.change(by, () => {
    const table = requireTable(deps, input.table_name, reader);
    requireUnreferenced(deps, reader, table);
    const from = quoteName(table.name);
    const { rows } = deps.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${from}`).one();
    if (rows > 0) {
      const what = `drop the table ${table.name} with ${rows} ${rows === 1 ? "row" : "rows"}`;
      requireConfirmation({ call, version: table.dataVersion, count: rows }, confirm, what);
    }
    dropTriggers(deps, table);
    dropSearch(deps, table);
    const away = quoteName(droppedName(table));
    if (isKeptAsCopy(table)) {
      const columns = nameList(table.columns.map(({ name }) => name));
      deps.sql.exec(`CREATE TABLE ${away} AS SELECT rowid AS sd_rowid, ${columns} FROM ${from}`);
      deps.sql.exec(`DROP TABLE ${from}`);
    } else deps.sql.exec(`ALTER TABLE ${from} RENAME TO ${away}`);
    const droppedAt = deps.now();
    const purgeAt = droppedAt + tableLimits.undoMs;
    markDropped(deps, table.id, { droppedAt, purgeAt });
    renameRelation(deps.db, table.id, null);
    deps.wakeAt(purgeAt);
    return {
      result: { name: table.name, rows, restorable_until: new Date(purgeAt).toISOString() },
      audit: [
        {
          action: "table.drop",
          target: { kind: "table", name: table.name },
          before: { ...auditedTable(table), rows },
        },
      ],
      events: [{ kind: "table", name: table.name, change: "removed" }],
    };
  });
}

function requireUnreferenced(deps: TableDeps, reader: Reader, table: StoredTable): void {
  const children = referencesTo(deps, table.name).filter(({ id }) => id !== table.id);
  if (children.length === 0) return;
  const shown = children.filter(({ sources }) => mayRead(reader, sources));
  const list = shown.map(({ table: child, from }) => `"${child}"."${from}"`);
  if (shown.length < children.length) list.push("a table that you do not see");
  throw new AppError(
    "conflict",
    `The table "${table.name}" cannot be dropped while others refer to it: ${list.join(", ")}.`,
    {
      hint: "Drop those tables first.",
    },
  );
}

/** Brings a dropped table back with its rows, indexes and search, under its name or another. Throws `not_found`, `already_exists`, `conflict`. */
export function restoreTable(
  deps: WorkspaceDeps,
  by: Caller,
  reader: Reader,
  input: RestoreTable,
): Promise<{ table: StoredTable; rows: number }> {
  return deps.change(by, () => {
    const found = lastDropped(deps, input.table_name, reader);
    if (found === undefined) throw nothingDropped(deps, input.table_name, reader);
    noteWriter(deps, by);
    const isCopy = isKeptAsCopy(found);
    const name = input.rename_to ?? found.name;
    requireName(name);
    renameRelation(deps.db, found.id, name);
    const table = renamedDefinition(found, name);
    markDropped(deps, table.id, null);
    deps.db
      .update(tables)
      .set({ columns: table.columns, dataVersion: sql`${tables.dataVersion} + 1` })
      .where(sql`${tables.id} = ${table.id}`)
      .run();
    if (isCopy) fillAgain(deps, reader, table);
    else {
      deps.sql.exec(`ALTER TABLE ${quoteName(droppedName(table))} RENAME TO ${quoteName(name)}`);
      createSearch(deps, table);
      createTriggers(deps, table);
    }
    const { rows } = deps.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${quoteName(name)}`).one();
    return {
      result: { table: requireTable(deps, name, reader), rows },
      audit: [{ action: "table.restore", target: { kind: "table", name }, after: { ...auditedTable(table), rows } }],
      events: [{ kind: "table", name, change: "created" }],
    };
  });
}

/** References to itself go to the new name. */
function renamedDefinition(table: StoredTable, name: string): StoredTable {
  const copy = structuredClone(table);
  for (const { references } of copy.columns) if (references?.table === table.name) references.table = name;
  return { ...copy, name };
}

/** Makes the table anew and fills it from its copy; history is not written, for no row has changed. */
function fillAgain(deps: TableDeps, reader: Reader, table: StoredTable): void {
  try {
    const parents = referencedTables(deps, reader, table);
    // They may have been given rows of restricted datasets since.
    carrySources(deps, table.id, unionOfSources(...parents.map(({ sources }) => sources)));
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(
      "conflict",
      `The table "${table.name}" refers to a table that is not as it was: ${error.message}`,
      {
        hint: "Restore that table first.",
      },
    );
  }
  buildTable(deps, { ...table, searched: [], history: false });
  const columns = table.columns.map(({ name }) => name);
  const own = rowIdColumn(table);
  const [into, from] =
    own === undefined
      ? [`rowid, ${nameList(columns)}`, `sd_rowid, ${nameList(columns)}`]
      : [nameList(columns), nameList(columns)];
  const kept = quoteName(droppedName(table));
  try {
    deps.sql.exec(`INSERT INTO ${quoteName(table.name)} (${into}) SELECT ${from} FROM ${kept}`);
  } catch (error) {
    throw tableError(error, table);
  }
  deps.sql.exec(`DROP TABLE ${kept}`);
  createSearch(deps, table);
  createTriggers(deps, table);
}

function nothingDropped(deps: TableDeps, name: string, reader: Reader): AppError {
  const used = findTable(deps, name, reader);
  if (used !== undefined) {
    return new AppError("conflict", `The table "${used.name}" is in use; there is nothing to restore.`, {
      hint: "undo_change takes back updates and deletions of its records.",
    });
  }
  return new AppError("not_found", `No table "${name}" was dropped within the last 7 days.`, {
    hint: "list_tables shows the tables there are, and those that can be restored.",
  });
}

/** Removes dropped tables whose time is up, with all that was kept of them; says when the next will be due. */
export function sweepTables(deps: TableDeps & Pick<WorkspaceDeps, "atomically">): number | undefined {
  deps.atomically(() => {
    const due = duePurges(deps);
    for (const id of due) {
      deps.sql.exec(`DROP TABLE IF EXISTS ${quoteName(droppedName({ id }))}`);
      deps.sql.exec("DELETE FROM sd_history WHERE table_id = ?", id);
      deps.sql.exec(
        "DELETE FROM sd_change_chunks WHERE change_id IN (SELECT id FROM sd_changes WHERE table_id = ?)",
        id,
      );
      deps.sql.exec("DELETE FROM sd_changes WHERE table_id = ?", id);
      deps.sql.exec("DELETE FROM sd_tables WHERE id = ?", id);
    }
    deleteRelations(deps.db, due);
  });
  const next = deps.db
    .select({ at: sql<number | null>`min(${tables.purgeAt})` })
    .from(tables)
    .get();
  return next?.at ?? undefined;
}
