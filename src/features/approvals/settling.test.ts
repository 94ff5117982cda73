// What time, settings and the library make of proposals, and carrying them out: once, whole or not at all. Runs in workerd.
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  aProposal,
  approvalsBench,
  type Bench,
  caller,
  functionContent,
  type Inside,
  passed,
  server,
  setClock,
  toolContent,
} from "../../../test/helpers/approvals.ts";
import { operator } from "../../../test/helpers/people.ts";
import { auditLog } from "../../../test/helpers/team.ts";
import { hourMs } from "../../core/durations.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import type { RebasedContent } from "./approvals.ts";
import type { Proposal } from "./schema.ts";
import { sweepProposals } from "./settling.ts";
import { trimSettled } from "./store.ts";

afterEach(() => vi.restoreAllMocks());

const start = Date.parse("2030-01-01T00:00:00.000Z");

async function submitted(bench: Bench, input = aProposal()): Promise<Proposal> {
  return bench.inside(({ approvals }) => approvals.submit(input, caller(bench, "ana")));
}

/** An approved proposal of ana's. */
async function approved(bench: Bench, input = aProposal()): Promise<Proposal> {
  const { id } = await submitted(bench, input);
  return bench.inside(({ approvals }) => {
    approvals.vote(id, { vote: "approve" }, caller(bench, "ben"));
    return approvals.vote(id, { vote: "approve" }, caller(bench, "cy")).proposal;
  });
}

const next = (bench: Bench, id: string) => bench.inside(({ approvals }) => approvals.next(id));
const sweep = (bench: Bench) =>
  bench.inside(({ deps, sent }) => ({
    next: sweepProposals(deps, deps.now()),
    sent: sent.map(({ proposal }) => proposal),
  }));
const checked = (content: RebasedContent["content"], baseVersion: number | null = null): RebasedContent => ({
  content,
  baseVersion,
  validation: passed,
});
const apply = (
  bench: Bench,
  { id, edition }: Proposal,
  content: RebasedContent["content"],
  base: number | null = null,
) => bench.inside(({ approvals }) => approvals.apply(id, edition, checked(content, base), server));
const actions = async (bench: Bench, id: string) =>
  (await auditLog(bench.slug)).filter(({ target }) => target === `proposal ${id}`).map(({ action }) => action);

describe("messages", () => {
  it("are one for each time a proposal is opened to votes: votes and looks send none", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const sent = await bench.inside(({ approvals, deps, sent: all }) => {
      const { id } = approvals.submit(aProposal(), caller(bench, "ana"));
      for (const vote of ["approve", "reject", "approve", "reject"] as const)
        approvals.vote(id, { vote }, caller(bench, "ben"));
      approvals.next(id);
      sweepProposals(deps, deps.now());
      const change = { content: toolContent("2"), baseVersion: null, tests: [], validation: passed };
      approvals.edit(id, change, caller(bench, "ana"));
      return all.map(({ delayMs }) => delayMs);
    });
    expect(sent).toEqual([24 * hourMs, 24 * hourMs]);
  });
});

describe("an author who left", () => {
  it("has nothing approved by time alone, and what people vote for still is", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    await bench.client.people().remove("ana", operator);
    const left = await bench.inside(({ approvals }) => approvals.get(id, caller(bench, "ben").actor));
    expect([left.proposal.state, left.proposal.auto_approve_at]).toEqual(["pending", null]);
    setClock(start + 30 * hourMs);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: (14 * 24 - 30) * hourMs });
    const { settled } = await bench.inside(({ approvals }) => {
      approvals.vote(id, { vote: "approve" }, caller(bench, "ben"));
      return approvals.vote(id, { vote: "approve" }, caller(bench, "cy"));
    });
    expect(settled).toBe("approved");
  });
});

