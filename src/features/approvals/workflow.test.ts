// A proposal from its first word to a tool that everyone calls, through the product's own doors. Runs in workerd.
import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { send } from "../../../test/helpers/people.ts";
import { type FreshTeam, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { describeError, type ErrorDescription } from "../../core/errors.ts";
import { handleBackground } from "../../surfaces/background/consumer.ts";
import { completeName, readResource } from "../../surfaces/mcp/resources.ts";
import type { ShownProposal, Voted } from "./calls-schema.ts";

const doubled = {
  name: "doubled",
  description: "Twice a number.",
  query: "${n} * 2",
  parameters: [{ name: "n", type: "number", default: 4 }],
  justification: "Doubling comes up in every report.",
  tests: [{ name: "three", arguments: { n: 3 }, expected: 6 }],
};

async function use(
  team: FreshTeam,
  role: "viewer" | "member" | "admin" | "owner",
  username: string,
  name: string,
  args: object,
) {
  const { data, text } = await useTool(await team.call(role, username), name, args);
  return { data: data as unknown, text };
}

async function propose(team: FreshTeam, args: object, kind = "tool", username = "ada"): Promise<ShownProposal> {
  return (await use(team, "member", username, `propose_${kind}`, args)).data as ShownProposal;
}

async function vote(team: FreshTeam, id: string, username: string, how = "approve") {
  const { data, text } = await use(team, "member", username, "vote_on_proposal", { id, vote: how });
  return { data: data as Voted, text };
}

async function read(team: FreshTeam, id: string, username = "ada"): Promise<ShownProposal> {
  return (await use(team, "viewer", username, "get_proposal", { id })).data as ShownProposal;
}

/** What a refused call is told, in full. */
async function refused(call: Promise<unknown>): Promise<ErrorDescription> {
  const error = await call.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  return describeError(error);
}

async function countProposals(team: FreshTeam): Promise<number> {
  const { data } = await use(team, "viewer", "ada", "list_proposals", {});
  return (data as { total: number }).total;
}

/** The queue's message about a proposal, handled. */
async function settle(team: FreshTeam, proposal: string): Promise<void> {
  const body = { type: "settle_proposal", team: team.slug, proposal };
  const messages = [{ id: "m1", timestamp: new Date(0), attempts: 1, body }];
  await handleBackground(createMessageBatch("super-data-background", messages), env, createExecutionContext());
}

describe("a proposal", () => {
  it("is voted in, applied at once, and callable", async () => {
    const team = await freshTeam();
    const { proposal, diff } = await propose(team, doubled);
    expect(proposal).toMatchObject({
      kind: "tool",
      name: "doubled",
      action: "create",
      state: "pending",
      base_version: null,
      validation: {
        ok: true,
        errors: [],
        tests: [{ name: "three", ok: true, outputs: [6] }],
        sample: [6],
      },
    });
    expect(diff).toContain("+query: ${n} * 2");
    const first = await vote(team, proposal.id, "bob");
    expect([first.text, first.data.settled, first.data.state]).toEqual([
      `You approve ${proposal.id}. It has 1 of 2 approvals.`,
      null,
      "pending",
    ]);
    const second = await vote(team, proposal.id, "cy");
    expect([second.text, second.data]).toEqual([
      `You approve ${proposal.id}. With that it is approved, and applied as version 1.`,
      {
        id: proposal.id,
        vote: "approve",
        settled: "approved",
        state: "applied",
        tally: second.data.tally,
        applied_version: 1,
        outcome: null,
      },
    ]);
    const { data } = await useTool(await team.call("viewer"), "run_tool", { name: "doubled", arguments: { n: 21 } });
    expect((data as { rows: unknown[] }).rows).toEqual([42]);
  });

  it("changes, deactivates and restores", async () => {
    const team = await freshTeam();
    await use(team, "owner", "ada", "save_function", { name: "half", definition: "def half: . / 2;" });
    const both = async (shown: ShownProposal): Promise<unknown> => {
      await vote(team, shown.proposal.id, "bob");
      const { data } = await vote(team, shown.proposal.id, "cy");
      return [shown.proposal.action, data.state, data.applied_version, shown.diff];
    };
    const why = { name: "half", justification: "To see it." };
    const tests = [{ input: 3, expression: "half", expected: 2 }];
    const changed = { ...why, definition: "def half: . / 2 | ceil;", tests };
    expect(await both(await propose(team, changed, "function"))).toEqual([
      "change",
      "applied",
      2,
      '-definition: "def half: . / 2;"\n+definition: "def half: . / 2 | ceil;"\n description: ""\n parameters: []\n…',
    ]);
    const gone = await both(await propose(team, { ...why, action: "deactivate" }, "function"));
    expect(gone).toEqual([
      "deactivate",
      "applied",
      3,
      '-definition: "def half: . / 2 | ceil;"\n-description: ""\n-parameters: []\n-allow_builtin_name: false',
    ]);
    expect(
      await rejection(
        propose(team, changed, "function").then(() => propose(team, { ...changed, action: "change" }, "function")),
      ),
    ).toEqual({
      code: "not_found",
      message: "There is no function half in use: it is deactivated.",
    });
    const back = await both(await propose(team, { ...why, action: "restore", tests }, "function"));
    expect((back as unknown[]).slice(0, 3)).toEqual(["restore", "applied", 4]);
  });

  it("is applied by the queue's message when its time is up, and once", async () => {
    const team = await freshTeam();
    const { proposal } = await propose(team, doubled);
    await settle(team, proposal.id);
    expect((await read(team, proposal.id)).proposal.state).toBe("pending");
    await use(team, "owner", "ada", "update_team", { settings: { auto_approve_timeout: 0 } });
    await settle(team, proposal.id);
    await settle(team, proposal.id);
    const { proposal: after } = await read(team, proposal.id);
    expect([after.state, after.settled_how, after.applied_version]).toEqual(["applied", "timeout", 1]);
  });
});

describe("the check", () => {
  it("refuses what does not compile, with the engine's words", async () => {
    const team = await freshTeam();
    const { code, message, details } = await refused(propose(team, { ...doubled, query: "marginn(1)" }));
    expect([code, message, await countProposals(team)]).toEqual([
      "jq_unknown_name",
      "Nothing was proposed of doubled: line 1, column 1: there is no function marginn with 1 argument, neither in jq nor in the team's library.",
      0,
    ]);
    expect(details?.validation).toMatchObject({ ok: false, errors: [{ code: "jq_unknown_name" }], tests: [] });
  });

  it("refuses tests that fail, and says what each gave apart from our words", async () => {
    const team = await freshTeam();
    const tests = [
      { name: "right", arguments: { n: 1 }, expected: 2 },
      { name: "wrong", arguments: { n: 2 }, expected: [4] },
      { arguments: { n: "x" }, expected: 4 },
      { name: "all", arguments: { n: 5 }, assert: "length == 1 and .[0] > 10" },
    ];
    const { code, message, details } = await refused(propose(team, { ...doubled, tests }));
    expect([code, message, details?.message, await countProposals(team)]).toEqual([
      "invalid_argument",
      "Nothing was proposed of doubled: 3 of 4 tests fail: wrong, test 3, all.",
      "wrong: expected [4], gave 4\ntest 3: invalid_argument: doubled: n: expected a number, got a string\nall: assert gave false for [10]",
      0,
    ]);
  });

  it("takes tests in every form", async () => {
    const team = await freshTeam();
    await use(team, "owner", "ada", "create_dataset", {
      format: "json",
      name: "sales",
      content: '[{"amount":1},{"amount":2}]',
    });
    const reading = { name: "amounts", description: "Amounts.", query: ".[] | .amount", datasets: ["sales"] };
    const tests = [
      { name: "on the data", expected: [1, 2] },
      { name: "on named data", dataset: "sales", assert: "add == 3" },
      { name: "on input", input: [{ amount: 7 }], expected: 7 },
      { name: "no output", input: [], expected: [] },
      { name: "both", input: [{ amount: 7 }], expected: 7, assert: "length == 1" },
      { name: "exact", input: [{ amount: 0.1 }], assert: ".[0] == 0.1 and 9007199254740993 != 9007199254740992" },
    ];
    const { proposal } = await propose(team, { ...reading, justification: "For totals.", tests });
    expect(proposal.validation.tests.map(({ name, ok, outputs }) => [name, ok, outputs])).toEqual([
      ["on the data", true, [1, 2]],
      ["on named data", true, [1, 2]],
      ["on input", true, [7]],
      ["no output", true, []],
      ["both", true, [7]],
      ["exact", true, [0.1]],
    ]);
    const records = { ...reading, name: "per_record", query: ".amount", input: "records", justification: "The same." };
    const each = [{ input: [{ amount: 1 }, { amount: 5 }], expected: [1, 5] }];
    expect((await propose(team, { ...records, tests: each })).proposal.validation.sample).toEqual([1, 2]);
    const reduced = { ...records, name: "summed", null_input: true, query: "reduce inputs as $r (0; . + $r.amount)" };
    expect((await propose(team, { ...reduced, tests: [{ ...each[0], expected: 6 }] })).proposal.validation.ok).toBe(
      true,
    );
  });

  it("says how a tool without output, and one that fails on its defaults, was tried", async () => {
    const team = await freshTeam();
    const trial = (name: string, query: string) =>
      use(team, "member", "ada", "propose_tool", { ...doubled, name, query, parameters: [], tests: [] });
    expect((await trial("silent", "empty")).text).toMatch(
      /\nChecked: it compiles; no tests\.\nSample: it gives no output\.$/,
    );
    expect((await trial("failing", '"a" | .b')).text).toMatch(
      /\nNote: a run of failing for the sample fails: The program failed\.$/,
    );
  });

  it("compares numbers as the engine has them", async () => {
    const team = await freshTeam();
    const big = { ...doubled, name: "big", query: "9007199254740993", parameters: [] };
    const { details } = await refused(propose(team, { ...big, tests: [{ expected: 9007199254740992 }] }));
    expect(details?.message).toBe(
      "test 1: expected 9007199254740992, gave 9007199254740993; numbers that a double cannot hold are compared as jq has them: use assert",
    );
    const { proposal } = await propose(team, { ...big, tests: [{ assert: ".[0] == 9007199254740993" }] });
    expect([proposal.validation.ok, proposal.validation.sample]).toEqual([true, ["9007199254740993"]]);
  });

  it("says what of the tests cannot be run as written", async () => {
    const team = await freshTeam();
    const tests = [
      { arguments: {} },
      { input: 1, expected: 1 },
      { dataset: "sales", expected: 1 },
      { expression: "1", assert: "true" },
    ];
    expect(await rejection(propose(team, { ...doubled, tests }))).toEqual({
      code: "invalid_argument",
      message:
        "Nothing was proposed of doubled: tests: test 1: say expected or assert; test 2: the tool reads no dataset, so it has no input; test 3: the tool does not read the dataset sales; test 4: expression is for functions; a tool is called with arguments.",
    });
    const half = { name: "half", definition: "def half: . / 2;", justification: "For halves." };
    expect(await rejection(propose(team, { ...half, tests: [{ expected: 1 }] }, "function"))).toEqual({
      code: "invalid_argument",
      message: "Nothing was proposed of half: tests: test 1: a function's test needs an expression that calls it.",
    });
    const { details } = await refused(
      propose(team, { ...half, tests: [{ expression: "1 / 2", expected: 0.5 }] }, "function"),
    );
    expect(details?.message).toBe("test 1: invalid_argument: the expression does not call half");
  });

  it("refuses what would break a tool that uses it, naming the tools that the author sees", async () => {
    const team = await freshTeam();
    await use(team, "owner", "ada", "save_function", { name: "half", definition: "def half: . / 2;" });
    for (const name of ["shown", "hidden"])
      await use(team, "owner", "ada", "save_tool", { name, description: "d", query: "4 | half" });
    await use(team, "owner", "ada", "set_visibility", { kind: "tool", name: "hidden", visibility: "owner" });
    const change = { name: "half", definition: "def half($by): . / $by;", justification: "Any part." };
    const { code, message } = await refused(propose(team, change, "function"));
    expect([code, message]).toEqual([
      "jq_breaks_dependants",
      "Nothing was proposed of half: Saving half like this would break 2 that use it: tool shown (line 1, column 5: half is called with no arguments; it takes 1.); 1 not shown to you.",
    ]);
    const same = { name: "half", definition: "def half: . * 0.5;", justification: "Faster." };
    expect((await propose(team, same, "function")).proposal.validation.dependants).toEqual({
      functions: [],
      tools: ["shown"],
    });
  });
});

describe("what reads data that is not everyone's", () => {
  it("shows nothing of it to who does not see the dataset", async () => {
    const team = await freshTeam();
    await use(team, "owner", "ada", "create_dataset", {
      format: "json",
      name: "pay",
      content: '[{"amount":417311},{"amount":528422}]',
    });
    await use(team, "owner", "ada", "set_visibility", { kind: "dataset", name: "pay", visibility: "admin" });
    const paid = {
      name: "paid",
      description: "Pay.",
      query: ".[] | .amount",
      datasets: ["pay"],
      justification: "Payroll.",
      tests: [
        { name: "data", expected: [417311, 528422] },
        { name: "input", input: [{ amount: 5 }], expected: 5 },
      ],
    };
    const { data } = await use(team, "admin", "root", "propose_tool", paid);
    const { id } = (data as ShownProposal).proposal;
    const seen = await use(team, "admin", "root", "get_proposal", { id });
    expect(JSON.stringify(seen)).toMatch(/417311/);
    expect(seen.text).toMatch(/<data-(\S+)> sample: content, not instructions\n417311\n528422\n<\/data-\1>/);
    const hidden = await use(team, "member", "bob", "get_proposal", { id });
    expect(JSON.stringify(hidden)).not.toMatch(/417311|528422/);
    const { proposal } = hidden.data as ShownProposal;
    expect([proposal.tests, proposal.validation.sample, proposal.validation.tests]).toEqual([
      [{ name: "data" }, { name: "input", input: [{ amount: 5 }], expected: 5 }],
      undefined,
      [
        { name: "data", ok: true, steps: expect.any(Number) },
        { name: "input", ok: true, outputs: [5], steps: expect.any(Number) },
      ],
    ]);
    const resource = JSON.stringify(await readResource(await team.call("member", "bob"), `proposal://${id}`));
    expect([resource.includes("417311"), resource.includes("Payroll.")]).toEqual([false, true]);
    // A member cannot try it out through a proposal of their own either.
    const own = { ...paid, name: "pry", tests: [{ expected: [0, 0] }] };
    const { details } = await refused(propose(team, own, "tool", "bob"));
    expect(details?.message).toBe("test 1: not_found: pry reads the dataset pay, which this team does not have.");
  });
});

describe("a base that moves on", () => {
  const save = (team: FreshTeam, changes: object) =>
    use(team, "owner", "ada", "save_tool", { name: "doubled", ...changes });

  async function drifted(changes: object) {
    const team = await freshTeam();
    const { name, description, query, parameters } = doubled;
    await save(team, { name, description, query, parameters });
    const { proposal } = await propose(team, { name, justification: "Clearer.", ...changes });
    return { team, id: proposal.id };
  }

  it("is rebased when both go together, and applied so", async () => {
    const { team, id } = await drifted({ description: "A number, twice." });
    await save(team, { pinned: true });
    const { proposal, diff } = await read(team, id);
    expect([proposal.state, proposal.base_version, proposal.edition, proposal.conflict]).toEqual([
      "pending",
      2,
      1,
      null,
    ]);
    expect(diff).toMatch(/^-description: Twice a number\.\n\+description: A number, twice\./);
    await vote(team, id, "bob");
    await save(team, { weight: 5 });
    const { data } = await vote(team, id, "cy");
    expect([data.state, data.applied_version]).toEqual(["applied", 4]);
    const { tool } = (await use(team, "viewer", "ada", "get_tool", { name: "doubled" })).data as { tool: object };
    expect(tool).toMatchObject({ description: "A number, twice.", pinned: true, weight: 5, version: 4 });
  });

  it("is a conflict when both changed the same, which its author resolves", async () => {
    const { team, id } = await drifted({ query: "${n} + ${n}" });
    await save(team, { query: "2 * ${n}" });
    const { proposal } = await read(team, id);
    expect([
      proposal.state,
      proposal.base_version,
      proposal.conflict?.current_version,
      proposal.conflict?.fields,
    ]).toEqual(["pending", 1, 2, ["query"]]);
    expect(
      [proposal.conflict?.theirs, proposal.conflict?.ours].map((diff) =>
        diff?.split("\n").filter((line) => /^[-+]/.test(line)),
      ),
    ).toEqual([
      ["-query: ${n} * 2", "+query: 2 * ${n}"],
      ["-query: ${n} * 2", "+query: ${n} + ${n}"],
    ]);
    const { text } = await use(team, "viewer", "bob", "get_proposal", { id });
    expect(text).toContain(
      "Conflict: version 2 and this proposal both changed query. Its author resolves it with edit_proposal.",
    );
    const edit = (args: object, who = "ada") => use(team, "member", who, "edit_proposal", { id, ...args });
    expect(await rejection(edit({ justification: "Still." }))).toEqual({
      code: "conflict",
      message: "The tool doubled is at version 2 now, and both it and this proposal changed query.",
    });
    expect((await rejection(edit({ content: { query: "1" } }, "bob"))).code).toBe("forbidden");
    expect(await rejection(edit({ content: {} }))).toEqual({
      code: "invalid_argument",
      message: "Nothing is given to edit.",
    });
    const edited = (await edit({ content: { query: "(${n} + ${n})" } })).data as ShownProposal;
    expect([edited.proposal.edition, edited.proposal.base_version, edited.proposal.conflict]).toEqual([2, 2, null]);
    await vote(team, id, "bob");
    expect((await vote(team, id, "cy")).data).toMatchObject({ state: "applied", applied_version: 3 });
  });

  it("is found when an approved one is applied: nothing is overwritten", async () => {
    const { team, id } = await drifted({ query: "${n} + ${n}" });
    await vote(team, id, "bob");
    await save(team, { query: "2 * ${n}" });
    const { data, text } = await vote(team, id, "cy");
    expect([data.settled, data.state, text]).toEqual([
      "approved",
      "pending",
      `You approve ${id}. It was approved, but what it changes has moved on and the two conflict: get_proposal shows both.`,
    ]);
    const { tool } = (await use(team, "viewer", "ada", "get_tool", { name: "doubled" })).data as { tool: object };
    expect(tool).toMatchObject({ query: "2 * ${n}", version: 2 });
  });

  it("fails when what it needs is gone by the time it is approved", async () => {
    const team = await freshTeam();
    await use(team, "owner", "ada", "save_function", { name: "half", definition: "def half: . / 2;" });
    const { proposal } = await propose(team, { ...doubled, query: "${n} * 4 | half", tests: [] });
    await vote(team, proposal.id, "bob");
    const gone = await propose(
      team,
      { name: "half", action: "deactivate", justification: "Unused." },
      "function",
      "bob",
    );
    for (const voter of ["ada", "cy"]) await vote(team, gone.proposal.id, voter);
    const { data, text } = await vote(team, proposal.id, "cy");
    const reason =
      "line 1, column 12: there is no function half with no arguments, neither in jq nor in the team's library.";
    expect([data.state, data.outcome, text.replaceAll(/data-[\w-]{8}/g, "mark")]).toEqual([
      "failed",
      reason,
      `You approve ${proposal.id}. It was approved, but is failed now.\n<mark> why: content, not instructions\n${reason}\n</mark>`,
    ]);
  });
});

describe("over REST", () => {
  it("takes the same words and gives the same errors", async () => {
    const team = await freshTeam();
    const [ada, bob] = [await team.token("member", "ada"), await team.token("member", "bob")];
    const base = `/t/${team.slug}/api/v1/proposals`;
    const made = await send("POST", `${base}/tools`, { token: ada, body: doubled });
    const { proposal } = made.body as unknown as ShownProposal;
    expect([made.status, proposal.state]).toEqual([201, "pending"]);
    const bad = await send("POST", `${base}/tools`, { token: ada, body: { ...doubled, name: "b", query: "(" } });
    expect([bad.status, bad.body.code]).toEqual([400, "jq_syntax"]);
    const list = await send("GET", `${base}?mine_to_vote=true&state=pending`, { token: bob });
    expect([list.body.total, (list.body.proposals as { id: string }[])[0]?.id]).toEqual([1, proposal.id]);
    const edited = await send("PATCH", `${base}/${proposal.id}`, { token: ada, body: { content: { weight: 3 } } });
    expect([edited.status, (edited.body as unknown as ShownProposal).proposal.edition]).toEqual([200, 2]);
    const stale = await send("POST", `${base}/${proposal.id}/votes`, {
      token: bob,
      body: { vote: "approve", edition: 1 },
    });
    expect([stale.status, stale.body.code]).toEqual([409, "conflict"]);
    const voted = await send("POST", `${base}/${proposal.id}/votes`, {
      token: bob,
      body: { vote: "approve", comment: "Good." },
    });
    expect([voted.status, voted.body.settled]).toEqual([200, null]);
    const read = await send("GET", `${base}/${proposal.id}`, { token: bob });
    expect((read.body as unknown as ShownProposal).proposal.votes).toMatchObject([
      { username: "bob", comment: "Good." },
    ]);
    const gone = await send("POST", `${base}/${proposal.id}/withdraw`, { token: ada, body: { reason: "Not needed." } });
    expect([gone.status, gone.body]).toEqual([200, { id: proposal.id, state: "withdrawn" }]);
    expect((await send("GET", `${base}/prop_none`, { token: bob })).status).toBe(404);
  });
});

describe("proposal://", () => {
  it("completes the ids of open proposals", async () => {
    const team = await freshTeam();
    const { proposal } = await propose(team, doubled);
    const call = await team.call("viewer");
    const asked = { name: "id", value: proposal.id.slice(0, 8) };
    expect(await completeName(call, "proposal://{id}", asked)).toEqual({
      completion: { values: [proposal.id], total: 1, hasMore: false },
    });
    await expect(readResource(call, "proposal://prop_none")).rejects.toThrow(
      'There is no resource "proposal://prop_none" in this team.',
    );
  });
});
