// Who must have been told of what: each outcome once to whom it concerns, nothing twice, and each in the audit log. Runs anywhere.
import type { Intent } from "./intents.ts";
import { mayPropose, type Proposal, type State, type Team } from "./model.ts";
import type { Seen } from "./observed.ts";

/** Inbox rows and audit entries as they were counted after the step before. */
export type Told = Map<string, number>;

export interface Happened {
  intents: readonly Intent[];
  /** Where each proposal stood before the step; those that were not there are missing. */
  before: ReadonlyMap<string, State>;
}

const outcomes = ["applied", "rejected", "withdrawn", "expired", "failed", "superseded"] as const;

/** Compares what was told and logged in a step with what happened in it. Returns the faults. */
export function tellings(team: Team, told: Told, seen: Seen, happened: Happened): string[] {
  const more = (key: string, counts: ReadonlyMap<string, number>): number =>
    (counts.get(key) ?? 0) - (told.get(key) ?? 0);
  const faults: string[] = [];
  for (const proposal of team.proposals.values()) {
    const was = happened.before.get(proposal.id);
    for (const who of team.people.keys()) {
      const news = (kind: string): number => more(`proposal.${kind} ${proposal.id} ${who}`, seen.notifications);
      const submitted = was === undefined && who !== proposal.author ? 1 : 0;
      const isVoter = mayPropose(team.people.get(who));
      if (isVoter && news("submitted") !== submitted && news("submitted") >= 0)
        faults.push(`${who} was told ${news("submitted")} times that ${proposal.id} was submitted, not ${submitted}`);
      for (const outcome of outcomes) {
        const times = news(outcome);
        const happenedNow = was !== proposal.state && proposal.state === outcome;
        if (times > (happenedNow ? 1 : 0))
          faults.push(`${who} was told ${times} times that ${proposal.id} is ${outcome}`);
        // Of what is in use now everyone is told; the server applies it, so it is nobody's own doing.
        const concerned = outcome === "applied" || (who === proposal.author && !isTheirDoing(proposal, happened));
        if (happenedNow && concerned && times < 1) faults.push(`${who} was not told that ${proposal.id} is ${outcome}`);
      }
    }
    faults.push(...inLog(proposal, was, (action) => more(`proposal.${action} ${proposal.id}`, seen.audit), happened));
  }
  told.clear();
  for (const [key, times] of [...seen.notifications, ...seen.audit]) told.set(key, times);
  return faults;
}

/** Nobody is told of what they did themselves. */
function isTheirDoing({ id, author }: Proposal, { intents }: Happened): boolean {
  return intents.some(
    (intent) => intent.who === author && (intent.do === "propose" || intent.do === "save" || intent.id === id),
  );
}

function inLog(
  proposal: Proposal,
  was: State | undefined,
  more: (action: string) => number,
  { intents }: Happened,
): string[] {
  const faults: string[] = [];
  const expect = (action: string, least: number, most: number): void => {
    const times = more(action);
    if (times < least || times > most)
      faults.push(
        `the audit log says ${times} times that ${proposal.id} had ${action}, not ${least === most ? least : `${least} to ${most}`}`,
      );
  };
  const moved = (to: State): number => (was !== proposal.state && proposal.state === to ? 1 : 0);
  expect("submit", was === undefined ? 1 : 0, was === undefined ? 1 : 0);
  for (const [action, state] of [
    ["apply", "applied"],
    ["withdraw", "withdrawn"],
    ["expire", "expired"],
    ["reject", "rejected"],
    ["fail", "failed"],
    ["supersede", "superseded"],
  ] as const)
    expect(action, moved(state), moved(state));
  const votes = intents.filter(
    (intent) => intent.do === "vote" && intent.id === proposal.id && intent.end !== "refused" && !intent.repeated,
  );
  expect("vote", votes.filter(({ end }) => end === "done").length, votes.length);
  return faults;
}
