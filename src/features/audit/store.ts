// The audit log in the team object's SQLite. Synchronous; SQL only.
import { and, asc, desc, eq, gt, gte, lt, lte, ne, type SQL, sql } from "drizzle-orm";
import { placeholders, prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { auditLimits } from "../../limits.ts";
import type { Caller } from "../access/access.ts";
import { auditJson, type ChainPlace, chainStart, type SealedEntry, type SealedRow, sealOf } from "./audit.ts";
import type { AuditEntry, AuditFilter } from "./schema.ts";
import { auditLog } from "./table.ts";

/** Rows read at a time while a slice fills. */
const readStep = 100;

const selectHead = prepared((db: Db) =>
  db
    .select({ seq: auditLog.seq, hash: auditLog.hash, at: auditLog.at })
    .from(auditLog)
    .orderBy(desc(auditLog.seq))
    .limit(1)
    .prepare(),
);

const insertRow = prepared((db: Db) => db.insert(auditLog).values(placeholders(auditLog)).prepare());

/** The newest row's number, hash and time; the chain's start when there is none. */
export function auditHead(db: Db): ChainPlace & { at: number } {
  const head = selectHead(db).get();
  return head === undefined ? { ...chainStart, at: 0 } : { ...head, at: head.at.getTime() };
}

/** True when another request than this one has put an entry behind number `seq`. */
export function writtenSince(db: Db, seq: number, requestId: string): boolean {
  const others = and(gt(auditLog.seq, seq), ne(auditLog.requestId, storable(requestId)));
  return db.select({ seq: auditLog.seq }).from(auditLog).where(others).limit(1).get() !== undefined;
}

/** Adds entries to the chain. Must run in the transaction of the write they tell of. Their times never go back, whatever the clock does. */
export function appendAudit(db: Db, by: Caller, entries: readonly AuditEntry[], now: number): void {
  let { seq, hash, at } = auditHead(db);
  at = Math.max(at, now);
  for (const entry of entries) {
    seq += 1;
    const { actor } = by;
    const row: SealedRow = {
      seq,
      at,
      userId: storable(actor.userId),
      username: storable(actor.username),
      credentialKind: actor.credential.kind,
      credentialId: storable(actor.credential.id),
      credentialLabel: storable(actor.credential.label),
      through: actor.through === undefined ? null : storable(actor.through),
      client: by.client === null ? null : storable(by.client),
      address: by.address === null ? null : storable(by.address),
      requestId: storable(by.requestId),
      action: entry.action,
      targetKind: storable(entry.target.kind),
      targetName: storable(entry.target.name),
      before: auditJson(entry.before),
      after: auditJson(entry.after),
    };
    const previousHash = hash;
    hash = sealOf(previousHash, row);
    insertRow(db).run({ ...row, at: new Date(at), previousHash, hash });
  }
}

/** Text that SQLite gives back as it was, so that its hash holds: no NUL, no half of a surrogate pair. */
function storable(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

/** The entries after number `after`, oldest first, up to `upTo`: as many as one slice holds; `isLast` when there are no more. */
export function readSlice(
  db: Db,
  after: number,
  upTo: number,
  filter: AuditFilter = {},
): { entries: SealedEntry[]; isLast: boolean } {
  const entries: SealedEntry[] = [];
  let last = after;
  for (let bytes = 0; bytes < auditLimits.sliceBytes && entries.length < auditLimits.exportEntries; ) {
    const rows = db
      .select()
      .from(auditLog)
      .where(and(gt(auditLog.seq, last), lte(auditLog.seq, upTo), ...conditions(filter)))
      .orderBy(asc(auditLog.seq))
      .limit(readStep)
      .all();
    for (const row of rows) {
      entries.push({ ...row, at: row.at.getTime() });
      bytes += sizeOf(row);
    }
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < readStep) return { entries, isLast: true };
  }
  return { entries, isLast: false };
}

/** What a row weighs in an answer, about. */
function sizeOf(row: { before: string | null; after: string | null }): number {
  return 500 + (row.before?.length ?? 0) + (row.after?.length ?? 0);
}

function conditions(filter: AuditFilter): (SQL | undefined)[] {
  const { actor, action, target_kind, target_name, from, to, text } = filter;
  return [
    actor === undefined ? undefined : eq(auditLog.username, actor),
    action === undefined ? undefined : actionIs(action),
    target_kind === undefined ? undefined : eq(auditLog.targetKind, target_kind),
    target_name === undefined ? undefined : eq(auditLog.targetName, target_name),
    from === undefined ? undefined : gte(auditLog.at, new Date(from)),
    to === undefined ? undefined : lte(auditLog.at, new Date(to)),
    text === undefined ? undefined : holds(text),
  ];
}

/** `tool.` stands for every action that begins so: "/" comes right after "." in ASCII. */
function actionIs(action: string): SQL | undefined {
  if (!action.endsWith(".")) return eq(auditLog.action, action);
  return and(gte(auditLog.action, action), lt(auditLog.action, `${action.slice(0, -1)}/`));
}

/** Values are JSON texts, so what is looked for in them is written as JSON writes it. */
function holds(text: string): SQL {
  const inJson = JSON.stringify(text).slice(1, -1);
  return sql`(instr(lower(${auditLog.targetName}), lower(${text})) > 0
    or instr(lower(coalesce(${auditLog.before}, '')), lower(${inJson})) > 0
    or instr(lower(coalesce(${auditLog.after}, '')), lower(${inJson})) > 0)`;
}

/** Where a page of a search begins: before this entry, within the stretch of entries that begins at `window` and is counted as one. */
export interface SearchPlace {
  before: number;
  window: number;
}

export interface AuditSearch {
  filter: AuditFilter;
  /** Left out: at the newest entry. */
  place: SearchPlace | undefined;
  limit: number;
  /** Bytes after which a page ends, limit or not. */
  maxBytes: number;
}

export interface AuditFound {
  entries: SealedEntry[];
  total: number;
  /** Where the next page begins; undefined after the last. */
  next: SearchPlace | undefined;
  /** The entry down to which `total` counts; undefined when that is all of them. */
  searchedTo: number | undefined;
}

/** The newest entries that match. A filtered search looks at no more than auditLimits.searchEntries (searchTextEntries) of them at once. */
export function searchAudit(db: Db, { filter, place, limit, maxBytes }: AuditSearch): AuditFound {
  const { first, last } = rangeOf(db, filter);
  const { from: _from, to: _to, ...matching } = filter;
  const isFiltered = Object.values(matching).some((value) => value !== undefined);
  const reach = filter.text === undefined ? auditLimits.searchEntries : auditLimits.searchTextEntries;
  const window = Math.min(last, place?.window ?? last);
  const bottom = isFiltered ? Math.max(first, window - reach + 1) : first;
  const match = and(gte(auditLog.seq, bottom), lte(auditLog.seq, window), ...conditions(matching));
  const rows = db
    .select()
    .from(auditLog)
    .where(and(match, place === undefined ? undefined : lt(auditLog.seq, place.before)))
    .orderBy(desc(auditLog.seq))
    .limit(limit + 1)
    .all();
  const entries = firstBytes(rows, limit, maxBytes);
  const hasMore = rows.length > entries.length;
  const isUnsearched = bottom > first;
  const nextWindow = isUnsearched ? { before: bottom, window: bottom - 1 } : undefined;
  return {
    entries,
    total: isFiltered ? countRows(db, match) : Math.max(0, last - first + 1),
    next: hasMore ? { before: entries.at(-1)?.seq ?? bottom, window } : nextWindow,
    searchedTo: isUnsearched ? bottom : undefined,
  };
}

function countRows(db: Db, condition: SQL | undefined): number {
  const row = db.select({ count: sql<number>`count(*)` }).from(auditLog).where(condition).get();
  return row?.count ?? 0;
}

/** The numbers of the first and last entry in the time asked for. Times rise with numbers. */
function rangeOf(db: Db, { from, to }: AuditFilter): { first: number; last: number } {
  const at = (condition: SQL, order: SQL[]): number | undefined =>
    db
      .select({ seq: auditLog.seq })
      .from(auditLog)
      .where(condition)
      .orderBy(...order)
      .limit(1)
      .get()?.seq;
  const head = auditHead(db).seq;
  return {
    first:
      from === undefined
        ? 1
        : (at(gte(auditLog.at, new Date(from)), [asc(auditLog.at), asc(auditLog.seq)]) ?? head + 1),
    last: to === undefined ? head : (at(lte(auditLog.at, new Date(to)), [desc(auditLog.at), desc(auditLog.seq)]) ?? 0),
  };
}

/** As many rows as fit, one at least. */
function firstBytes(rows: readonly (typeof auditLog.$inferSelect)[], limit: number, maxBytes: number): SealedEntry[] {
  const entries: SealedEntry[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    bytes += sizeOf(row);
    if (entries.length > 0 && bytes > maxBytes) break;
    entries.push({ ...row, at: row.at.getTime() });
  }
  return entries;
}
