// What may happen in the team, chosen by chance and done to the real one. Says what it meant to do, for the check. Runs in workerd.
import type { Random } from "../isolation/random.ts";
import type { Fate } from "./crash.ts";
import type { End, Intent } from "./intents.ts";
import { definitionOf, descriptionOf, expressionOf, holdsWith } from "./library-model.ts";
import {
  type Action,
  type Content,
  countsFor,
  current,
  type Kind,
  keyOf,
  mayPropose,
  type Proposal,
  type Team,
} from "./model.ts";
import type { Outcome, World } from "./world.ts";

/** What a step is done with. */
export interface Stage {
  random: Random;
  team: Team;
  world: World;
  /** Goes up with every content, so that no two are alike. */
  serial: number;
  /** What to say of the step in the trace. */
  note: (line: string) => void;
  /** What went otherwise than the model says. */
  fault: (line: string) => void;
}

/** The owner who never leaves, and changes settings and people. */
export const founder = "olga";
export const names = {
  function: ["ash", "birch", "cedar", "dogwood"],
  tool: ["north", "south", "east", "west"],
} as const;

export async function propose(stage: Stage): Promise<Intent[]> {
  const { random, team, world } = stage;
  const who = anyone(stage);
  const kind: Kind = random.chance(0.5) ? "function" : "tool";
  const name = random.pick([...names[kind]]) ?? names[kind][0];
  const item = team.items.get(keyOf(kind, name));
  const now = current(item);
  const action = actionFor(random, now?.active);
  const content = action === "create" || action === "change" ? nextContent(stage, kind, name, now?.content) : undefined;
  const args = {
    name,
    action,
    justification: "So it is.",
    ...(content === undefined ? {} : fieldsOf(kind, name, content)),
  };
  const outcome = await world.use(who, kind === "tool" ? "propose_tool" : "propose_function", args, fateOf(random));
  const stands = content ?? now?.content;
  const holds = stands !== undefined && holdsWith(team, { kind, name }, stands, action !== "deactivate");
  const isTwin = content === undefined && isProposed(team, kind, name, action);
  const end = endOf(stage, outcome, mayPropose(team.people.get(who)) && holds && !isTwin);
  const shown = content === undefined ? "" : ` as ${JSON.stringify(content)}`;
  stage.note(`${who} proposes to ${action} ${kind} ${name}${shown}: ${told(outcome)}`);
  return [{ do: "propose", who, end, kind, name, action, content, base: item?.versions.length }];
}

export async function vote(stage: Stage): Promise<Intent[]> {
  const proposal = somePending(stage);
  if (proposal === undefined) return [];
  return [await castVote(stage, anyone(stage), proposal, fateOf(stage.random), true)];
}

/** Several people at once, on one proposal: what they come to together must be what is stored. */
export async function voteTogether(stage: Stage): Promise<Intent[]> {
  const proposal = somePending(stage);
  if (proposal === undefined) return [];
  const crowd = [...stage.team.people.keys()].filter(() => stage.random.chance(0.6));
  return Promise.all(crowd.map((who) => castVote(stage, who, proposal, undefined, false)));
}

async function castVote(
  stage: Stage,
  who: string,
  proposal: Proposal,
  fate: Fate | undefined,
  alone: boolean,
): Promise<Intent> {
  const { random, team, world } = stage;
  const choice = random.chance(0.7) ? "approve" : "reject";
  const stale = alone && random.chance(0.12);
  const edition = stale ? proposal.edition + random.int(2) * 2 - 1 : proposal.edition;
  const outcome = await world.use(
    who,
    "vote_on_proposal",
    { id: proposal.id, vote: choice, ...(edition > 0 ? { edition } : {}) },
    fate,
  );
  const allowed = proposal.state === "pending" && countsFor(team, proposal, who);
  const isStale = edition > 0 && edition !== proposal.edition;
  if (isStale && outcome.end === "done")
    stage.fault(`a vote on edition ${edition} of ${proposal.id} counted at ${proposal.edition}`);
  if (!allowed && outcome.end === "done") stage.fault(`${who} voted on ${proposal.id}, which they may not`);
  stage.note(`${who} votes to ${choice} ${proposal.id}${stale ? ` at edition ${edition}` : ""}: ${told(outcome)}`);
  return {
    do: "vote",
    who,
    id: proposal.id,
    vote: choice,
    repeated: proposal.votes.get(who) === choice,
    entitled: allowed && !isStale,
    end: isStale || !allowed ? "refused" : endOf(stage, outcome, undefined),
  };
}

