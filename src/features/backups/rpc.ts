// Backups of one team over RPC: thin; the rules are in keeping.ts and swapping.ts. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import { readTeam } from "../teams/store.ts";
import {
  beginStoring,
  completeBackup,
  failBackup,
  fileStored,
  forgetBackup,
  nextChunks,
  noteDownload,
  overdueBackups,
  planCopy,
  planCopyParts,
  planRestoredFile,
  releaseStoring,
  reuseCopies,
  takeBackup,
  takeNightly,
} from "./keeping.ts";
import { beginStaging, dropStaging, requireStaging, stagePiece } from "./load-store.ts";
import type { BackupList, BackupReason, BackupRecord, ShownBackup, SummaryItem } from "./schema.ts";
import { migrationOf, type RawSql, writeTables } from "./snapshot-store.ts";
import {
  deletePreview,
  expirePreview,
  listBackups,
  listPreviews,
  readBackup,
  toShown,
  toShownPreview,
} from "./store.ts";
import { fileKeys, summarise } from "./swap-store.ts";
import { addPreview, requireRevision, type SwapRequest, swapIn } from "./swapping.ts";
import { accessTables } from "./team-state.ts";

/** The team as it is now, as far as a restore asks. */
export interface Present {
  incarnation: string;
  revision: number;
  migration: string;
  items: SummaryItem[];
  /** Keys of the datasets' files. */
  files: string[];
}

export class BackupsRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #sql: RawSql;

  constructor(deps: TeamDeps, sql: RawSql) {
    super();
    this.#deps = deps;
    this.#sql = sql;
  }

  /** Made when asked for: in an object that cannot be used the first touch of `deps` throws. */
  get #backup() {
    void this.#deps.db;
    return { deps: this.#deps, sql: this.#sql };
  }

  list(): BackupList {
    const { db } = this.#deps;
    return { backups: listBackups(db).map(toShown), previews: listPreviews(db).map(toShownPreview) };
  }

  get(id: string): ShownBackup | undefined {
    const row = readBackup(this.#deps.db, id);
    return row === undefined ? undefined : toShown(row);
  }

  take(reason: BackupReason, by: Caller): ShownBackup {
    return takeBackup(this.#backup, reason, by);
  }

  takeNightly(night: string): string | undefined {
    return takeNightly(this.#backup, night);
  }

  beginStoring(id: string): ReturnType<typeof beginStoring> {
    return beginStoring(this.#backup, id);
  }

  releaseStoring(id: string): void {
    releaseStoring(this.#backup, id);
  }

  chunks(id: string, at: number): Uint8Array[] {
    return nextChunks(this.#backup, id, at);
  }

  planCopy(id: string, key: string): void {
    planCopy(this.#backup, id, key);
  }

  planCopyParts(key: string, multipartId: string): void {
    planCopyParts(this.#backup, key, multipartId);
  }

  fileStored(id: string, r2Key: string, storedKey: string): void {
    fileStored(this.#backup, id, r2Key, storedKey);
  }

  reuseCopies(id: string, from: string, pairs: readonly [string, string][]): boolean {
    return reuseCopies(this.#backup, id, from, pairs);
  }

  complete(record: BackupRecord, stateKey: string): ShownBackup {
    return completeBackup(this.#backup, record, stateKey);
  }

  fail(id: string, why: string): void {
    failBackup(this.#backup, id, why);
  }

  overdue(): string[] {
    return overdueBackups(this.#backup);
  }

  noteDownload(id: string, by: Caller): void {
    noteDownload(this.#backup, id, by);
  }

  forget(id: string, keys: readonly string[], by: Caller): void {
    forgetBackup(this.#backup, id, keys, by);
  }

  /** What the team has made, where it stands, and which files it points at: what a restore is compared with. */
  present(): Present {
    const { sql } = this.#backup;
    const { incarnation, revision } = readTeam(this.#deps.db);
    return { incarnation, revision, migration: migrationOf(sql), items: summarise(sql), files: fileKeys(sql) };
  }

  /** Who gets in now, as NDJSON, for a preview. */
  accessState(): Uint8Array {
    const pieces: Uint8Array[] = [];
    writeTables(this.#backup.sql, accessTables, (bytes) => pieces.push(bytes.slice()));
    return joined(pieces);
  }

  addPreview(preview: { slug: string; backupId: string; incarnation: string }, by: Caller): { expires_at: string } {
    return { expires_at: addPreview(this.#backup, preview, by).expiresAt.toISOString() };
  }

  /** Ends a preview that could not be made. */
  endPreview(slug: string): void {
    const { deps } = this.#backup;
    expirePreview(deps.db, slug, deps.now());
    deps.wakeAt(deps.now());
  }

  forgetPreview(slug: string): void {
    deletePreview(this.#deps.db, slug);
  }

  /** Begins to stage what will be swapped in. Throws `conflict` when the team is not at this revision any more. */
  beginSwap(revision: number): string {
    const { deps, sql } = this.#backup;
    requireRevision(sql, revision);
    return deps.atomically(() => beginStaging(sql, deps.now()));
  }

  stage(session: string, at: number, bytes: Uint8Array): void {
    stagePiece(this.#backup.sql, session, at, bytes);
  }

  endSwap(session: string): void {
    const { sql } = this.#backup;
    try {
      requireStaging(sql, session);
    } catch {
      return;
    }
    dropStaging(sql);
  }

  swap(input: SwapRequest, by: Caller): ReturnType<typeof swapIn> {
    return swapIn(this.#backup, input, by);
  }

  /** Notes a file that is about to be copied back; the swap claims it, or the sweep deletes it. */
  planFile(key: string): void {
    planRestoredFile(this.#backup, key);
  }

  planFileParts(key: string, multipartId: string): void {
    planCopyParts(this.#backup, key, multipartId);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
