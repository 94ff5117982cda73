// Proposals in the team's object: submitting, editing, voting, withdrawing, and who may. Runs in workerd.
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  aProposal,
  approvalsBench,
  type Bench,
  caller,
  type Inside,
  passed,
  server,
  setClock,
  toolContent,
} from "../../../test/helpers/approvals.ts";
import { auditLog } from "../../../test/helpers/team.ts";
import { hourMs } from "../../core/durations.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Proposal } from "./schema.ts";

afterEach(() => vi.restoreAllMocks());

const start = Date.parse("2030-01-01T00:00:00.000Z");

/** A pending proposal of ana's. */
async function submitted(bench: Bench, input = aProposal(), by = "ana"): Promise<Proposal> {
  return bench.inside(({ approvals }) => approvals.submit(input, caller(bench, by)));
}

const voteBy = (bench: Bench, id: string) => (name: string, vote: "approve" | "reject", comment?: string) =>
  bench.inside(({ approvals }) =>
    approvals.vote(id, { vote, ...(comment === undefined ? {} : { comment }) }, caller(bench, name)),
  );

describe("submitting", () => {
  it("opens a proposal to votes, tells the log, and asks to be looked at when it is due", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const from = (await auditLog(bench.slug)).length;
    await bench.inside(({ functions }) => functions.save({ name: "half", definition: "def half: . / 2;" }, server));
    const { proposal, ...asked } = await bench.inside(({ approvals, sent, wakes }) => {
      const input = aProposal({ content: toolContent("half") });
      return { proposal: approvals.submit(input, caller(bench, "ana")), sent, wakes };
    });
    expect(proposal).toEqual({
      id: proposal.id,
      kind: "tool",
      name: "one",
      action: "create",
      state: "pending",
      content: toolContent("half"),
      base_version: null,
      justification: "We need it.",
      tests: [],
      required_functions: ["half"],
      validation: passed,
      conflict: null,
      source: "manual",
      author: "ana",
      edition: 1,
      created_at: "2030-01-01T00:00:00.000Z",
      opened_at: "2030-01-01T00:00:00.000Z",
      auto_approve_at: "2030-01-02T00:00:00.000Z",
      expires_at: "2030-01-15T00:00:00.000Z",
      votes: [],
      tally: { approve: 0, reject: 0, voters: 0, approve_at: 2, reject_at: 2, quorum: 0 },
      settled_at: null,
      settled_by: null,
      settled_how: null,
      applied_version: null,
      outcome: null,
    });
    expect(asked.sent).toEqual([{ proposal: proposal.id, delayMs: 24 * hourMs }]);
    expect(Math.min(...asked.wakes)).toBe(start + approvalLimits.lookMs);
    const entries = (await auditLog(bench.slug)).slice(from).filter(({ action }) => action.startsWith("proposal."));
    expect(entries).toEqual([
      {
        username: "ana",
        action: "proposal.submit",
        target: `proposal ${proposal.id}`,
        before: null,
        after: {
          state: "pending",
          about: { kind: "tool", name: "one", action: "create" },
          edition: 1,
          base_version: null,
          content: toolContent("half"),
          justification: "We need it.",
          tests: 0,
          source: "manual",
        },
      },
    ]);
  });

  it("refuses what could not be saved, or would change nothing", async () => {
    const bench = await approvalsBench();
    await bench.inside(({ tools, functions }) => {
      functions.save({ name: "half", definition: "def half: . / 2;" }, server);
      tools.save({ name: "used", description: "d", query: "half" }, server);
      tools.save({ name: "off", description: "d", query: "1" }, server);
      tools.deactivate("off", server);
    });
    const refused = (more: Parameters<typeof aProposal>[0]) =>
      bench.refusal(({ approvals }) => approvals.submit(aProposal(more), caller(bench, "ana")));
    expect(await refused({ content: toolContent("nope") })).toBe(
      "jq_unknown_name: line 1, column 1: there is no function nope with no arguments, neither in jq nor in the team's library.",
    );
    expect(await refused({ name: "save_tool" })).toBe("already_exists: save_tool is the name of a built-in tool.");
    expect(await refused({ name: "used" })).toBe("already_exists: There is a tool used already.");
    expect(await refused({ name: "gone", action: "change" })).toBe("not_found: The team has no tool gone.");
    expect(await refused({ name: "used", action: "change", baseVersion: 3 })).toBe(
      "conflict: The tool used has changed: this was written against version 3, and it is at version 1.",
    );
    expect(await refused({ name: "used", action: "change", baseVersion: 1, content: toolContent("half") })).toBe(
      "invalid_argument: The tool used is as proposed already.",
    );
    expect(await refused({ name: "off", action: "change", baseVersion: 2 })).toBe(
      "conflict: The tool off is deactivated.",
    );
    expect(await refused({ name: "off", action: "deactivate", baseVersion: 2, content: null })).toBe(
      "conflict: The tool off is deactivated.",
    );
    expect(await refused({ name: "used", action: "restore", baseVersion: 1, content: null })).toBe(
      "conflict: The tool used is in use already.",
    );
    expect(await refused({ content: null })).toBe("invalid_argument: To create a tool takes its content.");
    expect(await refused({ name: "used", action: "deactivate", baseVersion: 1 })).toBe(
      "invalid_argument: To deactivate a tool takes no content.",
    );
    const broken = { kind: "function", name: "half", action: "deactivate", baseVersion: 1, content: null } as const;
    expect(await refused(broken)).toMatch(
      /^jq_breaks_dependants: Deactivating half like this would break 1 that use it: tool used /,
    );
    const failed = { ...passed, ok: false, tests: [{ name: "t1", ok: false, message: "gave 2, not 1" }] };
    expect(await refused({ validation: failed })).toBe(
      "invalid_argument: The proposal did not pass its check: test t1: gave 2, not 1",
    );
    expect(await refused({ justification: "x".repeat(approvalLimits.justificationChars + 1) })).toBe(
      "too_large: The proposal has 4001 characters of justification; the limit is 4000 (limit justificationChars).",
    );
    await submitted(bench);
    const again = await refused({});
    expect(again).toMatch(/^already_exists: ana has proposed the same: prop_[\w-]+ is pending\.$/);
  });
});

