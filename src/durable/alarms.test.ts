// The team object's alarm: the earliest time asked for wins, and the log is trimmed as long as there is one. Runs in workerd.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { freshTeam } from "../../test/helpers/team.ts";
import { dayMs } from "../core/durations.ts";
import { Alarm } from "./alarm.ts";

function fakeStorage(at: number | null) {
  const set: number[] = [];
  const storage = {
    getAlarm: () => Promise.resolve(at),
    setAlarm: (time: number | Date) => {
      set.push(Number(time));
      return Promise.resolve();
    },
  };
  return { storage, set };
}

describe("the alarm", () => {
  it("keeps the earliest time asked for", async () => {
    const { storage, set } = fakeStorage(100);
    const alarm = new Alarm(storage);
    await alarm.restore();
    for (const time of [200, 50, 70, 100, 40]) alarm.wakeAt(time);
    expect(set).toEqual([50, 40]);
    alarm.wentOff();
    alarm.wakeAt(300);
    expect(set).toEqual([50, 40, 300]);
  });

  it("sets nothing for a transaction that is undone, and the earliest time of one that holds", () => {
    const { storage, set } = fakeStorage(null);
    const alarm = new Alarm(storage);
    const undone = () =>
      alarm.afterwards(() => {
        alarm.wakeAt(10);
        throw new Error("undone");
      });
    expect(undone).toThrow("undone");
    expect(set).toEqual([]);
    const result = alarm.afterwards(() => {
      alarm.wakeAt(30);
      alarm.afterwards(() => alarm.wakeAt(20));
      expect(set).toEqual([]);
      return "held";
    });
    expect([result, set]).toEqual(["held", [20]]);
  });
});

describe("a quiet team", () => {
  it("wakes daily as long as its log holds anything", async () => {
    const team = await freshTeam();
    const stub = env.TEAM.get(env.TEAM.idFromName(team.slug));
    const old = Date.now() - 91 * dayMs;
    const log = (id: string, executedAt: number) =>
      runInDurableObject(stub, (_object, state) => {
        state.storage.sql.exec(
          `INSERT INTO tool_execution_log (id, tool_name, user_id, username, executed_at, execution_time_ms, success, cached, result_size_bytes)
           VALUES (?, 't', 'u', 'ada', ?, 1, 1, 0, 1)`,
          id,
          executedAt,
        );
      });
    const alarmAt = () => runInDurableObject(stub, (_object, state) => state.storage.getAlarm());
    const ring = async () => {
      await runInDurableObject(stub, (_object, state) => state.storage.setAlarm(Date.now() + dayMs / 2));
      await runDurableObjectAlarm(stub);
    };
    const rows = () =>
      runInDurableObject(stub, (_object, state) =>
        state.storage.sql.exec("SELECT id FROM tool_execution_log").toArray(),
      );
    await log("old", old);
    await log("new", Date.now());
    await ring();
    expect(await rows()).toEqual([{ id: "new" }]);
    expect(await alarmAt()).toBeGreaterThan(Date.now() + dayMs / 2);
    await runInDurableObject(stub, (_object, state) => state.storage.sql.exec("DELETE FROM tool_execution_log"));
    await ring();
    expect(await alarmAt()).toBeNull();
  });
});
