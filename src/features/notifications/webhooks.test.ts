// Deliveries from their making to the last try: leases, retries, what is given up on, replay, mail. Runs in workerd.
import { eq, sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import {
  away,
  fetcher,
  type Inside,
  inside,
  saved,
  testPolicy,
  url,
  withWebhook,
} from "../../../test/helpers/notifications.ts";
import { rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { dayMs } from "../../core/durations.ts";
import { hex } from "../../core/ids.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { systemCaller } from "../access/access.ts";
import { updateTeamRow } from "../teams/store.ts";
import { saveWebhook } from "./calls.ts";
import { deliver } from "./consumer.ts";
import type { Mail } from "./delivering/email.ts";
import { writeNotices } from "./notice-store.ts";
import type { Notice } from "./schema.ts";
import { sweepNotifications } from "./sweeping.ts";
import { deliveries } from "./table.ts";

/** Runs the consumer inside the object, so that no other takes its deliveries. */
function consume(at: Inside, context: CallContext, receive: typeof fetch, mail?: Mail): Promise<string[]> {
  const again: string[] = [];
  return deliver({
    stub: at.stub,
    secrets: context.secrets,
    policy: testPolicy,
    mail,
    fetch: receive,
    now: () => at.clock.now,
    again: async () => void again.push("again"),
  }).then(() => again);
}

const all = (at: Inside) => at.db.select().from(deliveries).all();
const states = (at: Inside) => all(at).map(({ state, attempts }) => `${state} ${attempts}`);
const notice: Notice = {
  kind: "library.changed",
  subject: { kind: "tool", name: "totals" },
  title: "Ada changed totals",
  to: "team",
  data: { version: 2 },
};
const tell = (at: Inside, ...notices: Notice[]) =>
  at.deps.atomically(() => writeNotices(at.deps, systemCaller("system", "test"), notices, at.clock.now));

it("rests while its team is deleted, and nothing asks for it again and again", async () => {
  const { team } = await withWebhook();
  await inside(team, async (at) => {
    tell(at, notice);
    updateTeamRow(at.db, { deletedAt: new Date(at.clock.now) });
    const sent = at.sent.length;
    at.clock.now += 2 * notificationLimits.sweepMs;
    expect([sweepNotifications(at.deps, at.clock.now), at.sent.length]).toEqual([undefined, sent]);
    updateTeamRow(at.db, { deletedAt: null });
    expect([typeof sweepNotifications(at.deps, at.clock.now), at.sent.length]).toEqual(["number", sent + 1]);
  });
});

it("leaves the log trimmed at once where very much comes", async () => {
  const { team } = await withWebhook();
  await inside(team, async (at) => {
    tell(at, notice);
    at.db.update(deliveries).set({ state: "dead", nextAttemptAt: null }).run();
    at.db.run(sql`UPDATE ${deliveries} SET rowid = ${notificationLimits.deliveryTrimEvery - 2}`);
    at.clock.now += notificationLimits.deliveryDays * dayMs;
    tell(at, notice);
    expect(states(at)).toEqual(["dead 0", "pending 0"]);
    tell(at, notice);
    expect(states(at)).toEqual(["pending 0", "pending 0"]);
  });
});

describe("a delivery", () => {
  it("is posted once, signed, in the webhook's format, and is in the log", async () => {
    const { team, context, secret } = await withWebhook();
    await inside(team, async (at) => {
      tell(at, notice);
      expect(at.sent).toEqual([{ type: "deliver", team: team.slug }]);
      const { seen, fetch } = fetcher(() => new Response(null, { status: 204 }));
      expect(await consume(at, context, fetch)).toEqual([]);
      await consume(at, context, fetch);
      expect(seen.length).toBe(1);
      const [{ headers, body, url: to } = { headers: {} as Record<string, string>, body: "", url: "" }] = seen;
      const [row] = all(at);
      expect([to, headers["content-type"], headers["x-super-data-delivery"], headers["x-super-data-event"]]).toEqual([
        url,
        "application/json",
        row?.id,
        "library.changed",
      ]);
      expect(JSON.parse(body)).toEqual({
        id: row?.id,
        type: "library.changed",
        team: team.slug,
        created_at: new Date(at.clock.now).toISOString(),
        actor: "system",
        subject: { kind: "tool", name: "totals" },
        title: "Ada changed totals",
        body: "",
        data: { version: 2 },
      });
      const [, time = "", mac = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers["x-super-data-signature"] ?? "") ?? [];
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const encoder = new TextEncoder();
      const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
      const expected = await crypto.subtle.sign("HMAC", key, encoder.encode(`${time}.${body}`));
      expect([mac, Number(time) * 1000]).toEqual([hex(new Uint8Array(expected)), at.clock.now]);
    });
    const { data } = await useTool(context, "list_deliveries", { webhook: "hook", state: "delivered" });
    expect(data).toMatchObject({
      total: 1,
      deliveries: [
        { to: "hook", kind: "library.changed", state: "delivered", attempts: 1, last_status: 204, last_error: null },
      ],
    });
  });

  it("goes to active webhooks that want its kind, and only of what everyone may learn of", async () => {
    const { team, context } = await withWebhook({ kinds: ["library.changed"] });
    await saved(context, { name: "off", is_active: false });
    await saved(context, { name: "other", kinds: ["team.restored"] });
    await inside(team, (at) => {
      tell(
        at,
        notice,
        { ...notice, kind: "backup.failed" },
        { ...notice, visibility: "admin" },
        { ...notice, visibility: ["ada"] },
      );
      tell(at, { ...notice, to: [], visibility: "everyone", data: { long: "x".repeat(20_000) } });
      expect(all(at).map(({ kind, payload }) => [kind, payload.data, payload.data_cut])).toEqual([
        ["library.changed", { version: 2 }, undefined],
        ["library.changed", {}, true],
      ]);
    });
  });

  it("is tried again, ever later, then is dead, and is replayed", async () => {
    const { team, context } = await withWebhook();
    const id = await inside(team, async (at) => {
      tell(at, notice);
      const down = fetcher(() => new Response("a secret of the receiver's", { status: 500 }));
      const waits: number[] = [];
      for (let attempt = 1; attempt <= notificationLimits.attempts; attempt++) {
        await consume(at, context, down.fetch);
        const next = all(at)[0]?.nextAttemptAt?.getTime();
        if (next === undefined) break;
        expect(at.wakes.at(-1)).toBe(next);
        waits.push(next - at.clock.now);
        // Nothing is sent before its time.
        at.clock.now = next - 1;
        await consume(at, context, down.fetch);
        expect(down.seen.length).toBe(attempt);
        at.clock.now = next;
      }
      expect(waits.length).toBe(notificationLimits.attempts - 1);
      for (const [at, wait] of waits.entries()) {
        const whole = Math.min(notificationLimits.maxRetryMs, notificationLimits.retryMs * 2 ** at);
        expect(wait).toBeGreaterThanOrEqual(whole / 2);
        expect(wait).toBeLessThanOrEqual(whole);
      }
      expect(all(at)).toMatchObject([
        {
          state: "dead",
          attempts: notificationLimits.attempts,
          lastStatus: 500,
          lastError: "The receiver answered 500.",
          leasedUntil: null,
        },
      ]);
      return all(at)[0]?.id ?? "";
    });
    expect((await useTool(context, "list_webhooks", {})).data.webhooks).toMatchObject([
      { name: "hook", waiting: 0, dead: 1 },
    ]);
    await inside(team, async (at) => {
      at.clock.now += 10 ** 9;
      at.rpc.replay(id, systemCaller("operator", "test"));
      expect([states(at), at.sent]).toEqual([["pending 0"], [{ type: "deliver", team: team.slug }]]);
      const up = fetcher(() => new Response(null));
      await consume(at, context, up.fetch);
      expect([states(at), up.seen[0]?.headers["x-super-data-delivery"]]).toEqual([["delivered 1"], id]);
    });
    expect(await rejection(useTool(context, "replay_delivery", { id }))).toEqual({
      code: "conflict",
      message: "This delivery is delivered.",
    });
    expect((await rejection(useTool(context, "replay_delivery", { id: "dlv_none" }))).code).toBe("not_found");
  });

  it("waits as long as the receiver asks, and ends at once when it is hopeless", async () => {
    const { team, context } = await withWebhook();
    await inside(team, async (at) => {
      tell(at, notice);
      const answers = [
        new Response(null, { status: 429, headers: { "retry-after": "3600" } }),
        new Response(null, { status: 410 }),
      ];
      const { fetch } = fetcher(() => answers.shift() ?? new Response(null));
      await consume(at, context, fetch);
      expect(all(at)[0]?.nextAttemptAt?.getTime()).toBe(at.clock.now + 3_600_000);
      at.clock.now += 3_600_000;
      await consume(at, context, fetch);
      expect(all(at)).toMatchObject([{ state: "dead", attempts: 2, lastStatus: 410 }]);
    });
  });

  it("is dead when its secret cannot be opened, and not sent unsigned", async () => {
    const { team, context } = await withWebhook();
    await inside(team, async (at) => {
      tell(at, notice);
      const { seen, fetch } = fetcher(() => new Response(null));
      await consume(at, { ...context, secrets: { ...context.secrets, open: async () => undefined } }, fetch);
      expect([states(at), seen.length]).toEqual([["dead 1"], 0]);
    });
  });
});

describe("leases", () => {
  it("give a delivery to one consumer, and to another when that one is lost", async () => {
    const { team } = await withWebhook();
    await inside(team, (at) => {
      tell(at, notice);
      const [first] = at.rpc.lease();
      expect([first?.to, at.rpc.lease(), states(at)]).toEqual([
        { webhook: expect.any(String), format: "json", sealed: expect.any(String) },
        [],
        ["pending 1"],
      ]);
      expect(at.wakes.at(-1)).toBe(at.clock.now + notificationLimits.leaseMs);
      at.clock.now += notificationLimits.leaseMs;
      const [second] = at.rpc.lease();
      const report = { id: first?.id ?? "", outcome: "delivered" as const, status: 200 };
      // The lost one comes back late, and is not believed.
      expect([at.rpc.settle([{ ...report, lease: first?.lease ?? 0 }]), states(at)]).toEqual([0, ["pending 2"]]);
      expect([at.rpc.settle([{ ...report, lease: second?.lease ?? 0 }]), states(at)]).toEqual([1, ["delivered 2"]]);
      expect([at.rpc.settle([{ ...report, lease: second?.lease ?? 0 }]), at.rpc.settle([])]).toEqual([0, 0]);
    });
  });

  it("count a try when it begins: what takes its consumer down each time ends", async () => {
    const { team } = await withWebhook();
    await inside(team, (at) => {
      tell(at, notice);
      for (let n = 0; n < notificationLimits.attempts; n++) {
        expect(at.rpc.lease().length).toBe(1);
        at.clock.now += notificationLimits.leaseMs;
      }
      expect([at.rpc.lease(), all(at)]).toMatchObject([
        [],
        [{ state: "dead", lastError: "The last try was begun and never reported." }],
      ]);
    });
  });

  it("are for a few at a time; one message's handling ends, and another goes on", async () => {
    const { team, context } = await withWebhook();
    await inside(team, async (at) => {
      const { leased, batches } = notificationLimits;
      tell(at, ...Array.from({ length: leased * batches + 1 }, () => notice));
      const { seen, fetch } = fetcher(() => new Response(null));
      expect([await consume(at, context, fetch), seen.length]).toEqual([["again"], leased * batches]);
      expect([await consume(at, context, fetch), seen.length]).toEqual([[], leased * batches + 1]);
    });
  });

  it("are taken anew by the alarm's asking when the message was lost", async () => {
    const { team } = await withWebhook();
    await inside(team, (at) => {
      tell(at, notice);
      expect(Math.min(...at.wakes)).toBe(at.clock.now + notificationLimits.sweepMs);
      at.sent.length = 0;
      at.clock.now += notificationLimits.sweepMs;
      expect(sweepNotifications(at.deps, at.clock.now)).toBe(at.clock.now + notificationLimits.sweepMs);
      expect(at.sent).toEqual([{ type: "deliver", team: team.slug }]);
      at.rpc.lease();
      expect(sweepNotifications(at.deps, at.clock.now)).toBe(at.clock.now + notificationLimits.leaseMs);
      expect(at.sent.length).toBe(1);
    });
  });
});

describe("what waits", () => {
  it("is cancelled with its webhook, and can be sent when that is switched on again", async () => {
    const { team, context } = await withWebhook();
    await inside(team, (at) => tell(at, notice));
    await saveWebhook(context, { name: "hook", is_active: false }, away);
    const { data } = await useTool(context, "list_deliveries", { state: "cancelled" });
    const [{ id = "", last_error = "" } = {}] = data.deliveries as { id: string; last_error: string }[];
    expect(last_error).toBe("The webhook was switched off.");
    await inside(team, (at) => {
      at.rpc.replay(id, systemCaller("operator", "test"));
      expect(states(at)).toEqual(["pending 0"]);
    });
    expect((await useTool(context, "delete_webhook", { name: "hook" })).data).toEqual({
      deleted: "hook",
      cancelled: 1,
    });
    expect([
      await rejection(useTool(context, "replay_delivery", { id })),
      await rejection(useTool(context, "test_webhook", { name: "hook" })),
    ]).toEqual([
      { code: "conflict", message: "The webhook of this delivery was deleted." },
      { code: "not_found", message: "There is no webhook of that name." },
    ]);
  });

  it("is bounded: what comes on top is dead at once and says why", async () => {
    const { team } = await withWebhook();
    await inside(team, (at) => {
      const row = at.deps.atomically(() => {
        tell(at, notice);
        const [one] = all(at);
        if (one === undefined) throw new Error("no delivery");
        at.db.run(sql`
          INSERT INTO deliveries (id, channel, target, kind, payload_json, state, attempts, created_at)
          WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ${notificationLimits.waitingDeliveries - 1})
          SELECT 'dlv_' || n, channel, target, kind, payload_json, state, attempts, created_at FROM more, deliveries`);
        return one;
      });
      tell(at, notice);
      expect(at.db.select().from(deliveries).where(eq(deliveries.state, "dead")).all()).toMatchObject([
        {
          target: row.target,
          attempts: 0,
          lastError: "Not tried: 5000 deliveries (notificationLimits.waitingDeliveries) were waiting already.",
        },
      ]);
    });
  });

  it("is not delivered for a team that is deleted, or gone", async () => {
    const { team, context } = await withWebhook();
    await inside(team, (at) => tell(at, notice));
    await team.client.teams().delete(team.slug, systemCaller("operator", "test"));
    await inside(team, async (at) => {
      const { seen, fetch } = fetcher(() => new Response(null));
      await consume(at, context, fetch);
      expect([seen.length, states(at)]).toEqual([0, ["pending 0"]]);
    });
  });
});

describe("mail", () => {
  it("is sent as plain text, and tried again unless the recipient is refused", async () => {
    const { team, context } = await withWebhook();
    await inside(team, async (at) => {
      const payload = {
        ...notice,
        team: "sales",
        type: notice.kind,
        actor: "ada",
        created_at: "",
        body: "v2",
        data: {},
      };
      const add = (id: string, target: string) =>
        at.db
          .insert(deliveries)
          .values({
            ...{ id, target, channel: "email", kind: "library.changed", payload, state: "pending", attempts: 0 },
            ...{ nextAttemptAt: new Date(at.clock.now), createdAt: new Date(at.clock.now) },
          })
          .run();
      const [person] = at.db.all<{ id: string }>("SELECT id FROM users WHERE username = 'ada'");
      at.db.run("UPDATE users SET email = 'ada@example.org'");
      add("dlv_a", person?.id ?? "");
      add("dlv_b", "usr_gone");
      const letters: unknown[] = [];
      const failing = (code: string) => Promise.reject(Object.assign(new Error("said by the platform"), { code }));
      const answers = [() => failing("E_RATE_LIMIT_EXCEEDED"), () => Promise.resolve()];
      const mail: Mail = {
        from: "data@example.com",
        mailer: {
          send: (letter) => {
            letters.push(letter);
            return answers.shift()?.() ?? failing("E_RECIPIENT_SUPPRESSED");
          },
        },
      };
      await consume(at, context, away, mail);
      at.clock.now += notificationLimits.maxRetryMs;
      await consume(at, context, away, mail);
      const outcome = () =>
        all(at).map(({ id, state, attempts, lastError }) => `${id} ${state} ${attempts} ${lastError}`);
      expect(outcome()).toEqual([
        "dlv_a delivered 2 null",
        "dlv_b dead 1 The person has no e-mail address, or left the team.",
      ]);
      const text = [
        "Ada changed totals",
        "",
        "v2",
        "",
        "ada · library.changed",
        "",
        "-- ",
        "You get this as a member of the team sales. The tool set_notification_settings changes what is mailed to you.",
      ].join("\n");
      const letter = { from: "data@example.com", to: "ada@example.org", subject: "[sales] Ada changed totals", text };
      expect(letters).toEqual([letter, letter]);
      add("dlv_c", person?.id ?? "");
      add("dlv_d", person?.id ?? "");
      await consume(at, context, away, mail);
      await consume(at, context, away);
      expect(outcome().slice(2)).toEqual([
        "dlv_c dead 1 The mail was not taken: E_RECIPIENT_SUPPRESSED.",
        "dlv_d dead 1 The mail was not taken: E_RECIPIENT_SUPPRESSED.",
      ]);
    });
  });
});
