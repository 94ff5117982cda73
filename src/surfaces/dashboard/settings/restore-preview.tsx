// What a restore would do, before it does anything, and what it did. Runs at the edge.
import type { KindChanges, RestoreOutcome } from "../../../features/backups/schema.ts";
import { ActionButton, Form } from "../forms.tsx";
import { Ago, count, Diff, type DiffLine } from "../parts.tsx";

export function RestorePreview({ preview, now }: { preview: RestoreOutcome; now: number }) {
  return preview.outcome === "restored" ? <Restored restored={preview} /> : <Asked preview={preview} now={now} />;
}

function Asked({ preview: { backup_id, changes, preview, confirm }, now }: { preview: RestoreOutcome; now: number }) {
  return (
    <section class="card" aria-labelledby="restore-title" id="restore" role="status">
      <h2 id="restore-title">Restore this backup?</h2>
      <p>
        Nothing is restored yet. What the team made would become what it was:{" "}
        {changes.length === 0 ? "nothing differs." : ""}
      </p>
      <Changes changes={changes} />
      {preview === undefined ? null : (
        <p>
          Look around in{" "}
          <a href={`/t/${preview.team}`} hx-boost="false" target="_blank" rel="noopener">
            the team as it would be
          </a>{" "}
          (goes <Ago at={preview.expires_at} now={now} />
          ). People, tokens, connected apps and logs stay as they are now, and the team as it is now is backed up first.
        </p>
      )}
      <div class="actions">
        <ActionButton action="cancel" fields={{ preview: preview?.team }} small={false}>
          Cancel
        </ActionButton>
        <Form action="restore">
          <input type="hidden" name="backup_id" value={backup_id} />
          <input type="hidden" name="confirm" value={confirm} />
          <button type="submit" class="danger">
            Restore it
          </button>
        </Form>
      </div>
    </section>
  );
}

function Restored({ restored: { backup_id, changes, safety_backup } }: { restored: RestoreOutcome }) {
  return (
    <section class="card shown-once" aria-labelledby="restored-title" role="status">
      <h2 id="restored-title">The team is restored</h2>
      <p>
        From <code>{backup_id}</code>. What it was before is in <code>{safety_backup}</code>: restore that one to undo
        this.
      </p>
      <Changes changes={changes} />
    </section>
  );
}

function Changes({ changes }: { changes: readonly KindChanges[] }) {
  return (
    <>
      {changes.map((kind) => (
        <>
          <h3>{kind.kind.replaceAll("_", " ")}</h3>
          <Diff lines={linesOf(kind)} label={`Changes of ${kind.kind}`} />
        </>
      ))}
    </>
  );
}

function linesOf({ created, changed, removed, names }: KindChanges): DiffLine[] {
  const some = (kind: DiffLine["kind"], list: readonly string[], total: number, what: string): DiffLine[] => [
    ...list.map((name) => ({ kind, text: `${name} (${what})` })),
    ...(total > list.length ? [{ kind, text: `${count(total - list.length)} more ${what}` }] : []),
  ];
  return [
    ...some("added", names.created, created, "comes back"),
    ...some("same", names.changed, changed, "as it was then"),
    ...some("removed", names.removed, removed, "goes"),
  ];
}
