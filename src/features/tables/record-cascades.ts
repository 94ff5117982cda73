// What a deletion takes with it: records of other tables that refer to what goes. Found before it is done, so that all of it can be put back. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Reader } from "../workspace/schema.ts";
import { idList } from "./change-log.ts";
import { readIds } from "./read-rows.ts";
import type { Table } from "./schema.ts";
import { findTable, type TableDeps } from "./table-store.ts";

/** A column that refers to another table's. */
interface Reference {
  child: string;
  column: string;
  parent: string;
  parentColumn: string;
  onDelete: string;
}

/** Records of one table that go; the table asked about comes first, and a table after what it refers to. */
interface Deleted {
  table: Table;
  ids: string[];
}

/** Records of one table whose reference becomes null. */
interface Cleared extends Deleted {
  column: string;
}

export interface Effects {
  deleted: Deleted[];
  cleared: Cleared[];
}

/**
 * All that deleting these rows does. Throws `constraint_failed` when records refer to them that may not be left without, `too_large` beyond
 * changedRecords.
 */
export function effectsOfDeletion(deps: TableDeps, table: Table, ids: string[], reader: Reader): Effects {
  const references = allReferences(deps);
  const deleted = deletedWith(deps, table, ids, references, reader);
  requireNotHeld(deps, deleted, references, reader);
  const cleared = clearedBy(deps, deleted, references, reader);
  requireFewEnough([...deleted, ...cleared].reduce((sum, { ids }) => sum + ids.length, 0));
  return { deleted, cleared };
}

/** Throws `too_large` for more records than one change may touch. */
export function requireFewEnough(count: number): void {
  if (count <= tableLimits.changedRecords) return;
  throw new AppError(
    "too_large",
    `This would change ${count} records; one call changes ${tableLimits.changedRecords} at most, since each is kept to be undone (limit changedRecords).`,
    {
      hint: "Nothing was changed. Change them in parts, with filters that take fewer records at a time.",
      details: { limit: "changedRecords", value: tableLimits.changedRecords, count },
    },
  );
}

/** The platform has tables of its own here, which may not be asked about: that of the alarm is made with the first one. */
function allReferences({ sql }: Pick<TableDeps, "sql">): Reference[] {
  return sql
    .exec<{ child: string; column: string; parent: string; parentColumn: string; onDelete: string }>(
      // The platform's own tables may not be asked.
      `WITH m AS MATERIALIZED (SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND sql LIKE '%REFERENCES%')
       SELECT m.name AS child, f."from" AS "column", f."table" AS parent, f."to" AS parentColumn, f.on_delete AS onDelete
       FROM m, pragma_foreign_key_list(m.name) AS f ORDER BY m.name, f.id`,
    )
    .toArray();
}

const isParent = (reference: Reference, table: Pick<Table, "name">) =>
  reference.parent.toLowerCase() === table.name.toLowerCase();

function deletedWith(
  deps: TableDeps,
  table: Table,
  ids: string[],
  references: readonly Reference[],
  reader: Reader,
): Deleted[] {
  const deleted: Deleted[] = [{ table, ids }];
  const gone = new Map([[table.name, new Set(ids)]]);
  // Grows while it is gone through: what goes may take more with it.
  for (const parents of deleted) {
    for (const reference of references) {
      if (!isParent(reference, parents.table) || reference.onDelete !== "CASCADE") continue;
      const known = gone.get(reference.child) ?? new Set();
      const more = referring(deps, reference, parents).filter((id) => !known.has(id));
      if (more.length === 0) continue;
      for (const id of more) known.add(id);
      gone.set(reference.child, known);
      deleted.push({ table: requireChild(deps, reference, reader, more.length, "delete"), ids: more });
      requireFewEnough(deleted.reduce((sum, entry) => sum + entry.ids.length, 0));
    }
  }
  return deleted;
}

function clearedBy(
  deps: TableDeps,
  deleted: readonly Deleted[],
  references: readonly Reference[],
  reader: Reader,
): Cleared[] {
  const cleared = new Map<string, Cleared>();
  for (const parents of deleted) {
    for (const reference of references) {
      if (!isParent(reference, parents.table) || reference.onDelete !== "SET NULL") continue;
      const left = withoutGone(referring(deps, reference, parents), reference, deleted);
      if (left.length === 0) continue;
      const key = JSON.stringify([reference.child, reference.column]);
      const known = cleared.get(key);
      if (known !== undefined) known.ids = [...new Set([...known.ids, ...left])];
      else {
        const table = requireChild(deps, reference, reader, left.length, "clear");
        cleared.set(key, { table, column: reference.column, ids: left });
      }
    }
  }
  return [...cleared.values()];
}

function requireNotHeld(
  deps: TableDeps,
  deleted: readonly Deleted[],
  references: readonly Reference[],
  reader: Reader,
): void {
  for (const parents of deleted) {
    for (const reference of references) {
      if (!isParent(reference, parents.table) || ["CASCADE", "SET NULL"].includes(reference.onDelete)) continue;
      const holding = withoutGone(referring(deps, reference, parents), reference, deleted);
      if (holding.length === 0) continue;
      const child = findTable(deps, reference.child, reader)?.name;
      const whose = child === undefined ? "a table that is not shown to you or was dropped" : `"${child}"`;
      throw new AppError(
        "constraint_failed",
        `${countOf(holding.length)} of ${whose} ${holding.length === 1 ? "refers" : "refer"} to what would be deleted of "${parents.table.name}".`,
        {
          hint: "Nothing was changed. Delete or change those first; a reference with on_delete cascade takes them along.",
          details: {
            constraint: "foreign_key",
            table: child ?? null,
            columns: child === undefined ? [] : [reference.column],
            count: holding.length,
          },
        },
      );
    }
  }
}

/** Row numbers of the records that refer to these by this reference. */
function referring({ sql }: Pick<TableDeps, "sql">, reference: Reference, parents: Deleted): string[] {
  const { child, column, parent, parentColumn } = reference;
  const statement = `SELECT CAST(rowid AS TEXT) FROM ${quoteName(child)} WHERE ${quoteName(column)} IN (SELECT ${quoteName(parentColumn)} FROM ${quoteName(parent)} WHERE rowid IN (SELECT value FROM json_each(?))) ORDER BY rowid`;
  return readIds(sql, statement, [idList(parents.ids)]);
}

function withoutGone(ids: readonly string[], { child }: Reference, deleted: readonly Deleted[]): string[] {
  const gone = new Set(deleted.filter(({ table }) => table.name === child).flatMap((entry) => entry.ids));
  return ids.filter((id) => !gone.has(id));
}

/** The table that refers. Nobody changes through another table what is not shown to them. */
function requireChild(
  deps: TableDeps,
  { child }: Reference,
  reader: Reader,
  count: number,
  what: "delete" | "clear",
): Table {
  const table = findTable(deps, child, reader);
  if (table !== undefined) return table;
  const does = what === "delete" ? "delete" : "change";
  throw new AppError(
    "constraint_failed",
    `This would ${does} ${countOf(count)} of a table that is not shown to you or was dropped.`,
    { hint: "Nothing was changed. Ask someone who may see all that refers to these records." },
  );
}

function countOf(count: number): string {
  return count === 1 ? "1 record" : `${count} records`;
}
