// From ad hoc queries to a suggestion, its draft and its proposal; what is forgotten; who learns of it. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { aReport } from "../../../test/helpers/catalogue.ts";
import { aCaller, auditLog, type FreshTeam, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { type Db, openDb } from "../../durable/db.ts";
import { learningLimits } from "../../workflow-limits.ts";
import type { ExecutionReport, QueryPattern } from "../metrics/schema.ts";
import { notePattern, patternId, trimPatterns } from "./store.ts";
import { queryPatternLiterals, queryPatterns, queryPatternUsers } from "./table.ts";

// The first touch of an object loads the whole Worker, which may take longer than a test may.
beforeAll(async () => void (await freshTeam()), 120_000);

const orders = [
  { region: "EU", amount: 10, product: "a" },
  { region: "US", amount: 20, product: "b" },
  { region: "EU", amount: 30, product: "b" },
];

async function teamWithOrders(): Promise<FreshTeam> {
  const team = await freshTeam();
  await useTool(await team.call(), "create_dataset", {
    name: "orders",
    format: "json",
    content: JSON.stringify(orders),
  });
  return team;
}

/** Runs a query as somebody and puts it into the log, as the MCP surface does. */
async function ask(team: FreshTeam, username: string, args: Record<string, unknown>): Promise<ExecutionReport> {
  const context = await team.call("member", username);
  await useTool(context, "query_dataset", { dataset: "orders", ...args });
  const { pattern, cached = false, steps = null } = context.execution;
  const report = aReport({
    toolId: null,
    toolName: "query_dataset",
    userId: context.actor.userId,
    username,
    cached,
    steps,
    executedAt: Date.now(),
    ...(pattern === undefined ? {} : { pattern }),
  });
  await team.client.metrics().record([report]);
  return report;
}

const inObject = <T>(team: FreshTeam, read: (db: Db) => T): Promise<T> =>
  runInDurableObject(env.TEAM.get(env.TEAM.idFromName(team.slug)), (_object, state) => read(openDb(state.storage)));

const byRegion = (region: string, amount = 5): Record<string, unknown> => ({
  query: `map(select(.region == "${region}" and .amount > ${amount})) | map({product, amount})`,
});

async function suggested(team: FreshTeam): Promise<string> {
  await ask(team, "ada", byRegion("EU"));
  await ask(team, "bob", { query: '[.[] | select((.region == "US") and .amount > 5)] # not the same' });
  await ask(team, "bob", byRegion("EU", 15));
  await ask(team, "cleo", byRegion("US"));
  const { rows } = await team.client
    .learning()
    .list({ state: "suggested", dataset: undefined, before: undefined, limit: 10 }, (await team.call()).actor);
  return rows[0]?.suggestion.id ?? "none";
}

describe("what is logged", () => {
  it("is the query's form, who ran it and its literals, once for each report", async () => {
    const team = await teamWithOrders();
    const report = await ask(team, "ada", byRegion("EU"));
    await team.client.metrics().record([report, report]);
    await ask(team, "ada", {
      query: 'map(select( .["region"]==${r} and .amount>5 ))|map({product,amount})',
      params: { r: "US" },
    });
    const kept = await inObject(team, (db) => ({
      patterns: db.select().from(queryPatterns).all(),
      people: db.select().from(queryPatternUsers).all(),
      literals: db.select().from(queryPatternLiterals).all(),
    }));
    const { pattern } = report;
    const id = pattern === undefined ? "" : patternId(pattern);
    expect(kept.patterns).toEqual([
      {
        id,
        dataset: "orders",
        input: "whole",
        nullInput: false,
        normalised: "map(select(.region == $p1 and .amount > $p2)) | map({product, amount})",
        example: 'map(select( .["region"]== $r  and .amount>5 ))|map({product,amount})',
        runs: 2,
        measuredRuns: 2,
        totalDurationMs: 20,
        totalSteps: expect.any(Number),
        firstSeenAt: expect.any(Date),
        lastSeenAt: expect.any(Date),
        state: "seen",
        suggestedAt: null,
        settledBy: null,
        settledRuns: null,
        proposalId: null,
      },
    ]);
    expect(kept.people.map(({ runs }) => runs)).toEqual([2]);
    expect(kept.literals.map(({ place, value, runs }) => [place, value, runs]).sort()).toEqual([
      [0, '"EU"', 1],
      [0, '"US"', 1],
      [1, "5", 2],
    ]);
  });

  it("is nothing of further pages, of what only looks, of what failed, and where the team does not learn", async () => {
    const team = await teamWithOrders();
    const context = await team.call();
    await useTool(context, "query_dataset", { dataset: "orders", query: ".[0:2] | length" });
    expect(context.execution.pattern).toBeUndefined();
    const first = await useTool(context, "query_dataset", { dataset: "orders", query: ".[] | {amount}", limit: 1 });
    expect(context.execution.pattern?.normalised).toBe(".[] | {amount}");
    const next = await team.call();
    await useTool(next, "query_dataset", {
      dataset: "orders",
      query: ".[] | {amount}",
      limit: 1,
      cursor: first.data.next_cursor,
    });
    expect(next.execution.pattern).toBeUndefined();
    await useTool(await team.call("owner"), "update_team", { settings: { enable_learning: false } });
    await ask(team, "ada", byRegion("EU"));
    expect(await inObject(team, (db) => db.select().from(queryPatterns).all())).toEqual([]);
  });

  it("is cut, and bounded by making room for what is asked more", async () => {
    const team = await freshTeam();
    const seen = (normalised: string, literal: string): QueryPattern => ({
      ...{ dataset: "d", input: "whole", nullInput: false, example: normalised, normalised },
      literals: [literal],
    });
    const limits = { patterns: 3, people: 2, variants: 2, days: 10 };
    const now = Date.now();
    const counts = await inObject(team, (db) => {
      const note = (userId: string, pattern: QueryPattern, ageDays = 0): void =>
        notePattern(db, aReport({ userId, pattern, executedAt: now - ageDays * 86_400_000 }), now, limits);
      for (const user of ["u1", "u1", "u2", "u3"]) note(user, seen("often", "1"));
      for (const literal of ["1", "1", "2", "3"]) note("u1", seen("often", literal));
      note("u1", seen("once", "1"));
      note("u1", seen("twice", "1"));
      note("u1", seen("twice", "1"));
      note("u1", seen("new", "1"));
      const left = () =>
        db
          .select()
          .from(queryPatterns)
          .all()
          .map(({ normalised, runs }) => `${normalised} ${runs}`);
      const bounded = left();
      const people = db
        .select()
        .from(queryPatternUsers)
        .all()
        .map(({ userId, runs }) => `${userId} ${runs}`);
      const values = db
        .select()
        .from(queryPatternLiterals)
        .all()
        .map(({ value, runs }) => `${value} ${runs}`);
      note("u1", seen("old", "1"), 20);
      trimPatterns(db, now + 11 * 86_400_000, limits);
      return { bounded, people, values, later: left() };
    });
    expect(counts.bounded.sort()).toEqual(["new 1", "often 8", "twice 2"]);
    expect(counts.people.filter((one) => one.startsWith("u1")).length).toBe(3);
    expect(counts.values.sort()).toEqual(["1 1", "1 2", "1 6", "3 1"]);
    expect(counts.later).toEqual([]);
    const long = await team.call();
    await useTool(long, "create_dataset", { name: "orders", format: "json", content: "[]" });
    await useTool(await team.call(), "query_dataset", { dataset: "orders", query: "length" });
    const asking = await team.call();
    await useTool(asking, "query_dataset", { dataset: "orders", query: `map(. == "${"x".repeat(300)}")` });
    expect(asking.execution.pattern?.literals).toEqual([
      `"${"x".repeat(learningLimits.valueChars - 1)}… (+102 characters)`,
    ]);
  });
});

describe("a suggestion", () => {
  it("is made when enough people ask the same, and told to those who vote", async () => {
    const team = await teamWithOrders();
    const id = await suggested(team);
    const { rows, total } = await team.client
      .learning()
      .list({ state: "suggested", dataset: undefined, before: undefined, limit: 10 }, (await team.call()).actor);
    expect({ rows, total }).toEqual({
      rows: [
        {
          seq: expect.any(Number),
          suggestion: {
            id,
            state: "suggested",
            dataset: "orders",
            input: "whole",
            null_input: false,
            pattern: "map(select(.region == $p1 and .amount > $p2)) | map({product, amount})",
            people: 3,
            runs: 3,
            average_ms: 10,
            first_seen_at: expect.any(String),
            last_seen_at: expect.any(String),
            suggested_at: expect.any(String),
            settled_by: null,
            proposal: null,
          },
        },
      ],
      total: 1,
    });
    const titles = await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(team.slug)), (_object, { storage }) =>
      storage.sql.exec<{ kind: string; title: string }>("SELECT DISTINCT kind, title FROM notifications").toArray(),
    );
    expect(titles).toEqual([{ kind: "suggestion.made", title: "3 people ran this on orders: make it a tool" }]);
  });

  it("is made of one person's query, too, once it ran often, and of none that a tool answers", async () => {
    const team = await teamWithOrders();
    await useTool(await team.call("owner"), "update_team", { settings: { suggest_after_runs: 2 } });
    await useTool(await team.call("owner"), "save_tool", {
      name: "sum_over",
      description: "Sums.",
      query: "map(select(.amount > ${least}).amount) | add",
      parameters: [{ name: "least", type: "number" }],
      datasets: ["orders"],
    });
    for (const least of [1, 2, 3]) await ask(team, "ada", { query: `map(select(.amount > ${least}) .amount)|add` });
    for (const least of [1, 2]) await ask(team, "ada", { query: `map(select(.amount < ${least})) | length` });
    const answer = await useTool(await team.call(), "list_suggestions", {});
    expect((answer.data.suggestions as { pattern: string }[]).map(({ pattern }) => pattern)).toEqual([
      "map(select(.amount < $p1)) | length",
    ]);
    const listed = answer.data as unknown as { suggestions: { id: string; dataset: string }[] };
    const id = listed.suggestions[0]?.id ?? "";
    const { text } = await useTool(await team.call(), "get_suggestion", { id });
    expect(text).toContain(`${id}: suggested; 1 person, 2 runs on orders.`);
  });

  it("comes with a drafted tool that gives what the query gives, and becomes a proposal", async () => {
    const team = await teamWithOrders();
    const id = await suggested(team);
    const { data, text } = await useTool(await team.call(), "get_suggestion", { id });
    expect(data.why_no_draft).toBeNull();
    expect(data.draft).toEqual({
      name: "orders_by_region",
      description:
        "From orders, for the region, min amount you give: map(select(.region == ${region} and .amount > ${min_amount})) | map({product, amount})",
      query: "map(select(.region == ${region} and .amount > ${min_amount})) | map({product, amount})",
      parameters: [
        { name: "region", type: "string", description: 'Most often "EU", "US".', default: "EU" },
        { name: "min_amount", type: "integer", description: "Most often 5, 15.", default: 5 },
      ],
      datasets: ["orders"],
      dataset_mode: "one",
      input: "whole",
      null_input: false,
      pinned: false,
      weight: 0,
      tests: [
        {
          name: "as it was asked, on the sample",
          input: orders,
          arguments: { region: "US", min_amount: 5 },
          expected: [{ product: "b", amount: 20 }],
        },
      ],
      notes: ["Gave what the query gives on orders v1, as it was written, and without arguments."],
    });
    expect(text).toContain(`${id}: suggested; 3 people, 3 runs on orders.`);
    const proposed = await useTool(await team.call(), "propose_suggestion", { id, name: "orders_of" });
    expect(proposed.data.proposal).toMatchObject({
      name: "orders_of",
      action: "create",
      state: "pending",
      source: "learned",
      justification: "3 people ran this query on orders 3 times.",
    });
    expect(proposed.data.suggestion).toMatchObject({ id, state: "proposed", settled_by: "ada" });
    const refused = await rejection(useTool(await team.call("member", "bob"), "propose_suggestion", { id }));
    expect(refused).toEqual({ code: "conflict", message: `The suggestion ${id} was proposed by ada.` });
    expect((await auditLog(team.slug)).map(({ username, action }) => `${username} ${action}`)).toContain(
      "ada suggestion.propose",
    );
  });

  it("that was dismissed comes back when it was run twice as often", async () => {
    const team = await teamWithOrders();
    const id = await suggested(team);
    const dismissed = await useTool(await team.call(), "dismiss_suggestion", { id, reason: "not needed" });
    expect(dismissed.text).toBe(`Dismissed ${id}; it comes back at 6 runs.`);
    const states: unknown[] = [];
    for (let run = 4; run <= 6; run++) {
      await ask(team, "ada", byRegion("EU"));
      states.push((await team.client.learning().get(id, (await team.call()).actor)).suggestion.state);
    }
    expect(states).toEqual(["dismissed", "dismissed", "suggested"]);
  });

  it("on a dataset that is not shown does not exist, nor does one that nobody made", async () => {
    const team = await teamWithOrders();
    const id = await suggested(team);
    await useTool(await team.call("owner"), "set_visibility", { kind: "dataset", name: "orders", visibility: "admin" });
    const viewer = await team.call("member", "dora");
    expect((await useTool(viewer, "list_suggestions", {})).data).toMatchObject({ suggestions: [], total: 0 });
    const missing = { code: "not_found", message: `There is no suggestion ${id}.` };
    for (const tool of ["get_suggestion", "propose_suggestion", "dismiss_suggestion"])
      expect(await rejection(useTool(viewer, tool, { id }))).toEqual(missing);
    expect(
      await team.client.learning().history(
        {
          dataset: "orders",
          input: "whole",
          nullInput: false,
          normalised: "map(select(.region == $p1 and .amount > $p2)) | map({product, amount})",
        },
        viewer.actor,
      ),
    ).toBeUndefined();
    expect((await useTool(await team.call("admin"), "list_suggestions", {})).data).toMatchObject({ total: 1 });
    expect((await rejection(team.client.learning().dismiss("sug_x", aCaller()))).code).toBe("not_found");
  });
});

