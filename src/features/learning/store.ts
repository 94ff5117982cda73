// What people ask again and again, in the team object's SQLite: taking note, forgetting, and what is due to be suggested. Synchronous; SQL only.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { and, asc, count, desc, eq, isNull, lt, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { learningLimits } from "../../workflow-limits.ts";
import type { Visibility } from "../access/access.ts";
import { proposals } from "../approvals/table.ts";
import { datasets } from "../datasets/table.ts";
import { tools } from "../jq-tools/table.ts";
import type { ExecutionReport, QueryPattern } from "../metrics/schema.ts";
import type { TeamSettings } from "../teams/schema.ts";
import { covers } from "./coverage.ts";
import type { PatternFacts, Suggestion } from "./schema.ts";
import { queryPatternLiterals, queryPatterns, queryPatternUsers } from "./table.ts";

export type PatternRow = typeof queryPatterns.$inferSelect;
type Limits = { readonly [Name in "patterns" | "people" | "variants" | "days"]: number };

/** The id of what is asked: the same for everyone who asks it. */
export function patternId({
  dataset,
  input,
  nullInput,
  normalised,
}: Omit<QueryPattern, "example" | "literals">): string {
  const what = JSON.stringify([dataset, input, nullInput, normalised]);
  return `sug_${bytesToHex(sha256(utf8ToBytes(what))).slice(0, 24)}`;
}

/** Takes note of one run of an ad hoc query. To be called once for each, in the transaction that logs it. */
export function notePattern(db: Db, report: ExecutionReport, now: number, limits: Limits = learningLimits): void {
  const { pattern } = report;
  if (pattern === undefined) return;
  const id = patternId(pattern);
  const isNew = upsertPattern(db, id, pattern, report);
  db.insert(queryPatternUsers)
    .values({ patternId: id, userId: report.userId, runs: 1, lastSeenAt: new Date(report.executedAt) })
    .onConflictDoUpdate({
      target: [queryPatternUsers.patternId, queryPatternUsers.userId],
      set: {
        runs: sql`${queryPatternUsers.runs} + 1`,
        lastSeenAt: sql`max(${queryPatternUsers.lastSeenAt}, excluded.last_seen_at)`,
      },
    })
    .run();
  for (const [place, value] of pattern.literals.entries()) {
    db.insert(queryPatternLiterals)
      .values({ patternId: id, place, value, runs: 1 })
      .onConflictDoUpdate({
        target: [queryPatternLiterals.patternId, queryPatternLiterals.place, queryPatternLiterals.value],
        set: { runs: sql`${queryPatternLiterals.runs} + 1` },
      })
      .run();
    trimVariants(db, { id, place, value }, limits.variants);
  }
  trimPeople(db, { id, userId: report.userId }, limits.people);
  if (isNew) trimPatterns(db, now, limits, id);
}

function upsertPattern(db: Db, id: string, pattern: QueryPattern, report: ExecutionReport): boolean {
  const seenAt = new Date(report.executedAt);
  // Of an answer from the cache nothing was measured.
  const measured = report.cached
    ? { measuredRuns: 0, totalDurationMs: 0, totalSteps: 0 }
    : { measuredRuns: 1, totalDurationMs: report.durationMs, totalSteps: report.steps ?? 0 };
  const { dataset, input, nullInput, normalised, example } = pattern;
  const before = findPattern(db, id);
  if (before === undefined) {
    const row = { id, dataset, input, nullInput, normalised, example, runs: 1, ...measured };
    db.insert(queryPatterns)
      .values({ ...row, firstSeenAt: seenAt, lastSeenAt: seenAt, state: "seen" })
      .run();
    return true;
  }
  db.update(queryPatterns)
    .set({
      example,
      runs: before.runs + 1,
      measuredRuns: before.measuredRuns + measured.measuredRuns,
      totalDurationMs: before.totalDurationMs + measured.totalDurationMs,
      totalSteps: before.totalSteps + measured.totalSteps,
      lastSeenAt: new Date(Math.max(before.lastSeenAt.getTime(), seenAt.getTime())),
    })
    .where(eq(queryPatterns.id, id))
    .run();
  return false;
}

