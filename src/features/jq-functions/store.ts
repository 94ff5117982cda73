// Functions in the team object's SQLite. Synchronous; SQL only.
import { and, count, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee, type Visibility } from "../access/access.ts";
import type { FunctionVersion, JqFunction, VersionAction, WholeFunctionVersion } from "./schema.ts";
import { functionDependencies, jqFunctions, jqFunctionVersions } from "./table.ts";

export type FunctionRow = typeof jqFunctions.$inferSelect;
export type FunctionVersionRow = typeof jqFunctionVersions.$inferSelect;

/** The columns of the tools' table that this feature reads; the tiers forbid importing it from there. */
const toolColumns = sqliteTable("tools", {
  id: text("id").notNull(),
  name: text("name").notNull(),
  query: text("query_template").notNull(),
  parameters: text("parameters_json", { mode: "json" }).$type<{ name: string }[]>().notNull(),
  isActive: integer("is_active", { mode: "boolean" }).notNull(),
  visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
});

const toolFunctionColumns = sqliteTable("tool_functions", {
  toolId: text("tool_id").notNull(),
  functionId: text("function_id").notNull(),
});

/** A tool as far as functions are concerned: what calls them. */
export interface ToolUse {
  name: string;
  query: string;
  parameters: string[];
  required_functions: string[];
  /** It is not shown to whoever asks. */
  hidden: boolean;
}

/** What changed after a team revision, inactive ones included, so that they can be taken out; all that is active for -1. */
export function changedFunctions(db: Db, since: number): JqFunction[] {
  const wanted = since < 0 ? eq(jqFunctions.isActive, true) : gt(jqFunctions.revision, since);
  return withDependencies(db, db.select().from(jqFunctions).where(wanted).all());
}

/** Every function of the team that may be called. */
export function activeFunctions(db: Db): JqFunction[] {
  return withDependencies(db, db.select().from(jqFunctions).where(eq(jqFunctions.isActive, true)).all());
}

/** The team's active tools as users of functions; those that `asker` does not see are marked. */
export function activeToolUses(db: Db, asker: Asker): ToolUse[] {
  const rows = db.select().from(toolColumns).where(eq(toolColumns.isActive, true)).all();
  const calls = new Map<string, string[]>(rows.map(({ id }) => [id, []]));
  const links = db
    .select({ toolId: toolFunctionColumns.toolId, name: jqFunctions.name })
    .from(toolFunctionColumns)
    .innerJoin(jqFunctions, eq(jqFunctions.id, toolFunctionColumns.functionId))
    .all();
  for (const link of links) calls.get(link.toolId)?.push(link.name);
  return rows.map(({ id, name, query, parameters, visibility }) => ({
    name,
    hidden: !maySee(asker, { visibility }),
    query,
    parameters: parameters.map((parameter) => parameter.name),
    required_functions: calls.get(id) ?? [],
  }));
}

/** The function of that name, active or not. */
export function findFunctionRow(db: Db, name: string): FunctionRow | undefined {
  return db.select().from(jqFunctions).where(eq(jqFunctions.name, name)).get();
}

/** Names of all functions, inactive ones included. */
export function functionNames(db: Db): string[] {
  return db
    .select({ name: jqFunctions.name })
    .from(jqFunctions)
    .all()
    .map(({ name }) => name);
}

/** How many functions there are, inactive ones included. */
export function countFunctions(db: Db): number {
  return db.select({ rows: count() }).from(jqFunctions).get()?.rows ?? 0;
}

/** Bytes of all functions as JSON, inactive ones included. */
export function functionsBytes(db: Db): number {
  const { definition, description, parameters } = jqFunctions;
  const bytes = sql<number>`coalesce(sum(length(cast(json_quote(${definition}) || json_quote(${description}) || ${parameters} as blob))), 0)`;
  return db.select({ bytes }).from(jqFunctions).get()?.bytes ?? 0;
}

/** The function with this id as surfaces show it. */
export function readFunction(db: Db, id: string): JqFunction {
  const [found] = withDependencies(db, db.select().from(jqFunctions).where(eq(jqFunctions.id, id)).all());
  if (found === undefined) throw new Error(`no function row ${id}`);
  return found;
}

