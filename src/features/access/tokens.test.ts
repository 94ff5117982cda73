// Tokens: never stronger than what makes them, ended at once, and who may act for whom. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { callerBy, isGood, member, operator, send } from "../../../test/helpers/people.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import type { Scope } from "../../core/define-tool.ts";
import { peopleLimits } from "../../limits.ts";
import type { TeamClient } from "../../platform/team-client.ts";
import type { Caller } from "./access.ts";
import { makeToken } from "./token.ts";
import type { IssueInput } from "./tokens.ts";

async function issue(client: TeamClient, by: Caller, wanted: Partial<IssueInput> = {}) {
  const { token, hash, prefix } = await makeToken(wanted.service === undefined ? "person" : "service");
  const preset = { role: undefined, scopes: undefined, service: undefined, mayActForOthers: false };
  const row = { label: "made", hash, prefix, expiresAt: null, ...preset, ...wanted };
  return { token, hash, details: await client.access().issueToken(row, by) };
}

async function team() {
  const { slug, client } = await freshTeam();
  const olga = await member(client, "olga", "owner");
  const adam = await member(client, "adam", "admin");
  const mia = await member(client, "mia", "member");
  const sql = (query: string) =>
    runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) =>
      state.storage.sql.exec(query).toArray(),
    );
  return { slug, client, sql, olga, adam, mia };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a token of one's own", () => {
  it("has the maker's role and scopes unless it is asked for less", async () => {
    const { client, mia } = await team();
    const by = await callerBy(client, mia);
    const same = await issue(client, by);
    expect(same.details).toEqual({
      id: expect.stringMatching(/^tok_/),
      username: "mia",
      label: "made",
      prefix: same.token.slice(0, 8),
      role: "member",
      scopes: null,
      may_act_for_others: false,
      created_by: "mia",
      created_at: expect.any(String),
      expires_at: null,
      last_used_at: null,
    });
    const less = await issue(client, by, { role: "viewer", scopes: ["admin", "data:read"] });
    const { actor } = await callerBy(client, less);
    expect([actor.role, actor.scopes]).toEqual(["viewer", ["data:read", "admin"]]);
    const heir = await issue(client, { ...by, actor });
    expect([heir.details.role, heir.details.scopes]).toEqual(["viewer", ["data:read", "admin"]]);
  });

  it("is refused more than its maker has", async () => {
    const { client, mia } = await team();
    const by = await callerBy(client, mia);
    expect(await rejection(issue(client, by, { role: "admin" }))).toEqual({
      code: "forbidden",
      message: "As member you may not create a token that is admin.",
    });
    const narrow = await callerBy(client, await issue(client, by, { role: "viewer", scopes: ["data:read", "admin"] }));
    const wider: Scope[] = ["data:read", "data:write", "library:write"];
    expect(await rejection(issue(client, narrow, { scopes: wider }))).toEqual({
      code: "forbidden",
      message: "You may not pass on what you lack yourself: data:write, library:write.",
    });
    expect((await rejection(issue(client, narrow, { role: "member" }))).code).toBe("forbidden");
    const reader = await callerBy(client, await issue(client, by, { scopes: ["data:read"] }));
    expect((await rejection(issue(client, reader))).code).toBe("insufficient_scope");
  });

  it("does not outlive a maker that expires", async () => {
    const { client } = await team();
    const end = Date.now() + 60_000;
    const by = await callerBy(client, await member(client, "tim", "member", "member", end));
    const until = new Date(end).toISOString();
    expect((await issue(client, by)).details.expires_at).toBe(until);
    expect((await issue(client, by, { expiresAt: end - 1 })).details.expires_at).toBe(new Date(end - 1).toISOString());
    expect(await rejection(issue(client, by, { expiresAt: end + 1 }))).toEqual({
      code: "forbidden",
      message: `The token you use ends at ${until}, so it creates none that lives longer.`,
    });
  });

  it("stops opening the door when it is over, and its use is noted", async () => {
    const { client, mia } = await team();
    const by = await callerBy(client, mia);
    const brief = await issue(client, by, { expiresAt: Date.now() + 5_000 });
    expect(await isGood(client, brief)).toBe(true);
    const { rows } = await client.access().listTokens({ everyone: false, before: undefined, limit: 10 }, by);
    expect(rows.map(({ token }) => [token.id, token.last_used_at === null])).toEqual([
      [brief.details.id, false],
      [mia.id, false],
    ]);
    const later = Date.now() + 5_000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect(await isGood(client, brief)).toBe(false);
    expect((await client.access().listTokens({ everyone: false, before: undefined, limit: 10 }, by)).total).toBe(1);
  });

  it("meets a limit that names itself", async () => {
    const { client, mia, sql } = await team();
    const by = await callerBy(client, mia);
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${peopleLimits.liveTokensEach - 1})
       INSERT INTO tokens (id, user_id, label, hash, prefix, role, created_at)
       SELECT 't' || i, '${by.actor.userId}', 'l', 'h' || i, 'sdp_', 'viewer', 1 FROM n`,
    );
    expect(await rejection(issue(client, by))).toEqual({
      code: "too_large",
      message: "mia has 50 live tokens; the limit is 50 (limit liveTokensEach).",
    });
  });
});

describe("revoking", () => {
  it("is for one's own, for admins below owner, and for owners", async () => {
    const { client, olga, adam, mia } = await team();
    const [asOlga, asAdam, asMia] = [
      await callerBy(client, olga),
      await callerBy(client, adam),
      await callerBy(client, mia),
    ];
    const access = client.access();
    expect(await access.revokeToken(adam.id, asMia)).toBe(false);
    expect(await access.revokeToken("tok_none", asAdam)).toBe(false);
    expect(await rejection(access.revokeToken(olga.id, asAdam))).toEqual({
      code: "forbidden",
      message: "As admin you may not revoke an owner's token: it needs the role owner.",
    });
    expect(await access.revokeToken(mia.id, asAdam)).toBe(true);
    expect(await access.revokeToken(mia.id, asAdam)).toBe(false);
    expect([await isGood(client, mia), await isGood(client, olga)]).toEqual([false, true]);
    expect(await access.revokeToken(olga.id, asOlga)).toBe(true);
    expect(await isGood(client, olga)).toBe(false);
  });

  it("lists everyone's for admins alone", async () => {
    const { client, adam, mia } = await team();
    const page = { before: undefined, limit: 10 };
    const access = client.access();
    expect((await rejection(access.listTokens({ ...page, everyone: true }, await callerBy(client, mia)))).code).toBe(
      "forbidden",
    );
    const { rows } = await access.listTokens({ ...page, everyone: true }, await callerBy(client, adam));
    expect(rows.map(({ token }) => token.username)).toEqual(["mia", "adam", "olga"]);
  });
});

describe("a service account", () => {
  it("is made by admins, with a name, a prefix and a role below owner", async () => {
    const { client, olga, adam, mia } = await team();
    expect((await rejection(issue(client, await callerBy(client, mia), { service: "etl" }))).code).toBe("forbidden");
    const asOlga = await callerBy(client, olga);
    expect(await rejection(issue(client, asOlga, { service: "etl", role: "owner" }))).toEqual({
      code: "invalid_argument",
      message: "create_token: a service account is admin at most.",
    });
    const made = await issue(client, await callerBy(client, adam), { service: "etl" });
    expect(made.token).toMatch(/^sds_[A-Za-z0-9_-]{43}$/);
    expect(made.details).toMatchObject({ username: "service:etl", role: "member", created_by: "adam" });
    const { actor } = await callerBy(client, made);
    expect([actor.username, actor.credential.kind]).toEqual(["service:etl", "service_token"]);
    const members = await client.people().members();
    expect(members.find(({ kind }) => kind === "service")).toMatchObject({ username: "service:etl", tokens: 1 });
  });

  it("makes no tokens of its own and lends what it has not been lent", async () => {
    const { client, adam } = await team();
    const etl = await issue(client, await callerBy(client, adam), { service: "etl", role: "admin" });
    const by = await callerBy(client, etl);
    expect((await rejection(issue(client, by))).message).toBe("A service account has no tokens of its own making.");
    expect((await rejection(issue(client, by, { service: "x", mayActForOthers: true }))).message).toBe(
      "This service token may not act for others, so it creates none that may.",
    );
    expect((await rejection(client.people().leave(by))).message).toBe(
      "service:etl is a service account, which does not leave.",
    );
    const asAdam = await callerBy(client, adam);
    expect((await rejection(issue(client, asAdam, { mayActForOthers: true }))).message).toBe(
      "create_token: may_act_for_others is for service tokens alone.",
    );
  });

  it("comes back under its own name once removed", async () => {
    const { client, adam } = await team();
    const by = await callerBy(client, adam);
    const first = await issue(client, by, { service: "etl" });
    await client.people().remove("service:etl", by);
    expect(await isGood(client, first)).toBe(false);
    const again = await issue(client, by, { service: "etl", role: "viewer" });
    expect([await isGood(client, again), await isGood(client, first)]).toEqual([true, false]);
  });
});

describe("X-User-Id", () => {
  const refusal = "X-User-Id is honoured only from a service token that may act for others.";

  async function serviceTeam() {
    const found = await team();
    const by = await callerBy(found.client, found.adam);
    const gateway = await issue(found.client, by, { service: "gateway", mayActForOthers: true });
    const plain = await issue(found.client, by, { service: "plain" });
    const whoami = (token: string, user: string) =>
      send("GET", `/t/${found.slug}/api/v1/whoami`, { token, headers: { "x-user-id": user } });
    return { ...found, gateway, plain, whoami };
  }

  it("is honoured from a service token that may act for others, as the weaker of both", async () => {
    const { whoami, gateway } = await serviceTeam();
    const seen = async (user: string) => {
      const { status, body } = await whoami(gateway.token, user);
      return [status, body.username, body.role, body.through, (body.credential as { kind: string }).kind];
    };
    expect(await seen("mia")).toEqual([200, "mia", "member", "service:gateway", "service_token"]);
    expect(await seen("olga")).toEqual([200, "olga", "member", "service:gateway", "service_token"]);
  });

  it("is refused to everyone else, and for anyone else", async () => {
    const { whoami, gateway, plain, olga, mia, client } = await serviceTeam();
    for (const token of [plain.token, olga.token, mia.token]) {
      const { status, body } = await whoami(token, "mia");
      expect([status, body.code, body.detail]).toEqual([403, "forbidden", refusal]);
    }
    await client.people().remove("mia", operator);
    for (const user of ["mia", "nobody", "service:plain", "Olga", "usr_1"]) {
      const { status, body } = await whoami(gateway.token, user);
      expect([user, status, body.detail]).toEqual([user, 403, "X-User-Id names nobody of this team."]);
    }
  });

  it("is logged as such, in the audit log and the execution log", async () => {
    const { slug, gateway, sql } = await serviceTeam();
    const put = await send("PUT", `/t/${slug}/api/v1/datasets/d`, {
      token: gateway.token,
      headers: { "x-user-id": "mia", "content-type": "application/json" },
      body: [{ a: 1 }],
    });
    expect(put.status).toBe(201);
    expect(await sql("SELECT username, through, action FROM audit_log ORDER BY seq DESC LIMIT 1")).toEqual([
      { username: "mia", through: "service:gateway", action: "dataset.create" },
    ]);
  });

  it("gives no way to the tokens of whom it acts for: none is made, listed or ended", async () => {
    const { client, gateway, mia } = await serviceTeam();
    const by = await callerBy(client, gateway, "mia");
    const page = { before: undefined, limit: 10, everyone: false };
    const refusals = [
      await rejection(issue(client, by)),
      await rejection(client.access().listTokens(page, by)),
      await rejection(client.access().revokeToken(mia.id, by)),
      await rejection(client.connections().revokeConnection("con_x", by)),
    ];
    expect(refusals).toEqual(
      ["create tokens", "list tokens", "revoke tokens", "end connections"].map((what) => ({
        code: "forbidden",
        message: `service:gateway acts for mia and may not ${what}.`,
      })),
    );
    expect(await isGood(client, mia)).toBe(true);
  });
});

describe("the operator's tokens", () => {
  it("bring a removed person back, and no one who only looks like them", async () => {
    const { client, mia } = await team();
    await client.people().remove("mia", operator);
    const again = await member(client, "mia", "viewer");
    expect((await callerBy(client, again)).actor.role).toBe("viewer");
    expect(await isGood(client, mia)).toBe(false);
    expect(await rejection(member(client, "MIA", "viewer"))).toEqual({
      code: "conflict",
      message: "The username MIA is too much like mia, which exists.",
    });
  });
});
