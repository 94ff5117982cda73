// Calls by period: round steps, exact sums whenever periods are put together, bounded series, nothing of hidden tools; samples of what is held. Runs in workerd.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { aReport } from "../../../test/helpers/catalogue.ts";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import { dayMs, hourMs } from "../../core/durations.ts";
import { type Db, openDb } from "../../durable/db.ts";
import { activityLimits } from "../../limits.ts";
import type { CallCount } from "../metrics/schema.ts";
import { stepsOf } from "./activity.ts";
import { selectPoints, selectQueue, selectTools, selectUsers } from "./reading-store.ts";
import { addSample, isSampleDue, nextSampleAt, selectStorage } from "./sample-store.ts";
import type { TeamActivity, TeamHolding } from "./schema.ts";
import { countCalls, countUsers, mergePeriods, trimPeriods } from "./store.ts";

/** 2027-01-15T08:00:00Z. */
const hour = 1_800_000_000_000;
const minute = 60_000;

const call = (tool: string, outcome = "ok", durationMs: number | null = 7): CallCount => ({
  tool,
  outcome,
  durationMs,
});
const report = (username: string, toolName: string, success = true) => ({ username, toolName, success });

const objectOf = (slug: string) => env.TEAM.get(env.TEAM.idFromName(slug));

async function inTeam<T>(run: (db: Db) => T): Promise<T> {
  const { slug } = await freshTeam();
  return runInDurableObject(objectOf(slug), (_object, state) => run(openDb(state.storage)));
}

const briefly = (db: Db, window: "1h" | "24h" | "7d" | "30d", now: number): unknown[] =>
  selectPoints(db, stepsOf(window, now))
    .points.filter(({ calls }) => calls > 0)
    .map(({ at, calls, errors }) => [at, calls, errors]);

it("cuts a window into steps that begin at round times, the last of which is now's", () => {
  const at = (window: "1h" | "24h" | "7d" | "30d"): unknown[] => {
    const { from, stepMs, steps } = stepsOf(window, hour + 62 * minute);
    return [new Date(from).toISOString(), stepMs / minute, new Date(from + stepMs * steps).toISOString()];
  };
  expect(at("1h")).toEqual(["2027-01-15T08:05:00.000Z", 5, "2027-01-15T09:05:00.000Z"]);
  expect(at("24h")).toEqual(["2027-01-14T10:00:00.000Z", 60, "2027-01-15T10:00:00.000Z"]);
  expect(at("7d")).toEqual(["2027-01-08T12:00:00.000Z", 360, "2027-01-15T12:00:00.000Z"]);
  expect(at("30d")).toEqual(["2026-12-17T00:00:00.000Z", 1440, "2027-01-16T00:00:00.000Z"]);
});

it("counts each call in the hour it came in, to the millisecond", async () => {
  await inTeam((db) => {
    countCalls(db, [call("a")], hour - 1);
    countCalls(db, [call("a"), call("a", "busy")], hour);
    countCalls(db, [call("b")], hour + hourMs - 1);
    countCalls(db, [call("b", "jq_steps")], hour + hourMs);
    expect(briefly(db, "24h", hour + hourMs)).toEqual([
      ["2027-01-15T07:00:00.000Z", 1, 0],
      ["2027-01-15T08:00:00.000Z", 3, 1],
      ["2027-01-15T09:00:00.000Z", 1, 1],
    ]);
    expect(briefly(db, "1h", hour + hourMs)).toEqual([
      ["2027-01-15T08:55:00.000Z", 1, 0],
      ["2027-01-15T09:00:00.000Z", 1, 1],
    ]);
    expect(briefly(db, "30d", hour + hourMs)).toEqual([["2027-01-15T00:00:00.000Z", 5, 2]]);
    expect(selectTools(db, stepsOf("24h", hour + hourMs), []).codes).toEqual([
      { code: "busy", calls: 1 },
      { code: "jq_steps", calls: 1 },
    ]);
  });
});

it("says the same before and after periods are put together, however often that happens", async () => {
  await inTeam((db) => {
    const durations = [1, 8, 30, 30, 70, 900, 2_000, 12_000];
    for (const [index, durationMs] of durations.entries()) {
      const now = hour + index * 7 * minute;
      countCalls(db, [call("a", index % 3 === 0 ? "busy" : "ok", durationMs), call("background:deliver")], now);
      countUsers(db, [report("ada", "a", index % 3 !== 0)], now);
    }
    const now = hour + 5 * hourMs;
    const steps = stepsOf("24h", now);
    const all = () => [
      selectPoints(db, steps),
      selectTools(db, steps, []),
      selectUsers(db, steps, [], 10),
      selectQueue(db, steps),
    ];
    const before = all();
    const rows = () =>
      db.all("SELECT start FROM activity_calls").length + db.all("SELECT start FROM activity_users").length;
    expect(rows()).toBe(24);
    mergePeriods(db, hour + 3 * hourMs);
    expect(rows()).toBe(24);
    mergePeriods(db, now);
    expect([rows(), all()]).toEqual([4, before]);
    // One that comes to a period already put together, as a clock that is behind would have it.
    countCalls(db, [call("a")], hour + 20 * minute);
    mergePeriods(db, now);
    mergePeriods(db, now);
    expect([rows(), selectPoints(db, steps).all.calls]).toEqual([4, durations.length + 1]);
  });
});

