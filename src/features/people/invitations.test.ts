// Invitations: who makes them, what accepting does, and that it happens once. Runs in workerd.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { aPerson, callerBy, invite, join, member, operator } from "../../../test/helpers/people.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import { dayMs } from "../../core/durations.ts";
import { peopleLimits } from "../../limits.ts";

const invalid = (message: string) => ({ code: "invitation_invalid", message });

async function team() {
  const { slug, client } = await freshTeam();
  const sql = (query: string) =>
    runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) =>
      state.storage.sql.exec(query).toArray(),
    );
  return { slug, client, people: client.people(), sql };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an invitation", () => {
  it("is shown to whoever has the link, and lets one person in with its role", async () => {
    const { slug, client, people, sql } = await team();
    const { id, hash } = await invite(client, { role: "admin", email: "Kim@Example.org" });
    expect(await people.describeInvitation(hash)).toEqual({
      team: slug,
      teamName: slug,
      role: "admin",
      emailHint: "k…@example.org",
      username: null,
      invitedBy: "operator",
      expiresAt: expect.any(Number),
      signsIn: false,
      signInProviders: null,
    });
    const kim = aPerson("Kim Possible", ["other@example.org", "kim@EXAMPLE.org"]);
    const accepted = await people.acceptInvitation({ hash, ...kim });
    expect(accepted).toEqual({ userId: expect.stringMatching(/^usr_/), username: "kim", role: "admin", again: false });
    expect(await people.membershipOf(kim.personId)).toEqual({
      userId: accepted.userId,
      username: "kim",
      role: "admin",
      signInProviders: null,
    });
    expect(await sql("SELECT email, display_name FROM users WHERE username = 'kim'")).toEqual([
      { email: "kim@example.org", display_name: "Kim Possible" },
    ]);
    const log = await sql(
      "SELECT action, target_name, username, credential_kind, after_json FROM audit_log ORDER BY seq DESC LIMIT 2",
    );
    expect(log).toEqual([
      {
        action: "member.join",
        target_name: "kim",
        username: "kim",
        credential_kind: "session",
        after_json: '{"role":"admin","invited_by":"operator"}',
      },
      {
        action: "invitation.accept",
        target_name: id,
        username: "kim",
        credential_kind: "session",
        after_json: '{"username":"kim"}',
      },
    ]);
  });

  it("is kept as a digest alone", async () => {
    const { client, sql } = await team();
    const { secret, hash } = await invite(client);
    const everything = JSON.stringify([await sql("SELECT * FROM invitations"), await sql("SELECT * FROM audit_log")]);
    expect([everything.includes(secret), everything.includes(hash)]).toEqual([false, true]);
  });

  it("lets in one of two who accept at once", async () => {
    const { client, people } = await team();
    const { hash } = await invite(client);
    const ends = await Promise.allSettled(
      ["Ann", "Ben", "Cleo"].map((name) => people.acceptInvitation({ hash, ...aPerson(name) })),
    );
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect((await people.members()).length).toBe(1);
  });

  it("tells the same person the same when they ask again", async () => {
    const { client, people } = await team();
    const { hash } = await invite(client);
    const ann = aPerson("Ann");
    const [first, second] = await Promise.all([
      people.acceptInvitation({ hash, ...ann }),
      people.acceptInvitation({ hash, ...ann }),
    ]);
    expect(second).toEqual({ ...first, again: true });
    expect(await rejection(people.acceptInvitation({ hash, ...aPerson("Ben") }))).toEqual(
      invalid("This invitation has been used."),
    );
  });

  it("says why it opens nothing", async () => {
    const { client, people } = await team();
    const revoked = await invite(client);
    await people.revokeInvitation(revoked.id, operator);
    const expired = await invite(client, { expiresAt: Date.now() + 1_000 });
    const late = Date.now() + 1_000;
    vi.spyOn(Date, "now").mockReturnValue(late);
    const ann = aPerson("Ann");
    const reasons: [string, string][] = [
      ["0".repeat(64), "There is no such invitation."],
      [revoked.hash, "This invitation was revoked."],
      [expired.hash, "This invitation has expired."],
    ];
    for (const [hash, message] of reasons) {
      expect(await rejection(people.describeInvitation(hash))).toEqual(invalid(message));
      expect(await rejection(people.acceptInvitation({ hash, ...ann }))).toEqual(invalid(message));
    }
    expect(await rejection(people.revokeInvitation(expired.id, operator))).toEqual(
      invalid("This invitation has expired."),
    );
    expect(await people.membershipOf(ann.personId)).toBeUndefined();
  });

  it("with an address is for whoever verified it", async () => {
    const { client, people } = await team();
    const { hash } = await invite(client, { email: "kim@example.org" });
    for (const emails of [[], ["kim@example.com"], ["notkim@example.org"]]) {
      expect(await rejection(people.acceptInvitation({ hash, ...aPerson("Kim", emails) }))).toEqual({
        code: "forbidden",
        message: "This invitation is for k…@example.org, which is not a verified address of yours.",
      });
    }
    expect((await people.describeInvitation(hash)).role).toBe("member");
  });

  it("does not get around the team's ways of signing in, but for the operator's link", async () => {
    const { client, people } = await team();
    await client.teams().update({ settings: { sign_in_providers: ["okta"] } }, operator);
    const { hash } = await invite(client);
    expect(await rejection(people.acceptInvitation({ hash, ...aPerson("Ann") }))).toEqual({
      code: "forbidden",
      message: "This team does not let people in who signed in through passkey.",
    });
    expect((await people.describeInvitation(hash)).signInProviders).toEqual(["okta", "link"]);
    expect((await people.acceptInvitation({ hash, ...aPerson("Ann", [], "link") })).username).toBe("ann");
  });

  it("is nothing for who is in the team already, and stays open", async () => {
    const { client, people } = await team();
    const person = aPerson("Ann");
    await people.acceptInvitation({ hash: (await invite(client)).hash, ...person });
    const { hash } = await invite(client, { role: "owner" });
    expect(await rejection(people.acceptInvitation({ hash, ...person }))).toEqual({
      code: "conflict",
      message: "You are in this team already, as ann.",
    });
    expect((await people.describeInvitation(hash)).role).toBe("owner");
  });
});

