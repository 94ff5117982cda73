// The workflow as the documentation tells it, small and slow on purpose: what the team is, what each proposal is, what votes and time come to.
// Written without a look at the product's rules, which it judges. Runs anywhere.

export type Role = "viewer" | "member" | "admin" | "owner";
export type Kind = "function" | "tool";
export type Action = "create" | "change" | "deactivate" | "restore";
export type State = "pending" | "approved" | "applied" | "rejected" | "withdrawn" | "expired" | "superseded" | "failed";

/** What a function or tool does here: adds a number to what the functions it calls give. The note is its description. */
export interface Content {
  value: number;
  calls: readonly string[];
  note: number;
}

export interface Version {
  content: Content;
  active: boolean;
  /** The proposal that made it; undefined: a direct save. */
  proposal: string | undefined;
}

export interface Item {
  kind: Kind;
  name: string;
  /** Oldest first: version 1 is the first. */
  versions: Version[];
}

export interface Proposal {
  id: string;
  kind: Kind;
  name: string;
  action: Action;
  content: Content | undefined;
  base: number | undefined;
  author: string;
  edition: number;
  openedAt: number;
  state: State;
  /** Its base moved on and the two do not go together: it cannot be approved until its author has edited it. */
  conflicted: boolean;
  /** Votes on the edition there is, by username. */
  votes: Map<string, "approve" | "reject">;
}

export interface Settings {
  approval_threshold: number;
  reject_threshold: number;
  approval_quorum: number;
  author_may_vote: boolean;
  admin_veto: boolean;
  vote_weights: { member: number; admin: number; owner: number };
  auto_approve_timeout: number | null;
  proposal_expiry: number;
  members_save_directly: boolean;
}

export const hourMs = 3_600_000;

export const newSettings: Settings = {
  approval_threshold: 2,
  reject_threshold: 2,
  approval_quorum: 0,
  author_may_vote: false,
  admin_veto: true,
  vote_weights: { member: 1, admin: 1, owner: 1 },
  auto_approve_timeout: 24,
  proposal_expiry: 14 * 24,
  members_save_directly: false,
};

/** Moves that a proposal may make. What is not here it never makes. */
export const legalMoves: Record<State, readonly State[]> = {
  pending: ["approved", "rejected", "withdrawn", "expired", "superseded"],
  approved: ["applied", "failed", "superseded", "pending"],
  applied: [],
  rejected: [],
  withdrawn: [],
  expired: [],
  superseded: [],
  failed: [],
};

export interface Team {
  settings: Settings;
  /** Who is in the team now; whoever left is not here. */
  people: Map<string, Role>;
  items: Map<string, Item>;
  proposals: Map<string, Proposal>;
}

export const keyOf = (kind: Kind, name: string): string => `${kind} ${name}`;

export function newTeam(): Team {
  return { settings: { ...newSettings }, people: new Map(), items: new Map(), proposals: new Map() };
}

export const current = (item: Item | undefined): Version | undefined => item?.versions.at(-1);

export const mayPropose = (role: Role | undefined): boolean => role !== undefined && role !== "viewer";

export function maySaveDirectly(team: Team, who: string): boolean {
  const role = team.people.get(who);
  return role === "admin" || role === "owner" || (role === "member" && team.settings.members_save_directly);
}

/** What a person's vote counts on a proposal as things are now. */
export function weightOf(team: Team, proposal: Proposal, who: string): number {
  if (!countsFor(team, proposal, who)) return 0;
  const role = team.people.get(who);
  return role === undefined || role === "viewer" ? 0 : team.settings.vote_weights[role];
}

/** True while someone's vote is one at all: they are in the team, may vote, and are not the author where authors may not. */
export function countsFor(team: Team, proposal: Proposal, who: string): boolean {
  if (!mayPropose(team.people.get(who))) return false;
  return who !== proposal.author || team.settings.author_may_vote;
}

export type Verdict = { state: "approved" | "rejected"; how: "votes" | "veto" } | undefined;

/** What the votes come to as things are now. */
export function verdictOf(team: Team, proposal: Proposal): Verdict {
  const { settings, people } = team;
  const sum = { approve: 0, reject: 0 };
  let voters = 0;
  let veto = false;
  for (const [who, vote] of proposal.votes) {
    if (!countsFor(team, proposal, who)) continue;
    voters += 1;
    sum[vote] += weightOf(team, proposal, who);
    const role = people.get(who);
    if (vote === "reject" && settings.admin_veto && (role === "admin" || role === "owner")) veto = true;
  }
  if (veto) return { state: "rejected", how: "veto" };
  if (voters < settings.approval_quorum) return undefined;
  if (sum.reject >= settings.reject_threshold) return { state: "rejected", how: "votes" };
  if (sum.approve >= settings.approval_threshold && !proposal.conflicted) return { state: "approved", how: "votes" };
  return undefined;
}

/** Someone who counts is against it. */
export function isContested(team: Team, proposal: Proposal): boolean {
  return [...proposal.votes].some(([who, vote]) => vote === "reject" && countsFor(team, proposal, who));
}

export function autoApproveAt(team: Team, proposal: Proposal): number {
  const { auto_approve_timeout: hours } = team.settings;
  return hours === null ? Number.POSITIVE_INFINITY : proposal.openedAt + hours * hourMs;
}

export const expiresAt = (team: Team, proposal: Proposal): number =>
  proposal.openedAt + team.settings.proposal_expiry * hourMs;

/**
 * What time alone has settled by now: whichever of the two comes first. What is in conflict waits for its author, and what has none in the team any
 * more waits for votes.
 */
export function dueByTime(team: Team, proposal: Proposal, now: number): "approved" | "expired" | undefined {
  const isOrphaned = !mayPropose(team.people.get(proposal.author));
  const blocked = proposal.conflicted || isOrphaned || isContested(team, proposal);
  const approval = blocked ? Number.POSITIVE_INFINITY : autoApproveAt(team, proposal);
  const expiry = expiresAt(team, proposal);
  if (Math.min(approval, expiry) > now) return undefined;
  return approval <= expiry ? "approved" : "expired";
}