describe("tool_performance", () => {
  it("says how each tool did, slowest and most failing first, and only of tools that are shown", async () => {
    const team = await teamWithOrders();
    const owner = await team.call("owner");
    for (const name of ["quick", "slow", "hidden_one"])
      await useTool(owner, "save_tool", { name, description: "d", query: "1" });
    await useTool(await team.call("owner"), "set_visibility", {
      kind: "tool",
      name: "hidden_one",
      visibility: "owner",
    });
    const { catalogue } = await team.call("owner");
    const now = Date.now();
    const report = (name: string, changes: Partial<ExecutionReport>) =>
      aReport({ toolId: catalogue.tools.get(name)?.id ?? "", toolName: name, executedAt: now - 1000, ...changes });
    const week = 7 * 86_400_000;
    await team.client
      .metrics()
      .record([
        ...[1, 2, 3, 4].map((n) => report("quick", { durationMs: n, steps: n * 10, userId: `u${n % 2}` })),
        report("quick", { cached: true, durationMs: 0, steps: 0 }),
        ...[100, 200, 300, 400, 500].map((durationMs) => report("slow", { durationMs, steps: 7 })),
        report("slow", { success: false, errorCode: "jq_runtime" }),
        ...[10, 10, 10, 10, 10].map((durationMs) => report("slow", { durationMs, executedAt: now - week - 1000 })),
        report("hidden_one", { durationMs: 9_999 }),
      ]);
    const member = await team.call("member", "bob");
    const { data } = await useTool(member, "tool_performance", {});
    expect(data).toEqual({
      days: 30,
      total: 2,
      tools: [
        {
          tool: "slow",
          calls: 11,
          people: 1,
          failures: { jq_runtime: 1 },
          failure_share: 0.091,
          cache_share: 0,
          ms: { p50: 10, p95: 500 },
          steps: { p50: 5, p95: 7 },
          this_week: { calls: 6, failures: 1, p95_ms: 500 },
          week_before: { calls: 5, failures: 0, p95_ms: 10 },
          trend: "failing more",
        },
        {
          tool: "quick",
          calls: 5,
          people: 3,
          failures: {},
          failure_share: 0,
          cache_share: 0.2,
          ms: { p50: 2, p95: 4 },
          steps: { p50: 20, p95: 40 },
          this_week: { calls: 5, failures: 0, p95_ms: 4 },
          week_before: { calls: 0, failures: 0, p95_ms: null },
          trend: "too few calls",
        },
      ],
    });
    expect((await rejection(useTool(member, "tool_performance", { name: "hidden_one" }))).code).toBe("not_found");
  });
});