describe("time", () => {
  it("approves what nobody rejected, once, however often and whenever it is asked", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: 24 * hourMs });
    setClock(start - 5 * hourMs);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: 29 * hourMs });
    setClock(start + 24 * hourMs - 1);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: 1_000 });
    setClock(start + 24 * hourMs);
    const due = { do: "apply", proposal: { state: "approved", settled_how: "timeout", settled_by: null }, base: null };
    expect(await next(bench, id)).toMatchObject(due);
    expect(await next(bench, id)).toMatchObject(due);
    // A clock that goes back takes nothing back.
    setClock(start);
    expect(await next(bench, id)).toMatchObject(due);
    expect(await sweep(bench)).toEqual({ next: start + approvalLimits.retryMs, sent: [id] });
    expect(await actions(bench, id)).toEqual(["proposal.submit", "proposal.approve"]);
    expect(await next(bench, "prop_x")).toEqual({ do: "nothing", state: null });
  });

  it("never approves what is contested: that expires", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    await bench.inside(({ approvals }) => approvals.vote(id, { vote: "reject" }, caller(bench, "ben")));
    setClock(start + 30 * hourMs);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: (14 * 24 - 30) * hourMs });
    setClock(start + 14 * 24 * hourMs);
    expect(await next(bench, id)).toEqual({ do: "nothing", state: "expired" });
    expect(await next(bench, id)).toEqual({ do: "nothing", state: "expired" });
    expect(await actions(bench, id)).toEqual(["proposal.submit", "proposal.vote", "proposal.expire"]);
    const late = ({ approvals }: Inside) => approvals.vote(id, { vote: "approve" }, caller(bench, "cy"));
    expect(await bench.refusal(late)).toBe(`conflict: The proposal ${id} is expired, so it cannot be voted on.`);
  });

  it("is over for a vote that comes after it, also when nobody has looked yet", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    setClock(start + 24 * hourMs);
    const late = ({ approvals }: Inside) => approvals.vote(id, { vote: "reject" }, caller(bench, "adam"));
    expect(await bench.refusal(late)).toBe(`conflict: The proposal ${id} is approved, so it cannot be voted on.`);
    expect(await next(bench, id)).toMatchObject({ do: "apply", proposal: { settled_how: "timeout", votes: [] } });
  });

  it("approves at once when the only rejection is taken back later than the timeout", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    const vote = (vote: "approve" | "reject") => (inside: Inside) =>
      inside.approvals.vote(id, { vote }, caller(bench, "ben"));
    await bench.inside(vote("reject"));
    setClock(start + 48 * hourMs);
    expect(await bench.inside(vote("approve"))).toMatchObject({
      settled: "approved",
      proposal: { settled_how: "timeout" },
    });
  });

  it("follows settings that change on the way, which wake the alarm", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await submitted(bench);
    await bench.inside(({ approvals }) => approvals.vote(id, { vote: "approve" }, caller(bench, "ben")));
    expect(await sweep(bench)).toEqual({ next: start + approvalLimits.lookMs, sent: [] });
    await bench.set({ auto_approve_timeout: null });
    setClock(start + 24 * hourMs);
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: 13 * 24 * hourMs });
    await bench.set({ auto_approve_timeout: 25 });
    expect(await next(bench, id)).toEqual({ do: "wait", delayMs: hourMs });
    await bench.set({ approval_threshold: 1 });
    const now = start + 24 * hourMs;
    expect(await sweep(bench)).toEqual({ next: now + approvalLimits.retryMs, sent: [id] });
    expect(await next(bench, id)).toMatchObject({ do: "apply", proposal: { settled_how: "votes", settled_by: "ben" } });
  });

  it("asks for what a lost message asked for, less and less often", async () => {
    setClock(start);
    const bench = await approvalsBench();
    expect(await sweep(bench)).toEqual({ next: undefined, sent: [] });
    const { id } = await submitted(bench);
    const at = start + 24 * hourMs;
    for (const [late, again] of [
      [0, 60_000],
      [60_000, 60_000],
      [600_000, 600_000],
      [5 * hourMs, hourMs],
    ] as const) {
      setClock(at + late);
      expect(await sweep(bench)).toEqual({ next: at + late + again, sent: [id] });
    }
    await bench.client.teams().delete(bench.slug, caller(bench, "olga"));
    expect(await sweep(bench)).toEqual({ next: undefined, sent: [] });
  });
});

