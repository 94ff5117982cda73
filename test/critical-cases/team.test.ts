// The critical cases of the plan about a team: many at once, proposals and votes, and who may do what.
// Each under its name there and whole: through the product's surfaces, with real clients.
import { describe, expect, inject, it } from "vitest";
import { done, person, proposalOf, proposeTool, rowsOf } from "../helpers/acting.ts";
import { call, callError, connectV1, connectV2, createTeam } from "../helpers/clients.ts";

const server = inject("server");

describe("2. Concurrent database access", () => {
  it("takes 120 callers of one team at once: no error, no lost update", { timeout: 240_000 }, async () => {
    const team = await createTeam(server, "case-concurrent");
    const owner = await connectV2(team);
    const settings = { approval_threshold: 100, reject_threshold: 100, members_save_directly: true };
    await done(owner, "update_team", { settings });
    const id = await proposeTool(owner, "elected", "1");
    const callers = await Promise.all(
      Array.from({ length: 120 }, (_, n) => person(server, team, `caller-${n}`, "member")),
    );
    const settled = await Promise.all(
      callers.map(async (caller, n) => {
        const client = await (n % 3 === 0 ? connectV1 : connectV2)(caller);
        await done(client, "save_function", { name: `f_${n}`, definition: `def f_${n}: ${n};` });
        const vote = await call<{ settled: string | null; error?: { code: string } }>(client, "vote_on_proposal", {
          id,
          vote: "approve",
        });
        // Whoever comes after the hundredth finds it settled, which is an answer and not a failure.
        if (vote.isError) expect(vote.data.error?.code).toBe("conflict");
        await done(client, "find_tools", { query: "elected" });
        await client.close();
        return { counted: !vote.isError, settled: vote.isError ? null : vote.data.settled };
      }),
    );
    expect(settled.filter(({ counted }) => counted)).toHaveLength(100);
    expect(settled.filter(({ settled: what }) => what === "approved")).toHaveLength(1);
    const proposal = await proposalOf(owner, id);
    expect(proposal).toMatchObject({ state: "applied", applied_version: 1, tally: { approve: 100 } });
    expect(new Set(proposal.votes.map(({ username }) => username)).size).toBe(100);
    expect((await done<{ total: number }>(owner, "tool_history", { name: "elected" })).total).toBe(1);
    expect((await done<{ total: number }>(owner, "list_functions", { limit: 1 })).total).toBe(120);
    await done(owner, "create_dataset", { name: "none", content: "[]", format: "json" });
    const query = `[${callers.map((_, n) => `f_${n}`).join(", ")}] | add`;
    expect(await rowsOf(owner, "query_dataset", { dataset: "none", query })).toEqual([(119 * 120) / 2]);
    await owner.close();
  });
});

