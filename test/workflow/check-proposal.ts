// Judges what became of one proposal in a step: its content, votes, state and conflict. Runs anywhere.
import type { Step } from "./check.ts";
import { holdsWith, isContentAction, type Merge, mergeOf, sameContent } from "./library-model.ts";
import {
  autoApproveAt,
  current,
  dueByTime,
  expiresAt,
  type Item,
  isContested,
  legalMoves,
  type Proposal,
  type State,
  type Team,
  verdictOf,
} from "./model.ts";
import type { SeenProposal } from "./observed.ts";

export interface Context extends Step {
  /** What it is about: before the step, and after each version that the step made. */
  subjects: readonly (Item | undefined)[];
  /** The team before and after the step. */
  libraries: readonly Team[];
}

/** Follows it and returns what is wrong. */
export function followProposal(team: Team, proposal: Proposal, row: SeenProposal, context: Context): string[] {
  const faults = [...followEdit(proposal, row, context), ...followVotes(proposal, row, context)];
  const { state } = proposal;
  if (state !== row.state) {
    const withdrawn = context.intents.some(
      (intent) => intent.do === "withdraw" && intent.id === row.id && intent.end !== "refused",
    );
    const why = mayBecome(team, proposal, row, { ...context, withdrawn });
    if (why !== undefined) faults.push(`${state} became ${row.state} (${row.how}): ${why}`);
    proposal.state = row.state;
  }
  faults.push(...followConflict(proposal, row, context), ...mustHaveMoved(team, proposal, row, context));
  for (const intent of context.intents)
    if (intent.do === "withdraw" && intent.id === row.id && intent.end === "done" && row.state !== "withdrawn")
      faults.push("the withdrawal is lost");
  return faults;
}

/** An edit moves the edition by one and clears the votes; a rebase moves the base alone, to what the merge gives. */
function followEdit(proposal: Proposal, row: SeenProposal, { intents, subjects, now, drained }: Context): string[] {
  const edits = intents.filter((intent) => intent.do === "edit" && intent.id === row.id && intent.end !== "refused");
  const [edit] = edits;
  const faults: string[] = [];
  if (
    edit?.do === "edit" &&
    row.edition === proposal.edition + 1 &&
    row.content !== undefined &&
    sameContent(row.content, edit.content)
  ) {
    Object.assign(proposal, {
      edition: row.edition,
      content: row.content,
      base: row.base,
      openedAt: row.openedAt,
      conflicted: row.conflicted,
      votes: new Map(),
    });
    return faults;
  }
  if (edits.some(({ end }) => end === "done"))
    faults.push(`the edit is lost: edition ${row.edition}, ${JSON.stringify(row.content)}`);
  if (row.edition !== proposal.edition)
    faults.push(`edition ${proposal.edition} became ${row.edition} without an edit`);
  // What was approved and is in conflict is open again, with all its time before it.
  const reopened = row.openedAt === now && ((row.conflicted && !proposal.conflicted) || drained);
  if (row.openedAt !== proposal.openedAt && !reopened) faults.push("its time was started again without an edit");
  proposal.openedAt = row.openedAt;
  if (row.base !== proposal.base) {
    const merges = subjects.map((subject) => mergeOf(proposal, subject));
    const clean = merges.find((merge) => merge.kind === "clean" && rebasedTo(proposal, merge, row));
    if (clean === undefined && row.state !== "applied")
      faults.push(
        `base ${proposal.base} became ${row.base} with ${JSON.stringify(row.content)}, which is no clean merge`,
      );
    Object.assign(proposal, { base: row.base, content: row.content });
  } else if (
    row.content !== undefined &&
    proposal.content !== undefined &&
    !sameContent(row.content, proposal.content)
  ) {
    faults.push(`its content became ${JSON.stringify(row.content)}`);
  }
  return faults;
}

function rebasedTo({ action }: Proposal, merge: Merge, row: SeenProposal): boolean {
  if (merge.kind !== "clean") return false;
  return !isContentAction(action) || (row.content !== undefined && sameContent(merge.content, row.content));
}

/** A conflict is found where there is one, and ends with an edit or when the two go together again. */
function followConflict(proposal: Proposal, row: SeenProposal, context: Context): string[] {
  if (row.conflicted === proposal.conflicted) return [];
  proposal.conflicted = row.conflicted;
  return row.conflicted && !isClash(proposal, context) ? ["called a conflict, though the two go together"] : [];
}

/** Both changed one thing, or what they come to together does not hold. */
function isClash(proposal: Proposal, { subjects, libraries }: Context): boolean {
  return subjects.some((subject) => {
    const merge = mergeOf(proposal, subject);
    if (merge.kind !== "clean") return merge.kind === "conflict";
    return proposal.base !== subject?.versions.length && breaks(proposal, merge, libraries);
  });
}

/** True when the library would not hold with it, before the step or after it. */
function breaks(proposal: Proposal, merge: Merge, libraries: readonly Team[]): boolean {
  return merge.kind === "clean" && libraries.some((team) => !holdsWith(team, proposal, merge.content, merge.active));
}

