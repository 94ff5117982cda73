// What SQLite would do for a statement, asked before it is run, and refused when it is not for this reader or too much. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { allowedFunctions } from "../../engines/sql/functions.ts";
import { type Analysis, analyseProgram, type ExplainRow } from "../../engines/sql/guard.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { aliasesOf, type PlanCost, type PlanRow, planCost } from "../../engines/sql/plan.ts";
import { cteNames, namesOf } from "../../engines/sql/statement.ts";
import { sqlLimits } from "../../workspace-limits.ts";
import type { UserTable } from "../tables/table-store.ts";
import { forbiddenFunction, forbiddenModule, forbiddenName, wordsError } from "./messages.ts";
import type { NamedFrame, Resolved, SqlDeps } from "./relations-store.ts";

/** SQL with the values that are bound in it. */
export interface Runnable {
  text: string;
  values: (string | number)[];
}

/** What a statement reads and writes, of what this reader may read. */
export interface Touched {
  tables: UserTable[];
  frames: NamedFrame[];
  written: UserTable[];
  /** Ids of tables that foreign keys change along with those. */
  related: string[];
}

export function explain(deps: Pick<SqlDeps, "sql">, { text, values }: Runnable): Analysis {
  const rows = deps.sql.exec(`EXPLAIN ${text}`, ...values).toArray();
  return analyseProgram(rows as unknown as ExplainRow[]);
}

/**
 * Holds what a program does against what the reader may: every page and virtual table that it opens must be of a table or frame that was
 * resolved, and every function one that only computes. Throws `sql_forbidden`.
 */
export function requireAllowed(deps: SqlDeps, analysis: Analysis, resolved: Resolved, mayWrite: boolean): Touched {
  const { tables, frames, statement } = resolved;
  if (analysis.forbidden.length > 0 || (analysis.isWrite && !mayWrite) || (!mayWrite && writesAny(analysis))) {
    throw new AppError("sql_forbidden", "The statement would change something, and this call only reads.", {
      hint: "Send INSERT, UPDATE, DELETE or REPLACE with read_only: false; create_table, alter_table and drop_table change tables.",
    });
  }
  requireFunctions(analysis, resolved);
  requireColumns(analysis, resolved);
  const pages = new Map(tables.flatMap((table) => table.rootPages.map((page) => [page, table] as const)));
  const framePages = new Map(frames.map((named) => [named.rootPage, named]));
  const searches = searchAddresses(deps, resolved, analysis);
  const touched = {
    tables: new Set<UserTable>(),
    frames: new Set<NamedFrame>(),
    written: new Set<UserTable>(),
    related: new Set<string>(),
  };
  for (const page of analysis.reads) {
    const [table, frame] = [pages.get(page), framePages.get(page)];
    if (table !== undefined) touched.tables.add(table);
    else if (frame !== undefined) touched.frames.add(frame);
    else if (!mayWrite || relatedTable(deps, page, resolved) === undefined) throw wordsError(forbiddenName(undefined));
  }
  for (const address of analysis.virtual) {
    if (!searches.has(address)) throw wordsError(forbiddenModule());
    const table = searches.get(address);
    if (table !== undefined) touched.tables.add(table);
  }
  for (const page of analysis.writes) {
    const table = pages.get(page);
    const related = table === undefined ? relatedTable(deps, page, resolved) : undefined;
    if (table !== undefined) touched.written.add(table);
    else if (related !== undefined) touched.related.add(related);
    else throw wordsError(forbiddenName(undefined));
  }
  if (analysis.virtualWrites.size > 0) throw wordsError(forbiddenName(searchNameIn(statement, tables)));
  return {
    ...{ tables: [...touched.tables], frames: [...touched.frames] },
    ...{ written: [...touched.written], related: [...touched.related].filter((id) => id !== "") },
  };
}

/**
 * Whose page this is when the statement does not name it: a foreign key or the numbering of rows led there, nothing else could. The id of a
 * table, or "" for SQLite's own count of rows.
 */
function relatedTable(deps: SqlDeps, page: number, { statement }: Resolved): string | undefined {
  const [owner] = deps.sql
    .exec<{ id: string | null; key: string }>(
      "SELECT r.id, lower(m.tbl_name) AS key FROM sqlite_master AS m LEFT JOIN sd_relations AS r ON r.key = lower(m.tbl_name) AND r.kind = 'table' WHERE m.rootpage = CAST(? AS INTEGER)",
      page,
    )
    .toArray();
  if (owner === undefined || namesOf(statement).has(owner.key)) return undefined;
  return owner.key === "sqlite_sequence" ? "" : (owner.id ?? undefined);
}