export async function edit(stage: Stage): Promise<Intent[]> {
  const { random, team, world } = stage;
  const proposal = somePending(stage);
  if (proposal?.content === undefined) return [];
  const who = random.chance(0.9) ? proposal.author : anyone(stage);
  const item = team.items.get(keyOf(proposal.kind, proposal.name));
  const content = nextContent(stage, proposal.kind, proposal.name, proposal.content);
  const fields = fieldsOf(proposal.kind, proposal.name, content);
  const outcome = await world.use(who, "edit_proposal", { id: proposal.id, content: fields }, fateOf(random));
  if (who !== proposal.author && outcome.end === "done")
    stage.fault(`${who} edited ${proposal.id} of ${proposal.author}`);
  stage.note(`${who} edits ${proposal.id} to ${JSON.stringify(content)}: ${told(outcome)}`);
  return [
    { do: "edit", who, id: proposal.id, content, base: item?.versions.length, end: endOf(stage, outcome, undefined) },
  ];
}

export async function withdraw(stage: Stage): Promise<Intent[]> {
  const proposal = somePending(stage);
  if (proposal === undefined) return [];
  const who = stage.random.chance(0.8) ? proposal.author : anyone(stage);
  const outcome = await stage.world.use(who, "withdraw_proposal", { id: proposal.id }, fateOf(stage.random));
  const role = stage.team.people.get(who);
  const may = who === proposal.author || role === "admin" || role === "owner";
  if (!may && outcome.end === "done") stage.fault(`${who} withdrew ${proposal.id} of ${proposal.author}`);
  stage.note(`${who} withdraws ${proposal.id}: ${told(outcome)}`);
  return [{ do: "withdraw", who, id: proposal.id, end: endOf(stage, outcome, undefined) }];
}

/** The same stands open already: two would be one too many. */
function isProposed(team: Team, kind: Kind, name: string, action: Action): boolean {
  return [...team.proposals.values()].some(
    (open) =>
      open.kind === kind &&
      open.name === name &&
      open.action === action &&
      (open.state === "pending" || open.state === "approved"),
  );
}

export function anyone({ random, team }: Stage): string {
  return random.pick([...team.people.keys()]) ?? founder;
}

/** Mostly an open one; now and then one that is settled, which must refuse. */
function somePending({ random, team }: Stage): Proposal | undefined {
  const all = [...team.proposals.values()];
  const open = all.filter(({ state }) => state === "pending");
  return random.pick(random.chance(0.06) ? all : open);
}

function actionFor(random: Random, active: boolean | undefined): Action {
  if (active === undefined) return "create";
  if (active) return random.chance(0.2) ? "deactivate" : "change";
  return random.chance(0.3) ? "create" : "restore";
}

/** A content like the one before in one part, so that some changes go together and some do not; functions call only earlier ones. */
export function nextContent(stage: Stage, kind: Kind, name: string, before: Content | undefined): Content {
  const { random } = stage;
  stage.serial += 1;
  if (before !== undefined && random.chance(0.45)) return { ...before, note: stage.serial };
  const rank = kind === "function" ? names.function.indexOf(name as "ash") : names.function.length;
  const calls = names.function.slice(0, rank).filter(() => random.chance(0.2));
  const note = before !== undefined && random.chance(0.8) ? before.note : stage.serial;
  return { value: stage.serial, calls, note };
}

export function fieldsOf(kind: Kind, name: string, content: Content): Record<string, unknown> {
  const description = descriptionOf(content);
  return kind === "function"
    ? { definition: definitionOf(name, content), description }
    : { query: expressionOf(content), description, null_input: true };
}

export function fateOf(random: Random): Fate | undefined {
  return random.chance(0.1) ? { calls: 1 + random.int(6), lost: random.chance(0.5) } : undefined;
}

/** How it ended; `expected` says whether the model lets it through, undefined when it leaves that to the check. */
export function endOf(stage: Stage, outcome: Outcome, expected: boolean | undefined): End {
  if (outcome.end === "died") return "died";
  if (outcome.end === "refused" && outcome.code === "internal") stage.fault(`an unexpected error: ${outcome.message}`);
  if (expected !== undefined && (outcome.end === "done") !== expected)
    stage.fault(`it should have been ${expected ? "done" : "refused"}: ${told(outcome)}`);
  return outcome.end;
}

export const told = (outcome: Outcome): string =>
  outcome.end === "refused" ? `${outcome.code}: ${outcome.message}` : outcome.end;
