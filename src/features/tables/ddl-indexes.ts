// Indexes of tables: made, listed, dropped. A table's own, so two tables may have one of the same name. Rules on records; runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { columnNamed } from "./ddl.ts";
import { tableError } from "./ddl-errors.ts";
import { nameList } from "./ddl-sql.ts";
import type { CreateIndex, Table, TableIndex } from "./schema.ts";
import { noteWriter, requireTable, type StoredTable, saveTable, type TableDeps } from "./table-store.ts";

/** An index as SQLite has it. Those of unique columns are made with the table and go with them. */
export interface StoredIndex extends TableIndex {
  internalName: string;
  isConstraint: boolean;
}

const prefixOf = ({ id }: Pick<Table, "id">) => `sd_ix_${id}_`;

/** The indexes of a table, SQLite's own of the primary key left out. */
export function indexesOf(deps: Pick<TableDeps, "sql">, table: Pick<Table, "id" | "name">): StoredIndex[] {
  const prefix = prefixOf(table);
  return deps.sql
    .exec<{ name: string; unique: number; origin: string }>(`PRAGMA index_list(${quoteName(table.name)})`)
    .toArray()
    .filter(({ origin }) => origin === "c")
    .map(({ name, unique }) => {
      const isConstraint = !name.startsWith(prefix);
      const columns = deps.sql
        .exec<{ name: string }>(`PRAGMA index_info(${quoteName(name)})`)
        .toArray()
        .map((column) => column.name);
      const shown = isConstraint ? `unique ${columns.join(", ")}` : name.slice(prefix.length);
      return { name: shown, columns, unique: unique === 1, internalName: name, isConstraint };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Makes an index, or drops one. Throws `already_exists`, `not_found`, and `constraint_failed` when values that must be unique are not. */
export function changeIndex(
  deps: WorkspaceDeps,
  by: Caller,
  reader: Reader,
  input: CreateIndex,
): Promise<{ table: StoredTable; index: TableIndex; change: "created" | "dropped" }> {
  return deps.change(by, () => {
    const table = requireTable(deps, input.table_name, reader);
    noteWriter(deps, by);
    const isDrop = input.drop_index !== undefined;
    const index = isDrop ? dropIndex(deps, table, input.drop_index ?? "") : addIndex(deps, table, input);
    saveTable(deps, by, table);
    const shown = { name: index.name, columns: index.columns, unique: index.unique };
    return {
      result: { table, index: shown, change: isDrop ? ("dropped" as const) : ("created" as const) },
      audit: [
        {
          action: isDrop ? "table.drop_index" : "table.create_index",
          target: { kind: "table", name: table.name },
          ...(isDrop ? { before: shown } : { after: shown }),
        },
      ],
      events: [{ kind: "table", name: table.name, change: "updated" }],
    };
  });
}

function addIndex(deps: TableDeps, table: StoredTable, input: CreateIndex): TableIndex {
  if (input.columns.length === 0) {
    throw new AppError("invalid_argument", "An index needs columns.", {
      hint: 'Give columns, e.g. ["customer_id"], or drop_index with the name of the index to drop.',
    });
  }
  const columns = input.columns.map((name) => columnNamed(table.columns, name, "columns"));
  const existing = indexesOf(deps, table);
  if (existing.length >= tableLimits.indexes) {
    throw new AppError(
      "too_large",
      `The table "${table.name}" has ${existing.length} indexes; it may have ${tableLimits.indexes} (limit indexes).`,
      { hint: "Drop one with drop_index.", details: { limit: "indexes", value: tableLimits.indexes } },
    );
  }
  const name = input.name ?? `by_${columns.join("_")}`;
  const same = existing.find((index) => index.name.toLowerCase() === name.toLowerCase());
  if (same !== undefined) {
    throw new AppError("already_exists", `The table "${table.name}" has an index "${same.name}" already.`, {
      hint: `It is on ${same.columns.join(", ")}. Choose another name, or drop it first with drop_index.`,
    });
  }
  const unique = input.unique ? "UNIQUE " : "";
  try {
    deps.sql.exec(
      `CREATE ${unique}INDEX ${quoteName(prefixOf(table) + name)} ON ${quoteName(table.name)} (${nameList(columns)})`,
    );
  } catch (error) {
    throw tableError(error, table);
  }
  return { name, columns, unique: input.unique };
}

function dropIndex(deps: TableDeps, table: StoredTable, name: string): TableIndex {
  const own = indexesOf(deps, table);
  const found = own.find((index) => index.name.toLowerCase() === name.toLowerCase());
  if (found?.isConstraint === true) {
    throw new AppError(
      "invalid_argument",
      `"${found.name}" is a rule of the table "${table.name}", not an index to drop.`,
      {
        hint: "To do without it, make a new table with create_table and fill it by import_table.",
      },
    );
  }
  if (found !== undefined) {
    deps.sql.exec(`DROP INDEX ${quoteName(found.internalName)}`);
    return found;
  }
  const names = own.filter(({ isConstraint }) => !isConstraint).map((index) => index.name);
  const list = names.length === 0 ? "It has none." : `It has ${names.join(", ")}.`;
  throw new AppError("not_found", `The table "${table.name}" has no index "${name}".`, {
    hint: didYouMean(nearNames(name, names)) ?? list,
  });
}