describe("applying", () => {
  it("writes version, state and log in one, signed by the author and approved by the voters", async () => {
    const bench = await approvalsBench();
    const proposal = await approved(bench);
    const from = (await auditLog(bench.slug)).length;
    const done = await apply(bench, proposal, toolContent("1"));
    expect(done).toMatchObject({
      proposal: { state: "applied", applied_version: 1, settled_how: "votes", settled_by: "ben, cy" },
      saved: { outcome: "created", revived: false, tool: { name: "one", version: 1, created_by: "ana", query: "1" } },
    });
    expect((await auditLog(bench.slug)).slice(from).map(({ username, action }) => `${username} ${action}`)).toEqual([
      "system tool.create",
      "system proposal.apply",
    ]);
    const stored = await bench.inside(({ tools }) => tools.version("one", 1, server.actor));
    expect(stored).toMatchObject({ author: "ana", reason: "We need it.", proposal_id: proposal.id });
    expect(await bench.inside(({ deps }) => deps.db.get("SELECT approved_by FROM tools"))).toEqual({
      approved_by: "ben, cy",
    });
    // Again, and again by a message that was sent twice: nothing more.
    const before = await auditLog(bench.slug);
    expect(await apply(bench, proposal, toolContent("1"))).toMatchObject({
      proposal: { state: "applied" },
      saved: null,
    });
    expect(await next(bench, proposal.id)).toEqual({ do: "nothing", state: "applied" });
    expect(await auditLog(bench.slug)).toEqual(before);
  });

  it("says timeout where time approved", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const proposal = await submitted(bench);
    setClock(start + 24 * hourMs);
    await next(bench, proposal.id);
    await apply(bench, proposal, toolContent("1"));
    expect(await bench.inside(({ deps }) => deps.db.get("SELECT approved_by FROM tools"))).toEqual({
      approved_by: "timeout",
    });
  });

  it("leaves nothing when any part of it fails", async () => {
    const bench = await approvalsBench();
    const proposal = await approved(bench);
    const state = () =>
      bench.inside(({ deps }) => [
        deps.db.all("SELECT state, applied_version FROM proposals"),
        deps.db.all("SELECT name FROM tools"),
        deps.db.all("SELECT version FROM tool_versions"),
        deps.db.get("SELECT revision FROM team"),
        deps.db.get("SELECT count(*) FROM audit_log"),
        deps.db.get("SELECT count(*) FROM notifications"),
      ]);
    const before = await state();
    await bench.inside(({ deps }) =>
      deps.db.run(
        "CREATE TRIGGER broken BEFORE UPDATE ON proposals WHEN NEW.state = 'applied' BEGIN SELECT RAISE(ABORT, 'no'); END",
      ),
    );
    expect(
      await bench.refusal(({ approvals }) => approvals.apply(proposal.id, 1, checked(toolContent("1")), server)),
    ).toMatch(/^internal: /);
    expect(await state()).toEqual(before);
    await bench.inside(({ deps }) => deps.db.run("DROP TRIGGER broken"));
    expect((await apply(bench, proposal, toolContent("1"))).proposal.state).toBe("applied");
  });

  it("refuses another edition, another base, and what is not approved", async () => {
    const bench = await approvalsBench();
    const pending = await submitted(bench, aProposal({ name: "two" }));
    const { id } = await approved(bench);
    const tried = (which: string, edition: number, base: number | null) =>
      bench.refusal(({ approvals }) => approvals.apply(which, edition, checked(toolContent("1"), base), server));
    expect(await tried(pending.id, 1, null)).toBe(
      `conflict: The proposal ${pending.id} is pending, so it cannot become applied.`,
    );
    expect(await tried(id, 2, null)).toBe(`conflict: The proposal ${id} was edited: it is at edition 1, not 2.`);
    expect(await tried(id, 1, 4)).toBe(
      "conflict: The tool one has changed: this was written against version 4, and there is none.",
    );
  });

  it("carries out each action of both kinds", async () => {
    const bench = await approvalsBench();
    await bench.set({ approval_threshold: 1 });
    const through = async (input: Parameters<typeof aProposal>[0]) => {
      const proposal = await submitted(bench, aProposal(input));
      await bench.inside(({ approvals }) => approvals.vote(proposal.id, { vote: "approve" }, caller(bench, "ben")));
      const { saved } = await apply(bench, proposal, input?.content ?? null, input?.baseVersion ?? null);
      if (saved === null) return "nothing";
      const { version, is_active } = "tool" in saved ? saved.tool : saved.function;
      return [saved.outcome, version, is_active];
    };
    const content = functionContent("def f: 1;");
    const kind = "function";
    expect(await through({ kind, name: "f", content })).toEqual(["created", 1, true]);
    const changed = functionContent("def f: 2;");
    expect(await through({ kind, name: "f", action: "change", baseVersion: 1, content: changed })).toEqual([
      "updated",
      2,
      true,
    ]);
    expect(await through({ kind, name: "f", action: "deactivate", baseVersion: 2, content: null })).toEqual([
      "updated",
      3,
      false,
    ]);
    expect(await through({ kind, name: "f", action: "restore", baseVersion: 3, content: null })).toEqual([
      "updated",
      4,
      true,
    ]);
    const tool = toolContent("f");
    expect(await through({ name: "t", content: tool })).toEqual(["created", 1, true]);
    expect(await through({ name: "t", action: "change", baseVersion: 1, content: toolContent("f + 1") })).toEqual([
      "updated",
      2,
      true,
    ]);
    expect(await through({ name: "t", action: "deactivate", baseVersion: 2, content: null })).toEqual([
      "updated",
      3,
      false,
    ]);
    expect(await through({ name: "t", action: "restore", baseVersion: 3, content: null })).toEqual([
      "updated",
      4,
      true,
    ]);
    // Anew over one that is out of use: whoever proposes it need not know.
    await bench.inside(({ tools }) => tools.deactivate("t", server));
    const anew = await submitted(bench, aProposal({ name: "t", content: tool }));
    expect([anew.base_version, anew.state]).toEqual([5, "pending"]);
    const versions = await bench.inside(({ functions }) => functions.history("f", { limit: 9 }).versions);
    expect(versions.map(({ action, author, proposal_id }) => [action, author, proposal_id?.slice(0, 5)])).toEqual([
      ["restore", "ana", "prop_"],
      ["deactivate", "ana", "prop_"],
      ["update", "ana", "prop_"],
      ["create", "ana", "prop_"],
    ]);
  });

  it("supersedes what it leaves nothing to do for, and leaves the rest to be rebased", async () => {
    const bench = await approvalsBench();
    await bench.inside(({ tools }) => tools.save({ name: "one", description: "d", query: "1" }, server));
    const change = (query: string) => aProposal({ action: "change", baseVersion: 1, content: toolContent(query) });
    const other = await submitted(bench, change("3"));
    const off = await submitted(bench, aProposal({ action: "deactivate", baseVersion: 1, content: null }));
    const first = await approved(bench, change("2"));
    await apply(bench, first, toolContent("2"), 1);
    expect(await next(bench, other.id)).toMatchObject({ do: "wait" });
    const { base, current } = await bench.inside(({ approvals }) => approvals.get(other.id, server.actor));
    expect([base, current]).toEqual([toolContent("1"), { version: 2, content: toolContent("2"), is_active: true }]);
    // What someone saves directly makes proposals moot, too; that is found when they are looked at.
    await bench.inside(({ tools }) => tools.save({ name: "one", query: "3" }, server));
    expect(await sweep(bench)).toMatchObject({ sent: [other.id] });
    expect(await next(bench, other.id)).toEqual({ do: "nothing", state: "superseded" });
    const { proposal } = await bench.inside(({ approvals }) => approvals.get(other.id, server.actor));
    expect([proposal.settled_how, proposal.outcome]).toEqual([
      "other_change",
      "Nothing is left to do: the tool one already is as proposed.",
    ]);
    expect(await next(bench, off.id)).toMatchObject({ do: "wait" });
    const twins = [aProposal({ name: "new" }), aProposal({ name: "new", content: toolContent("7") })];
    const [a, b] = [await approved(bench, twins[0]), await approved(bench, twins[1])];
    await apply(bench, a, toolContent("1"));
    expect(await bench.refusal(({ approvals }) => approvals.apply(b.id, 1, checked(toolContent("7")), server))).toBe(
      `conflict: The proposal ${b.id} is superseded, so it cannot become applied.`,
    );
    expect((await bench.inside(({ approvals }) => approvals.get(b.id, server.actor))).proposal.outcome).toBe(
      `Nothing is left to do: the tool new exists now through the proposal ${a.id}.`,
    );
  });
});

