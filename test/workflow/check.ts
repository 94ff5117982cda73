// Compares what is stored after a step with what the model allows, and carries the model forward. Every difference is a fault. Runs anywhere.

import { followProposal } from "./check-proposal.ts";
import type { Intent } from "./intents.ts";
import { holdsWith, mergeOf, sameContent } from "./library-model.ts";
import { current, type Item, keyOf, legalMoves, type Team } from "./model.ts";
import type { Seen, SeenProposal, SeenVersion } from "./observed.ts";

export interface Step {
  now: number;
  intents: readonly Intent[];
  /** Everything has been delivered and every alarm rung: what had to happen must have happened. */
  drained: boolean;
}

/** Settled rows as they were first seen. */
export type Finals = Map<string, string>;

/** Judges a step. Returns what is wrong, each in one line; the model then stands where the store does. */
export function judge(team: Team, finals: Finals, seen: Seen, step: Step): string[] {
  const faults: string[] = [];
  const before = new Map([...team.items].map(([key, item]) => [key, { ...item, versions: [...item.versions] }]));
  faults.push(...followVersions(team, seen.versions, step));
  faults.push(...followNew(team, seen, step));
  for (const proposal of team.proposals.values()) {
    const row = seen.proposals.get(proposal.id);
    if (row === undefined) {
      faults.push(`${proposal.id} is gone`);
      continue;
    }
    const key = keyOf(proposal.kind, proposal.name);
    const subjects = stagesOf(before.get(key), team.items.get(key));
    const libraries = [{ ...team, items: before }, team];
    const problems = followProposal(team, proposal, row, { ...step, subjects, libraries });
    faults.push(
      ...problems.map(
        (problem) => `${proposal.id} (${proposal.action} ${keyOf(proposal.kind, proposal.name)}): ${problem}`,
      ),
    );
    const frozen = finals.get(proposal.id);
    if (frozen !== undefined && frozen !== row.final)
      faults.push(`${proposal.id} was settled and changed: ${frozen} became ${row.final}`);
    if (legalMoves[row.state].length === 0) finals.set(proposal.id, row.final);
  }
  faults.push(...checkApplied(team, seen), ...checkLibrary(team));
  return faults;
}

/** A thing as it was before a step, and after each of the versions that the step made. */
function stagesOf(before: Item | undefined, after: Item | undefined): (Item | undefined)[] {
  if (after === undefined) return [undefined];
  const from = before?.versions.length ?? 0;
  const stages = after.versions.slice(from).map((_, made) => ({
    ...after,
    versions: after.versions.slice(0, from + made + 1),
  }));
  return [before, ...stages];
}

/** New versions, oldest first: each is a direct save that was intended, or what an approved proposal comes to. */
function followVersions(team: Team, rows: readonly SeenVersion[], step: Step): string[] {
  const faults: string[] = [];
  const saves = step.intents.filter((intent) => intent.do === "save");
  const unseen = new Set(saves);
  for (const row of rows) {
    const key = keyOf(row.kind, row.name);
    const item = team.items.get(key) ?? { kind: row.kind, name: row.name, versions: [] };
    const known = item.versions[row.version - 1];
    if (known !== undefined) {
      if (!sameContent(known.content, row.content) || known.proposal !== row.proposal)
        faults.push(`${key} v${row.version} was rewritten`);
      continue;
    }
    if (row.version !== item.versions.length + 1) faults.push(`${key} jumps to v${row.version}`);
    if (row.proposal === undefined) {
      const save = saves.find(
        (intent) => unseen.has(intent) && intent.end !== "refused" && isSaveOf(intent, row, item),
      );
      if (save === undefined) faults.push(`${key} v${row.version} came from nowhere`);
      else unseen.delete(save);
    } else faults.push(...appliedRightly(team, row, item));
    item.versions.push({ content: row.content, active: row.active, proposal: row.proposal });
    team.items.set(key, item);
  }
  for (const save of unseen)
    if (save.end === "done") faults.push(`the direct save of ${keyOf(save.kind, save.name)} by ${save.who} is lost`);
  return faults;
}

