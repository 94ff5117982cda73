// Who may know of what came from restricted datasets, and what the feed tells of it. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { auditLog, freshTeam, useTool } from "../../../test/helpers/team.ts";
import { openDb } from "../../durable/db.ts";
import { callerOf } from "../access/access.ts";
import { mayHear, mayStillHear } from "../live/live.ts";
import { eventsAfter, type FeedEvent } from "../live/store.ts";
import type { Source } from "./schema.ts";
import { narrowest } from "./workspace.ts";

describe("narrowest", () => {
  it("is never for more than all of them", () => {
    expect(narrowest([])).toBe("everyone");
    expect(narrowest([undefined, "everyone"])).toBe("everyone");
    expect(narrowest(["member", undefined, "admin", "viewer"])).toBe("admin");
    expect(narrowest([["bob"], undefined, ["bob"]])).toEqual(["bob"]);
    expect(narrowest([["bob"], ["bob", "eve"]])).toBe("owner");
    expect(narrowest([["bob"], "member"])).toBe("owner");
  });
});

async function framesTold(slug: string): Promise<FeedEvent[]> {
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  const all = await runInDurableObject(stub, (_object, { storage }) => eventsAfter(openDb(storage), 0));
  return all.filter(({ shown }) => shown.kind === "frame");
}

describe("an event of a frame", () => {
  it("reaches those alone who may see the datasets behind it, then and now", async () => {
    const { slug, call } = await freshTeam();
    const owner = await call("owner");
    const source: Source = { id: "ds_1", name: "payroll", version: 1, visibility: ["bob"] };
    await aFrame(owner, countingColumns, counting(1), { name: "of_payroll", sources: [source] });
    await aFrame(owner, countingColumns, counting(1), { name: "open" });
    await useTool(owner, "drop_data", { data_ref: ["of_payroll", "open"] });
    const told = await framesTold(slug);
    expect(told.map(({ shown, visibility, datasets }) => [shown.name, shown.change, visibility, datasets])).toEqual([
      ["of_payroll", "removed", ["bob"], ["payroll"]],
      ["open", "removed", "everyone", []],
    ]);
    const member = { ...(await call("member")).actor, userId: "usr_x", username: "eve" };
    expect(told.map((event) => mayHear(member, event))).toEqual([false, true]);
    expect(told.map((event) => mayHear({ ...member, username: "bob" }, event))).toEqual([true, true]);
    const hidden = { tools: new Set<string>(), datasets: new Set(["payroll"]), toolOfProposal: new Map() };
    expect(told.map((event) => mayStillHear(event, hidden))).toEqual([false, true]);
  });

  it("is for as few as its dataset was restricted to since", async () => {
    const { slug, call } = await freshTeam();
    await useTool(await call("owner"), "create_dataset", { name: "orders", content: "[1]", format: "json" });
    const owner = await call("owner");
    const dataset = owner.catalogue.datasets.get("orders");
    const source: Source = { id: dataset?.id ?? "", name: "orders", version: 1 };
    await aFrame(owner, countingColumns, counting(1), { name: "of_orders", sources: [source] });
    await useTool(owner, "set_visibility", { kind: "dataset", name: "orders", visibility: "owner" });
    await useTool(await call("owner"), "drop_data", { data_ref: "of_orders" });
    expect((await framesTold(slug)).map(({ visibility }) => visibility)).toEqual(["owner"]);
  });
});

describe("what the workspace of another life has to say", () => {
  it("is not heard by a new team of the same slug", async () => {
    const { slug, call } = await freshTeam();
    const owner = await call("owner");
    const { incarnation } = owner.catalogue;
    const stub = env.TEAM.get(env.TEAM.idFromName(slug));
    const tell = (life: string, name: string) =>
      runInDurableObject(stub, (object) => {
        const event = { kind: "frame" as const, name, change: "created" as const };
        const audit = [{ action: "frame.create", target: { kind: "frame", name } }];
        object.workspaceLog().hear(life, [{ seq: 1, told: { by: callerOf(owner), audit, events: [event] } }]);
      });
    await tell("inc_before", "of_the_dead");
    await tell(incarnation, "of_the_living");
    expect((await framesTold(slug)).map(({ shown }) => shown.name)).toEqual(["of_the_living"]);
    const logged = (await auditLog(slug)).filter(({ action }) => action === "frame.create");
    expect(logged.map(({ target }) => target)).toEqual(["frame of_the_living"]);
  });
});