describe("a member known by tokens", () => {
  it("gets a login by an invitation bound to them, with role and tokens as they were", async () => {
    const { client, people } = await team();
    const bob = await member(client, "bob", "admin");
    const { hash } = await invite(client, { username: "bob" });
    expect(await people.describeInvitation(hash)).toMatchObject({ username: "bob", role: "admin" });
    const person = aPerson("Robert", ["bob@example.org"]);
    expect(await people.acceptInvitation({ hash, ...person })).toMatchObject({ username: "bob", role: "admin" });
    expect((await callerBy(client, bob)).actor.userId).toBe((await people.membershipOf(person.personId))?.userId);
    const [shown] = await people.members();
    expect(shown).toMatchObject({ username: "bob", display_name: "Robert", login: true, tokens: 1 });
  });

  it("is bound once: two links, one login", async () => {
    const { client, people } = await team();
    await member(client, "bob", "member");
    const [first, second] = [await invite(client, { username: "bob" }), await invite(client, { username: "bob" })];
    await people.acceptInvitation({ hash: first.hash, ...aPerson("Bob") });
    expect(await rejection(people.acceptInvitation({ hash: second.hash, ...aPerson("Mallory") }))).toEqual(
      invalid("The member this invitation is for has a login already, or is not in the team any more."),
    );
    expect((await rejection(invite(client, { username: "bob" }))).message).toBe("bob has a login already.");
    await member(client, "cy", "member");
    const ann = aPerson("Ann");
    await people.acceptInvitation({ hash: (await invite(client)).hash, ...ann });
    await people.remove("ann", operator);
    const third = await invite(client, { username: "cy" });
    expect(await rejection(people.acceptInvitation({ hash: third.hash, ...ann }))).toEqual({
      code: "conflict",
      message: "You were in this team as ann, so you cannot be another of its members.",
    });
  });

  it("is not given away by a link from before they got another role", async () => {
    const { client, people } = await team();
    await member(client, "olga", "owner");
    await member(client, "bob", "member");
    const admin = await callerBy(client, await member(client, "adam", "admin"));
    const { hash } = await invite(client, { username: "bob", by: admin });
    await people.setRole({ username: "bob", role: "owner" }, operator);
    const mallory = aPerson("Mallory");
    expect(await rejection(people.acceptInvitation({ hash, ...mallory }))).toEqual(
      invalid("bob was member when this invitation was made, and is owner now."),
    );
    expect(await people.membershipOf(mallory.personId)).toBeUndefined();
    await people.setRole({ username: "bob", role: "member" }, operator);
    expect(await people.acceptInvitation({ hash, ...aPerson("Bob") })).toMatchObject({ role: "member" });
  });

  it("who owns the team is given a login by owners alone", async () => {
    const { client } = await team();
    await member(client, "olga", "owner");
    const by = await callerBy(client, await member(client, "adam", "admin"));
    expect((await rejection(invite(client, { username: "olga", by }))).message).toBe(
      "As admin you may not change or remove an owner: it needs the role owner.",
    );
    expect((await rejection(invite(client, { username: "adam", role: "owner", by }))).message).toBe(
      "adam is admin and stays so by this invitation.",
    );
    expect((await rejection(invite(client, { username: "eve", by }))).message).toBe(
      "No person in this team has the username eve.",
    );
  });
});