function writesAny({ writes, virtualWrites }: Analysis): boolean {
  return writes.size + virtualWrites.size > 0;
}

function searchNameIn(statement: Resolved["statement"], tables: readonly UserTable[]): string | undefined {
  const names = namesOf(statement);
  const found = tables.find(({ searchName }) => searchName !== undefined && names.has(searchName.toLowerCase()));
  return found?.searchName === undefined ? undefined : `"${found.searchName}"`;
}

function requireFunctions(analysis: Analysis, { statement }: Resolved): void {
  const names = namesOf(statement);
  for (const name of analysis.functions)
    if (!allowedFunctions.has(name)) throw wordsError(forbiddenFunction(names.has(name) ? `"${name}"` : undefined));
}

/** SQLite takes a name in double quotes that is no column's as a text, silently: here that is an error. */
function requireColumns(analysis: Analysis, { statement }: Resolved): void {
  const texts = new Set(statement.tokens.filter(({ kind }) => kind === "string").map(({ value }) => value));
  for (const token of statement.tokens) {
    if (token.kind !== "quoted" || !token.text.startsWith('"')) continue;
    if (!analysis.texts.has(token.value) || texts.has(token.value)) continue;
    throw new AppError("sql_invalid", `There is no column ${token.text}.`, {
      hint: "Text goes in single quotes; double quotes are for names.",
    });
  }
}

/** The addresses under which EXPLAIN shows the virtual tables that may be read, with the table each belongs to. */
function searchAddresses(deps: SqlDeps, { tables }: Resolved, analysis: Analysis): Map<string, UserTable | undefined> {
  const addresses = new Map<string, UserTable | undefined>();
  if (analysis.virtual.size === 0) return addresses;
  const note = (from: string, table?: UserTable) => {
    for (const address of explain(deps, { text: `SELECT 1 FROM ${from}`, values: [] }).virtual)
      addresses.set(address, table);
  };
  note("json_each('[]')");
  note("json_tree('[]')");
  for (const table of tables) if (table.searchName !== undefined) note(quoteName(table.searchName), table);
  return addresses;
}

/** Rows of everything that a statement may loop over, by its name in lower case. */
function knownRows(deps: SqlDeps, { tables, frames }: Resolved): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { name, searchName } of tables) {
    const { count } = deps.sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${quoteName(name)}`).one();
    rows.set(name.toLowerCase(), count);
    if (searchName !== undefined) rows.set(searchName.toLowerCase(), count);
  }
  for (const { name, frame } of frames) rows.set(name.toLowerCase(), frame.rows);
  return rows;
}

export function planOf(deps: Pick<SqlDeps, "sql">, { text, values }: Runnable): PlanRow[] {
  return deps.sql.exec(`EXPLAIN QUERY PLAN ${text}`, ...values).toArray() as unknown as PlanRow[];
}

/** What a statement's loops come to; `counted` are rows of recursions that are known by now. */
export function costOf(
  deps: SqlDeps,
  runnable: Runnable,
  resolved: Resolved,
  counted: ReadonlyMap<string, number> = new Map(),
): PlanCost {
  const rows = knownRows(deps, resolved);
  const own = cteNames(resolved.statement);
  // A common table expression of the same name is found first.
  for (const name of own) rows.delete(name);
  for (const [name, count] of counted) rows.set(name, count);
  const sizes = { rows, aliases: aliasesOf(resolved.statement), recursionRows: sqlLimits.recursionRows };
  return planCost(planOf(deps, runnable), sizes);
}

/** Throws `too_large` for a statement whose loops come to more steps than one may take. */
export function requireSteps(steps: number): void {
  if (steps <= sqlLimits.steps) return;
  const shown = steps > Number.MAX_SAFE_INTEGER ? steps.toExponential(1) : Math.round(steps).toLocaleString("en-US");
  throw new AppError(
    "too_large",
    `The statement may come to ${shown} steps by the rows of what it loops over; ${sqlLimits.steps.toLocaleString("en-US")} are the most (limit steps).`,
    {
      hint: "Join on equal columns, filter or aggregate before joining, use IN (SELECT …) for a correlated EXISTS, or make a smaller frame with sql_frame first.",
      details: { limit: "steps", value: sqlLimits.steps, steps: shown },
    },
  );
}
