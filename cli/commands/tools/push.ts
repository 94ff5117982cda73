// `tools push`: a folder's YAML files become the team's library, after a plan. Runs under Node.
import type { Command, Context, Input } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import { confirm } from "../../core/prompt.ts";
import type { Session } from "../../core/session.ts";
import { readFolder } from "../../library/files.ts";
import { readLock, writeLock } from "../../library/lock.ts";
import { countText, planLines, reportText } from "../../library/plan-text.ts";
import { blocked, type PushPlan, planPush, removalOrder, versionsOf } from "../../library/push-plan.ts";
import { applyImport, deactivate, readRemote } from "../../library/remote.ts";
import { defaultFolder } from "./pull.ts";

export const pushTools: Command = {
  usage: "[DIR|FILE]",
  words: [0, 1],
  about: `Shows what would be created and updated, with differences, and applies it after --yes or a yes. What others changed since the last pull is a
conflict and stops the push; so does an entry that cannot be saved. Saving this way takes the right to save directly; others propose.`,
  options: {
    yes: { type: "flag", short: "y", help: "Apply without asking." },
    check: { type: "flag", help: "Only compare: exit code 2 when the team and the files differ." },
    force: { type: "flag", help: "Overwrite what others changed since the last pull." },
    prune: { type: "flag", help: "Take out of use what was pulled once and is no longer in the files." },
  },
  examples: [
    "super-data tools push",
    "super-data tools push library --check      # in CI on a pull request",
    "super-data tools push library --yes        # in CI on the main branch",
  ],
  run: async (context, input) => {
    const [folder = defaultFolder] = input.words;
    const local = await readFolder(folder);
    const team = await context.session();
    const lock = await readLock(folder, team.url);
    const push = await planPush(team.api, { folder, local, lock, isForced: input.flag("force") });
    const counts = countsOf(push, input);
    if (input.flag("check")) return check(context, push, counts);
    if (!context.output.json) showPlan(context, push, input, counts);
    stopIfBlocked(push);
    const isNothing = (counts.create ?? 0) + (counts.update ?? 0) + (counts.remove ?? 0) === 0;
    if (isNothing) await keepVersions(folder, team);
    else if (!(await mayApply(context, input, team))) throw new CliError("declined", "Nothing was changed.");
    return isNothing
      ? report(context, push, counts, "Nothing to do: the team is as the files say.")
      : apply(context, input, team, folder, push);
  },
};

function countsOf({ entries, removable }: PushPlan, input: Input): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of entries) counts[action] = (counts[action] ?? 0) + 1;
  return input.flag("prune") && removable.length > 0 ? { ...counts, remove: removable.length } : counts;
}

function showPlan({ output }: Context, push: PushPlan, input: Input, counts: Record<string, number>): void {
  const where = new Map(push.entries.map((entry) => [entry, entry.place]));
  const removed = push.removable.map((entry) => ({ ...entry, action: "remove", calls: [], line: 0 }));
  const lines = planLines(
    output,
    [...push.entries, ...(input.flag("prune") ? removed : [])],
    (entry) => where.get(entry as never) ?? "",
  );
  output.say([...lines, `Plan: ${countText(counts)}.`].join("\n"));
  for (const { kind, name, message } of push.plan.warnings) output.warn(`${kind} ${name}: ${message}`);
}

async function check(context: Context, push: PushPlan, counts: Record<string, number>): Promise<number> {
  const { output } = context;
  const isDrift = push.entries.some(({ action }) => action !== "same") || push.onlyRemote.length > 0;
  if (output.json) await output.result({ drift: isDrift, ...shownOf(push, counts) }, "");
  else {
    const only = push.onlyRemote.map(({ kind, name }) => `  ${kind} ${name} (only on the server)`);
    const where = new Map(push.entries.map((entry) => [entry, entry.place]));
    const lines = planLines(output, push.entries, (entry) => where.get(entry as never) ?? "");
    const summary = isDrift
      ? `The team and the files differ: ${countText({ ...counts, "only on the server": only.length })}.`
      : "The team is as the files say.";
    await output.result(undefined, [...lines, ...only, summary].join("\n"));
  }
  return isDrift ? exitCodes.drift : exitCodes.ok;
}

const shownOf = ({ entries, onlyRemote, plan }: PushPlan, counts: Record<string, number>) => ({
  counts,
  entries,
  only_on_server: onlyRemote,
  warnings: plan.warnings,
});

function stopIfBlocked({ entries, plan }: PushPlan): void {
  const bad = entries.filter(({ action }) => blocked.has(action));
  const [first] = bad;
  if (first !== undefined) {
    const isConflict = bad.every(({ action }) => action === "conflict");
    const words = first.error?.message ?? first.why ?? first.action;
    throw new CliError(
      isConflict ? "conflict" : "library_invalid",
      `${first.place}: ${first.kind} ${first.name}: ${words}`,
      {
        hint: isConflict
          ? "Run `super-data tools pull`, merge, and push again; --force overwrites what the others saved."
          : (first.error?.hint ?? "Repair the file and push again."),
        details: { entries: bad },
      },
    );
  }
  if (plan.may_import) return;
  const { message = "You may not save functions and tools here.", hint } = plan.refusal ?? {};
  throw new CliError("forbidden", message, { hint });
}

async function mayApply({ output }: Context, input: Input, { team }: Session): Promise<boolean> {
  return input.flag("yes") || confirm(output, `Apply this to team ${team}?`, "--yes");
}

async function apply(context: Context, input: Input, team: Session, folder: string, push: PushPlan): Promise<number> {
  const done = await applyImport(team.api, push.request, push.plan.plan);
  const removed = input.flag("prune") ? removalOrder(push.removable) : [];
  for (const entry of removed) await deactivate(team.api, entry);
  await keepVersions(folder, team);
  const text = `Applied: ${reportText(done)}${removed.length === 0 ? "" : `, ${removed.length} taken out of use`}.`;
  await context.output.result({ applied: true, ...done, removed, only_on_server: push.onlyRemote }, text);
  if (done.failed.length > 0) {
    const [first] = done.failed;
    throw new CliError(
      "library_invalid",
      `${done.failed.length} could not be saved; ${first?.kind} ${first?.name}: ${first?.message}`,
    );
  }
  return exitCodes.ok;
}

async function report(
  { output }: Context,
  push: PushPlan,
  counts: Record<string, number>,
  text: string,
): Promise<number> {
  await output.result({ applied: false, ...shownOf(push, counts) }, text);
  return exitCodes.ok;
}

/** A single file has no folder of its own, so its versions are not kept. */
async function keepVersions(folder: string, { api, url }: Session): Promise<void> {
  if (/\.ya?ml$/i.test(folder)) return;
  await writeLock(folder, url, versionsOf(await readRemote(api)));
}