describe("an ended invitation", () => {
  it("is forgotten after a while", async () => {
    const { slug, client, people } = await team();
    await invite(client);
    const listed = async () => (await people.invitations({ state: undefined, before: undefined, limit: 9 })).total;
    const stub = env.TEAM.get(env.TEAM.idFromName(slug));
    const later = Date.now() + 60_000 + peopleLimits.endedInvitationDays * dayMs;
    expect(await listed()).toBe(1);
    const alarm = await runInDurableObject(stub, (_object, state) => state.storage.getAlarm());
    expect((alarm ?? Number.POSITIVE_INFINITY) <= later).toBe(true);
    vi.spyOn(Date, "now").mockReturnValue(later);
    await runDurableObjectAlarm(stub);
    expect(await listed()).toBe(0);
  });
});

describe("usernames", () => {
  it("come from address or name, are new each time, and are no one else's afterwards", async () => {
    const { client, people } = await team();
    const names: (string | undefined)[] = [];
    for (const [display, emails] of [
      ["Zoë Ångström", []],
      ["x", ["zoe-angstrom@example.org"]],
      ["李雷", []],
      ["operator", []],
      ["Ann", ["A.N+tag@example.org"]],
    ] as [string, string[]][]) {
      const { hash } = await invite(client);
      names.push((await people.acceptInvitation({ hash, ...aPerson(display, emails) })).username);
    }
    expect(names).toEqual(["zoe-angstrom", "zoe-angstrom-2", "member", "operator-2", "a.n-tag"]);
  });

  it("stay with the person, who gets their old place back", async () => {
    const { client, people } = await team();
    const person = aPerson("Ann");
    const first = await people.acceptInvitation({ hash: (await invite(client)).hash, ...person });
    await people.remove("ann", operator);
    expect((await join(client, "member", "Ann")).username).toBe("ann-2");
    const { hash } = await invite(client, { role: "viewer" });
    const back = await people.acceptInvitation({ hash, ...person });
    expect(back).toEqual({ ...first, role: "viewer" });
    expect((await people.members()).map(({ username }) => username)).toEqual(["ann", "ann-2"]);
  });
});

describe("who invites", () => {
  it("may not give more than they may take away", async () => {
    const { client } = await team();
    const owner = await callerBy(client, await member(client, "olga", "owner"));
    const admin = await callerBy(client, await member(client, "adam", "admin"));
    const mia = await callerBy(client, await member(client, "mia", "member"));
    expect((await rejection(invite(client, { role: "owner", by: admin }))).message).toBe(
      "As admin you may not make someone an owner: it needs the role owner.",
    );
    expect((await rejection(invite(client, { role: "viewer", by: mia }))).message).toBe(
      "As member you may not invite people: it needs the role admin or higher.",
    );
    const { id } = await invite(client, { role: "owner", by: owner });
    expect((await rejection(client.people().revokeInvitation(id, admin))).code).toBe("forbidden");
    await client.people().revokeInvitation(id, owner);
  });

  it("meets the limit of open invitations and of members, which names itself", async () => {
    const { client, people, sql } = await team();
    const { openInvitations, members } = peopleLimits;
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${openInvitations - 1})
       INSERT INTO invitations (id, hash, role, created_by, created_at, expires_at)
       SELECT 'inv_' || i, 'h' || i, 'member', 'operator', 1, ${Date.now() + dayMs} FROM n`,
    );
    const { hash } = await invite(client);
    expect(await rejection(invite(client))).toEqual({
      code: "too_large",
      message: "The team has 200 open invitations; the limit is 200 (limit openInvitations).",
    });
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${members})
       INSERT INTO users (id, username, role, created_at) SELECT 'usr_' || i, 'u' || i, 'viewer', 1 FROM n`,
    );
    expect(await rejection(people.acceptInvitation({ hash, ...aPerson("Late") }))).toEqual({
      code: "too_large",
      message: "The team has 1000 people; the limit is 1000 (limit members).",
    });
    expect((await people.describeInvitation(hash)).role).toBe("member");
  });

  it("lists what became of them, newest first, page by page", async () => {
    const { client, people } = await team();
    const made = [await invite(client), await invite(client), await invite(client)];
    await people.revokeInvitation(made[0]?.id ?? "", operator);
    const kim = aPerson("Kim");
    await people.acceptInvitation({ hash: made[1]?.hash ?? "", ...kim });
    const first = await people.invitations({ state: undefined, before: undefined, limit: 2 });
    expect(first.rows.map(({ invitation: { state, accepted_by } }) => [state, accepted_by])).toEqual([
      ["open", null],
      ["accepted", "kim"],
    ]);
    const before = first.rows[1]?.seq;
    const rest = await people.invitations({ state: undefined, before, limit: 2 });
    expect([rest.rows.map(({ invitation }) => invitation.state), rest.total]).toEqual([["revoked"], 3]);
    expect((await people.invitations({ state: "expired", before: undefined, limit: 2 })).total).toBe(0);
  });
});