describe("voting", () => {
  it("settles at the threshold, exactly, when everyone votes at once", async () => {
    const bench = await approvalsBench();
    await bench.set({ approval_threshold: 3 });
    const { id } = await submitted(bench);
    const names = ["ben", "cy", "di", "adam", "olga"];
    const votes = await Promise.allSettled(
      names.map((name) => bench.client.approvals().vote(id, { vote: "approve" }, caller(bench, name))),
    );
    const counted = votes.flatMap((vote) => (vote.status === "fulfilled" ? [vote.value] : []));
    expect(counted.map(({ settled }) => settled)).toEqual([undefined, undefined, "approved"]);
    expect(counted.map(({ proposal }) => proposal.tally.approve)).toEqual([1, 2, 3]);
    const { proposal } = await bench.inside(({ approvals }) => approvals.get(id, caller(bench, "ana").actor));
    expect(proposal.votes).toHaveLength(3);
    expect([proposal.settled_how, proposal.settled_by]).toEqual(["votes", "ben, cy, di"]);
    const cast = (await auditLog(bench.slug)).filter(({ action }) => action === "proposal.vote");
    expect(cast).toHaveLength(3);
  });

  it("counts one vote per person, changed as often as they like until it is settled", async () => {
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    const vote = voteBy(bench, id);
    expect((await vote("ben", "reject", "Too slow.")).proposal.tally).toMatchObject({
      approve: 0,
      reject: 1,
      voters: 1,
    });
    expect((await vote("ben", "approve")).proposal.tally).toMatchObject({ approve: 1, reject: 0, voters: 1 });
    const before = (await auditLog(bench.slug)).length;
    expect((await vote("ben", "approve")).proposal.votes).toEqual([
      { username: "ben", vote: "approve", comment: null, voted_at: expect.any(String), weight: 1 },
    ]);
    expect(await auditLog(bench.slug)).toHaveLength(before);
    expect(await vote("cy", "approve")).toMatchObject({ settled: "approved", proposal: { state: "approved" } });
    expect(await bench.refusal(({ approvals }) => approvals.vote(id, { vote: "reject" }, caller(bench, "ben")))).toBe(
      `conflict: The proposal ${id} is approved, so it cannot be voted on.`,
    );
    const told = (await auditLog(bench.slug)).filter(({ target }) => target === `proposal ${id}`);
    expect(told.map(({ username, action }) => `${username} ${action}`)).toEqual([
      "ana proposal.submit",
      "ben proposal.vote",
      "ben proposal.vote",
      "cy proposal.vote",
      "cy proposal.approve",
    ]);
    expect(told[2]).toMatchObject({
      before: { vote: "reject", comment: "Too slow." },
      after: { vote: "approve", comment: null, edition: 1 },
    });
    expect(told[4]).toMatchObject({ before: { state: "pending" }, after: { state: "approved", by: "ben, cy" } });
  });

  it("refuses authors, viewers, service accounts, readers of an older edition", async () => {
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    const refused = (by: Caller, edition?: number) =>
      bench.refusal(({ approvals }) => approvals.vote(id, { vote: "approve", edition }, by));
    expect(await refused(caller(bench, "ana"))).toBe(
      `forbidden: The proposal ${id} is your own, and this team's authors do not vote on theirs.`,
    );
    expect(await refused(caller(bench, "vic"))).toBe(
      "forbidden: As viewer you may not vote on proposals: it needs the role member or higher.",
    );
    expect(await refused(server)).toBe("forbidden: system is not a person, and votes are people's.");
    expect(await refused(caller(bench, "ben"), 2)).toBe(
      `conflict: The proposal ${id} was edited: it is at edition 1, not 2.`,
    );
    expect(
      await bench.refusal(({ approvals }) => approvals.vote("prop_x", { vote: "approve" }, caller(bench, "ben"))),
    ).toBe("not_found: There is no proposal prop_x.");
    await bench.set({ author_may_vote: true });
    expect((await voteBy(bench, id)("ana", "approve")).proposal.tally.approve).toBe(1);
  });

  it("lets one admin veto, and weighs votes by the role of today", async () => {
    const bench = await approvalsBench();
    const first = await submitted(bench);
    expect(await voteBy(bench, first.id)("adam", "reject", "Not so.")).toMatchObject({
      settled: "rejected",
      proposal: { state: "rejected", settled_how: "veto", settled_by: "adam" },
    });
    await bench.set({ vote_weights: { admin: 2 }, approval_threshold: 4 });
    const { id } = await submitted(bench);
    const vote = voteBy(bench, id);
    await vote("adam", "approve");
    await vote("ben", "approve");
    await bench.client.people().remove("ben", caller(bench, "olga"));
    expect((await vote("cy", "approve")).proposal).toMatchObject({
      state: "pending",
      tally: { approve: 3, voters: 2 },
      votes: [
        { username: "adam", weight: 2 },
        { username: "ben", weight: 0 },
        { username: "cy", weight: 1 },
      ],
    });
    await bench.client.people().setRole({ username: "cy", role: "admin" }, caller(bench, "olga"));
    // Nobody voted, and yet it is approved: a role changed.
    expect(await bench.inside(({ approvals }) => approvals.next(id))).toMatchObject({
      do: "apply",
      proposal: { state: "approved", settled_by: "adam, cy" },
    });
  });
});

