// Full-text search over a table's columns: an FTS5 index of the table's own content, which triggers keep current. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { nameList } from "./ddl-sql.ts";
import type { Table, TableColumn } from "./schema.ts";
import { searchTable, type TableDeps } from "./table-store.ts";

/** Types whose values are searched by words. */
const searchable: ReadonlySet<TableColumn["type"]> = new Set(["text", "json"]);

/** The columns by these names, as search takes them. Throws `invalid_argument`. */
export function requireSearchable(columns: readonly TableColumn[], names: readonly string[]): void {
  for (const name of names) {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) continue;
    if (!searchable.has(column.type)) {
      throw new AppError(
        "invalid_argument",
        `The column "${name}" is ${column.type}; full-text search takes text and json.`,
        {
          hint: "Leave it out of full_text; query_records filters it by value.",
        },
      );
    }
    if (name.toLowerCase() === "rank") {
      throw new AppError("invalid_argument", 'Full-text search has a column "rank" of its own.', {
        hint: "Give the column another name.",
      });
    }
  }
}

/** Makes the index of all rows there are. Nothing when the table asks for none. */
export function createSearch(deps: Pick<TableDeps, "sql">, table: Table): void {
  if (table.searched.length === 0) return;
  const index = quoteName(searchTable(table.name));
  try {
    deps.sql.exec(
      `CREATE VIRTUAL TABLE ${index} USING fts5(${nameList(table.searched)}, content=${quoteName(table.name)}, content_rowid='rowid', tokenize='unicode61 remove_diacritics 2')`,
    );
  } catch (error) {
    throw new AppError("invalid_argument", `SQLite makes no full-text index of these columns of "${table.name}".`, {
      hint: "Give the columns plainer names: letters, digits and underscores.",
      details: { sqlite: error instanceof Error ? error.message : "" },
    });
  }
  deps.sql.exec(`INSERT INTO ${index} (${index}) VALUES ('rebuild')`);
}

export function dropSearch(deps: Pick<TableDeps, "sql">, table: Pick<Table, "name" | "searched">): void {
  if (table.searched.length > 0) deps.sql.exec(`DROP TABLE IF EXISTS ${quoteName(searchTable(table.name))}`);
}

const triggerNames = (id: string) =>
  ["insert", "delete", "update"].map((event) => quoteName(`sd_search_${id}_${event}`));

export function createSearchTriggers(deps: Pick<TableDeps, "sql">, table: Table): void {
  if (table.searched.length === 0) return;
  const index = quoteName(searchTable(table.name));
  const on = quoteName(table.name);
  const columns = nameList(table.searched);
  const values = (row: "NEW" | "OLD") => table.searched.map((name) => `${row}.${quoteName(name)}`).join(", ");
  const add = `INSERT INTO ${index} (rowid, ${columns}) VALUES (NEW.rowid, ${values("NEW")});`;
  const remove = `INSERT INTO ${index} (${index}, rowid, ${columns}) VALUES ('delete', OLD.rowid, ${values("OLD")});`;
  const changed = table.searched.map((name) => `OLD.${quoteName(name)} IS NOT NEW.${quoteName(name)}`);
  const [inserted, deleted, updated] = triggerNames(table.id);
  deps.sql.exec(`CREATE TRIGGER ${inserted} AFTER INSERT ON ${on} BEGIN ${add} END`);
  deps.sql.exec(`CREATE TRIGGER ${deleted} AFTER DELETE ON ${on} BEGIN ${remove} END`);
  deps.sql.exec(
    `CREATE TRIGGER ${updated} AFTER UPDATE ON ${on} WHEN OLD.rowid <> NEW.rowid OR ${changed.join(" OR ")} BEGIN ${remove} ${add} END`,
  );
}

export function dropSearchTriggers(deps: Pick<TableDeps, "sql">, { id }: Pick<Table, "id">): void {
  for (const name of triggerNames(id)) deps.sql.exec(`DROP TRIGGER IF EXISTS ${name}`);
}
