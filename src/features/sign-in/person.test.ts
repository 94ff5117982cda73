// A person's object through its own client: sessions, passkeys, accounts that are added.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { dayMs } from "../../core/durations.ts";
import { personClient } from "../../platform/person-client.ts";
import type { Identity, NewSession } from "./schema.ts";
import { cleanName, isPersonId, newPersonId, personOfIdentity, sessionEnd } from "./sign-in.ts";

const person = (personId: string) => personClient(env, personId);
const who = (personId: string, displayName = "Ada") => ({ personId, displayName });

function aSession(provider = "passkey"): NewSession {
  return { hash: crypto.randomUUID(), provider, userAgent: "test", address: null };
}

function aPasskey(id = crypto.randomUUID(), counter = 0) {
  return { id, publicKey: "AAAA", counter, transports: ["internal"], label: "Laptop" };
}

function aChallenge(expiresAt = Date.now() + 60_000) {
  return { challenge: crypto.randomUUID(), expiresAt };
}

function anIdentity(subject: string = crypto.randomUUID()): Identity {
  return { issuer: "https://a.example", subject, provider: "acme", email: "ada@a.example", emailVerified: true };
}

/** Runs SQL in a person's object, to move its clock by moving its rows. */
async function sql(personId: string, statement: string, ...values: number[]): Promise<void> {
  await runInDurableObject(env.PERSON.get(env.PERSON.idFromName(personId)), (_object, { storage }) => {
    storage.sql.exec(statement, ...values);
  });
}

