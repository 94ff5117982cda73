// The execution log: each report once, retention by count and age, and a team object that is away for a moment.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { aReport as report, testContext } from "../../../test/helpers/catalogue.ts";
import { openDb } from "../../durable/db.ts";
import { teamClient } from "../../platform/team-client.ts";
import { recordExecution } from "./metrics.ts";
import type { ExecutionReport } from "./schema.ts";
import { insertExecution, selectExecutions, selectUsage, trimExecutions } from "./store.ts";

const dayMs = 86_400_000;
const now = 1_800_000_000_000;

const none = { toolIds: [], toolNames: [], datasetNames: [] };
const everything = (db: ReturnType<typeof openDb>) => selectExecutions(db, all, none);
const all = {
  ...{ tool: undefined, username: undefined, outcome: undefined, dataset: undefined },
  ...{ from: undefined, to: undefined, text: undefined, before: undefined, limit: 1000 },
};

async function inTeam<T>(run: (db: ReturnType<typeof openDb>) => T): Promise<T> {
  const slug = `metrics-${crypto.randomUUID().slice(0, 12)}`;
  await teamClient(env.TEAM, slug).create({ slug, name: slug });
  return runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) => run(openDb(state.storage)));
}

it("takes a report once however often it arrives, and counts it once", async () => {
  await inTeam((db) => {
    const one = report();
    expect(insertExecution(db, one)).toBe(1);
    expect(insertExecution(db, one)).toBeUndefined();
    insertExecution(db, report({ durationMs: 21, success: false, errorCode: "jq_steps", executedAt: now + 1 }));
    expect(everything(db).total).toBe(2);
    expect(selectUsage(db, "tool_1")).toEqual({
      usage_count: 2,
      failure_count: 1,
      avg_execution_time_ms: 16,
      last_used_at: new Date(now + 1).toISOString(),
    });
    expect(selectUsage(db, "tool_never")).toBeUndefined();
    // A call that was refused is in the log, and was no use of the tool.
    insertExecution(db, report({ ran: false, success: false, errorCode: "invalid_argument", durationMs: 0 }));
    expect([everything(db).total, selectUsage(db, "tool_1")?.usage_count]).toEqual([3, 2]);
  });
});

it("keeps so many rows and so many days, and its totals for good", async () => {
  await inTeam((db) => {
    insertExecution(db, report({ id: "old", executedAt: now - 31 * dayMs }));
    for (let i = 0; i < 10; i++) insertExecution(db, report({ id: `new_${i}`, executedAt: now - i }));
    trimExecutions(db, now, { rows: 1000, days: 30 });
    expect(everything(db).rows.map(({ execution }) => execution.id)).toEqual(
      Array.from({ length: 10 }, (_, i) => `new_${9 - i}`),
    );
    trimExecutions(db, now, { rows: 4, days: 30 });
    expect(everything(db).rows.map(({ execution }) => execution.id)).toEqual(["new_9", "new_8", "new_7", "new_6"]);
    expect(selectUsage(db, "tool_1")?.usage_count).toBe(11);
  });
});

const finished = { toolName: "t", args: { a: 1 }, startedAt: now, success: true, errorCode: undefined, resultBytes: 1 };

it("sends what ends at about the same time together, and again while the object is away", async () => {
  const { context } = testContext();
  const sent: ExecutionReport[][] = [];
  let away = 2;
  const stub = {
    metrics: () => ({
      record: async (reports: ExecutionReport[]) => {
        if (away-- > 0) throw new Error("restarting");
        sent.push(reports);
      },
    }),
  } as unknown as typeof context.stub;
  await Promise.all([1, 2, 3].map(() => recordExecution({ ...context, stub }, finished)));
  expect(sent.map((batch) => batch.length)).toEqual([3]);
  expect(new Set(sent.flat().map((one) => one.id)).size).toBe(3);
});

it("reports a log that cannot be written and fails nothing", async () => {
  const { context } = testContext();
  const lines = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const stub = {
    metrics: () => ({ record: () => Promise.reject(new Error("gone")) }),
  } as unknown as typeof context.stub;
  await recordExecution({ ...context, stub }, finished);
  expect(lines).toHaveBeenCalledTimes(1);
  expect(JSON.parse(String(lines.mock.calls[0]?.[0]))).toMatchObject({
    event: "executions_not_logged",
    team: context.team,
    count: 1,
  });
  vi.restoreAllMocks();
});

it("cuts long arguments in the log", async () => {
  const { context, executions, settle } = testContext();
  context.waitUntil(recordExecution(context, { ...finished, args: { text: "x".repeat(5000) } }));
  await settle();
  expect(executions[0]?.parameters).toBe(`{"text":"${"x".repeat(1991)}…`);
});