it("keeps hours for the window of a week, and days for that of a month", async () => {
  await inTeam((db) => {
    const now = hour + 7 * hourMs + 59 * minute;
    const times = Array.from({ length: 30 * 24 }, (_, index) => now - index * hourMs);
    for (const [index, time] of times.entries()) {
      countCalls(db, [call("a", index % 5 === 0 ? "busy" : "ok", index)], time);
      countUsers(db, [report("ada", "a")], time);
    }
    const all = () =>
      (["1h", "24h", "7d", "30d"] as const).map((window) => {
        const steps = stepsOf(window, now);
        return [selectPoints(db, steps), selectTools(db, steps, []), selectUsers(db, steps, [], 1)];
      });
    const before = all();
    mergePeriods(db, now);
    expect(all()).toEqual(before);
    // 21 whole days of the month and a part of one before, and the hours of the days since.
    expect(db.all("SELECT DISTINCT start FROM activity_users")).toHaveLength(22 + 8 * 24 + 16);
  });
});

it("estimates durations from all calls of a stretch, not from percentiles of its parts", async () => {
  await inTeam((db) => {
    for (let index = 0; index < 99; index++) countCalls(db, [call("a", "ok", 4)], hour - hourMs);
    countCalls(db, [call("a", "ok", 4_000), { ...call("a", "rate_limited", null), times: 50 }], hour);
    const { points, all } = selectPoints(db, stepsOf("24h", hour));
    expect(points.at(-1)).toEqual({
      ...{ at: "2027-01-15T08:00:00.000Z", calls: 51, errors: 50 },
      ...{ p50_ms: 4_000, p95_ms: 4_000, p99_ms: 4_000 },
    });
    expect(all).toEqual({ calls: 150, errors: 50, p50_ms: 3, p95_ms: 5, p99_ms: 5 });
  });
});

it("folds what is past an hour's series, and goes on counting those it has", async () => {
  await inTeam((db) => {
    for (const tool of ["a", "b", "c", "d"]) countCalls(db, [call(tool)], hour, { series: 2 });
    countCalls(db, [call("a"), call("e")], hour + 6 * minute, { series: 2 });
    countCalls(db, [call("c")], hour + hourMs, { series: 2 });
    const { tools } = selectTools(db, stepsOf("24h", hour + hourMs), []);
    expect(tools.map(({ tool, calls }) => [tool, calls])).toEqual([
      ["other", 3],
      ["a", 2],
      ["b", 1],
      ["c", 1],
    ]);
    for (const name of ["ada", "ben", "cy"]) countUsers(db, [report(name, "t")], hour, { userSeries: 2 });
    countUsers(db, [report("cy", "u"), report("ada", "t", false)], hour + 6 * minute, { userSeries: 2 });
    expect(selectUsers(db, stepsOf("24h", hour), [], 2)).toEqual({
      users: [
        { user: "ada", calls: 2, errors: 1 },
        { user: "cy", calls: 2, errors: 0 },
      ],
      people: 3,
    });
  });
});

it("removes periods after their days, and says when none are left", async () => {
  await inTeam((db) => {
    const old = hour - activityLimits.days * dayMs;
    for (const now of [old - 1, old, hour]) {
      countCalls(db, [call("a")], now);
      countUsers(db, [report("ada", "a")], now);
    }
    const starts = (table: string) => db.all<{ start: number }>(`SELECT start FROM ${table}`).map(({ start }) => start);
    expect(trimPeriods(db, hour)).toBe(true);
    expect([starts("activity_calls"), starts("activity_users")]).toEqual([
      [old, hour],
      [old, hour],
    ]);
    expect(trimPeriods(db, hour + 91 * dayMs)).toBe(false);
  });
});

const holdingOf = (teamBytes: number): TeamHolding => ({
  holding: {
    ...{ team_bytes: teamBytes, dataset_bytes: 1, backup_bytes: 2, upload_bytes: 3 },
    ...{ deliveries_waiting: 4, deliveries_dead: 5, deletions_waiting: 6, backups_waiting: 7 },
  },
  lastBackup: null,
});

