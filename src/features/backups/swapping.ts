// A restore in the object: what the team made becomes what a backup has, in one transaction. Rules on records; runs in the team object.
import { AppError } from "../../core/errors.ts";
import type { NewEvent } from "../../durable/team-deps.ts";
import { cacheLimits } from "../../limits.ts";
import { backupLimits } from "../../workflow-limits.ts";
import type { Caller, Visibility } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import type { Notice } from "../notifications/schema.ts";
import { readTeam } from "../teams/store.ts";
import { changesBetween, type Difference, totals } from "./differences.ts";
import type { BackupDeps } from "./keeping.ts";
import { dropStaging, requireStaging } from "./load-store.ts";
import type { KindChanges } from "./schema.ts";
import type { RawSql } from "./snapshot-store.ts";
import { expirePreview, insertPreview, listPreviews, type PreviewRow } from "./store.ts";
import { summarise, swapState } from "./swap-store.ts";

export interface SwapRequest {
  /** Under which the backup's state was staged. */
  session: string;
  backupId: string;
  /** The revision that was shown in the preview. */
  revision: number;
  safetyBackup: string;
  files: Readonly<Record<string, string>>;
}

/**
 * Swaps. The revision jumps so far that every isolate reads all definitions again; listeners are told of each change. Throws `forbidden`, and
 * `conflict` when the team has changed since the preview or another restore was begun; nothing is changed then.
 */
export function swapIn(
  { deps, sql }: BackupDeps,
  input: SwapRequest,
  by: Caller,
): { revision: number; changes: KindChanges[] } {
  const caller = requireNow(deps.db, by, "backups:manage");
  requireStaging(sql, input.session);
  requireRevision(sql, input.revision);
  const before = summarise(sql);
  return deps.atomically(() => {
    sql.exec("UPDATE team SET revision = revision + ?", cacheLimits.catalogueRevisions);
    return deps.change(caller, (revision) => {
      swapState(sql, deps.db, { files: input.files, now: deps.now() });
      dropStaging(sql);
      const found = changesBetween(before, summarise(sql));
      const changes = totals(found, caller.actor);
      const { slug } = readTeam(deps.db);
      const { backupId, safetyBackup } = input;
      deps.wakeAt(deps.now());
      return {
        result: { revision, changes },
        events: [...found.flatMap(eventOf), { kind: "team", name: slug, change: "updated", state: "restored" }],
        audit: [
          {
            action: "team.restore",
            target: { kind: "team", name: slug },
            before: { revision: input.revision, backup: safetyBackup },
            after: { revision, backup: backupId, changes: changes.map(({ names: _names, ...counts }) => counts) },
          },
        ],
        notices: [restoredNotice(slug, backupId, caller)],
      };
    });
  });
}

/** Throws `conflict` when the team is not at this revision. */
export function requireRevision(sql: RawSql, revision: number): void {
  const now = sql.exec<{ revision: number }>("SELECT revision FROM team").one().revision;
  if (now === revision) return;
  throw new AppError("conflict", "The team has changed since the preview, so nothing was restored.", {
    hint: "Call restore_backup without confirm to see what would change now.",
    details: { previewed: revision, now },
  });
}

const kindsOnFeed: ReadonlySet<string> = new Set(["tool", "function", "dataset"]);

function eventOf({ kind, name, change, visibility }: Difference): NewEvent[] {
  if (!kindsOnFeed.has(kind)) return [];
  const seenBy = visibility === null ? {} : { visibility: JSON.parse(visibility) as Visibility };
  return [{ kind: kind as NewEvent["kind"], name, change: change === "changed" ? "updated" : change, ...seenBy }];
}

function restoredNotice(slug: string, backupId: string, { actor }: Caller): Notice {
  return {
    kind: "team.restored",
    subject: { kind: "team", name: slug },
    title: `${actor.username} restored the team from the backup ${backupId}.`,
    body: "Functions, tools, datasets, settings and proposals are as they were then; people, tokens and logs are as before.",
    to: "team",
    data: { backup: backupId },
  };
}

/** Notes a preview that is about to be made; an earlier one of the same backup ends. Throws `busy` at backupLimits.previews. */
export function addPreview(
  { deps }: BackupDeps,
  preview: Pick<PreviewRow, "slug" | "backupId" | "incarnation">,
  by: Caller,
): PreviewRow {
  const caller = requireNow(deps.db, by, "backups:manage");
  const now = deps.now();
  const row: PreviewRow = {
    ...preview,
    createdBy: caller.actor.username,
    createdAt: new Date(now),
    expiresAt: new Date(now + backupLimits.previewHours * 3_600_000),
  };
  // The key of the request stands for all of it, of which this is the beginning.
  const { idempotencyId: _key, ...beginner } = caller;
  deps.record(beginner, () => {
    const live = listPreviews(deps.db).filter(({ expiresAt }) => expiresAt.getTime() > now);
    const others = live.filter(({ backupId }) => backupId !== preview.backupId);
    for (const { slug } of live.filter(({ backupId }) => backupId === preview.backupId))
      expirePreview(deps.db, slug, now);
    if (others.length >= backupLimits.previews) throw tooManyPreviews(others[0]?.expiresAt);
    insertPreview(deps.db, row);
    deps.wakeAt(now);
    const after = { team: preview.slug, expires_at: row.expiresAt.toISOString() };
    const target = { kind: "backup", name: preview.backupId };
    return { result: undefined, audit: [{ action: "backup.preview", target, after }] };
  });
  return row;
}

function tooManyPreviews(until: Date | undefined): AppError {
  const { previews } = backupLimits;
  return new AppError(
    "busy",
    `This team has ${previews} previews of other backups, the most at once (limit previews).`,
    {
      hint: `The next ends at ${until?.toISOString()}.`,
      details: { limit: "previews", value: previews },
    },
  );
}