/** Makes room among a literal's values: the least seen go, never the one just seen. */
function trimVariants(db: Db, kept: { id: string; place: number; value: string }, max: number): void {
  const ofPlace = and(eq(queryPatternLiterals.patternId, kept.id), eq(queryPatternLiterals.place, kept.place));
  const values = db
    .select({ value: queryPatternLiterals.value })
    .from(queryPatternLiterals)
    .where(ofPlace)
    .orderBy(asc(queryPatternLiterals.runs))
    .all();
  const over = values.filter(({ value }) => value !== kept.value).slice(0, Math.max(0, values.length - max));
  for (const { value } of over) {
    db.delete(queryPatternLiterals)
      .where(and(ofPlace, eq(queryPatternLiterals.value, value)))
      .run();
  }
}

function trimPeople(db: Db, kept: { id: string; userId: string }, max: number): void {
  const people = db
    .select({ userId: queryPatternUsers.userId })
    .from(queryPatternUsers)
    .where(eq(queryPatternUsers.patternId, kept.id))
    .orderBy(asc(queryPatternUsers.runs), asc(queryPatternUsers.lastSeenAt))
    .all();
  const over = people.filter(({ userId }) => userId !== kept.userId).slice(0, Math.max(0, people.length - max));
  for (const { userId } of over) {
    db.delete(queryPatternUsers)
      .where(and(eq(queryPatternUsers.patternId, kept.id), eq(queryPatternUsers.userId, userId)))
      .run();
  }
}

/** Forgets what nobody has asked for long, and of the rest, beyond the limit, what was least asked; what was suggested goes last. */
export function trimPatterns(db: Db, now: number, limits: Limits = learningLimits, kept = ""): void {
  const old = db
    .select({ id: queryPatterns.id })
    .from(queryPatterns)
    .where(lt(queryPatterns.lastSeenAt, new Date(now - limits.days * dayMs)))
    .all();
  forget(db, old);
  const total = db.select({ total: count() }).from(queryPatterns).get()?.total ?? 0;
  if (total <= limits.patterns) return;
  const least = db
    .select({ id: queryPatterns.id })
    .from(queryPatterns)
    .where(sql`${queryPatterns.id} <> ${kept}`)
    .orderBy(sql`${queryPatterns.state} <> 'seen'`, asc(queryPatterns.runs), asc(queryPatterns.lastSeenAt))
    .limit(total - limits.patterns)
    .all();
  forget(db, least);
}

function forget(db: Db, patterns: readonly { id: string }[]): void {
  for (const { id } of patterns) {
    db.delete(queryPatternUsers).where(eq(queryPatternUsers.patternId, id)).run();
    db.delete(queryPatternLiterals).where(eq(queryPatternLiterals.patternId, id)).run();
    db.delete(queryPatterns).where(eq(queryPatterns.id, id)).run();
  }
}

export function findPattern(db: Db, id: string): PatternRow | undefined {
  return db.select().from(queryPatterns).where(eq(queryPatterns.id, id)).get();
}

export function countPeople(db: Db, id: string): number {
  const counted = db
    .select({ people: count() })
    .from(queryPatternUsers)
    .where(eq(queryPatternUsers.patternId, id))
    .get();
  return counted?.people ?? 0;
}

/** Who sees a dataset; undefined when there is none of that name. */
export function datasetVisibility(db: Db, name: string): Visibility | undefined {
  const row = db
    .select({ visibility: datasets.visibility })
    .from(datasets)
    .where(and(eq(datasets.name, name), isNull(datasets.deletedAt)))
    .get();
  return row === undefined ? undefined : (row.visibility ?? "everyone");
}

/** What of a pattern is due to be suggested now, and who may hear of it; undefined when it is not. */
export function dueSuggestion(
  db: Db,
  id: string,
  settings: Pick<TeamSettings, "suggest_after_people" | "suggest_after_runs">,
): { row: PatternRow; people: number; visibility: Visibility } | undefined {
  const row = findPattern(db, id);
  if (row === undefined) return undefined;
  const people = countPeople(db, id);
  if (!isDue(row, people, settings)) return undefined;
  const visibility = datasetVisibility(db, row.dataset);
  if (visibility === undefined || isCovered(db, row)) return undefined;
  return { row, people, visibility };
}

function isDue(
  row: PatternRow,
  people: number,
  settings: Pick<TeamSettings, "suggest_after_people" | "suggest_after_runs">,
): boolean {
  if (row.state === "dismissed") return row.runs >= 2 * (row.settledRuns ?? row.runs);
  return row.state === "seen" && (people >= settings.suggest_after_people || row.runs >= settings.suggest_after_runs);
}

