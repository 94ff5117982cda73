// A team made from a backup, over RPC: for objects that are not a team yet. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError } from "../../core/errors.ts";
import type { Db } from "../../durable/db.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { readTeam } from "../teams/store.ts";
import { beginStaging, dropStaging, loadAll, markTemporary, requireStaging, stagePiece } from "./load-store.ts";
import type { BackupRecord, SummaryItem } from "./schema.ts";
import type { RawSql } from "./snapshot-store.ts";
import { replaceBackups } from "./store.ts";
import { becomeCopy, type CopyRequest, summarise } from "./swap-store.ts";

/** What the object lends for this. */
export interface Maker {
  sql: RawSql;
  db: Db;
  now: () => number;
  isTeam: () => boolean;
  /** True for the tag of a migration that this version has. */
  knows: (migration: string) => boolean;
  transaction: <T>(run: () => T) => T;
  /** Brings the schema up to this migration, or the newest; throws when there is none of that tag. */
  migrate: (upTo?: string) => void;
  /** The object is a team from now on. */
  opened: () => void;
  wakeAt: (timeMs: number) => void;
}

export interface MakeRequest {
  session: string;
  /** The newest migration that the state has had. */
  migration: string;
  /** Left out: the team is made as it was, bit for bit. */
  copy?: CopyRequest;
  /** It is made only to bring the state up to the newest schema, and goes again. */
  temporary?: boolean;
  /** The backups that its bucket has. */
  backups: readonly BackupRecord[];
}

export interface MadeTeam {
  slug: string;
  incarnation: string;
  /** Unix milliseconds. */
  createdAt: number;
  /** What the backup has, before anything was changed for a copy. */
  items: SummaryItem[];
}

/** Stages a backup's state in an object that is not a team, then makes it one in one transaction. */
export class MakingRpc extends RpcTarget {
  readonly #maker: Maker;

  constructor(maker: Maker) {
    super();
    this.#maker = maker;
  }

  /** Throws `already_exists` for a team, and `unsupported` for a schema that this version does not know. */
  begin(migration: string): string {
    this.#requireNone();
    if (!this.#maker.knows(migration)) throw newerSchema(migration);
    const { sql, now, transaction, wakeAt } = this.#maker;
    wakeAt(now() + backupLimits.stagingMs);
    return transaction(() => beginStaging(sql, now()));
  }

  stage(session: string, at: number, bytes: Uint8Array): void {
    this.#requireNone();
    stagePiece(this.#maker.sql, session, at, bytes);
  }

  /** Throws `already_exists`, and whatever keeps the state from being loaded: the object is as empty as before then. */
  finish(input: MakeRequest): MadeTeam {
    this.#requireNone();
    const { sql, db, transaction, migrate, opened, wakeAt, now } = this.#maker;
    requireStaging(sql, input.session);
    const items = transaction(() => {
      migrate(input.migration);
      loadAll(sql);
      migrate();
      if (input.temporary === true) markTemporary(sql);
      else dropStaging(sql);
      replaceBackups(db, input.backups);
      const found = summarise(sql);
      if (input.copy !== undefined) becomeCopy(sql, input.copy, now());
      return found;
    });
    opened();
    // What was due when the backup was taken is due now.
    if (input.temporary !== true) wakeAt(now() + 1_000);
    const { slug, incarnation, createdAt } = readTeam(db);
    return { slug, incarnation, createdAt: createdAt.getTime(), items };
  }

  #requireNone(): void {
    if (!this.#maker.isTeam()) return;
    throw new AppError("already_exists", "There is a team of this slug.", {
      hint: "Restore within it with restore_backup, or make another team of the backup: give `as` a free slug.",
    });
  }
}

function newerSchema(migration: string): AppError {
  return new AppError(
    "unsupported",
    `The backup was taken by a newer version of this server: it has had the migration ${migration}.`,
    {
      hint: "Deploy that version or a later one, then restore.",
      details: { migration },
    },
  );
}
