// The execution log in the team object's SQLite. Synchronous; SQL only.
import { and, desc, eq, gte, lt, lte, max, type SQL, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import { namesAnyOf } from "../../core/mentions.ts";
import { placeholders, prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { logLimits } from "../../limits.ts";
import type { Execution, ExecutionReport } from "./schema.ts";
import { executions, toolUsage } from "./table.ts";

const insertRow = prepared((db: Db) =>
  db
    .insert(executions)
    .values(placeholders(executions, ["seq"]))
    .onConflictDoNothing()
    .returning({ seq: executions.seq })
    .prepare(),
);

const countUse = prepared((db: Db) =>
  db
    .insert(toolUsage)
    .values(placeholders(toolUsage))
    .onConflictDoUpdate({
      target: toolUsage.toolId,
      set: {
        usageCount: sql`${toolUsage.usageCount} + excluded.usage_count`,
        failureCount: sql`${toolUsage.failureCount} + excluded.failure_count`,
        totalDurationMs: sql`${toolUsage.totalDurationMs} + excluded.total_duration_ms`,
        lastUsedAt: sql`max(${toolUsage.lastUsedAt}, excluded.last_used_at)`,
      },
    })
    .prepare(),
);

/**
 * Adds one execution and counts it for its tool, unless it was refused before it ran; a report that came before changes nothing.
 * Returns its number, or undefined then.
 */
export function insertExecution(db: Db, { ran, pattern: _pattern, ...report }: ExecutionReport): number | undefined {
  const row = insertRow(db).get({
    ...report,
    through: report.through ?? null,
    executedAt: new Date(report.executedAt),
  }) as { seq: number } | undefined;
  if (row === undefined || report.toolId === null || !ran) return row?.seq;
  countUse(db).run({
    toolId: report.toolId,
    usageCount: 1,
    failureCount: report.success ? 0 : 1,
    totalDurationMs: report.durationMs,
    lastUsedAt: new Date(report.executedAt),
  });
  return row.seq;
}

export interface ExecutionFilter {
  tool: string | undefined;
  username: string | undefined;
  /** `ok`, `failed` for whatever failed, or an error's code. */
  outcome: string | undefined;
  dataset: string | undefined;
  /** Unix milliseconds, both inclusive. */
  from: number | undefined;
  to: number | undefined;
  text: string | undefined;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

/** Tools and datasets that are not shown to whoever reads. */
export interface HiddenNames {
  toolIds: readonly string[];
  toolNames: readonly string[];
  datasetNames: readonly string[];
}

/** How far back a search came, when there is more to search: the number of the last execution looked at, and when that was. */
export interface Searched {
  seq: number;
  at: string;
}

/**
 * The newest executions that match, with the number of each for the cursor, and how many match in all; with `text`, of as many as one search
 * looks at. Those of hidden tools and on hidden datasets are left out, and so are arguments that name a hidden one or were cut before they
 * could; one's own too, since the same person may have given them through a credential that sees more. What is not shown is not searched.
 */
export function selectExecutions(
  db: Db,
  filter: ExecutionFilter,
  hidden: HiddenNames,
): { rows: { seq: number; execution: Execution }[]; total: number; searched?: Searched } {
  const searched = filter.text === undefined ? undefined : reachOf(db, filter.before);
  const isBefore = filter.before === undefined ? undefined : lt(executions.seq, filter.before);
  const matches: (SQL | undefined)[] = [
    ...conditionsOf(filter),
    filter.text === undefined ? undefined : holds(filter.text, hidden),
    searched === undefined ? undefined : gte(executions.seq, searched.seq),
    // A search counts what it looked at, from its cursor on.
    filter.text === undefined ? undefined : isBefore,
    ...withoutHidden(hidden),
  ];
  const counted = db
    .select({ total: sql<number>`count(*)` })
    .from(executions)
    .where(and(...matches))
    .get();
  const rows = db
    .select()
    .from(executions)
    .where(and(...matches, isBefore))
    .orderBy(desc(executions.seq))
    .limit(filter.limit)
    .all();
  const mentions = mentionsOf(hidden);
  const shown = (log: (typeof rows)[number]): Execution =>
    toExecution(mentions(log.parameters) ? { ...log, parameters: null } : log);
  return {
    rows: rows.map((log) => ({ seq: log.seq, execution: shown(log) })),
    total: counted?.total ?? 0,
    ...(searched === undefined ? {} : { searched }),
  };
}

function conditionsOf({ tool, username, outcome, dataset, from, to }: ExecutionFilter): (SQL | undefined)[] {
  return [
    tool === undefined ? undefined : eq(executions.toolName, tool),
    username === undefined ? undefined : eq(executions.username, username),
    outcome === undefined ? undefined : outcomeIs(outcome),
    dataset === undefined ? undefined : eq(executions.dataset, dataset),
    from === undefined ? undefined : gte(executions.executedAt, new Date(from)),
    to === undefined ? undefined : lte(executions.executedAt, new Date(to)),
  ];
}

function outcomeIs(outcome: string): SQL {
  if (outcome === "ok" || outcome === "failed") return eq(executions.success, outcome === "ok");
  return eq(executions.errorCode, outcome);
}

/** Where a search that begins at the cursor ends; undefined when that is the beginning of the log. */
function reachOf(db: Db, before: number | undefined): Searched | undefined {
  const row = db
    .select({ seq: executions.seq, at: executions.executedAt })
    .from(executions)
    .where(before === undefined ? undefined : lt(executions.seq, before))
    .orderBy(desc(executions.seq))
    .limit(1)
    .offset(logLimits.searchRows - 1)
    .get();
  const older = row && db.select({ seq: executions.seq }).from(executions).where(lt(executions.seq, row.seq)).limit(1);
  return older?.get() === undefined || row === undefined ? undefined : { seq: row.seq, at: row.at.toISOString() };
}

/** Arguments are JSON texts, so what is looked for in them is written as JSON writes it. */
function holds(text: string, { toolNames, datasetNames }: HiddenNames): SQL {
  const inJson = JSON.stringify(text).slice(1, -1);
  const contains = (column: SQL, wanted: string): SQL =>
    sql`instr(lower(coalesce(${column}, '')), lower(${wanted})) > 0`;
  const names = [...toolNames, ...datasetNames];
  const isShown =
    names.length === 0
      ? sql`1`
      : sql`(length(${executions.parameters}) <= ${logLimits.parametersChars}
          AND NOT EXISTS (SELECT 1 FROM json_each(${JSON.stringify(names)}) WHERE instr(${executions.parameters}, value) > 0))`;
  const columns = [executions.toolName, executions.client, executions.dataset, executions.errorCode];
  return sql`(${sql.join(
    columns.map((column) => contains(sql`${column}`, text)),
    sql` OR `,
  )} OR (${contains(sql`${executions.parameters}`, inJson)} AND ${isShown}))`;
}

function withoutHidden({ toolIds, datasetNames }: HiddenNames): SQL[] {
  const conditions: SQL[] = [];
  if (toolIds.length > 0)
    conditions.push(
      sql`(${executions.toolId} IS NULL OR ${executions.toolId} NOT IN (SELECT value FROM json_each(${JSON.stringify(toolIds)})))`,
    );
  // A run over several datasets names them with commas between.
  if (datasetNames.length > 0)
    conditions.push(
      sql`(${executions.dataset} IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(${JSON.stringify(datasetNames)}) WHERE instr(',' || ${executions.dataset} || ',', ',' || value || ',') > 0))`,
    );
  return conditions;
}

function mentionsOf({ toolNames, datasetNames }: HiddenNames): (parameters: string | null) => boolean {
  const names = [...toolNames, ...datasetNames];
  const isNamed = namesAnyOf(names);
  return (parameters) =>
    names.length > 0 && parameters !== null && (parameters.length > logLimits.parametersChars || isNamed(parameters));
}

function toExecution(log: typeof executions.$inferSelect): Execution {
  return {
    id: log.id,
    tool: log.toolName,
    tool_version: log.toolVersion,
    user: log.username,
    through: log.through,
    client: log.client,
    parameters: log.parameters,
    dataset: log.dataset,
    dataset_version: log.datasetVersion,
    executed_at: log.executedAt.toISOString(),
    duration_ms: log.durationMs,
    steps: log.steps,
    success: log.success,
    cached: log.cached,
    error_code: log.errorCode,
    result_bytes: log.resultBytes,
  };
}

export interface ToolUsage {
  usage_count: number;
  failure_count: number;
  avg_execution_time_ms: number;
  last_used_at: string;
}

/** Running totals of one tool, or undefined when it was never used. They outlive the log's retention. */
export function selectUsage(db: Db, toolId: string): ToolUsage | undefined {
  const row = db.select().from(toolUsage).where(eq(toolUsage.toolId, toolId)).get();
  return row === undefined ? undefined : usageOf(row);
}

/** Those of all tools that were ever used, by the tool's id. */
export function selectUsages(db: Db): (ToolUsage & { tool_id: string })[] {
  return db
    .select()
    .from(toolUsage)
    .all()
    .map((row) => ({ tool_id: row.toolId, ...usageOf(row) }));
}

function usageOf(row: typeof toolUsage.$inferSelect): ToolUsage {
  return {
    usage_count: row.usageCount,
    failure_count: row.failureCount,
    avg_execution_time_ms: Math.round(row.totalDurationMs / row.usageCount),
    last_used_at: row.lastUsedAt.toISOString(),
  };
}

/** Removes what is over the log's limits of rows and days. */
export function trimExecutions(db: Db, now: number, limits: { rows: number; days: number } = logLimits): void {
  db.delete(executions)
    .where(lt(executions.executedAt, new Date(now - limits.days * dayMs)))
    .run();
  const newest =
    db
      .select({ seq: max(executions.seq) })
      .from(executions)
      .get()?.seq ?? 0;
  db.delete(executions)
    .where(lt(executions.seq, newest - limits.rows + 1))
    .run();
}
