// What settings make of votes and age: each rule by table, and the table of legal moves whole.
import { describe, expect, it } from "vitest";
import { describeError } from "../../core/errors.ts";
import type { Role } from "../access/access.ts";
import { teamSettingsSchema } from "../teams/schema.ts";
import { isOpen, legalMoves, requireMove } from "./approvals.ts";
import {
  type Ballot,
  dueTimes,
  type Outcome,
  outcomeOf,
  type PolicySettings,
  type Poll,
  settledAt,
  tallyOf,
} from "./policy.ts";
import { type ProposalState, proposalStates } from "./schema.ts";

const hour = 3_600_000;
const openedAt = 1_000 * hour;
const defaults = teamSettingsSchema.parse({});

/** `ana+`, `ben-` …: a ballot of a member; `ana+owner` of another role, `ana+gone` of who left. */
function ballot(text: string): Ballot {
  const [, name = "", sign, role = "member"] = /^(\w+)([+-])(\w*)$/.exec(text) ?? [];
  const now = role === "gone" ? null : ((role || "member") as Role);
  return { userId: `usr_${name}`, username: name, vote: sign === "+" ? "approve" : "reject", role: now };
}

function poll(votes: string, more: Partial<Poll> = {}): Poll {
  const ballots = votes.split(" ").filter((text) => text !== "");
  return { authorId: "usr_author", ballots: ballots.map(ballot), openedAt, isBlocked: false, ...more };
}

function outcome(votes: string, settings: Partial<PolicySettings> = {}, hours = 1, more: Partial<Poll> = {}): string {
  const found: Outcome = outcomeOf(poll(votes, more), { ...defaults, ...settings }, openedAt + hours * hour);
  return found.state === "pending" ? "pending" : [found.state, found.how, ...found.by].join(" ");
}

describe("a proposal whose author is gone", () => {
  it("is approved by votes, never by time", () => {
    const gone = { isOrphaned: true };
    expect([outcome("", {}, 25, gone), outcome("ana+ ben+", {}, 25, gone), outcome("", {}, 14 * 24, gone)]).toEqual([
      "pending",
      "approved votes ana ben",
      "expired expiry",
    ]);
    expect(dueTimes(poll("", gone), defaults).autoApproveAt).toBe(null);
  });
});

describe("votes", () => {
  it.each<[string, Partial<PolicySettings>, string]>([
    ["", {}, "pending"],
    ["ana+", {}, "pending"],
    ["ben+ ana+", {}, "approved votes ana ben"],
    ["ana+ ben+gone", {}, "pending"],
    ["ana+ ben+viewer", {}, "pending"],
    ["author+ ana+", {}, "pending"],
    ["author+ ana+", { author_may_vote: true }, "approved votes ana author"],
    ["author-admin", {}, "pending"],
    ["ana- ben-", {}, "rejected votes ana ben"],
    ["ana- ben-gone", {}, "pending"],
    ["ana-admin", {}, "rejected veto ana"],
    ["ana-owner ben+ cy+", {}, "rejected veto ana"],
    ["ana-admin", { admin_veto: false }, "pending"],
    ["ana-admin", { admin_veto: false, reject_threshold: 1 }, "rejected votes ana"],
    ["ana-admin", { approval_quorum: 5 }, "rejected veto ana"],
    ["ana+ ben+", { approval_quorum: 3 }, "pending"],
    ["ana+ ben+ cy-", { approval_quorum: 3 }, "approved votes ana ben"],
    ["ana+ ben+ cy-gone", { approval_quorum: 3 }, "pending"],
    ["ana- ben-", { approval_quorum: 3 }, "pending"],
    ["ana+ ben+ cy- di-", {}, "rejected votes cy di"],
    ["ana+owner", { vote_weights: { member: 1, admin: 1, owner: 2 } }, "approved votes ana"],
    ["ana+ ben+ cy+", { vote_weights: { member: 0, admin: 1, owner: 1 } }, "pending"],
    ["ana+ ben+ cy+", { approval_threshold: 4 }, "pending"],
  ])("%s under %j: %s", (votes, settings, expected) => {
    expect(outcome(votes, settings)).toBe(expected);
  });

  it("are tallied with today's weights, standing voters counted once", () => {
    const settings = { ...defaults, approval_quorum: 1, vote_weights: { member: 1, admin: 3, owner: 5 } };
    const votes = "ana+ ben+admin cy-owner di+gone ev-viewer author+";
    expect(tallyOf(poll(votes), settings)).toEqual({
      approve: 4,
      reject: 5,
      voters: 3,
      approve_at: 2,
      reject_at: 2,
      quorum: 1,
    });
  });
});