describe("4. Tool approval workflow", () => {
  it("goes from a proposal through votes to a tool that everyone has, and back", async () => {
    const team = await createTeam(server, "case-approval");
    const owner = await connectV2(team);
    const [ada, ben, cleo] = await Promise.all(
      ["ada", "ben", "cleo"].map(async (name) => connectV2(await person(server, team, name, "member"))),
    );
    if (ada === undefined || ben === undefined || cleo === undefined) throw new Error("nobody came");
    const direct = {
      name: "doubled",
      description: "Twice.",
      query: "${n} * 2",
      parameters: [{ name: "n", type: "number" }],
    };
    expect(await callError(ada, "save_tool", { ...direct })).toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining("propose_tool"),
    });
    const wrong = { ...direct, justification: "Often asked.", tests: [{ arguments: { n: 2 }, expected: 5 }] };
    expect((await callError(ada, "propose_tool", wrong)).message).toContain("1 of 1 tests fail");
    const tests = [
      { name: "two", arguments: { n: 2 }, expected: 4 },
      { name: "any", arguments: { n: 3 }, assert: ".[0] > 5" },
    ];
    const { proposal } = await done<{ proposal: { id: string; validation: { tests: object[] } } }>(
      ada,
      "propose_tool",
      {
        ...wrong,
        tests,
      },
    );
    expect(proposal.validation.tests).toMatchObject([
      { name: "two", ok: true, outputs: [4] },
      { name: "any", ok: true, outputs: [6] },
    ]);
    expect(await callError(ben, "run_tool", { name: "doubled", arguments: { n: 1 } })).toMatchObject({
      code: "not_found",
    });

    const voting = { id: proposal.id, vote: "approve" };
    expect(await callError(ada, "vote_on_proposal", voting)).toMatchObject({ code: "forbidden" });
    expect(await done(ben, "vote_on_proposal", { ...voting, vote: "reject", comment: "Why?" })).toMatchObject({
      settled: null,
      tally: { approve: 0, reject: 1 },
    });
    expect(await done(ben, "vote_on_proposal", voting)).toMatchObject({
      settled: null,
      tally: { approve: 1, reject: 0 },
    });
    expect(await done(cleo, "vote_on_proposal", voting)).toMatchObject({
      settled: "approved",
      state: "applied",
      applied_version: 1,
    });
    expect(await rowsOf(ben, "doubled", { n: 21 })).toEqual([42]);
    expect(await callError(cleo, "vote_on_proposal", voting)).toMatchObject({ code: "conflict" });

    const inbox = await done<{ notifications: { kind: string }[] }>(ada, "list_notifications", {});
    expect(inbox.notifications.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["proposal.voted", "proposal.applied"]),
    );
    await done(owner, "deactivate_tool", { name: "doubled" });
    expect(await callError(ben, "run_tool", { name: "doubled", arguments: { n: 1 } })).toMatchObject({
      code: "not_found",
    });
    const log = await done<{ ok: boolean }>(owner, "verify_audit_log", {});
    expect(log.ok).toBe(true);
    await Promise.all([owner, ada, ben, cleo].map((client) => client.close()));
  });
});

describe("6. User permission enforcement", () => {
  const saving = { name: "mine", description: "One.", query: "1", null_input: true };
  const trials: [string, Record<string, unknown>, Record<string, string>][] = [
    ["query_dataset", { dataset: "d", query: "length" }, { viewer: "ok", member: "ok", admin: "ok", owner: "ok" }],
    ["list_proposals", {}, { viewer: "ok", member: "ok", admin: "ok", owner: "ok" }],
    [
      "propose_tool",
      { ...saving, justification: "So." },
      { viewer: "forbidden", member: "ok", admin: "ok", owner: "ok" },
    ],
    ["save_tool", saving, { viewer: "forbidden", member: "forbidden", admin: "ok", owner: "ok" }],
    [
      "create_dataset",
      { content: "[]", format: "json" },
      { viewer: "forbidden", member: "ok", admin: "ok", owner: "ok" },
    ],
    [
      "update_team",
      { settings: { approval_quorum: 0 } },
      { viewer: "forbidden", member: "forbidden", admin: "ok", owner: "ok" },
    ],
    ["list_webhooks", {}, { viewer: "forbidden", member: "forbidden", admin: "ok", owner: "ok" }],
    ["create_backup", {}, { viewer: "forbidden", member: "forbidden", admin: "ok", owner: "ok" }],
    ["search_audit_log", {}, { viewer: "forbidden", member: "forbidden", admin: "ok", owner: "ok" }],
    [
      "delete_team",
      { confirm: "wrong" },
      { viewer: "forbidden", member: "forbidden", admin: "forbidden", owner: "invalid_argument" },
    ],
  ];

  it.each(["viewer", "member", "admin", "owner"])("gives a %s what the role has and nothing more", async (role) => {
    const team = await createTeam(server, `case-permission-${role}`);
    const owner = await connectV2(team);
    await done(owner, "create_dataset", { name: "d", content: "[1]", format: "json" });
    const client = await connectV2(await person(server, team, `the-${role}`, role));
    const answers = await Promise.all(
      trials.map(async ([name, args]) => {
        const unique = "query" in args && !("dataset" in args) ? { name: `${name}_${role}` } : {};
        const dataset = name === "create_dataset" ? { name: "fresh" } : {};
        const answer = await call<{ error?: { code: string } }>(client, name, { ...args, ...unique, ...dataset });
        return [name, answer.isError ? answer.data.error?.code : "ok"];
      }),
    );
    expect(answers).toEqual(trials.map(([name, , allowed]) => [name, allowed[role]]));
    await Promise.all([owner.close(), client.close()]);
  });
});