describe("a credential of a weaker role than its person's", () => {
  /** olga and adam, each with a credential of a member. */
  const asMember = (bench: Bench, name: string): Caller => {
    const own = caller(bench, name);
    return { ...own, actor: { ...own.actor, role: "member" } };
  };

  it("casts no vote that would count for more than its own role's", async () => {
    const bench = await approvalsBench();
    await bench.set({ vote_weights: { owner: 2 } });
    const { id } = await submitted(bench);
    expect(
      await bench.refusal(({ approvals }) => approvals.vote(id, { vote: "approve" }, asMember(bench, "olga"))),
    ).toBe(
      "forbidden: This credential is one of a member, and the vote would count as that of olga's own role, owner.",
    );
    expect(
      await bench.refusal(({ approvals }) => approvals.vote(id, { vote: "reject" }, asMember(bench, "adam"))),
    ).toBe(
      "forbidden: This credential is one of a member, and the vote would count as that of adam's own role, admin.",
    );
    const { proposal } = await bench.inside(({ approvals }) =>
      approvals.vote(id, { vote: "approve" }, asMember(bench, "adam")),
    );
    expect([proposal.state, proposal.tally.approve]).toEqual(["pending", 1]);
  });
});

describe("editing", () => {
  it("begins a new edition without votes, kept in the log", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    await voteBy(bench, id)("ben", "reject", "Why 1?");
    setClock(start + hourMs);
    const edit = { content: toolContent("2"), baseVersion: null, tests: [], validation: passed };
    const edited = await bench.inside(({ approvals }) => approvals.edit(id, edit, caller(bench, "ana")));
    expect(edited).toMatchObject({
      edition: 2,
      content: toolContent("2"),
      justification: "We need it.",
      votes: [],
      opened_at: "2030-01-01T01:00:00.000Z",
      auto_approve_at: "2030-01-02T01:00:00.000Z",
    });
    const [entry] = (await auditLog(bench.slug)).filter(({ action }) => action === "proposal.edit");
    expect(entry?.before).toEqual({
      edition: 1,
      content: toolContent("1"),
      justification: "We need it.",
      votes: [{ username: "ben", vote: "reject", comment: "Why 1?" }],
    });
    expect(await bench.refusal(({ approvals }) => approvals.edit(id, edit, caller(bench, "olga")))).toBe(
      `forbidden: The proposal ${id} is ana's; only they may edit it.`,
    );
    await bench.inside(({ approvals }) => approvals.withdraw(id, caller(bench, "ana")));
    expect(await bench.refusal(({ approvals }) => approvals.edit(id, edit, caller(bench, "ana")))).toBe(
      `conflict: The proposal ${id} is withdrawn, so it cannot be edited.`,
    );
  });
});

