// Tools in the team object's SQLite. Synchronous; SQL only.
import { and, count, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee } from "../access/access.ts";
import type { LibraryFunction } from "../jq-functions/jq-functions.ts";
import type { VersionAction } from "../jq-functions/schema.ts";
import type { JqTool, ToolContent, ToolVersion } from "./schema.ts";
import { toolFunctions, tools, toolVersions } from "./table.ts";

export type ToolRow = typeof tools.$inferSelect;

/** The columns of the functions' tables that this feature reads; the tiers forbid importing another feature's tables. */
const functionColumns = sqliteTable("jq_functions", {
  id: text("id").notNull(),
  name: text("name").notNull(),
  definition: text("definition").notNull(),
  arity: integer("arity").notNull(),
  isActive: integer("is_active", { mode: "boolean" }).notNull(),
});
const dependencyColumns = sqliteTable("function_dependencies", {
  functionId: text("function_id").notNull(),
  dependsOnFunctionId: text("depends_on_function_id").notNull(),
});

/** The team's active functions, as compiling needs them. */
export function activeLibrary(db: Db): Map<string, LibraryFunction> {
  const rows = db.select().from(functionColumns).where(eq(functionColumns.isActive, true)).all();
  const names = new Map(rows.map((row) => [row.id, row.name]));
  const calls = new Map<string, string[]>();
  for (const { functionId, dependsOnFunctionId } of db.select().from(dependencyColumns).all()) {
    const name = names.get(dependsOnFunctionId);
    if (name !== undefined) calls.set(functionId, [...(calls.get(functionId) ?? []), name]);
  }
  return new Map(
    rows.map(({ id, name, definition, arity }) => [
      name,
      { name, definition, arity, depends_on: (calls.get(id) ?? []).sort() },
    ]),
  );
}

/** What changed after a team revision, inactive ones included, so that they can be taken out; all that is active for -1. */
export function changedTools(db: Db, since: number): JqTool[] {
  const wanted = since < 0 ? eq(tools.isActive, true) : gt(tools.revision, since);
  return withFunctions(db, db.select().from(tools).where(wanted).all());
}

/** The tool of that name, active or not. */
export function findToolRow(db: Db, name: string): ToolRow | undefined {
  return db.select().from(tools).where(eq(tools.name, name)).get();
}

/** Names of all tools that `asker` sees, inactive ones included. */
export function toolNames(db: Db, asker: Asker): string[] {
  return db
    .select({ name: tools.name, visibility: tools.visibility })
    .from(tools)
    .all()
    .filter((tool) => maySee(asker, tool))
    .map(({ name }) => name);
}

/** How many tools there are, inactive ones included. */
export function countTools(db: Db): number {
  return db.select({ rows: count() }).from(tools).get()?.rows ?? 0;
}

/** Bytes of all tools as JSON, inactive ones included. */
export function toolsBytes(db: Db): number {
  const { description, queryTemplate, parameters, datasets } = tools;
  const bytes = sql<number>`coalesce(sum(length(cast(json_quote(${description}) || json_quote(${queryTemplate}) || ${parameters} || ${datasets} as blob))), 0)`;
  return db.select({ bytes }).from(tools).get()?.bytes ?? 0;
}

/** The tool with this id as surfaces show it. */
export function readTool(db: Db, id: string): JqTool {
  const [found] = withFunctions(db, db.select().from(tools).where(eq(tools.id, id)).all());
  if (found === undefined) throw new Error(`no tool row ${id}`);
  return found;
}

/** Writes a tool as its next state together with the version row that records it, and the functions it calls. */
export function writeTool(
  db: Db,
  row: ToolRow,
  requiredFunctions: readonly string[],
  record: { action: VersionAction; reason: string | null; proposalId: string | null },
): void {
  db.insert(tools).values(row).onConflictDoUpdate({ target: tools.id, set: row }).run();
  db.insert(toolVersions)
    .values({
      toolId: row.id,
      version: row.version,
      action: record.action,
      snapshot: contentOfRow(row),
      reason: record.reason,
      proposalId: record.proposalId,
      author: row.updatedBy,
      createdAt: row.updatedAt,
    })
    .run();
  db.delete(toolFunctions).where(eq(toolFunctions.toolId, row.id)).run();
  for (const name of requiredFunctions) {
    const callee = db
      .select({ id: functionColumns.id })
      .from(functionColumns)
      .where(eq(functionColumns.name, name))
      .get();
    if (callee === undefined) throw new Error(`no function row named ${name}`);
    db.insert(toolFunctions).values({ toolId: row.id, functionId: callee.id }).run();
  }
}

/** Versions newest first, those before `before` when given. */
export function selectToolVersions(
  db: Db,
  toolId: string,
  page: { limit: number; before?: number | undefined },
): ToolVersion[] {
  const ofTool = eq(toolVersions.toolId, toolId);
  const rows = db
    .select()
    .from(toolVersions)
    .where(page.before === undefined ? ofTool : and(ofTool, lt(toolVersions.version, page.before)))
    .orderBy(desc(toolVersions.version))
    .limit(page.limit)
    .all();
  return rows.map((row) => ({
    version: row.version,
    action: row.action,
    author: row.author,
    created_at: row.createdAt.toISOString(),
    reason: row.reason,
    proposal_id: row.proposalId,
    content: row.snapshot,
  }));
}

/** What an author wrote of a stored tool. */
export function contentOfRow(row: Omit<ToolRow, "revision">): ToolContent {
  return {
    description: row.description,
    query: row.queryTemplate,
    parameters: row.parameters,
    datasets: row.datasets,
    dataset_mode: row.datasetMode,
    input: row.input,
    null_input: row.nullInput,
    pinned: row.pinned,
    weight: row.weight,
  };
}

// SQLite takes a bounded number of variables in one statement.
const idsAtOnce = 50;

function withFunctions(db: Db, rows: readonly ToolRow[]): JqTool[] {
  const calls = new Map<string, string[]>();
  for (let at = 0; at < rows.length; at += idsAtOnce) {
    const ids = rows.slice(at, at + idsAtOnce).map((row) => row.id);
    const links = db
      .select({ id: toolFunctions.toolId, name: functionColumns.name })
      .from(toolFunctions)
      .innerJoin(functionColumns, eq(functionColumns.id, toolFunctions.functionId))
      .where(inArray(toolFunctions.toolId, ids))
      .orderBy(functionColumns.name)
      .all();
    for (const link of links) calls.set(link.id, [...(calls.get(link.id) ?? []), link.name]);
  }
  return rows.map((row) => toTool(row, calls.get(row.id) ?? []));
}

function toTool(row: ToolRow, requiredFunctions: string[]): JqTool {
  return {
    id: row.id,
    name: row.name,
    ...contentOfRow(row),
    required_functions: requiredFunctions,
    source: row.source,
    approval_status: row.approvalStatus,
    is_active: row.isActive,
    version: row.version,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    updated_by: row.updatedBy,
    updated_at: row.updatedAt.toISOString(),
    revision: row.revision,
    ...(row.visibility === null ? {} : { visibility: row.visibility }),
  };
}