describe("a base that moves on", () => {
  const conflict = { current_version: 2, theirs: "-1\n+2", ours: "-1\n+3", fields: ["query"] };

  async function drifted(bench: Bench): Promise<Proposal> {
    await bench.inside(({ tools }) => tools.save({ name: "one", description: "d", query: "1" }, server));
    const input = aProposal({ action: "change", baseVersion: 1, content: toolContent("3") });
    const proposal = await approved(bench, input);
    await bench.inside(({ tools }) => tools.save({ name: "one", query: "2" }, server));
    return proposal;
  }

  it("opens an approved proposal again, blocked until its author edits it", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const { id } = await drifted(bench);
    setClock(start + hourMs);
    const marked = await bench.inside(({ approvals }) => approvals.conflicted(id, 1, conflict, server));
    expect(marked).toMatchObject({
      state: "pending",
      conflict,
      settled_at: null,
      settled_by: null,
      auto_approve_at: null,
      opened_at: "2030-01-01T01:00:00.000Z",
      tally: { approve: 2 },
    });
    await bench.inside(({ approvals }) => approvals.conflicted(id, 1, conflict, server));
    setClock(start + 48 * hourMs);
    expect(await next(bench, id)).toMatchObject({ do: "wait" });
    const edit = { content: toolContent("2 + 3"), baseVersion: 2, tests: [], validation: passed };
    const edited = await bench.inside(({ approvals }) => approvals.edit(id, edit, caller(bench, "ana")));
    expect(edited).toMatchObject({ state: "pending", edition: 2, conflict: null, base_version: 2, votes: [] });
    expect(await actions(bench, id)).toEqual([
      "proposal.submit",
      "proposal.vote",
      "proposal.vote",
      "proposal.approve",
      "proposal.conflict",
      "proposal.edit",
    ]);
  });

  it("is rebased with its votes where the two go together", async () => {
    const bench = await approvalsBench();
    const { id } = await drifted(bench);
    const rebase = { content: toolContent("2 | 3"), baseVersion: 2, validation: passed };
    const rebased = await bench.inside(({ approvals }) => approvals.rebased(id, 1, rebase, server));
    expect(rebased).toMatchObject({ state: "approved", edition: 1, base_version: 2, content: toolContent("2 | 3") });
    expect(rebased.votes).toHaveLength(2);
    expect(
      await bench.refusal(({ approvals }) => approvals.rebased(id, 1, { ...rebase, baseVersion: 1 }, server)),
    ).toBe("conflict: The tool one has changed: this was written against version 1, and it is at version 2.");
    expect(
      await bench.refusal(({ approvals }) => approvals.conflicted(id, 1, { ...conflict, current_version: 1 }, server)),
    ).toBe("conflict: The tool one has changed: this was written against version 1, and it is at version 2.");
  });

  it("can be given up on", async () => {
    const bench = await approvalsBench();
    const { id } = await drifted(bench);
    const fail = ({ approvals }: Inside) => approvals.fail(id, 1, "It does not compile.", server);
    expect(await bench.inside(fail)).toMatchObject({
      state: "failed",
      settled_how: "error",
      outcome: "It does not compile.",
    });
    expect((await bench.inside(fail)).state).toBe("failed");
    expect(await actions(bench, id)).toContain("proposal.fail");
    expect(await next(bench, id)).toEqual({ do: "nothing", state: "failed" });
  });
});