function isSaveOf(intent: Extract<Intent, { do: "save" }>, row: SeenVersion, item: Item): boolean {
  if (intent.kind !== row.kind || intent.name !== row.name || intent.who !== row.author) return false;
  if (intent.content !== undefined) return row.active && sameContent(intent.content, row.content);
  const now = current(item);
  return now !== undefined && sameContent(now.content, row.content) && row.active === (intent.action === "restore");
}

function appliedRightly(team: Team, row: SeenVersion, item: Item): string[] {
  const key = keyOf(row.kind, row.name);
  const proposal = team.proposals.get(row.proposal ?? "");
  if (proposal === undefined) return [`${key} v${row.version} was made by an unknown proposal`];
  if (item.versions.some((version) => version.proposal === proposal.id))
    return [`${proposal.id} was applied twice, as ${key} v${row.version}`];
  const merge = mergeOf(proposal, item);
  if (merge.kind !== "clean") return [`${proposal.id} was applied though the merge is ${merge.kind}`];
  if (merge.active !== row.active || !sameContent(merge.content, row.content))
    return [
      `${key} v${row.version} is ${JSON.stringify(row.content)}, and ${proposal.id} comes to ${JSON.stringify(merge.content)}`,
    ];
  return row.author === proposal.author
    ? []
    : [`${key} v${row.version} is by ${row.author}, not by the proposal's author ${proposal.author}`];
}

/** Proposals that were not there before are those that this step set out to make. */
function followNew(team: Team, seen: Seen, { intents }: Step): string[] {
  const faults: string[] = [];
  const wanted = new Set(intents.filter((intent) => intent.do === "propose"));
  for (const row of seen.proposals.values()) {
    if (team.proposals.has(row.id)) continue;
    const found = [...wanted].find((intent) => intent.end !== "refused" && isProposalOf(intent, row));
    if (found === undefined) faults.push(`${row.id} was proposed by nobody`);
    else wanted.delete(found);
    team.proposals.set(row.id, { ...row, state: "pending", votes: new Map() });
  }
  for (const { end, who, kind, name } of wanted)
    if (end === "done") faults.push(`the proposal of ${keyOf(kind, name)} by ${who} is lost`);
  return faults;
}

function isProposalOf(intent: Extract<Intent, { do: "propose" }>, row: SeenProposal): boolean {
  const same =
    intent.kind === row.kind && intent.name === row.name && intent.action === row.action && intent.who === row.author;
  return (
    same &&
    row.edition === 1 &&
    (intent.content === undefined
      ? row.content === undefined
      : row.content !== undefined && sameContent(intent.content, row.content))
  );
}

function checkApplied(team: Team, seen: Seen): string[] {
  const faults: string[] = [];
  for (const { id, state, appliedVersion, kind, name } of seen.proposals.values()) {
    const made = seen.versions.filter(({ proposal }) => proposal === id);
    if (made.length !== (state === "applied" ? 1 : 0))
      faults.push(`${id} is ${state} and has made ${made.length} versions`);
    else if (made[0] !== undefined && made[0].version !== appliedVersion)
      faults.push(`${id} says v${appliedVersion} and made v${made[0].version}`);
    if (made.some((version) => keyOf(version.kind, version.name) !== keyOf(kind, name)))
      faults.push(`${id} made a version of something else`);
  }
  return faults.concat(team.people.size === 0 ? ["nobody is in the team"] : []);
}

function checkLibrary(team: Team): string[] {
  return [...team.items.values()].flatMap((item) => {
    const now = current(item);
    return now === undefined || holdsWith(team, item, now.content, now.active)
      ? []
      : [`${keyOf(item.kind, item.name)} leaves the library broken`];
  });
}