/** Writes a function as its next state together with the version row that records it, and the functions it calls. */
export function writeFunction(
  db: Db,
  row: FunctionRow,
  dependsOn: readonly string[],
  record: { action: VersionAction; reason: string | null; proposalId: string | null },
): void {
  db.insert(jqFunctions).values(row).onConflictDoUpdate({ target: jqFunctions.id, set: row }).run();
  db.insert(jqFunctionVersions)
    .values({
      functionId: row.id,
      version: row.version,
      action: record.action,
      definition: row.definition,
      description: row.description,
      parameters: row.parameters,
      isActive: row.isActive,
      shadowsBuiltin: row.shadowsBuiltin,
      reason: record.reason,
      proposalId: record.proposalId,
      author: row.updatedBy,
      createdAt: row.updatedAt,
    })
    .run();
  replaceDependencies(db, row.id, dependsOn);
}

function replaceDependencies(db: Db, functionId: string, dependsOn: readonly string[]): void {
  db.delete(functionDependencies).where(eq(functionDependencies.functionId, functionId)).run();
  for (const name of dependsOn) {
    const callee = findFunctionRow(db, name);
    if (callee === undefined) throw new Error(`no function row named ${name}`);
    db.insert(functionDependencies).values({ functionId, dependsOnFunctionId: callee.id }).run();
  }
}

/** Versions newest first, those before `before` when given. */
export function functionVersions(
  db: Db,
  functionId: string,
  page: { limit: number; before?: number | undefined },
): FunctionVersion[] {
  const ofFunction = eq(jqFunctionVersions.functionId, functionId);
  const rows = db
    .select()
    .from(jqFunctionVersions)
    .where(page.before === undefined ? ofFunction : and(ofFunction, lt(jqFunctionVersions.version, page.before)))
    .orderBy(desc(jqFunctionVersions.version))
    .limit(page.limit)
    .all();
  return rows.map(shownVersion);
}

/** One version of a function, undefined when it has none of that number. */
export function findFunctionVersion(db: Db, functionId: string, version: number): FunctionVersionRow | undefined {
  return db
    .select()
    .from(jqFunctionVersions)
    .where(and(eq(jqFunctionVersions.functionId, functionId), eq(jqFunctionVersions.version, version)))
    .get();
}

/** A version with all that its author wrote. */
export function wholeVersion(row: FunctionVersionRow): WholeFunctionVersion {
  return { ...shownVersion(row), parameters: row.parameters, allow_builtin_name: row.shadowsBuiltin };
}

function shownVersion(row: FunctionVersionRow): FunctionVersion {
  return {
    version: row.version,
    action: row.action,
    definition: row.definition,
    description: row.description,
    is_active: row.isActive,
    reason: row.reason,
    proposal_id: row.proposalId,
    author: row.author,
    created_at: row.createdAt.toISOString(),
  };
}

// SQLite takes a bounded number of variables in one statement.
const idsAtOnce = 50;

function withDependencies(db: Db, rows: readonly FunctionRow[]): JqFunction[] {
  const calls = new Map<string, string[]>();
  for (let at = 0; at < rows.length; at += idsAtOnce) {
    const ids = rows.slice(at, at + idsAtOnce).map((row) => row.id);
    const links = db
      .select({ id: functionDependencies.functionId, name: jqFunctions.name })
      .from(functionDependencies)
      .innerJoin(jqFunctions, eq(jqFunctions.id, functionDependencies.dependsOnFunctionId))
      .where(inArray(functionDependencies.functionId, ids))
      .orderBy(jqFunctions.name)
      .all();
    for (const link of links) calls.set(link.id, [...(calls.get(link.id) ?? []), link.name]);
  }
  return rows.map((row) => toFunction(row, calls.get(row.id) ?? []));
}

function toFunction(row: FunctionRow, dependsOn: string[]): JqFunction {
  return {
    id: row.id,
    name: row.name,
    definition: row.definition,
    arity: row.arity,
    description: row.description,
    parameters: row.parameters,
    depends_on: dependsOn,
    version: row.version,
    is_active: row.isActive,
    source: row.source,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    updated_by: row.updatedBy,
    updated_at: row.updatedAt.toISOString(),
    revision: row.revision,
  };
}