describe("people", () => {
  it("hear of what concerns them", async () => {
    const bench = await approvalsBench();
    const proposal = await approved(bench);
    await apply(bench, proposal, toolContent("1"));
    const rows = await bench.inside(({ deps }) =>
      deps.db.all<{ username: string; kinds: string }>(
        "SELECT u.username, group_concat(n.kind, ' ') AS kinds FROM (SELECT * FROM notifications ORDER BY seq) n JOIN users u ON u.id = n.user_id GROUP BY u.username",
      ),
    );
    const voter = "proposal.submitted proposal.applied";
    expect(Object.fromEntries(rows.map(({ username, kinds }) => [username, kinds]))).toEqual({
      adam: voter,
      ana: "proposal.voted proposal.voted proposal.applied",
      ben: voter,
      cy: voter,
      di: voter,
      olga: voter,
      vic: "proposal.applied",
    });
  });
});

describe("a proposal that came to nothing", () => {
  const validation = { ...passed, tests: [{ name: "t1", ok: true, outputs: [1] }], sample: [1], steps: 9 };
  const tests = [{ name: "t1", expected: 1 }];

  it("keeps what was proposed and, for some days, its tests; an applied one keeps them", async () => {
    setClock(start);
    const bench = await approvalsBench();
    const ana = caller(bench, "ana");
    const { id } = await submitted(bench, aProposal({ name: "gone", tests, validation }));
    const done = await approved(bench, aProposal({ name: "kept", tests, validation }));
    await bench.inside(({ approvals }) => {
      approvals.apply(done.id, done.edition, { content: toolContent("1"), baseVersion: null, validation }, server);
      approvals.withdraw(id, ana);
    });
    const keptMs = approvalLimits.testsKeptDays * 24 * hourMs;
    const trim = () => bench.inside(({ deps }) => trimSettled(deps.db, deps.now()));
    const read = async (which: string) => {
      const { proposal } = await bench.inside(({ approvals }) => approvals.get(which, ana.actor));
      return { content: proposal.content, tests: proposal.tests, validation: proposal.validation };
    };
    setClock(start + keptMs - 1);
    expect(await trim()).toBe(start + keptMs);
    expect(await read(id)).toEqual({ content: toolContent("1"), tests, validation });
    setClock(start + keptMs);
    expect(await trim()).toBeUndefined();
    const { sample: _sample, ...rest } = validation;
    expect(await read(id)).toEqual({ content: toolContent("1"), tests: [], validation: { ...rest, tests: [] } });
    expect(await read(done.id)).toEqual({ content: toolContent("1"), tests, validation });
  });
});
