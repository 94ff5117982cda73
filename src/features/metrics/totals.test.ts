// Totals of calls: counted once with the log, bounded in number, hidden tools under one name; and what a team's object says of itself. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { aReport } from "../../../test/helpers/catalogue.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { openDb } from "../../durable/db.ts";
import { countCall } from "./metrics.ts";
import type { CallCount, ExecutionReport } from "./schema.ts";
import { addCalls, selectTotals } from "./totals-store.ts";

const call = (tool: string, outcome = "ok", durationMs: number | null = 7): CallCount => ({
  tool,
  outcome,
  durationMs,
});
const everything = { toolNames: [] };

const report = (changes: Partial<ExecutionReport> = {}): ExecutionReport =>
  aReport({ toolId: null, toolName: "query_dataset", toolVersion: null, durationMs: 12, ...changes });

async function inTeam<T>(run: (db: ReturnType<typeof openDb>) => T): Promise<T> {
  const { slug } = await freshTeam();
  return runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) => run(openDb(state.storage)));
}

const brief = (totals: ReturnType<typeof selectTotals>): unknown[] =>
  totals.map(({ tool, outcome, count, totalDurationMs }) => [tool, outcome, count, totalDurationMs]);

it("adds up, and counts what has no duration without one", async () => {
  await inTeam((db) => {
    addCalls(db, [call("a"), call("a", "ok", 30), call("a", "busy")]);
    addCalls(db, [call("a", "ok", 3), { ...call("request:refused", "unauthorized", null), times: 40 }]);
    expect(brief(selectTotals(db, everything))).toEqual([
      ["a", "busy", 1, 7],
      ["a", "ok", 3, 40],
      ["request:refused", "unauthorized", 40, 0],
    ]);
    expect(selectTotals(db, everything)[1]?.buckets.slice(0, 4)).toEqual([1, 1, 0, 1]);
    expect(selectTotals(db, everything)[2]?.buckets.every((count) => count === 0)).toBe(true);
    expect(brief(selectTotals(db))).toEqual([
      ["", "busy", 1, 7],
      ["", "ok", 3, 40],
      ["", "unauthorized", 40, 0],
    ]);
    expect(brief(selectTotals(db, { toolNames: ["a"] }))).toEqual([
      ["hidden", "busy", 1, 7],
      ["hidden", "ok", 3, 40],
      ["request:refused", "unauthorized", 40, 0],
    ]);
  });
});

it("keeps only so many series and counts the rest under one name", async () => {
  await inTeam((db) => {
    for (const tool of ["a", "b", "c", "d", "a", "c"]) addCalls(db, [call(tool)], 2);
    addCalls(db, [call("e"), call("f", "busy")], 2);
    expect(brief(selectTotals(db, everything))).toEqual([
      ["a", "ok", 2, 14],
      ["b", "ok", 1, 7],
      ["other", "busy", 1, 7],
      ["other", "ok", 4, 28],
    ]);
  });
});

it("counts each execution once, in the write that logs it, with refusals at the door and calls that are not logged", async () => {
  const { client, call: callAs } = await freshTeam();
  const failure = report({ success: false, errorCode: "jq_steps", durationMs: 400 });
  await client.metrics().record([report(), failure]);
  await client.metrics().record([failure, report({ success: false })], [call("rest:GET /datasets")]);
  expect(await client.enter({ credential: { kind: "token", hash: "no such" } })).toBeUndefined();
  await countCall(await callAs(), call("rest:GET /datasets", "forbidden"));
  const owner = (await callAs("owner")).actor;
  const { totals } = await client.metrics().snapshot(owner);
  expect(brief(totals)).toEqual([
    ["query_dataset", "failed", 1, 12],
    ["query_dataset", "jq_steps", 1, 400],
    ["query_dataset", "ok", 1, 12],
    ["request:refused", "unauthorized", 1, 0],
    ["rest:GET /datasets", "forbidden", 1, 7],
    ["rest:GET /datasets", "ok", 1, 7],
  ]);
});

it("says what the team is and holds", async () => {
  const { client, call: callAs } = await freshTeam();
  await callAs("viewer", "ben");
  const { gauges } = await client.metrics().snapshot();
  expect(gauges).toEqual({
    people: 1,
    serviceAccounts: 0,
    oauthConnections: 0,
    openStreams: 0,
    datasets: 0,
    datasetBytes: 0,
    keptVersionBytes: 0,
    functions: 0,
    tools: 0,
    sqliteBytes: expect.any(Number),
  });
  expect(gauges.sqliteBytes).toBeGreaterThan(4096);
});