describe("withdrawing", () => {
  it("is for the author and admins, while it is pending", async () => {
    const bench = await approvalsBench();
    const own = await submitted(bench);
    const others = await submitted(bench, aProposal({ name: "two" }));
    const withdraw = (id: string, name: string) => (inside: Inside) =>
      inside.approvals.withdraw(id, caller(bench, name), "Not needed.");
    expect(await bench.refusal(withdraw(own.id, "ben"))).toBe(
      `forbidden: The proposal ${own.id} is ana's; only they and admins may withdraw it.`,
    );
    expect(await bench.inside(withdraw(own.id, "ana"))).toMatchObject({
      state: "withdrawn",
      settled_how: "author",
      settled_by: "ana",
      outcome: "Not needed.",
    });
    expect((await bench.inside(withdraw(others.id, "adam"))).settled_by).toBe("adam");
    expect(await bench.refusal(withdraw(own.id, "ana"))).toBe(
      `conflict: The proposal ${own.id} is withdrawn, so it cannot be withdrawn.`,
    );
  });
});

describe("reading", () => {
  it("lists the newest first, filtered, in pages, and what is mine to vote", async () => {
    const bench = await approvalsBench();
    const ids: string[] = [];
    for (const [at, name] of ["a1", "a2", "a3"].entries()) {
      setClock(start + at);
      ids.push((await submitted(bench, aProposal({ name }), at === 1 ? "ben" : "ana")).id);
    }
    const [a1 = "", a2 = "", a3 = ""] = ids;
    await voteBy(bench, a3)("cy", "approve");
    const list = async (filter: object, name: string) => {
      const { rows, total } = await bench.inside(({ approvals }) =>
        approvals.list({ limit: 10, ...filter }, caller(bench, name).actor),
      );
      return [rows.map((row) => row.name).join(" "), total];
    };
    expect(await list({}, "vic")).toEqual(["a3 a2 a1", 3]);
    expect(await list({ limit: 1, before: a3 }, "vic")).toEqual(["a2", 3]);
    expect(await list({ author: "ana" }, "vic")).toEqual(["a3 a1", 2]);
    expect(await list({ name: "a2", state: "pending", kind: "tool" }, "vic")).toEqual(["a2", 1]);
    expect(await list({ kind: "function" }, "vic")).toEqual(["", 0]);
    expect(await list({ mine_to_vote: true }, "cy")).toEqual(["a2 a1", 2]);
    expect(await list({ mine_to_vote: true }, "ana")).toEqual(["a2", 1]);
    expect(await list({ mine_to_vote: true }, "vic")).toEqual(["", 0]);
    await bench.inside(({ approvals }) => approvals.withdraw(a2, caller(bench, "ben")));
    expect(await list({ mine_to_vote: true }, "cy")).toEqual(["a1", 1]);
    expect((await bench.inside(({ approvals }) => approvals.get(a1, caller(bench, "vic").actor))).proposal.id).toBe(a1);
  });

  it("shows nothing of a proposal about a tool that is not shown", async () => {
    const bench = await approvalsBench();
    await bench.inside(({ tools }) => tools.save({ name: "pay", description: "d", query: "1" }, server));
    const input = aProposal({ name: "pay", action: "change", content: toolContent("2"), baseVersion: 1 });
    const { id } = await submitted(bench, input);
    await voteBy(bench, id)("ben", "approve");
    await bench.client
      .visibility()
      .set({ kind: "tool", name: "pay", visibility: ["ana", "cy"] }, caller(bench, "olga"));
    const gone = `not_found: There is no proposal ${id}.`;
    const ben = caller(bench, "ben");
    expect(await bench.refusal(({ approvals }) => approvals.get(id, ben.actor))).toBe(gone);
    expect(await bench.refusal(({ approvals }) => approvals.vote(id, { vote: "reject" }, ben))).toBe(gone);
    expect(await bench.inside(({ approvals }) => approvals.list({ limit: 9 }, ben.actor))).toEqual({
      rows: [],
      total: 0,
    });
    expect(await bench.refusal(({ approvals }) => approvals.submit(aProposal({ name: "pay" }), ben))).toBe(
      "already_exists: The name pay is taken.",
    );
    expect(await bench.refusal(({ approvals }) => approvals.submit(input, ben))).toBe(
      "not_found: The team has no tool pay.",
    );
    // A vote of someone who does not see it any more does not count.
    const { proposal } = await bench.inside(({ approvals }) => approvals.get(id, caller(bench, "cy").actor));
    expect([proposal.tally.approve, proposal.votes[0]?.weight]).toEqual([0, 0]);
  });
});

