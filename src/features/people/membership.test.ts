// Roles, removal, leaving and handing over: each rule, and what two do at once. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { callerBy, invite, isGood, join, member } from "../../../test/helpers/people.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import type { Role } from "../access/access.ts";

const lastOwner = (who: string, what: string) => ({
  code: "last_owner",
  message: `${who} is the team's only owner, so they cannot ${what}.`,
});

/** Rows of the team's own database. */
function rows(slug: string, query: string): Promise<Record<string, unknown>[]> {
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  return runInDurableObject(stub, (_object, state) => state.storage.sql.exec(query).toArray());
}

async function team() {
  const { slug, client } = await freshTeam();
  const olga = await member(client, "olga", "owner");
  const adam = await member(client, "adam", "admin");
  const mia = await member(client, "mia", "member");
  return { slug, client, people: client.people(), olga, adam, mia };
}

const roleOf = async (client: Awaited<ReturnType<typeof team>>["client"], username: string) =>
  (await client.people().members()).find((found) => found.username === username)?.role;

describe("set_role", () => {
  it("follows who may make whom what", async () => {
    const { client, people, olga, adam, mia } = await team();
    const owners = "it needs the role owner.";
    const tries: [token: { hash: string }, who: string, role: Role, expected: string][] = [
      [adam, "mia", "viewer", "changed"],
      [adam, "mia", "admin", "changed"],
      [adam, "mia", "admin", "unchanged"],
      [adam, "mia", "owner", `As admin you may not make someone an owner: ${owners}`],
      [adam, "olga", "member", `As admin you may not change or remove an owner: ${owners}`],
      [olga, "mia", "owner", "changed"],
      [olga, "mia", "member", "changed"],
      [mia, "adam", "viewer", "As member you may not set roles: it needs the role admin or higher."],
      [adam, "nobody", "viewer", "Nobody in this team has the username nobody."],
    ];
    for (const [token, username, role, expected] of tries) {
      const by = await callerBy(client, token);
      const said = await people.setRole({ username, role }, by).then(
        ({ outcome }) => outcome,
        (error: Error) => error.message,
      );
      expect([username, role, said]).toEqual([username, role, expected]);
    }
    expect(await roleOf(client, "mia")).toBe("member");
  });

  it("acts on the very next call, whatever the caller was when their request came in", async () => {
    const { client, people, olga, adam } = await team();
    const asAdmin = await callerBy(client, adam);
    await people.setRole({ username: "adam", role: "viewer" }, await callerBy(client, olga));
    expect((await callerBy(client, adam)).actor.role).toBe("viewer");
    expect(await rejection(people.setRole({ username: "mia", role: "viewer" }, asAdmin))).toEqual({
      code: "forbidden",
      message: "As viewer you may not set roles: it needs the role admin or higher.",
    });
  });

  it("ends the open streams of whom it changes, and no one else's", async () => {
    const { client, people, olga, adam, mia } = await team();
    const listen = async (token: { hash: string }) => {
      const credential = JSON.stringify({ kind: "token", hash: token.hash });
      const { webSocket } = await client.fetch("https://team/feed", {
        headers: { upgrade: "websocket", "x-credential": credential },
      });
      if (webSocket === null) throw new Error("no socket");
      webSocket.accept();
      const state = { closed: 0 };
      webSocket.addEventListener("close", ({ code }) => {
        state.closed = code;
      });
      return state;
    };
    const [adams, mias] = [await listen(adam), await listen(mia)];
    await people.setRole({ username: "mia", role: "viewer" }, await callerBy(client, olga));
    await expect.poll(() => mias.closed).toBe(4401);
    expect(adams.closed).toBe(0);
    await people.remove("adam", await callerBy(client, olga));
    await expect.poll(() => adams.closed).toBe(4401);
  });

  it("leaves service accounts alone", async () => {
    const { client, people, olga } = await team();
    const by = await callerBy(client, olga);
    const row = { label: "l", hash: "h", prefix: "sds_", expiresAt: null, role: "member" as const, scopes: undefined };
    await client.access().issueToken({ ...row, service: "etl", mayActForOthers: false }, by);
    expect(await rejection(people.setRole({ username: "service:etl", role: "viewer" }, by))).toEqual({
      code: "unsupported",
      message: "service:etl is a service account, which has the role of its token.",
    });
  });
});

