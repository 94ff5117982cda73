// What triggers keep of each change of a row, in tables that ask for it. Runs in the workspace.
import { and, desc, eq, lt, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import { isRecord, parseExact } from "../../core/exact-json.ts";
import { type Page, pageBefore, readBefore } from "../../core/paging.ts";
import { base64OfHex } from "../../engines/frame/binary.ts";
import type { Column } from "../../engines/frame/types.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";
import { rowIdColumn } from "./ddl-sql.ts";
import type { RowChange, Table, TableColumn } from "./schema.ts";
import { cellJson, joined } from "./table-cells.ts";
import type { StoredTable, TableDeps } from "./table-store.ts";
import { rowHistory } from "./workspace-table.ts";

const events = ["insert", "update", "delete"] as const;
const triggerName = (id: string, event: string) => quoteName(`sd_history_${id}_${event}`);

/** Makes the triggers; nothing when the table asks for no history. Who writes is what `noteWriter` noted. */
export function createHistoryTriggers(deps: Pick<TableDeps, "sql">, table: Table): void {
  if (!table.history) return;
  for (const event of events) {
    const [before, after] = [event !== "insert", event !== "delete"];
    const row = after ? "NEW" : "OLD";
    const states = [
      before ? recordJson(table.columns, "OLD") : "NULL",
      after ? recordJson(table.columns, "NEW") : "NULL",
    ];
    deps.sql.exec(
      `CREATE TRIGGER ${triggerName(table.id, event)} AFTER ${event.toUpperCase()} ON ${quoteName(table.name)} BEGIN ` +
        "INSERT INTO sd_history (table_id, row_id, action, before_json, after_json, by, at) " +
        `SELECT ${quoteText(table.id)}, ${row}.rowid, '${event}', ${states.join(", ")}, username, at FROM sd_writer; END`,
    );
  }
}

export function dropHistoryTriggers(deps: Pick<TableDeps, "sql">, { id }: Pick<Table, "id">): void {
  for (const event of events) deps.sql.exec(`DROP TRIGGER IF EXISTS ${triggerName(id, event)}`);
}

/** A row as the JSON text of a record: ints with all their digits, binary as hexadecimal. */
function recordJson(columns: readonly TableColumn[], row: "NEW" | "OLD"): string {
  const fields = columns.flatMap((column, index) => [
    quoteText(`${index === 0 ? "" : ","}${JSON.stringify(column.name)}:`),
    cellJson(plainColumn(column), `${row}.${quoteName(column.name)}`),
  ]);
  return joined(["'{'", ...fields, "'}'"]);
}

/** As `cellJson` takes it: ints are written as they are, decimals with the digits they have. */
function plainColumn({ name, type }: TableColumn): Column {
  return { name, type };
}

export interface HistoryQuery {
  /** Of which row: its primary key's value, or those of each of its columns. Left out: all rows. */
  key?: string | number | Record<string, string | number> | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Changes of a table's rows or of one row, the newest first. Throws `invalid_argument` for a key that the table does not have. */
export function readHistory(deps: TableDeps, table: StoredTable, query: HistoryQuery): Page<RowChange> {
  const ofTable = and(eq(rowHistory.tableId, table.id), ...keyConditions(table, query.key));
  const before = readBefore(query.cursor);
  const rows = deps.db
    .select()
    .from(rowHistory)
    .where(and(ofTable, before === undefined ? undefined : lt(rowHistory.seq, before)))
    .orderBy(desc(rowHistory.seq))
    .limit(query.limit + 1)
    .all();
  const counted = deps.db.select({ total: sql<number>`count(*)` }).from(rowHistory).where(ofTable).get();
  const page = pageBefore(rows, { limit: query.limit, total: counted?.total ?? 0, key: ({ seq }) => seq });
  const binary = new Set(table.columns.filter(({ type }) => type === "binary").map(({ name }) => name));
  return {
    ...page,
    items: page.items.map(({ seq, action, by, at, ...states }) => ({
      ...{ seq, action, by, at: new Date(at).toISOString() },
      before: shownState(states.before, binary),
      after: shownState(states.after, binary),
    })),
  };
}

/** JSON text once more, since exact numbers do not cross calls as objects: binary in base64. */
function shownState(json: string | null, binary: ReadonlySet<string>): string | null {
  if (json === null || binary.size === 0) return json;
  const record = parseExact(json);
  if (!isRecord(record)) return json;
  const entries = Object.entries(record).map(([name, value]) => [
    name,
    binary.has(name) && typeof value === "string" ? base64OfHex(value) : value,
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

function keyConditions(table: Table, key: HistoryQuery["key"]) {
  if (key === undefined) return [];
  const { primaryKey } = table.constraints;
  const values = typeof key === "object" ? key : { [primaryKey[0] ?? ""]: key };
  const named = Object.keys(values);
  if (named.length !== primaryKey.length || !primaryKey.every((name) => named.includes(name))) {
    throw new AppError("invalid_argument", `The primary key of "${table.name}" is ${primaryKey.join(", ")}.`, {
      hint:
        primaryKey.length === 1
          ? "Give its value as key."
          : 'Give every column, e.g. {"region": "EU", "day": "2026-01-31"}.',
    });
  }
  const own = rowIdColumn(table);
  if (own !== undefined) return [sql`${rowHistory.rowId} = CAST(${String(values[own])} AS INTEGER)`];
  const state = sql`coalesce(${rowHistory.after}, ${rowHistory.before})`;
  return named.map((name) => sql`CAST(${state} ->> ${name} AS TEXT) = ${String(values[name])}`);
}