it("keeps samples for its days, and shows what was last known at the end of each step", async () => {
  await inTeam((db) => {
    expect([isSampleDue(db, hour), nextSampleAt(db, hour)]).toEqual([true, hour + hourMs]);
    addSample(db, holdingOf(1), null, hour - hourMs - activityLimits.days * dayMs - 1);
    addSample(db, holdingOf(10), { sqliteBytes: 8, frameBytes: 9 }, hour - 3 * hourMs - 1);
    addSample(db, holdingOf(20), null, hour - hourMs);
    expect([isSampleDue(db, hour - 1), isSampleDue(db, hour), nextSampleAt(db, hour)]).toEqual([false, true, hour]);
    expect(db.all("SELECT at FROM activity_samples")).toHaveLength(2);
    const now = { ...holdingOf(30).holding, workspace_bytes: 1, frame_bytes: 1 };
    const shown = selectStorage(db, stepsOf("24h", hour), now);
    expect(shown.map(({ at, team_bytes, workspace_bytes }) => [at, team_bytes, workspace_bytes])).toEqual([
      ["2027-01-15T04:00:00.000Z", 10, 8],
      ["2027-01-15T05:00:00.000Z", 10, 8],
      ["2027-01-15T06:00:00.000Z", 10, 8],
      ["2027-01-15T07:00:00.000Z", 20, null],
      ["2027-01-15T08:00:00.000Z", 30, 1],
    ]);
  });
});

it("shows admins what the log was told, and hides what they may not see: names and whose calls they were", async () => {
  const team = await freshTeam();
  const ada = await team.call("owner", "ada");
  await useTool(ada, "save_tool", { name: "salaries", description: "Nothing yet.", query: "1" });
  await useTool(ada, "set_visibility", { kind: "tool", name: "salaries", visibility: "owner" });
  const logged = [
    aReport({ toolId: null, toolName: "query_dataset", username: "ben", durationMs: 3 }),
    aReport({
      toolId: null,
      toolName: "query_dataset",
      username: "ben",
      success: false,
      errorCode: "busy",
      durationMs: 40,
    }),
    aReport({ toolName: "salaries", username: "cy", durationMs: 700 }),
  ];
  await team.client.metrics().record(logged);
  await team.client.metrics().record(logged, [call("rest:GET /datasets", "ok", 20)]);
  const read = async (role: "owner" | "admin"): Promise<TeamActivity> => {
    const { data } = await useTool(await team.call(role, "ada"), "team_activity", { window: "1h" });
    return data as unknown as TeamActivity;
  };
  const shown = ({ tools, slow_tools, failing_tools, users, people, calls, errors, error_codes }: TeamActivity) => ({
    tools: tools.map((tool) => [tool.tool, tool.calls, tool.errors]),
    slow: slow_tools.map(({ tool, p95_ms }) => [tool, p95_ms]),
    failing: failing_tools.map(({ tool }) => tool),
    ...{ users, people, calls, errors, error_codes },
  });
  const ben = { user: "ben", calls: 2, errors: 1 };
  const seen = (name: string) => ({
    tools: [
      ["query_dataset", 2, 1],
      [name, 1, 0],
      ["rest:GET /datasets", 1, 0],
    ].sort((a, b) => Number(b[1]) - Number(a[1]) || (String(a[0]) < String(b[0]) ? -1 : 1)),
    slow: [
      [name, 700],
      ["query_dataset", 40],
      ["rest:GET /datasets", 20],
    ],
    failing: ["query_dataset"],
    ...{ calls: 4, errors: 1, error_codes: [{ code: "busy", calls: 1 }] },
  });
  expect(shown(await read("owner"))).toEqual({
    ...seen("salaries"),
    ...{ users: [ben, { user: "cy", calls: 1, errors: 0 }], people: 2 },
  });
  const forAdmin = await read("admin");
  expect(shown(forAdmin)).toEqual({ ...seen("hidden"), users: [ben], people: 1 });
  expect(JSON.stringify(forAdmin)).not.toContain("salaries");
  expect(forAdmin.points).toHaveLength(12);
  expect(forAdmin.points.at(-1)).toMatchObject({ calls: 4, errors: 1 });
  expect(forAdmin.now).toMatchObject({ dataset_bytes: 0, workspace_bytes: 0, frame_bytes: 0, deliveries_dead: 0 });
});

it("samples what is held when the team's object wakes, an hour after it was first used", async () => {
  const team = await freshTeam();
  const stub = objectOf(team.slug);
  await team.client.metrics().record([aReport()]);
  const alarmAt = await runInDurableObject(stub, (_object, state) => state.storage.getAlarm());
  expect((alarmAt ?? 0) - Date.now()).toBeLessThanOrEqual(hourMs);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  const samples = () =>
    runInDurableObject(stub, (_object, state) =>
      state.storage.sql
        .exec("SELECT team_bytes > 4096 AS held, workspace_bytes, dataset_bytes FROM activity_samples")
        .toArray(),
    );
  expect(await samples()).toEqual([{ held: 1, workspace_bytes: 0, dataset_bytes: 0 }]);
  await runInDurableObject(stub, (_object, state) => state.storage.setAlarm(Date.now() + 1_000_000));
  await runDurableObjectAlarm(stub);
  expect(await samples()).toHaveLength(1);
});