function followVotes(proposal: Proposal, row: SeenProposal, { intents }: Context): string[] {
  const faults: string[] = [];
  for (const intent of intents) {
    if (intent.do !== "vote" || intent.id !== row.id || intent.end === "refused") continue;
    const stored = row.votes.get(intent.who);
    if (intent.end === "done") proposal.votes.set(intent.who, intent.vote);
    else if (stored === intent.vote) proposal.votes.set(intent.who, stored);
  }
  const shown = (votes: ReadonlyMap<string, string>): string =>
    [...votes]
      .map((vote) => vote.join(" "))
      .sort()
      .join(", ");
  if (shown(row.votes) !== shown(proposal.votes))
    faults.push(`its votes are ${shown(row.votes)} and should be ${shown(proposal.votes)}`);
  return faults;
}

/** Undefined when the model allows the move; else what speaks against it. */
function mayBecome(
  team: Team,
  proposal: Proposal,
  row: SeenProposal,
  context: Context & { withdrawn: boolean },
): string | undefined {
  const path = pathTo(proposal.state, row.state);
  if (path === undefined) return "that is no legal move";
  for (const to of path) {
    const why = objection(team, proposal, row, to, context);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The moves in between: a step may see a proposal approved and applied at once. */
function pathTo(from: State, to: State): State[] | undefined {
  if (legalMoves[from].includes(to)) return [to];
  return legalMoves[from].includes("approved") && legalMoves.approved.includes(to) ? ["approved", to] : undefined;
}

function objection(
  team: Team,
  proposal: Proposal,
  row: SeenProposal,
  to: State,
  context: Context & { withdrawn: boolean },
): string | undefined {
  const merges = context.subjects.map((subject) => mergeOf(proposal, subject));
  // A conflict may have ended, and what it held back have happened, in one step.
  const isFree = !row.conflicted && merges.some(({ kind }) => kind === "clean");
  const standing = isFree ? { ...proposal, conflicted: false } : proposal;
  const verdict = verdictOf(team, standing);
  const due = dueByTime(team, standing, context.now);
  const clashes = isClash(proposal, context);
  const fails = (merge: Merge): boolean => merge.kind !== "clean" || breaks(proposal, merge, context.libraries);
  switch (to) {
    case "approved":
      if (verdict?.state === "approved" && row.how !== "timeout") return undefined;
      if (due === "approved" && row.how !== "votes") return undefined;
      return `nothing approves it: votes come to ${verdict?.state}, contested ${isContested(team, proposal)}, due in ${autoApproveAt(team, proposal) - context.now} ms`;
    case "rejected":
      return verdict?.state === "rejected" && (row.how === null || row.how === verdict.how)
        ? undefined
        : `votes come to ${verdict?.state} (${verdict?.how})`;
    case "expired":
      return due === "expired" ? undefined : `it expires in ${expiresAt(team, proposal) - context.now} ms`;
    case "withdrawn":
      return context.withdrawn ? undefined : "nobody withdrew it";
    case "superseded":
      return merges.some(({ kind }) => kind === "moot")
        ? undefined
        : `there is something left to do: the merge is ${merges.map(({ kind }) => kind).join(", then ")}`;
    case "pending":
      return row.conflicted && clashes ? undefined : "the two go together";
    case "failed":
      return merges.some(fails) ? undefined : "the library would hold";
    default:
      return undefined;
  }
}

/** What it would bring about is so already. */
function isDone({ action, content }: Proposal, subject: Item | undefined): boolean {
  const now = current(subject);
  const active = now?.active === true;
  if (action === "deactivate") return !active;
  if (action !== "change") return active;
  return active && now !== undefined && content !== undefined && sameContent(now.content, content);
}

/** What must not wait: a vote settles at once, and once everything is delivered nothing that is due is left. */
function mustHaveMoved(
  team: Team,
  proposal: Proposal,
  row: SeenProposal,
  { intents, drained, now, subjects }: Context,
): string[] {
  const voted = intents.some((intent) => intent.do === "vote" && intent.id === row.id && intent.end === "done");
  if (row.state === "approved" && drained) return ["approved, and never applied"];
  if (row.state !== "pending") return [];
  const turnedAway = intents.some(
    (intent) => intent.do === "vote" && intent.id === row.id && intent.end === "refused" && intent.entitled,
  );
  const wasApproved = row.conflicted && row.openedAt === now;
  if (turnedAway && !wasApproved) return ["a vote was turned away though it is open"];
  if (!voted && !drained) return [];
  const verdict = verdictOf(team, proposal);
  if (verdict !== undefined) return [`still pending though votes come to ${verdict.state}`];
  if (drained && isDone(proposal, subjects.at(-1))) return ["still pending though nothing is left to do"];
  const due = drained ? dueByTime(team, proposal, now) : undefined;
  return due === undefined ? [] : [`still pending though time has made it ${due}`];
}