/** True when an active tool of the team, shown or not, answers it already. */
export function isCovered(
  db: Db,
  pattern: Pick<PatternRow, "dataset" | "input" | "nullInput" | "normalised">,
): boolean {
  return (
    db
      .select({
        query: tools.queryTemplate,
        parameters: tools.parameters,
        datasets: tools.datasets,
        dataset_mode: tools.datasetMode,
        input: tools.input,
        null_input: tools.nullInput,
      })
      .from(tools)
      // The name as JSON text: what is compared exactly comes after.
      .where(and(eq(tools.isActive, true), sql`instr(${tools.datasets}, ${JSON.stringify(pattern.dataset)}) > 0`))
      .all()
      .some((tool) => covers(tool, pattern))
  );
}

/** Writes where a pattern stands now. */
export function writeState(
  db: Db,
  id: string,
  to: Partial<Pick<PatternRow, "state" | "suggestedAt" | "settledBy" | "settledRuns" | "proposalId">>,
): void {
  db.update(queryPatterns).set(to).where(eq(queryPatterns.id, id)).run();
}

export interface SuggestionFilter {
  state: Suggestion["state"];
  dataset: string | undefined;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

const rowNumber = sql<number>`${queryPatterns}.rowid`;

/** Suggestions on datasets that there are and that are not hidden, newest first, each with its number for the cursor. */
export function selectSuggestions(
  db: Db,
  filter: SuggestionFilter,
  hiddenDatasets: readonly string[],
): { rows: { seq: number; suggestion: Suggestion }[]; total: number } {
  const matches = and(
    eq(queryPatterns.state, filter.state),
    filter.dataset === undefined ? undefined : eq(queryPatterns.dataset, filter.dataset),
    sql`${queryPatterns.dataset} IN (SELECT ${datasets.name} FROM ${datasets} WHERE ${datasets.deletedAt} IS NULL)`,
    sql`${queryPatterns.dataset} NOT IN (SELECT value FROM json_each(${JSON.stringify(hiddenDatasets)}))`,
  );
  const found = db
    .select({ seq: rowNumber, row: queryPatterns })
    .from(queryPatterns)
    .where(matches)
    .orderBy(desc(rowNumber))
    .all()
    // What a tool answers by now needs no suggestion.
    .filter(({ row }) => filter.state !== "suggested" || !isCovered(db, row));
  const { before } = filter;
  const rows = found.filter(({ seq }) => before === undefined || seq < before).slice(0, filter.limit);
  return { rows: rows.map(({ seq, row }) => ({ seq, suggestion: toSuggestion(db, row) })), total: found.length };
}

/** A pattern as a suggestion; one that was never suggested is shown as what it would be. */
export function toSuggestion(db: Db, row: PatternRow): Suggestion {
  const proposal =
    row.proposalId === null
      ? undefined
      : db.select({ state: proposals.state }).from(proposals).where(eq(proposals.id, row.proposalId)).get();
  return {
    id: row.id,
    state: row.state === "seen" ? "suggested" : row.state,
    dataset: row.dataset,
    input: row.input,
    null_input: row.nullInput,
    pattern: row.normalised,
    people: countPeople(db, row.id),
    runs: row.runs,
    average_ms: row.measuredRuns === 0 ? null : Math.round(row.totalDurationMs / row.measuredRuns),
    first_seen_at: row.firstSeenAt.toISOString(),
    last_seen_at: row.lastSeenAt.toISOString(),
    suggested_at: row.suggestedAt?.toISOString() ?? null,
    settled_by: row.settledBy,
    proposal: row.proposalId === null ? null : { id: row.proposalId, state: proposal?.state ?? "unknown" },
  };
}

/** All that is kept of a pattern. */
export function factsOf(db: Db, row: PatternRow): PatternFacts {
  const places: { value: string; runs: number }[][] = [];
  const values = db
    .select()
    .from(queryPatternLiterals)
    .where(eq(queryPatternLiterals.patternId, row.id))
    .orderBy(asc(queryPatternLiterals.place), desc(queryPatternLiterals.runs), asc(queryPatternLiterals.value))
    .all();
  for (const { place, value, runs } of values) {
    const known = places[place] ?? [];
    known.push({ value, runs });
    places[place] = known;
  }
  return { suggestion: toSuggestion(db, row), normalised: row.normalised, example: row.example, places };
}
