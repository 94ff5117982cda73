// The team's backups: made now or by themselves, kept as long as set, downloaded, deleted, and looked at before a restore. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import type { BackupList, RestoreOutcome, ShownBackup, ShownPreview } from "../../../features/backups/schema.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton, Confirm, Form } from "../forms.tsx";
import { Ago, bytes, count, DataTable, Empty, Tag, type Tone, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { endPreview, openPreviews } from "./preview.ts";
import { RestorePreview } from "./restore-preview.tsx";
import { SettingGroupCard, settingActions, settingsDone } from "./setting-form.tsx";
import { settingGroups } from "./setting-groups.ts";
import { settingsPage } from "./tabs.tsx";

/** How long a form waits for a backup before the page says that it is being stored. */
const patienceMs = 2_000;

const tones: Record<ShownBackup["state"], Tone> = { taken: "warn", complete: "good", failed: "bad" };
const states: Record<ShownBackup["state"], string> = { taken: "being stored", complete: "complete", failed: "failed" };
const reasons: Record<ShownBackup["reason"], string> = {
  manual: "on request",
  nightly: "nightly",
  migration: "before an update",
  restore: "before a restore",
};
const schedule = settingGroups.filter(({ id }) => id === "backup_settings");

const done = {
  ...settingsDone,
  made: "The backup is complete.",
  taken: "The backup is taken as of this moment, and is being stored. This page follows it.",
  deleted: "The backup is deleted.",
  cancelled: "Nothing was restored. The preview is gone.",
};

export async function backupsPage(c: PageContext, attempt?: Attempt, preview?: RestoreOutcome): Promise<Response> {
  const call = c.get("call");
  const [list, team] = await Promise.all([call.stub.backups().list(), call.stub.teams().describe()]);
  const previews = openPreviews(list.previews, call.now());
  return settingsPage(c, {
    tab: "backups",
    title: "Backups",
    intro: "Everything the team has, as of one moment.",
    tools: (
      <Form action="create">
        <button type="submit">Back up now</button>
      </Form>
    ),
    attempt,
    ownProblems: schedule.map(({ id }) => id),
    done,
    children: (
      <>
        {preview === undefined ? null : <RestorePreview preview={preview} now={call.now()} />}
        <Backups c={c} list={list} />
        {previews.length === 0 ? null : <Previews c={c} previews={previews} />}
        {schedule.map((group) => (
          <SettingGroupCard c={c} group={group} settings={team.settings} attempt={attempt} />
        ))}
      </>
    ),
  });
}

/** While one is being stored the list loads itself anew. */
function Backups({ c, list }: { c: PageContext; list: BackupList }) {
  const waiting = list.backups.filter(({ state }) => state === "taken");
  const polls =
    waiting.length === 0
      ? {}
      : {
          "hx-get": urlOf(c).pathname,
          "hx-trigger": "every 1s",
          "hx-select": "#backups",
          "hx-target": "#backups",
          "hx-swap": "outerMorph",
        };
  return (
    <div id="backups" {...polls}>
      {waiting.map(({ id, rows, bytes: size, files }) => (
        <div class="card" role="status">
          <label for={`progress-${id}`}>
            Being stored: {count(rows)} rows ({bytes(size)})
            {files === 0 ? "" : ` and ${count(files)} ${files === 1 ? "file" : "files"} of datasets`}
          </label>
          <progress id={`progress-${id}`} />
        </div>
      ))}
      {list.backups.length === 0 ? (
        <Empty title="No backup yet">
          <p>Make one now, or wait for the nightly one.</p>
        </Empty>
      ) : (
        <BackupsTable c={c} backups={list.backups} />
      )}
    </div>
  );
}

function BackupsTable({ c, backups }: { c: PageContext; backups: readonly ShownBackup[] }) {
  return (
    <DataTable
      caption="Backups"
      rows={backups}
      columns={[
        { label: "Taken", cell: ({ created_at }) => <Ago at={created_at} now={c.get("call").now()} /> },
        {
          label: "Why",
          wide: true,
          cell: ({ reason, created_by }) => (
            <>
              {reasons[reason]}
              <span class="beneath">
                by <bdi>{created_by}</bdi>
              </span>
            </>
          ),
        },
        {
          label: "State",
          cell: ({ state, error, encrypted }) => (
            <>
              <Tag tone={tones[state]}>{states[state]}</Tag>
              <span class="beneath">
                {error ?? (state !== "complete" ? "" : encrypted ? "encrypted" : "not encrypted")}
              </span>
            </>
          ),
        },
        { label: "Rows", number: true, wide: true, cell: ({ rows }) => count(rows) },
        {
          label: "Stored",
          number: true,
          wide: true,
          cell: ({ stored_bytes, files, file_bytes }) => (
            <>
              {bytes(stored_bytes + file_bytes)}
              <span class="beneath">{files === 1 ? "1 file" : `${count(files)} files`}</span>
            </>
          ),
        },
        { label: "Do", cell: (backup) => <BackupActions c={c} backup={backup} /> },
      ]}
    />
  );
}

function BackupActions({ c, backup: { id, state, created_at } }: { c: PageContext; backup: ShownBackup }) {
  if (state === "taken") return null;
  const about = `the backup of ${created_at.slice(0, 16).replace("T", " ")}`;
  return (
    <div class="row">
      {state !== "complete" ? null : (
        <>
          <ActionButton action="preview" fields={{ backup_id: id }} label={`Restore ${about}`}>
            Restore
          </ActionButton>
          {may(c.get("call").actor, "backups:download") ? (
            <a
              class="button quiet small"
              href={pathOf(c, `/api/v1/backups/${id}/content`)}
              download
              aria-label={`Download ${about}`}
            >
              Download
            </a>
          ) : null}
        </>
      )}
      <Confirm action="delete" label="Delete" about={`Delete ${about}`} button="Delete it" fields={{ backup_id: id }}>
        <p>It is gone for good.</p>
      </Confirm>
    </div>
  );
}

function Previews({ c, previews }: { c: PageContext; previews: readonly ShownPreview[] }) {
  return (
    <section aria-labelledby="previews-title">
      <h2 id="previews-title">Open previews</h2>
      <p class="muted">Teams that show what a backup holds. Admins and owners of this team may look around in them.</p>
      <DataTable
        caption="Open previews"
        rows={previews}
        columns={[
          {
            label: "Preview",
            cell: ({ team }) => (
              <a href={`/t/${team}`} hx-boost="false">
                {team}
              </a>
            ),
          },
          { label: "By", wide: true, cell: ({ created_by }) => <bdi>{created_by}</bdi> },
          { label: "Goes", cell: ({ expires_at }) => <Ago at={expires_at} now={c.get("call").now()} /> },
          {
            label: "Do",
            cell: ({ team }) => (
              <ActionButton action="cancel" fields={{ preview: team }} label={`End the preview ${team}`}>
                End
              </ActionButton>
            ),
          },
        ]}
      />
    </section>
  );
}

export const backupActions: Readonly<Record<string, Action>> = {
  ...settingActions,
  create: async (call, form, c) => {
    const made = useTool(call, "create_backup", {}, form);
    // What is not stored when the Worker's time is up is stored in the background: the row says so.
    c.executionCtx.waitUntil(made.catch(() => undefined));
    const first = await Promise.race([made, scheduler.wait(patienceMs)]);
    return { done: first?.data.state === "complete" ? "made" : "taken" };
  },
  preview: async (call, form, c) => {
    const { data } = await useTool(call, "restore_backup", given({ backup_id: textField(form, "backup_id") }));
    return backupsPage(c, undefined, data as unknown as RestoreOutcome);
  },
  restore: async (call, form, c) => {
    const args = given({ backup_id: textField(form, "backup_id"), confirm: textField(form, "confirm") });
    const { data } = await useTool(call, "restore_backup", args, form);
    return backupsPage(c, undefined, data as unknown as RestoreOutcome);
  },
  cancel: async (call, form) => {
    await endPreview(call, textField(form, "preview") ?? "");
    return { done: "cancelled" };
  },
  delete: async (call, form) => {
    await useTool(call, "delete_backup", given({ backup_id: textField(form, "backup_id") }), form);
    return { done: "deleted" };
  },
};
