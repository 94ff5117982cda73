// Names of tables and frames in the workspace's SQLite, and the outbox. Synchronous; SQL only.
import { asc, eq, inArray, ne, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { Db } from "../../durable/db.ts";
import { framePattern, type Reader, type RelationKind, type Source } from "./schema.ts";
import { mayRead, type Told } from "./workspace.ts";
import { life, outbox, relations } from "./workspace-table.ts";

export interface Relation {
  id: string;
  kind: RelationKind;
  name: string | null;
  sources: Source[];
  createdBy: string;
  createdAt: Date;
}

/** The table or frame of that name or data_ref that `reader` may read; undefined otherwise. */
export function findRelation(db: Db, nameOrRef: string, reader: Reader): Relation | undefined {
  const field = framePattern.test(nameOrRef) ? relations.id : relations.key;
  const row = db.select().from(relations).where(eq(field, nameOrRef.toLowerCase())).get();
  return row !== undefined && mayRead(reader, row.sources) ? row : undefined;
}

/** Throws `not_found` that offers near names when there is none. */
export function requireRelation(db: Db, nameOrRef: string, reader: Reader, kind?: RelationKind): Relation {
  const found = findRelation(db, nameOrRef, reader);
  if (found !== undefined && (kind === undefined || found.kind === kind)) return found;
  throw noRelation(db, nameOrRef, reader, kind, found?.kind);
}

function noRelation(
  db: Db,
  name: string,
  reader: Reader,
  kind: RelationKind | undefined,
  isA: RelationKind | undefined,
): AppError {
  const names = readableRelations(db, reader, kind).flatMap((relation) => relation.name ?? []);
  const near = nearNames(name, names);
  const list = { table: "list_tables shows the team's tables.", frame: "list_data shows the team's frames." };
  const lists = "list_tables shows the team's tables, list_data its frames, list_datasets its datasets.";
  if (isA !== undefined) {
    return new AppError("not_found", `"${name}" is a ${isA}, not a ${kind}.`, {
      hint:
        kind === undefined ? lists : kind === "frame" ? `export_table makes a frame of it; ${list.frame}` : list[kind],
    });
  }
  const gone = framePattern.test(name)
    ? "A frame is kept for 24 hours after its last use unless it is pinned; make it again, and pin_data keeps it. "
    : "";
  return new AppError("not_found", `There is no ${kind ?? "table, frame or dataset"} "${name}".`, {
    hint: gone + (didYouMean(near) ?? (kind === undefined ? lists : list[kind])),
    details: { near, ...(kind === undefined ? { name } : {}) },
  });
}

/** All that `reader` may read, by name. */
export function readableRelations(db: Db, reader: Reader, kind?: RelationKind): Relation[] {
  const rows = db
    .select()
    .from(relations)
    .where(kind === undefined ? undefined : eq(relations.kind, kind))
    .orderBy(asc(relations.key), asc(relations.id))
    .all();
  return rows.filter((row) => mayRead(reader, row.sources));
}

/** Of the tables and frames that came from datasets: which those are, by data_ref and by name in lower case. */
export function sourcesByName(db: Db): ReadonlyMap<string, Source[]> {
  const rows = db
    .select({ id: relations.id, key: relations.key, sources: relations.sources })
    .from(relations)
    .where(ne(relations.sources, []))
    .all();
  return new Map(
    rows.flatMap(({ id, key, sources }) => [id, key ?? []].flat().map((name) => [name, sources] as const)),
  );
}

/** Puts a new table or frame under its name. Throws `already_exists`. */
export function insertRelation(db: Db, relation: Relation): void {
  const key = relation.name?.toLowerCase() ?? null;
  if (key !== null) requireFreeName(db, relation.name ?? "");
  db.insert(relations)
    .values({ ...relation, key })
    .run();
}

/** Gives it another name, or none: a name that is let go of can be taken. Throws `already_exists`. */
export function renameRelation(db: Db, id: string, name: string | null): void {
  if (name !== null) requireFreeName(db, name, id);
  db.update(relations)
    .set({ key: name?.toLowerCase() ?? null, ...(name === null ? {} : { name }) })
    .where(eq(relations.id, id))
    .run();
}

export function setSources(db: Db, id: string, sources: Source[]): void {
  db.update(relations).set({ sources }).where(eq(relations.id, id)).run();
}

export function deleteRelations(db: Db, ids: readonly string[]): void {
  db.delete(relations)
    .where(inArray(relations.id, [...ids]))
    .run();
}

function requireFreeName(db: Db, name: string, id?: string): void {
  const holder = db.select().from(relations).where(eq(relations.key, name.toLowerCase())).get();
  if (holder === undefined || holder.id === id) return;
  throw new AppError("already_exists", `There is a ${holder.kind} called "${holder.name}" already.`, {
    hint: "Choose another name; SQL does not tell upper from lower case.",
  });
}

/** The number of the newest entry that was ever put into the outbox, told or not; 0 before the first. */
export function newestTold(db: Db): number {
  const found = db.get<{ seq: number } | undefined>(sql`SELECT seq FROM sqlite_sequence WHERE name = 'sd_outbox'`);
  return found?.seq ?? 0;
}

/** Notes whose workspace this is, once. */
export function noteLife(db: Db, team: string, incarnation: string, now: number): void {
  db.insert(life)
    .values({ id: 1, team, incarnation, createdAt: new Date(now) })
    .onConflictDoNothing()
    .run();
}

export function readLife(db: Db): { team: string; incarnation: string } | undefined {
  return db.select({ team: life.team, incarnation: life.incarnation }).from(life).get();
}

export function addToOutbox(db: Db, told: Told): void {
  db.insert(outbox).values({ told }).run();
}

/** What is yet to be told, oldest first. */
export function readOutbox(db: Db, limit: number): { seq: number; told: Told }[] {
  return db.select().from(outbox).orderBy(asc(outbox.seq)).limit(limit).all();
}

export function removeFromOutbox(db: Db, seqs: readonly number[]): void {
  db.delete(outbox)
    .where(inArray(outbox.seq, [...seqs]))
    .run();
}