describe("ids and names", () => {
  it("an account is always the same person, another issuer's another", async () => {
    const [a, b, c] = await Promise.all([
      personOfIdentity("https://a.example", "1"),
      personOfIdentity("https://a.example", "1"),
      personOfIdentity("https://b.example", "1"),
    ]);
    expect([a === b, a === c]).toEqual([true, false]);
    expect([a, newPersonId()].map((id) => [isPersonId(id), /[.:]/.test(id)])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(["", "per_", "per_short", `per_${"x".repeat(44)}`, "../x"].map(isPersonId)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it("names are one line without control characters", () => {
    expect(cleanName("  Ada\n\u202e Lovelace\u0000 ")).toBe("Ada Lovelace");
    expect(cleanName("x".repeat(200))).toBe("x".repeat(100));
    expect([cleanName(""), cleanName(" \u200b "), cleanName(null)]).toEqual([undefined, undefined, undefined]);
  });

  it("a session ends idle or absolutely, whichever is sooner", () => {
    expect([sessionEnd(0, 30 * dayMs), sessionEnd(29 * dayMs, 30 * dayMs)]).toEqual([7 * dayMs, 30 * dayMs]);
  });
});

describe("sessions", () => {
  it("are found until they are revoked", async () => {
    const id = newPersonId();
    const session = aSession("google");
    const { sessionId } = await person(id).openSession(who(id), session);
    expect(await person(id).findSession(session.hash)).toMatchObject({
      sessionId,
      provider: "google",
      displayName: "Ada",
    });
    expect(await person(id).findSession("other")).toBeUndefined();
    expect([await person(id).revokeSession(sessionId), await person(id).revokeSession(sessionId)]).toEqual([
      true,
      false,
    ]);
    expect(await person(id).findSession(session.hash)).toBeUndefined();
  });

  it("end without use and in any case, and are then removed", async () => {
    const id = newPersonId();
    const [idle, old, live] = [aSession(), aSession(), aSession()];
    const { sessionId: idleId } = await person(id).openSession(who(id), idle);
    const { sessionId: oldId } = await person(id).openSession(who(id), old);
    await sql(id, "UPDATE sessions SET last_seen_at = ? WHERE rowid = 1", Date.now() - 7 * dayMs - 1);
    await sql(id, "UPDATE sessions SET expires_at = ? WHERE rowid = 2", Date.now() - 1);
    expect([await person(id).findSession(idle.hash), await person(id).findSession(old.hash)]).toEqual([
      undefined,
      undefined,
    ]);
    const { ended } = await person(id).openSession(who(id), live);
    expect(ended.sort()).toEqual([idleId, oldId].sort());
    expect((await person(id).account())?.sessions.length).toBe(1);
  });

  it("push out the one longest unused at the limit", async () => {
    const id = newPersonId();
    const first = await person(id).openSession(who(id), aSession());
    await sql(id, "UPDATE sessions SET last_seen_at = last_seen_at - 1000");
    for (let count = 1; count < 50; count++) await person(id).openSession(who(id), aSession());
    const { ended } = await person(id).openSession(who(id), aSession());
    expect(ended).toEqual([first.sessionId]);
    expect(await person(id).revokeSessions()).toHaveLength(50);
    expect((await person(id).account())?.sessions).toEqual([]);
  });

  it("of nobody leave nothing behind", async () => {
    const id = newPersonId();
    expect([
      await person(id).findSession("x"),
      await person(id).account(),
      await person(id).teams(),
      await person(id).revokeSession("x"),
      await person(id).revokeSessions(),
      await person(id).findPasskey("x"),
      await person(id).removePasskey("x", true),
    ]).toEqual([undefined, undefined, [], false, [], undefined, "unknown"]);
    await person(id).leftTeam("demo");
    const tables = await runInDurableObject(env.PERSON.get(env.PERSON.idFromName(id)), (_object, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("passkeys", () => {
  it("sign in once for each challenge", async () => {
    const id = newPersonId();
    const [passkey, registered, asked] = [aPasskey(), aChallenge(), aChallenge()];
    await person(id).addPasskey(who(id), passkey, registered);
    await expect(person(id).addPasskey(who(id), aPasskey(), registered)).rejects.toThrow(
      "This passkey prompt was answered before or has expired.",
    );
    const { sessionId } = await person(id).signInWithPasskey(passkey.id, 0, asked, aSession());
    expect(sessionId).toMatch(/^ses_/);
    await expect(person(id).signInWithPasskey(passkey.id, 0, asked, aSession())).rejects.toThrow(
      "This passkey prompt was answered before or has expired.",
    );
    await expect(person(id).signInWithPasskey(passkey.id, 0, aChallenge(Date.now() - 1), aSession())).rejects.toThrow(
      "This passkey prompt was answered before or has expired.",
    );
    await expect(person(id).signInWithPasskey("other", 0, aChallenge(), aSession())).rejects.toThrow(
      "This passkey is not known here.",
    );
  });

  it("that count must go up", async () => {
    const id = newPersonId();
    const passkey = aPasskey(undefined, 5);
    await person(id).addPasskey(who(id), passkey, aChallenge());
    await person(id).signInWithPasskey(passkey.id, 6, aChallenge(), aSession());
    for (const counter of [6, 5, 0]) {
      await expect(person(id).signInWithPasskey(passkey.id, counter, aChallenge(), aSession())).rejects.toThrow(
        "This passkey looks like a copy: its counter went backwards.",
      );
    }
    await person(id).signInWithPasskey(passkey.id, 7, aChallenge(), aSession());
  });

  it("are renamed and removed, the last only when that is meant", async () => {
    const id = newPersonId();
    const [one, two] = [aPasskey(), aPasskey()];
    await person(id).addPasskey(who(id), one, aChallenge());
    await person(id).addPasskey(who(id), two, aChallenge());
    expect([await person(id).renamePasskey(one.id, "Phone"), await person(id).renamePasskey("x", "Phone")]).toEqual([
      true,
      false,
    ]);
    expect((await person(id).account())?.passkeys.map(({ label }) => label)).toEqual(["Phone", "Laptop"]);
    expect([
      await person(id).removePasskey(one.id, false),
      await person(id).removePasskey(two.id, false),
      await person(id).removePasskey(two.id, true),
    ]).toEqual(["removed", "last", "removed"]);
  });

  it("are limited", async () => {
    const id = newPersonId();
    for (let count = 0; count < 20; count++) await person(id).addPasskey(who(id), aPasskey(), aChallenge());
    await expect(person(id).addPasskey(who(id), aPasskey(), aChallenge())).rejects.toThrow(
      "You have 20 passkeys, which is the limit (passkeys = 20).",
    );
  });
});

describe("accounts of providers", () => {
  it("vouch for an address only when it is verified", async () => {
    const identity = anIdentity();
    const id = await personOfIdentity(identity.issuer, identity.subject);
    const [first, second] = [aSession("acme"), aSession("acme")];
    await person(id).signInWithIdentity(who(id), identity, first);
    expect((await person(id).findSession(first.hash))?.emails).toEqual([{ email: "ada@a.example", provider: "acme" }]);
    await person(id).signInWithIdentity(who(id, "Renamed"), { ...identity, emailVerified: false }, second);
    expect(await person(id).findSession(first.hash)).toMatchObject({ displayName: "Ada", emails: [] });
  });

  it("are added to one person, and stand for themselves again once removed", async () => {
    const [main, extra] = [newPersonId(), anIdentity()];
    const own = await personOfIdentity(extra.issuer, extra.subject);
    await person(main).addPasskey(who(main), aPasskey(), aChallenge());
    await person(own).linkTo(who(own), main);
    await person(main).addIdentity(extra);
    expect(await person(own).signInWithIdentity(who(own), extra, aSession())).toEqual({ linkedTo: main });
    expect(await person(main).signInAsLinked(extra, aSession())).toMatchObject({ ended: [] });
    await expect(person(own).linkTo(who(own), newPersonId())).rejects.toThrow(
      "Someone already signs in with that account, so it was not added to yours.",
    );
    expect(await person(main).removeIdentity(extra.issuer, extra.subject, false)).toBe("removed");
    expect(await person(main).signInAsLinked(extra, aSession())).toBeUndefined();
    await person(own).linkTo(who(own), null);
    expect(await person(own).signInWithIdentity(who(own), extra, aSession())).toMatchObject({ ended: [] });
  });

  it("that someone uses are not added to another, nor sign in again once removed in favour of another way", async () => {
    const identity = anIdentity();
    const own = await personOfIdentity(identity.issuer, identity.subject);
    await person(own).signInWithIdentity(who(own), identity, aSession());
    await expect(person(own).linkTo(who(own), newPersonId())).rejects.toThrow(
      "Someone already signs in with that account, so it was not added to yours.",
    );
    await person(own).addPasskey(who(own), aPasskey(), aChallenge());
    expect(await person(own).removeIdentity(identity.issuer, identity.subject, false)).toBe("removed");
    await expect(person(own).signInWithIdentity(who(own), identity, aSession())).rejects.toThrow(
      "This account was removed from the person it signed in as.",
    );
  });
});

it("lists the teams that were joined, up to a limit", async () => {
  const id = newPersonId();
  await person(id).joinTeam("b");
  await person(id).joinTeam("a");
  await person(id).joinTeam("a");
  expect(await person(id).teams()).toEqual(["a", "b"]);
  await person(id).leftTeam("b");
  expect(await person(id).teams()).toEqual(["a"]);
  for (let count = 1; count < 100; count++) await person(id).joinTeam(`t${count}`);
  await expect(person(id).joinTeam("more")).rejects.toThrow("You have 100 teams, which is the limit (teams = 100).");
  await person(id).joinTeam("a");
});