describe("time", () => {
  it.each<[string, Partial<PolicySettings>, number, string]>([
    ["", {}, 23.999, "pending"],
    ["", {}, 24, "approved timeout"],
    ["ana+", {}, 24, "approved timeout"],
    ["ana+", { approval_quorum: 3 }, 24, "approved timeout"],
    ["ana-", {}, 24, "pending"],
    ["ana-gone", {}, 24, "approved timeout"],
    ["author-", {}, 24, "approved timeout"],
    ["author-", { author_may_vote: true }, 24, "pending"],
    ["ana-", { vote_weights: { member: 0, admin: 1, owner: 1 } }, 24, "pending"],
    ["ana-", {}, 14 * 24, "expired expiry"],
    ["", { auto_approve_timeout: null }, 24, "pending"],
    ["", { auto_approve_timeout: null }, 14 * 24, "expired expiry"],
    ["", {}, 15 * 24, "approved timeout"],
    ["", { auto_approve_timeout: 48, proposal_expiry: 24 }, 49, "expired expiry"],
    ["", { auto_approve_timeout: 24, proposal_expiry: 24 }, 24, "approved timeout"],
    ["", { auto_approve_timeout: 0 }, 0, "approved timeout"],
    ["", {}, -5, "pending"],
  ])("%s under %j after %d hours: %s", (votes, settings, hours, expected) => {
    expect(outcome(votes, settings, hours)).toBe(expected);
  });

  it("never approves what waits for its author to resolve a conflict, and votes do not either", () => {
    const blocked = { isBlocked: true };
    expect(outcome("", {}, 30, blocked)).toBe("pending");
    expect(outcome("ana+ ben+", {}, 30, blocked)).toBe("pending");
    expect(outcome("ana- ben-", {}, 30, blocked)).toBe("rejected votes ana ben");
    expect(outcome("ana+ ben+", {}, 14 * 24, blocked)).toBe("expired expiry");
  });

  it("is told ahead: when approval, when expiry, and which comes first", () => {
    const due = (votes: string, settings: Partial<PolicySettings> = {}) => {
      const all = { ...defaults, ...settings };
      const { autoApproveAt, expiresAt } = dueTimes(poll(votes), all);
      const first = settledAt(poll(votes), all);
      return [autoApproveAt, expiresAt, first].map((at) => (at === null ? null : (at - openedAt) / hour));
    };
    expect(due("")).toEqual([24, 336, 24]);
    expect(due("ana-")).toEqual([null, 336, 336]);
    expect(due("", { auto_approve_timeout: null, proposal_expiry: 2 })).toEqual([null, 2, 2]);
    expect(due("", { proposal_expiry: 2 })).toEqual([24, 2, 2]);
  });
});

describe("moves", () => {
  it("are exactly these, of all there could be", () => {
    const legal = proposalStates.flatMap((from) =>
      proposalStates.filter((to) => isLegal(from, to)).map((to) => `${from} → ${to}`),
    );
    expect(legal).toEqual([
      "pending → pending",
      "pending → approved",
      "pending → rejected",
      "pending → withdrawn",
      "pending → expired",
      "pending → superseded",
      "approved → pending",
      "approved → approved",
      "approved → applied",
      "approved → superseded",
      "approved → failed",
    ]);
    expect(Object.keys(legalMoves).sort()).toEqual([...proposalStates].sort());
    expect(proposalStates.filter(isOpen)).toEqual(["pending", "approved"]);
  });

  it("say what is and what was wanted", () => {
    expect(refusal("applied", "approved")).toEqual({
      code: "conflict",
      message: "The proposal prop_1 is applied, so it cannot become approved.",
      hint: "That is final; submit a new proposal.",
      details: { id: "prop_1", state: "applied", wanted: "approved" },
    });
    expect(refusal("approved", "withdrawn")?.hint).toBe("get_proposal shows where it stands.");
  });
});

function isLegal(from: ProposalState, to: ProposalState): boolean {
  return refusal(from, to) === undefined;
}

function refusal(from: ProposalState, to: ProposalState) {
  try {
    requireMove("prop_1", from, to);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
