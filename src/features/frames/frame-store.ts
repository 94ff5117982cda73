// Frames in the workspace's SQLite: chunks of rows as JSONB, and what each frame is. Synchronous; SQL only.
import { and, asc, eq, isNotNull, isNull, lt, ne, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Row } from "../../engines/frame/types.ts";
import { chunkTable } from "../../engines/frame/view.ts";
import { frameLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { deleteRelations, insertRelation, readableRelations, requireRelation } from "../workspace/store.ts";
import { mayRead } from "../workspace/workspace.ts";
import { relations } from "../workspace/workspace-table.ts";
import type { Frame, NewFrame } from "./schema.ts";
import { frames } from "./workspace-table.ts";

type Deps = Pick<WorkspaceDeps, "db" | "sql" | "now" | "wakeAt">;

const refAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** `df_` and ten characters: 50 bits, unique within a team, short enough for a model to repeat. */
function newRef(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return `df_${Array.from(bytes, (byte) => refAlphabet[byte % 32]).join("")}`;
}

const frameFields = {
  id: frames.id,
  name: relations.name,
  storage: frames.storage,
  columns: frames.columns,
  rows: frames.rows,
  chunks: frames.chunks,
  bytes: frames.bytes,
  lineage: frames.lineage,
  sources: relations.sources,
  createdBy: relations.createdBy,
  createdAt: sql<number>`${relations.createdAt}`,
  lastUsedAt: frames.lastUsedAt,
  expiresAt: frames.expiresAt,
  pinned: frames.pinned,
};

/** The frame of that name or data_ref, used as of now. Throws `not_found`. */
export function useFrame(deps: Deps, nameOrRef: string, reader: Reader): Frame {
  const { id } = requireRelation(deps.db, nameOrRef, reader, "frame");
  const found = readFrame(deps, id);
  if (found !== undefined) return touch(deps, found);
  throw requireGone(deps, nameOrRef, reader);
}

/** A frame that expired and was not swept yet, or is still being loaded, is not there. */
function requireGone(deps: Deps, nameOrRef: string, reader: Reader): AppError {
  const { id } = requireRelation(deps.db, nameOrRef, reader, "frame");
  const state = deps.db.select({ state: frames.state }).from(frames).where(eq(frames.id, id)).get()?.state;
  return state === "loading"
    ? new AppError("not_found", `The frame "${nameOrRef}" is still being loaded.`, {
        hint: "Call again once the call that loads it has answered.",
      })
    : new AppError("not_found", `The frame "${nameOrRef}" has expired.`, {
        hint: "A frame is kept for 24 hours after its last use; make it again, and pin_data keeps it.",
      });
}

function readFrame(deps: Deps, id: string): Frame | undefined {
  const row = deps.db
    .select(frameFields)
    .from(frames)
    .innerJoin(relations, eq(relations.id, frames.id))
    .where(and(eq(frames.id, id), eq(frames.state, "ready")))
    .get();
  return row === undefined || (row.expiresAt !== null && row.expiresAt <= deps.now()) ? undefined : row;
}

/** Use keeps a frame. Written at most once a minute: each time is a row written. */
function touch(deps: Deps, frame: Frame): Frame {
  const now = deps.now();
  if (now - frame.lastUsedAt < 60_000) return frame;
  const expiresAt = frame.pinned ? null : now + frameLimits.keptMs;
  deps.db.update(frames).set({ lastUsedAt: now, expiresAt }).where(eq(frames.id, frame.id)).run();
  return { ...frame, lastUsedAt: now, expiresAt };
}

/** The server's own copy under this key, used as of now; undefined when there is none that `reader` may read. */
export function useCopy(deps: Deps, copyOf: string, reader: Reader): Frame | undefined {
  const row = deps.db.select({ id: frames.id }).from(frames).where(eq(frames.isCopyOf, copyOf)).get();
  const found = row === undefined ? undefined : readFrame(deps, row.id);
  return found === undefined || !mayRead(reader, found.sources) ? undefined : touch(deps, found);
}

/** Frames that `reader` may read, the last used first; the server's own copies left out. */
export function listFrames(deps: Deps, reader: Reader): Frame[] {
  const readable = new Set(readableRelations(deps.db, reader, "frame").map(({ id }) => id));
  const now = deps.now();
  return deps.db
    .select(frameFields)
    .from(frames)
    .innerJoin(relations, eq(relations.id, frames.id))
    .where(and(eq(frames.state, "ready"), isNull(frames.isCopyOf)))
    .all()
    .filter((frame) => readable.has(frame.id) && (frame.expiresAt === null || frame.expiresAt > now))
    .sort((a, b) => b.lastUsedAt - a.lastUsedAt || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
}

/**
 * Begins a frame without rows, which nobody sees until `finishFrame`. Makes room for it when there are too many. Throws `already_exists` for
 * a name that is taken, `too_large` when only pinned frames and those in use could make room.
 */
export function beginFrame(deps: Deps, by: Caller, { name, columns, lineage, sources, copyOf }: NewFrame): string {
  requireColumns(columns.map((column) => column.name));
  makeRoom(deps, { frames: 1, bytes: 0 });
  const id = newRef();
  const now = deps.now();
  const last = deps.db
    .select({ storage: sql<number>`coalesce(max(${frames.storage}), 0)` })
    .from(frames)
    .get();
  const storage = (last?.storage ?? 0) + 1;
  const { username } = by.actor;
  insertRelation(deps.db, {
    id,
    kind: "frame",
    name: name ?? null,
    sources,
    createdBy: username,
    createdAt: new Date(now),
  });
  deps.db
    .insert(frames)
    .values({
      ...{ id, storage, state: "loading", columns, rows: 0, chunks: 0, bytes: 0, lineage, pinned: false },
      // Only what is whole has the copy's own key: two calls may load it at once.
      ...{
        isCopyOf: copyOf === undefined ? null : `${copyOf} ${id}`,
        lastUsedAt: now,
        expiresAt: now + frameLimits.loadMs,
      },
    })
    .run();
  deps.sql.exec(`CREATE TABLE ${chunkTable(storage)} (k INTEGER PRIMARY KEY, n INTEGER NOT NULL, d BLOB NOT NULL)`);
  deps.wakeAt(now + frameLimits.loadMs);
  return id;
}

/** Adds rows at the end of a frame that was begun: `json` is an array of `count` rows as JSON text. Throws `not_found` when the load was given up on. */
export function appendChunk(deps: Deps, id: string, count: number, json: string): void {
  const row = deps.db
    .select()
    .from(frames)
    .where(and(eq(frames.id, id), eq(frames.state, "loading")))
    .get();
  if (row === undefined) throw new AppError("not_found", "This load was given up on.", { hint: "Load it again." });
  requireLoadable(deps, json.length);
  deps.sql.exec(
    `INSERT INTO ${chunkTable(row.storage)} (k, n, d) VALUES (?, ?, jsonb(?))`,
    row.chunks + 1,
    count,
    json,
  );
  deps.db
    .update(frames)
    .set({ chunks: row.chunks + 1, rows: row.rows + count, bytes: row.bytes + utf8Bytes(json) })
    .where(eq(frames.id, id))
    .run();
}

/** Throws `too_large` when what is being loaded comes to more than all frames may have: it would take the room until it is given up on. */
function requireLoadable(deps: Deps, bytes: number): void {
  const { held } = deps.db
    .select({ held: sql<number>`coalesce(sum(${frames.bytes}), 0)` })
    .from(frames)
    .where(eq(frames.state, "loading"))
    .get() ?? { held: 0 };
  if (held + bytes <= frameLimits.teamBytes) return;
  throw new AppError(
    "too_large",
    `What is being loaded comes to more than ${frameLimits.teamBytes} bytes, the most that all frames of a team may have (limit teamBytes).`,
    {
      hint: "Load a part of it, or leave out columns with long values; when other loads are under way, wait for them.",
      details: { limit: "teamBytes", value: frameLimits.teamBytes, bytes: held + bytes },
    },
  );
}

/** Makes a frame that was begun one that can be read. `columns` when its types became known only now. Throws as `beginFrame`. */
export function finishFrame(deps: Deps, id: string, columns?: Frame["columns"]): Frame {
  const row = deps.db
    .select({ bytes: frames.bytes, isCopyOf: frames.isCopyOf })
    .from(frames)
    .where(and(eq(frames.id, id), eq(frames.state, "loading")))
    .get();
  if (row === undefined) throw new AppError("not_found", "This load was given up on.", { hint: "Load it again." });
  makeRoom(deps, { frames: 0, bytes: row.bytes }, id);
  const now = deps.now();
  const expiresAt = now + frameLimits.keptMs;
  const isCopyOf = row.isCopyOf?.slice(0, -(id.length + 1)) ?? null;
  if (isCopyOf !== null) {
    const other = otherCopy(deps, isCopyOf, id);
    if (other !== undefined) return other;
  }
  deps.db
    .update(frames)
    .set({ state: "ready", isCopyOf, lastUsedAt: now, expiresAt, ...(columns === undefined ? {} : { columns }) })
    .where(eq(frames.id, id))
    .run();
  deps.wakeAt(expiresAt);
  const frame = readFrame(deps, id);
  if (frame === undefined) throw new Error("a frame that was just finished is gone");
  return frame;
}

/** A copy that was finished meanwhile for the same readers goes before this one, whose load is dropped; one for others gives way to it. */
function otherCopy(deps: Deps, copyOf: string, id: string): Frame | undefined {
  const row = deps.db.select({ id: frames.id }).from(frames).where(eq(frames.isCopyOf, copyOf)).get();
  if (row === undefined) return undefined;
  const other = readFrame(deps, row.id);
  const mine = deps.db.select({ sources: relations.sources }).from(relations).where(eq(relations.id, id)).get();
  const isSame = other !== undefined && JSON.stringify(other.sources) === JSON.stringify(mine?.sources);
  dropFrames(deps, [isSame ? id : row.id]);
  return isSame ? touch(deps, other) : undefined;
}

/** Removes frames, whatever their state. */
export function dropFrames(deps: Deps, ids: readonly string[]): void {
  for (const id of ids) {
    const row = deps.db.delete(frames).where(eq(frames.id, id)).returning({ storage: frames.storage }).get();
    if (row !== undefined) deps.sql.exec(`DROP TABLE IF EXISTS ${chunkTable(row.storage)}`);
  }
  deleteRelations(deps.db, ids);
}

/** A pinned frame neither expires nor is evicted. */
export function setPinned(deps: Deps, frame: Frame, pinned: boolean): Frame {
  const expiresAt = pinned ? null : deps.now() + frameLimits.keptMs;
  deps.db.update(frames).set({ pinned, expiresAt }).where(eq(frames.id, frame.id)).run();
  if (expiresAt !== null) deps.wakeAt(expiresAt);
  return { ...frame, pinned, expiresAt };
}

/** Removes what has expired and loads that were given up on; says when the next will be due. */
export function sweepFrames(deps: Deps & Pick<WorkspaceDeps, "atomically">): number | undefined {
  const now = deps.now();
  deps.atomically(() => {
    const due = deps.db
      .select({ id: frames.id })
      .from(frames)
      .where(lt(frames.expiresAt, now + 1))
      .all();
    dropFrames(
      deps,
      due.map(({ id }) => id),
    );
  });
  const next = deps.db
    .select({ at: sql<number | null>`min(${frames.expiresAt})` })
    .from(frames)
    .get();
  return next?.at ?? undefined;
}

/** Drops the frames that nobody used for longest, until there is room. Never a pinned one, nor one in use. Throws `too_large`. */
function makeRoom(deps: Deps, wanted: { frames: number; bytes: number }, keep = ""): void {
  const held = deps.db
    .select({ count: sql<number>`count(*)`, bytes: sql<number>`coalesce(sum(${frames.bytes}), 0)` })
    .from(frames)
    .where(ne(frames.id, keep))
    .get();
  let { count, bytes } = held ?? { count: 0, bytes: 0 };
  const fits = () => count + wanted.frames <= frameLimits.frames && bytes + wanted.bytes <= frameLimits.teamBytes;
  if (fits()) return;
  const idle = deps.db
    .select({ id: frames.id, bytes: frames.bytes })
    .from(frames)
    .where(
      and(
        eq(frames.state, "ready"),
        eq(frames.pinned, false),
        isNotNull(frames.expiresAt),
        ne(frames.id, keep),
        lt(frames.lastUsedAt, deps.now() - frameLimits.leaseMs),
      ),
    )
    .orderBy(asc(frames.lastUsedAt))
    .all();
  const evicted: string[] = [];
  for (const frame of idle) {
    if (fits()) break;
    evicted.push(frame.id);
    count -= 1;
    bytes -= frame.bytes;
  }
  if (!fits()) throw noRoom(count, bytes);
  dropFrames(deps, evicted);
}

function noRoom(count: number, bytes: number): AppError {
  const { frames: most, teamBytes } = frameLimits;
  const [limit, value, held] = count >= most ? ["frames", most, count] : ["teamBytes", teamBytes, bytes];
  return new AppError(
    "too_large",
    `The team's frames take all the room there is: ${held} of ${value} (limit ${limit}), and none of them can be evicted.`,
    {
      hint: "Drop frames with drop_data or unpin some with pin_data; list_data shows them. Frames used within the last five minutes are not evicted.",
      details: { limit, value, held },
    },
  );
}

/** Throws `too_large` or `invalid_argument` for columns that no frame can have. */
export function requireColumns(names: readonly string[]): void {
  if (names.length > frameLimits.columns) {
    throw new AppError(
      "too_large",
      `It has ${names.length} columns; a frame has ${frameLimits.columns} at most (limit columns).`,
      {
        hint: "Choose the columns you need, e.g. with `columns`.",
        details: { limit: "columns", value: frameLimits.columns, columns: names.length },
      },
    );
  }
  const seen = new Set<string>();
  for (const name of names) {
    const key = name.toLowerCase();
    if (seen.has(key)) {
      throw new AppError("invalid_argument", `Two columns would be called "${name}".`, {
        hint: "SQL does not tell upper from lower case; rename one of them.",
      });
    }
    seen.add(key);
  }
}

/** The chunks of a frame as JSON texts, in order; `after` is the number of the last that was read. */
export function* readChunks(
  deps: Pick<Deps, "sql">,
  frame: Pick<Frame, "storage">,
  after = 0,
): Generator<{ k: number; n: number; json: string }> {
  const step = deps.sql.exec<{ k: number; n: number; json: string }>(
    `SELECT k, n, json(d) AS json FROM ${chunkTable(frame.storage)} WHERE k > ? ORDER BY k`,
    after,
  );
  yield* step;
}

/** The rows of a frame in order, a chunk at a time. */
export function* readRows(deps: Pick<Deps, "sql">, frame: Pick<Frame, "storage">): Generator<Row[]> {
  for (const { json } of readChunks(deps, frame)) yield JSON.parse(json) as Row[];
}

/** The rows from `offset` on, `limit` at most: reads the chunks that hold them alone. */
export function readSlice(
  deps: Pick<Deps, "sql">,
  frame: Pick<Frame, "storage">,
  offset: number,
  limit: number,
): Row[] {
  const table = chunkTable(frame.storage);
  const places = deps.sql.exec<{ k: number; n: number }>(`SELECT k, n FROM ${table} ORDER BY k`).toArray();
  const rows: Row[] = [];
  let start = 0;
  for (const { k, n } of places) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + limit - start, n);
    if (from < to) {
      const { json } = deps.sql.exec<{ json: string }>(`SELECT json(d) AS json FROM ${table} WHERE k = ?`, k).one();
      rows.push(...(JSON.parse(json) as Row[]).slice(from, to));
    }
    start += n;
    if (start >= offset + limit) break;
  }
  return rows;
}

/** Bytes of all frames' rows, the server's own copies included. */
export function frameBytes(db: Deps["db"]): number {
  const row = db
    .select({ bytes: sql<number>`coalesce(sum(${frames.bytes}), 0)` })
    .from(frames)
    .get();
  return row?.bytes ?? 0;
}