describe("saving directly", () => {
  it("is for admins, and for members where the team says so; the log tells it from what was voted", async () => {
    const bench = await approvalsBench();
    const definition = { name: "f", definition: "def f: 1;" };
    const tool = { name: "t", description: "d", query: "1" };
    const ana = caller(bench, "ana");
    const attempts: ((inside: Inside) => unknown)[] = [
      ({ functions }) => functions.save(definition, ana),
      ({ functions }) => functions.saveAll([definition], ana),
      ({ functions }) => functions.rollback("f", 1, ana),
      ({ functions }) => functions.deactivate("f", ana),
      ({ functions }) => functions.restore("f", ana),
      ({ tools }) => tools.save(tool, ana),
      ({ tools }) => tools.saveAll([tool], ana),
      ({ tools }) => tools.rollback("t", 1, ana),
      ({ tools }) => tools.deactivate("t", ana),
      ({ tools }) => tools.restore("t", ana),
    ];
    for (const attempt of attempts)
      expect(await bench.refusal(attempt)).toBe(
        "forbidden: As member you may not change the library directly: this team votes.",
      );
    await bench.inside(({ functions, tools }) => {
      functions.save(definition, caller(bench, "adam"));
      tools.save(tool, server);
    });
    await bench.set({ members_save_directly: true });
    for (const attempt of attempts) await bench.inside(attempt);
    expect(await bench.refusal(({ tools }) => tools.save(tool, caller(bench, "vic")))).toBe(
      "forbidden: As viewer you may not change functions and tools: it needs the role member or higher.",
    );
    const entries = (await auditLog(bench.slug)).filter(({ action }) => /^(function|tool)\./.test(action));
    expect(entries.map(({ username, action, after }) => `${username} ${action} ${saved(after)}`)).toEqual([
      "adam function.create directly",
      "system tool.create directly",
      "ana function.deactivate directly",
      "ana function.restore directly",
      "ana tool.deactivate directly",
      "ana tool.restore directly",
    ]);
  });

  it("goes back to any version of a function, and reads it whole", async () => {
    const bench = await approvalsBench();
    const history = await bench.inside(({ functions }) => {
      functions.save({ name: "f", definition: "def f($a): $a;", parameters: [{ name: "a", type: "number" }] }, server);
      functions.save({ name: "f", definition: "def f: 2;", description: "Two." }, server);
      functions.deactivate("f", server);
      const back = functions.rollback("f", 1, server);
      const again = functions.rollback("f", 1, server);
      return [back.outcome, back.function.is_active, back.function.version, again.outcome, functions.version("f", 4)];
    });
    expect(history).toEqual([
      "updated",
      true,
      4,
      "unchanged",
      {
        version: 4,
        action: "rollback",
        definition: "def f($a): $a;",
        description: "",
        parameters: [{ name: "$a", type: "number" }],
        allow_builtin_name: false,
        is_active: true,
        reason: "back to version 1",
        proposal_id: null,
        author: "system",
        created_at: expect.any(String),
      },
    ]);
    expect(await bench.refusal(({ functions }) => functions.rollback("f", 9, server))).toBe(
      "not_found: The function f has no version 9; the newest is 4.",
    );
  });
});

function saved(after: unknown): string {
  return typeof after === "object" && after !== null && "saved" in after ? String(after.saved) : "";
}