describe("the last owner", () => {
  it("can neither leave, be removed nor be demoted", async () => {
    const { client, people, olga } = await team();
    const by = await callerBy(client, olga);
    expect(await rejection(people.leave(by))).toEqual(lastOwner("olga", "leave"));
    expect(await rejection(people.remove("olga", by))).toEqual(lastOwner("olga", "be removed"));
    expect(await rejection(people.setRole({ username: "olga", role: "admin" }, by))).toEqual(
      lastOwner("olga", "be made less"),
    );
    expect(await roleOf(client, "olga")).toBe("owner");
  });

  it("is found in time when two leave at once", async () => {
    const { client, people, olga } = await team();
    const oskar = await member(client, "oskar", "owner");
    const callers = [await callerBy(client, olga), await callerBy(client, oskar)];
    const ends = await Promise.allSettled(callers.map((by) => people.leave(by)));
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect((await people.members("owner")).length).toBe(1);
  });

  it("is found in time when one is demoted by the other who leaves", async () => {
    const { client, people, olga } = await team();
    const oskar = await member(client, "oskar", "owner");
    const [first, second] = [await callerBy(client, olga), await callerBy(client, oskar)];
    const ends = await Promise.allSettled([
      people.setRole({ username: "oskar", role: "member" }, first),
      people.leave(first),
      people.setRole({ username: "olga", role: "viewer" }, second),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect((await people.members("owner")).map(({ username }) => username)).toEqual(["olga"]);
  });
});

describe("removal", () => {
  it("ends everything at once and keeps the name for the same person", async () => {
    const { slug, client, people, adam } = await team();
    const by = await callerBy(client, adam);
    const zoe = await join(client, "member", "Zoë");
    const token = await member(client, zoe.username, "member");
    await rows(
      slug,
      `INSERT INTO connections (id, user_id, client_id, client_name, redirect_host, scopes_json, created_at)
       VALUES ('con_1', '${zoe.userId}', 'c', 'C', 'h', '[]', 1)`,
    );
    const departure = await people.remove(zoe.username, by);
    expect(departure).toEqual({
      removed: {
        username: "zoe",
        revoked: { tokens: 1, connections: 1, invitations: 0 },
        service_tokens: [],
      },
      personId: zoe.personId,
      connections: ["con_1"],
    });
    expect(await isGood(client, token)).toBe(false);
    expect(await people.membershipOf(zoe.personId)).toBeUndefined();
    expect((await people.members()).some(({ username }) => username === "zoe")).toBe(false);
    const other = await join(client, "viewer", "Zoe");
    expect(other.username).toBe("zoe-2");
  });

  it("revokes tokens, and voids invitations that would be a way back", async () => {
    const { client, people, olga, adam } = await team();
    const asAdam = await callerBy(client, adam);
    const mine = await invite(client, { role: "admin", by: asAdam });
    const bound = await invite(client, { username: "adam" });
    const others = await invite(client, { role: "viewer" });
    const { removed } = await people.remove("adam", await callerBy(client, olga));
    expect(removed.revoked).toEqual({ tokens: 1, connections: 0, invitations: 2 });
    expect(await isGood(client, adam)).toBe(false);
    for (const { hash } of [mine, bound]) {
      expect(await rejection(people.describeInvitation(hash))).toEqual({
        code: "invitation_invalid",
        message: "This invitation was revoked.",
      });
    }
    expect((await people.describeInvitation(others.hash)).role).toBe("viewer");
    expect((await rejection(people.leave(asAdam))).code).toBe("unauthorized");
  });

  it("by demotion voids only what the demoted may no longer offer", async () => {
    const { client, people, olga } = await team();
    const oskar = await callerBy(client, await member(client, "oskar", "owner"));
    const [owner, viewer] = [
      await invite(client, { role: "owner", by: oskar }),
      await invite(client, { role: "viewer", by: oskar }),
    ];
    await people.setRole({ username: "oskar", role: "admin" }, await callerBy(client, olga));
    const states = (await people.invitations({ state: undefined, before: undefined, limit: 10 })).rows;
    expect(Object.fromEntries(states.map(({ invitation }) => [invitation.id, invitation.state]))).toEqual({
      [owner.id]: "revoked",
      [viewer.id]: "open",
    });
  });

  it("tells of service tokens whose text the removed may know", async () => {
    const { client, people, olga, adam } = await team();
    const row = {
      label: "nightly",
      hash: "h",
      prefix: "sds_abcd",
      expiresAt: null,
      role: undefined,
      scopes: undefined,
    };
    await client.access().issueToken({ ...row, service: "etl", mayActForOthers: false }, await callerBy(client, adam));
    const demoted = await people.setRole({ username: "adam", role: "member" }, await callerBy(client, olga));
    expect([demoted.outcome, demoted.service_tokens]).toEqual(["changed", ["service:etl sds_abcd… (nightly)"]]);
    const { removed } = await people.remove("adam", await callerBy(client, olga));
    expect(removed.service_tokens).toEqual(["service:etl sds_abcd… (nightly)"]);
    const gone = await people.remove("service:etl", await callerBy(client, olga));
    expect(gone.removed.revoked).toEqual({ tokens: 1, connections: 0, invitations: 0 });
  });

  it("of an owner takes an owner", async () => {
    const { client, people, adam } = await team();
    expect(await rejection(people.remove("olga", await callerBy(client, adam)))).toEqual({
      code: "forbidden",
      message: "As admin you may not change or remove an owner: it needs the role owner.",
    });
  });
});

describe("transfer", () => {
  it("makes the other owner and the caller admin, in one step that the log tells", async () => {
    const { slug, client, people, olga } = await team();
    expect(await people.transfer("mia", await callerBy(client, olga))).toEqual({ owner: "mia", you: "admin" });
    expect([await roleOf(client, "mia"), await roleOf(client, "olga")]).toEqual(["owner", "admin"]);
    const log = await rows(
      slug,
      "SELECT action, target_name, before_json, after_json FROM audit_log ORDER BY seq DESC LIMIT 3",
    );
    expect(log.reverse()).toEqual([
      {
        action: "team.transfer",
        target_name: "mia",
        before_json: '{"owner":"olga"}',
        after_json: '{"owner":"mia"}',
      },
      {
        action: "member.set_role",
        target_name: "mia",
        before_json: '{"role":"member"}',
        after_json: '{"role":"owner"}',
      },
      {
        action: "member.set_role",
        target_name: "olga",
        before_json: '{"role":"owner"}',
        after_json: '{"role":"admin"}',
      },
    ]);
  });

  it("is for owners, to another person", async () => {
    const { client, people, olga, adam } = await team();
    expect((await rejection(people.transfer("mia", await callerBy(client, adam)))).message).toBe(
      "As admin you may not hand the team over: it needs the role owner.",
    );
    expect((await rejection(people.transfer("olga", await callerBy(client, olga)))).message).toBe(
      "You are an owner of this team already.",
    );
  });

  it("leaves one owner when two hand over at once", async () => {
    const { client, people, olga } = await team();
    const by = await callerBy(client, olga);
    const ends = await Promise.allSettled([people.transfer("mia", by), people.transfer("adam", by)]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await people.members("owner")).map(({ username }) => username)).toEqual(["mia"]);
  });
});
