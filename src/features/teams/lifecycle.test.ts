// A team's settings, its end, its way back and its removal. Runs in workerd.
import { createExecutionContext, createMessageBatch, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { aPerson, callerBy, invite, isGood, member, operator, send } from "../../../test/helpers/people.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import { dayMs } from "../../core/durations.ts";
import { teamLimits } from "../../limits.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { handleBackground } from "../../surfaces/background/consumer.ts";
import type { BackgroundMessage } from "../../surfaces/background/messages.ts";
import { teamSettingsSchema } from "./schema.ts";
import { createTeamForOperator } from "./teams.ts";

async function team() {
  const { slug, client } = await freshTeam();
  const olga = await member(client, "olga", "owner");
  const adam = await member(client, "adam", "admin");
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  const sql = (query: string) => runInDurableObject(stub, (_object, state) => state.storage.sql.exec(query).toArray());
  const restore = (token: string) => send("POST", `/t/${slug}/api/v1/team/restore`, { token });
  return { slug, client, stub, sql, olga, adam, restore };
}

async function deliver(body: BackgroundMessage): Promise<void> {
  const message = { id: "m1", timestamp: new Date(), attempts: 1, body };
  await handleBackground(createMessageBatch("super-data-background", [message]), env, createExecutionContext());
}

function later(ms: number): void {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockReturnValue(now);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("settings", () => {
  it("change as far as they are given, and the log says from what to what", async () => {
    const { slug, client, adam, sql } = await team();
    const by = await callerBy(client, adam);
    const changed = await client
      .teams()
      .update({ name: "Blue", settings: { log_arguments: true, rate_limits: { write_per_minute: 5 } } }, by);
    expect(changed).toMatchObject({ outcome: "changed", disconnected: 0, team: { slug, name: "Blue" } });
    expect(changed.team.settings).toEqual({
      ...teamSettingsSchema.parse({}),
      log_arguments: true,
      sign_in_providers: null,
      rate_limits: { person_per_minute: 2400, token_per_minute: 1200, query_per_minute: 600, write_per_minute: 5 },
    });
    const entry = await client.enter({ credential: { kind: "token", hash: adam.hash } });
    expect([entry?.name, entry?.logArguments]).toEqual(["Blue", true]);
    const [row] = await sql("SELECT action, before_json, after_json FROM audit_log ORDER BY seq DESC LIMIT 1");
    const rates = { person_per_minute: 2400, token_per_minute: 1200, query_per_minute: 600 };
    expect([row?.action, JSON.parse(String(row?.before_json)), JSON.parse(String(row?.after_json))]).toEqual([
      "team.update",
      { name: slug, log_arguments: false, rate_limits: { ...rates, write_per_minute: 300 } },
      { name: "Blue", log_arguments: true, rate_limits: { ...rates, write_per_minute: 5 } },
    ]);
    expect((await client.teams().update({ settings: { log_arguments: true } }, by)).outcome).toBe("unchanged");
    expect(await sql("SELECT count(*) AS n FROM audit_log WHERE action = 'team.update'")).toEqual([{ n: 1 }]);
  });

  it("keep to the deployment's bound", async () => {
    const { client, adam } = await team();
    const by = await callerBy(client, adam);
    expect(
      await rejection(client.teams().update({ settings: { rate_limits: { query_per_minute: 60_001 } } }, by)),
    ).toEqual({
      code: "invalid_argument",
      message: "rate_limits.query_per_minute is 60001; this deployment allows 60000 at most.",
    });
  });

  it("that allow fewer ways to sign in shut others out at once, but not whoever sets them", async () => {
    const { client, sql } = await team();
    const kim = aPerson("Kim", [], "okta");
    const { userId } = await client
      .people()
      .acceptInvitation({ hash: (await invite(client, { role: "admin" })).hash, ...kim });
    await sql(
      `INSERT INTO connections (id, user_id, client_id, client_name, redirect_host, scopes_json, created_at)
       VALUES ('con_1', '${userId}', 'c', 'C', 'h', '[]', 1)`,
    );
    const session = { kind: "session" as const, id: "s", personId: kim.personId, provider: "okta" };
    const entry = await client.enter({ credential: { ...session, expiresAt: Date.now() + 1_000 } });
    if (entry === undefined) throw new Error("not in");
    const by = { ...kim.caller, actor: entry.actor };
    expect(await rejection(client.teams().update({ settings: { sign_in_providers: ["google"] } }, by))).toEqual({
      code: "conflict",
      message: "You signed in through okta, which would no longer be let in.",
    });
    expect(
      (await client.teams().update({ settings: { sign_in_providers: ["google", "okta"] } }, by)).disconnected,
    ).toBe(1);
    expect((await client.teams().update({ settings: { sign_in_providers: ["google"] } }, operator)).outcome).toBe(
      "changed",
    );
    expect(await client.enter({ credential: { ...session, expiresAt: Date.now() + 1_000 } })).toBeUndefined();
    const byLink = { ...session, provider: "link", expiresAt: Date.now() + 1_000 };
    expect((await client.enter({ credential: byLink }))?.actor.username).toBe("kim");

    const opened = await client.teams().update({ settings: { sign_in_providers: null } }, operator);
    expect([opened.outcome, opened.disconnected, opened.team.settings.sign_in_providers]).toEqual(["changed", 0, null]);
    const again = await client.enter({ credential: { ...session, expiresAt: Date.now() + 1_000 } });
    expect(again?.actor.username).toBe("kim");
    const [row] = await sql("SELECT before_json, after_json FROM audit_log ORDER BY seq DESC LIMIT 1");
    expect(row).toEqual({
      before_json: '{"sign_in_providers":["google"]}',
      after_json: '{"sign_in_providers":null}',
    });
  });
});

describe("a deleted team", () => {
  it("is deleted by owners who repeat its slug", async () => {
    const { slug, client, olga, adam } = await team();
    expect(await rejection(client.teams().delete(slug, await callerBy(client, adam)))).toEqual({
      code: "forbidden",
      message: "As admin you may not delete the team: it needs the role owner.",
    });
    expect(await rejection(client.teams().delete("other", await callerBy(client, olga)))).toEqual({
      code: "invalid_argument",
      message: `confirm must be ${slug}, the team's slug, for the team to be deleted.`,
    });
  });

  it("lets nobody in, says so to holders of good credentials alone, and comes back as it was", async () => {
    const { slug, client, olga, adam, restore } = await team();
    const open = await invite(client);
    const by = await callerBy(client, olga);
    const { purge_at } = await client.teams().delete(slug, by);
    expect(Date.parse(purge_at) - Date.now()).toBeGreaterThan((teamLimits.graceDays - 1) * dayMs);
    for (const token of [olga.token, adam.token]) {
      const { status, body } = await send("GET", `/t/${slug}/api/v1/whoami`, { token });
      expect([status, body.code, body.detail]).toEqual([410, "team_deleted", "This team was deleted."]);
    }
    const stranger = await send("GET", `/t/${slug}/api/v1/whoami`, { token: `sdp_${"A".repeat(43)}` });
    expect([stranger.status, stranger.body.code]).toEqual([401, "unauthorized"]);
    expect((await rejection(client.people().describeInvitation(open.hash))).message).toBe(
      "The team of this invitation was deleted.",
    );
    const feed = await client.fetch("https://team/feed", {
      headers: { upgrade: "websocket", "x-credential": JSON.stringify({ kind: "token", hash: olga.hash }) },
    });
    expect(feed.status).toBe(401);
    expect((await rejection(client.teams().delete(slug, by))).code).toBe("team_deleted");
    expect((await restore(adam.token)).status).toBe(410);
    const restored = await restore(olga.token);
    expect([restored.status, restored.body]).toEqual([200, { slug, restored: true }]);
    expect((await send("GET", `/t/${slug}/api/v1/whoami`, { token: adam.token })).status).toBe(200);
    expect((await restore(olga.token)).body).toEqual({ slug, restored: false });
    expect((await client.people().describeInvitation(open.hash)).role).toBe("member");
  });

  it("knows its people's membership no more", async () => {
    const { slug, client } = await team();
    const kim = aPerson("Kim");
    await client.people().acceptInvitation({ hash: (await invite(client, { role: "owner" })).hash, ...kim });
    await client.teams().delete(slug, operator);
    expect(await client.people().membershipOf(kim.personId)).toBeUndefined();
    await client.teams().restore(operator);
    expect((await client.people().membershipOf(kim.personId))?.role).toBe("owner");
  });

  it("is restorable by its owners alone while there is time, and its standing says so to the operator", async () => {
    const { slug, client } = await team();
    const [kim, max] = [aPerson("Kim"), aPerson("Max")];
    for (const [person, role] of [
      [kim, "owner"],
      [max, "admin"],
    ] as const) {
      await client.people().acceptInvitation({ hash: (await invite(client, { role })).hash, ...person });
    }
    expect(await client.teams().restorableBy(kim.personId)).toBeUndefined();
    const { purge_at } = await client.teams().delete(slug, operator);
    expect(await client.teams().restorableBy(kim.personId)).toEqual({
      slug,
      name: slug,
      purgeAt: Date.parse(purge_at),
      userId: expect.stringMatching(/^usr_/),
      username: "kim",
      signInProviders: null,
    });
    expect(await client.teams().restorableBy(max.personId)).toBeUndefined();
    expect(await client.teams().standing()).toEqual({
      slug,
      name: slug,
      created_at: expect.any(String),
      deleted_at: expect.any(String),
      purge_at,
      last_active: null,
      counts: {
        people: 4,
        owners: 2,
        service_accounts: 0,
        open_invitations: 0,
        datasets: 0,
        functions: 0,
        tools: 0,
      },
    });
    later((teamLimits.graceDays + 1) * dayMs);
    expect(await client.teams().restorableBy(kim.personId)).toBeUndefined();
  });

  it("goes for good when its time is up: files, register and all, and not before", async () => {
    const { slug, client, stub, olga } = await team();
    await createTeamForOperator(env, { slug, name: slug }, operator);
    const key = `teams/${slug}/datasets/ds_1/v_1`;
    await env.FILES.put(key, "secret");
    await client.teams().delete(slug, operator);
    const { incarnation, purgeAt } = await client.teams().identity();
    const message = {
      type: "purge_team" as const,
      team: slug,
      incarnation,
      written_before: (purgeAt ?? 0) - 15 * dayMs,
    };
    expect(await client.finishPurge(incarnation)).toBe(false);
    later((teamLimits.graceDays + 1) * dayMs);
    expect((await rejection(client.teams().restore(operator))).code).toBe("conflict");
    expect(await client.finishPurge("inc_other")).toBe(false);
    await runDurableObjectAlarm(stub);
    await deliver(message);
    expect(await env.FILES.get(key)).toBeNull();
    expect((await rejection(client.teams().identity())).code).toBe("not_found");
    expect(await isGood(client, olga)).toBe(false);
    const { teams } = await deploymentClient(env).listTeams({ limit: 500 });
    expect(teams.some((found) => found.slug === slug)).toBe(false);
    const left = await runInDurableObject(stub, (_object, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(left).toEqual([]);
    await deliver(message);
  });

  it("asks for its removal again until it is gone", async () => {
    const { slug, client, stub } = await team();
    await client.teams().delete(slug, operator);
    const { incarnation, purgeAt } = await client.teams().identity();
    later((teamLimits.graceDays + 1) * dayMs);
    const sent: unknown[] = [];
    vi.spyOn(env.BACKGROUND, "send").mockImplementation(async (body) => {
      sent.push(body);
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    });
    await runDurableObjectAlarm(stub);
    const middle = (purgeAt ?? 0) - (teamLimits.graceDays / 2) * dayMs;
    expect(sent).toEqual([{ type: "purge_team", team: slug, incarnation, written_before: middle }]);
    const alarm = await runInDurableObject(stub, (_object, state) => state.storage.getAlarm());
    expect(alarm === null ? "none" : alarm - Date.now()).toBe(teamLimits.purgeRetryMs);
    expect(await client.teams().identity()).toMatchObject({ slug });
  });

  it("leaves its slug to a new team, which late messages about the old one do not touch", async () => {
    const { slug, client } = await team();
    await client.teams().delete(slug, operator);
    const { incarnation } = await client.teams().identity();
    const message = { type: "purge_team" as const, team: slug, incarnation, written_before: Date.now() - 1 };
    later((teamLimits.graceDays + 1) * dayMs);
    expect(await client.finishPurge(incarnation)).toBe(true);
    expect(await createTeamForOperator(env, { slug, name: "New" }, operator)).toBe(true);
    await env.FILES.put(`teams/${slug}/datasets/ds_2/v_1`, "new");
    const old = await member(client, "olga", "owner");
    await deliver(message);
    await deliver({ type: "delete_objects", team: `${slug}-gone`, objects: [{ r2_key: "none", multipart_id: null }] });
    expect(await (await env.FILES.get(`teams/${slug}/datasets/ds_2/v_1`))?.text()).toBe("new");
    expect([(await client.teams().identity()).name, await isGood(client, old)]).toEqual(["New", true]);
    const { teams } = await deploymentClient(env).listTeams({ after: slug.slice(0, -1), limit: 500 });
    expect(teams.some((found) => found.slug === slug)).toBe(true);
    expect((await teamClient(env.TEAM, slug).teams().identity()).incarnation).not.toBe(incarnation);
  });
});
