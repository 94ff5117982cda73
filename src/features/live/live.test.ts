// The live feed: who may open it, what it tells, going on where one stopped, and how it ends. Runs in workerd.
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askLive, type Ear, earOf, listen } from "../../../test/helpers/live.ts";
import { aPerson, callerBy, invite, member } from "../../../test/helpers/people.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { dayMs } from "../../core/durations.ts";
import { newId } from "../../core/ids.ts";
import { personClient } from "../../platform/person-client.ts";
import { makeSessionSecret, sessionCookie } from "../../surfaces/sign-in/session-cookie.ts";
import { liveLimits } from "../../workflow-limits.ts";
import { mayStillHear, resume } from "./live.ts";

const origin = "http://localhost";

async function scene() {
  const { slug, client } = await freshTeam();
  const olga = await member(client, "olga", "owner");
  const mia = await member(client, "mia", "member");
  const vic = await member(client, "vic", "viewer");
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  const sql = (query: string, ...values: (string | number)[]) =>
    runInDurableObject(stub, (_object, { storage }) => storage.sql.exec(query, ...values).toArray());
  const save = async (name: string, query = "1") =>
    client.tools().save({ name, description: "d", query }, await callerBy(client, olga));
  return { slug, client, stub, sql, olga, mia, vic, save };
}

const told = (ear: Ear) => ear.events().map(({ seq, name }) => `${seq} ${name}`);
const shown = async (ear: Ear, count: number) => expect.poll(() => ear.events().length).toBe(count);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("opening the feed", () => {
  it("tells where it stands, then what happens, to a token in the Authorization header", async () => {
    const { slug, mia, save } = await scene();
    const ear = await listen(slug, mia.token);
    await save("answer");
    await shown(ear, 1);
    expect(ear.heard).toEqual([
      { type: "hello", team: slug, seq: 0, oldest: 1 },
      {
        type: "event",
        seq: 1,
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        kind: "tool",
        name: "answer",
        change: "created",
        by: "olga",
        revision: 1,
      },
    ]);
    ear.say("ping");
    await expect.poll(() => ear.heard.at(-1)).toEqual({ type: "pong" });
    ear.close();
  });

  it("asks a plain GET to upgrade, and refuses an odd since", async () => {
    const { slug, vic } = await scene();
    const headers = { authorization: `Bearer ${vic.token}` };
    const plain = await askLive(slug, headers, "", false);
    expect([plain.status, await plain.json()]).toEqual([
      426,
      expect.objectContaining({
        code: "upgrade_required",
        detail: "The feed is a WebSocket; this was a plain GET.",
        hint: "Open it with a WebSocket client: wss://<host>/t/<team>/live?since=<seq>, the token in the Authorization header.",
      }),
    ]);
    const odd = await askLive(slug, headers, "?since=-1");
    expect([odd.status, await odd.json()]).toEqual([
      400,
      expect.objectContaining({ detail: "live: since: use the seq of the last message you saw" }),
    ]);
  });

  it("is refused without a token, with another team's, with one in the URL, and without the scope", async () => {
    const { slug, client, olga } = await scene();
    const elsewhere = await scene();
    expect((await askLive(slug, {})).status).toBe(401);
    expect((await askLive(slug, { authorization: `Bearer ${elsewhere.olga.token}` })).status).toBe(401);
    expect((await askLive(slug, {}, `?token=${olga.token}&access_token=${olga.token}`)).status).toBe(401);
    const narrow = await member(client, "olga", "owner");
    await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, { storage }) =>
      storage.sql.exec("UPDATE tokens SET scopes_json = '[\"admin\"]' WHERE id = ?", narrow.id),
    );
    const answer = await askLive(slug, { authorization: `Bearer ${narrow.token}` });
    expect([answer.status, await answer.json()]).toEqual([
      403,
      expect.objectContaining({ code: "insufficient_scope" }),
    ]);
  });

  it("takes a browser's session from a page of this site alone", async () => {
    const { slug, client } = await scene();
    const { hash } = await invite(client, { role: "member" });
    const person = { ...aPerson("kim"), personId: newId("per") };
    await client.people().acceptInvitation({ hash, ...person });
    const made = await makeSessionSecret(person.personId);
    const session = { hash: made.hash, provider: "link", userAgent: null, address: null };
    await personClient(env, person.personId).openSession({ personId: person.personId, displayName: "kim" }, session);
    const cookie = sessionCookie(made.cookie, 1_000_000).split(";")[0] ?? "";
    const foreign: Record<string, string>[] = [
      {},
      { origin: "https://elsewhere.example" },
      { origin: "null" },
      { origin: "http://localhost:8080" },
      { origin, "sec-fetch-site": "cross-site" },
      { origin, "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "same-origin" },
    ];
    for (const headers of foreign) {
      const answer = await askLive(slug, { cookie, ...headers });
      expect([headers, answer.status, answer.webSocket]).toEqual([headers, 403, null]);
    }
    for (const headers of [{ origin }, { origin, "sec-fetch-site": "same-origin" }]) {
      const answer = await askLive(slug, { cookie, ...headers });
      expect([headers, answer.status]).toEqual([headers, 101]);
      if (answer.webSocket !== null) earOf(answer.webSocket).close();
    }
  });

  it("is refused over the limit of listeners, which are counted per person", async () => {
    const { slug, client, mia, vic } = await scene();
    const headers = { upgrade: "websocket", "x-credential": JSON.stringify({ kind: "token", hash: mia.hash }) };
    const opened = await Promise.all(
      Array.from({ length: liveLimits.personListeners }, () => client.fetch("https://team/feed", { headers })),
    );
    const ears = opened.flatMap(({ webSocket }) => (webSocket === null ? [] : [earOf(webSocket)]));
    expect(ears).toHaveLength(liveLimits.personListeners);
    const answer = await askLive(slug, { authorization: `Bearer ${mia.token}` });
    expect([answer.status, await answer.json()]).toEqual([
      429,
      expect.objectContaining({
        code: "rate_limited",
        detail: "You have 200 open feeds and MCP streams (limit personListeners).",
        hint: "Close one that is not needed, or share one among the readers.",
      }),
    ]);
    (await listen(slug, vic.token)).close();
    for (const ear of ears) ear.close();
  });
});

describe("going on", () => {
  it("tells what was missed, then what comes, each once and in order, also after the object restarted", async () => {
    const { slug, stub, mia, save } = await scene();
    const first = await listen(slug, mia.token);
    for (const name of ["a", "b"]) await save(name);
    await shown(first, 2);
    first.close();
    for (const name of ["c", "d"]) await save(name);
    await evictDurableObject(stub, { webSockets: "close" });
    const second = await listen(slug, mia.token, 2);
    await save("e");
    await shown(second, 3);
    expect(second.heard[0]).toEqual({ type: "hello", team: slug, seq: 4, oldest: 1 });
    expect(told(second)).toEqual(["3 c", "4 d", "5 e"]);
    second.close();
  });

  it("goes on telling over the object's sleep", async () => {
    const { slug, stub, mia, save } = await scene();
    const ear = await listen(slug, mia.token);
    await save("a");
    await evictDurableObject(stub);
    await save("b");
    await shown(ear, 2);
    expect(told(ear)).toEqual(["1 a", "2 b"]);
    ear.close();
  });

  it("says which events are gone for good, and never gives a number twice", async () => {
    const { slug, stub, sql, mia, save } = await scene();
    for (const name of ["a", "b", "c"]) await save(name);
    await sql("UPDATE feed_events SET at = ? WHERE seq < 3", Date.now() - (liveLimits.days + 1) * dayMs);
    await runDurableObjectAlarm(stub);
    const late = await listen(slug, mia.token, 0);
    await shown(late, 1);
    expect(late.heard.slice(0, 2)).toEqual([
      { type: "hello", team: slug, seq: 3, oldest: 3 },
      { type: "gap", from: 1, to: 2 },
    ]);
    expect(told(late)).toEqual(["3 c"]);
    await sql("DELETE FROM feed_events");
    const later = await listen(slug, mia.token, 3);
    await save("d");
    await shown(later, 1);
    expect([later.heard[0], told(later)]).toEqual([{ type: "hello", team: slug, seq: 3, oldest: 4 }, ["4 d"]]);
    const future = await listen(slug, mia.token, 99);
    await expect.poll(() => future.heard.length).toBe(2);
    expect(future.heard[1]).toEqual({ type: "gap", from: 1, to: 4 });
    for (const ear of [late, later, future]) ear.close();
  });

  it("keeps liveLimits.rows events", async () => {
    const { sql, save } = await scene();
    await save("a");
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO feed_events (at, event_json) SELECT ?, '{}' FROM n`,
      liveLimits.rows + 98,
      Date.now(),
    );
    expect(await sql("SELECT count(*) AS n, min(seq) AS oldest FROM feed_events")).toEqual([{ n: 10_099, oldest: 1 }]);
    await save("b");
    expect(await sql("SELECT count(*) AS n, min(seq) AS oldest FROM feed_events")).toEqual([
      { n: 10_000, oldest: 101 },
    ]);
  });

  it("loses and repeats nothing under many writers, reconnects and restarts", { timeout: 240_000 }, async () => {
    const { slug, stub, client, olga, vic } = await scene();
    const by = await callerBy(client, olga);
    const seed = Math.floor(Math.random() * 2 ** 31);
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const ears = await Promise.all(
      Array.from({ length: 4 }, async () => ({ ear: await listen(slug, vic.token), got: [] as number[] })),
    );
    const takeAll = (one: (typeof ears)[number]): void => {
      one.got.push(...one.ear.events().map(({ seq }) => seq));
    };
    const back = async (one: (typeof ears)[number]): Promise<void> => {
      takeAll(one);
      one.ear = await listen(slug, vic.token, one.got.at(-1) ?? 0);
    };
    let written = 0;
    for (let round = 0; round < 12; round++) {
      const writes = Array.from({ length: 1 + random(6) }, (_, n) =>
        client.tools().save({ name: `t_${n}`, description: `d ${round} ${n}`, query: "1" }, by),
      );
      // In the midst of the writes some leave without a word and come back at once.
      const leaving = ears.filter(() => random(3) === 0);
      for (const one of leaving) one.ear.close();
      const comings = leaving.map(back);
      written += writes.length;
      await Promise.all([...writes, ...comings]);
      if (random(6) === 0) {
        await evictDurableObject(stub, { webSockets: "close" });
        await Promise.all(ears.map(back));
      }
    }
    const all = Array.from({ length: written }, (_, at) => at + 1);
    for (const one of ears) {
      await expect.poll(() => [...one.got, ...one.ear.events().map(({ seq }) => seq)].length).toBe(written);
      takeAll(one);
      expect([seed, one.got]).toEqual([seed, all]);
      one.ear.close();
    }
  });
});

describe("who is told what", () => {
  it("tells of what is hidden to none but those who see it, live and afterwards", async () => {
    const { slug, client, olga, mia, vic, save } = await scene();
    const owner = await callerBy(client, olga);
    const ears = [await listen(slug, mia.token), await listen(slug, vic.token)];
    await save("salaries");
    await client.visibility().set({ kind: "tool", name: "salaries", visibility: ["mia"] }, owner);
    await save("salaries", "2");
    await save("open");
    await expect.poll(() => ears.map((ear) => ear.events().at(-1)?.name)).toEqual(["open", "open"]);
    expect(ears.map(told)).toEqual([
      ["1 salaries", "2 salaries", "3 salaries", "4 salaries", "5 open"],
      ["1 salaries", "2 salaries", "5 open"],
    ]);
    const again = await listen(slug, vic.token, 0);
    await shown(again, 1);
    // What was no secret then and is one now has no name any more.
    expect(again.heard.slice(1, -1)).toEqual([
      { type: "gap", from: 1, to: 1 },
      { type: "gap", from: 2, to: 2 },
    ]);
    expect(told(again)).toEqual(["5 open"]);
    await client.visibility().set({ kind: "tool", name: "salaries", visibility: "everyone" }, owner);
    const yet = await listen(slug, vic.token, 0);
    await expect.poll(() => told(yet)).toEqual(["1 salaries", "2 salaries", "5 open", "7 salaries"]);
    for (const ear of [...ears, again, yet]) ear.close();
  });

  it("tells one person's events to that person, and of a hidden tool's proposals to none but those who see the tool", async () => {
    const { slug, sql, olga, mia, save } = await scene();
    await save("salaries");
    const ids = await sql("SELECT username, id FROM users");
    const idOf = (username: string) => String(ids.find((row) => row.username === username)?.id);
    const put = (event: object, userId: string | null) =>
      sql(
        "INSERT INTO feed_events (at, event_json, user_id) VALUES (?, ?, ?)",
        Date.now(),
        JSON.stringify(event),
        userId ?? "",
      );
    const said = { change: "created", by: "olga", revision: 1 } as const;
    await put({ kind: "notification", name: "ntf_1", ...said }, idOf("mia"));
    await put({ kind: "notification", name: "ntf_2", ...said }, idOf("vic"));
    const [own, other] = [await listen(slug, mia.token, 1), await listen(slug, olga.token, 1)];
    await shown(own, 1);
    expect([told(own), told(other)]).toEqual([["2 ntf_1"], []]);
    const hidden = { tools: new Set(["salaries"]), datasets: new Set<string>() };
    const toolOfProposal = new Map([["prp_1", "salaries"]]);
    const about = (name: string) =>
      ({ shown: { type: "event", seq: 1, at: "", kind: "proposal", name, ...said } }) as const;
    expect(["prp_1", "prp_2"].map((id) => mayStillHear(about(id), { ...hidden, toolOfProposal }))).toEqual([
      false,
      true,
    ]);
    for (const ear of [own, other]) ear.close();
  });

  it("tells of the team's own changes", async () => {
    const { slug, client, olga, vic } = await scene();
    const ear = await listen(slug, vic.token);
    await client.teams().update({ name: "Blue" }, await callerBy(client, olga));
    await shown(ear, 1);
    expect(ear.events()).toEqual([
      expect.objectContaining({ kind: "team", name: slug, change: "updated", by: "olga", seq: 1 }),
    ]);
    ear.close();
  });
});

describe("the end", () => {
  const ended = async (ear: Ear) => {
    await expect.poll(() => ear.closed()).toBeDefined();
    return ear.closed();
  };

  it("comes with the token's revocation, a change of role, removal, and the team's deletion, and says which", async () => {
    const { slug, client, olga, mia, vic } = await scene();
    const owner = await callerBy(client, olga);
    const second = await member(client, "mia", "member");
    const [mias, seconds, vics, olgas] = [
      await listen(slug, mia.token),
      await listen(slug, second.token),
      await listen(slug, vic.token),
      await listen(slug, olga.token),
    ];
    await client.access().revokeToken(mia.id, owner);
    expect(await ended(mias)).toEqual({ code: 4401, reason: "the credential was revoked or replaced" });
    expect(seconds.closed()).toBeUndefined();
    await client.people().setRole({ username: "mia", role: "viewer" }, owner);
    expect(await ended(seconds)).toEqual({ code: 4401, reason: "your role or membership has changed" });
    await client.people().remove("vic", owner);
    expect(await ended(vics)).toEqual({ code: 4401, reason: "your role or membership has changed" });
    await client.teams().delete(slug, owner);
    expect(await ended(olgas)).toEqual({ code: 4401, reason: "the team was deleted" });
    expect((await askLive(slug, { authorization: `Bearer ${olga.token}` })).status).toBe(410);
  });

  it("comes when the token expires, though nothing happens in the team", async () => {
    const { slug, client, stub, vic } = await scene();
    const soon = await member(client, "vic", "viewer", "viewer", Date.now() + 60_000);
    const [short, long] = [await listen(slug, soon.token), await listen(slug, vic.token)];
    const now = Date.now() + 60_001;
    vi.spyOn(Date, "now").mockReturnValue(now);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await ended(short)).toEqual({ code: 4401, reason: "the credential has expired" });
    expect(long.closed()).toBeUndefined();
    long.close();
  });

  it("comes for a listener that talks, and for one that is sent too much without a ping", async () => {
    const { slug, sql, mia, vic, save } = await scene();
    const talker = await listen(slug, mia.token);
    talker.say("hello");
    expect(await ended(talker)).toEqual({ code: 1008, reason: "this feed takes no messages but ping" });
    // Each is a fifth of what may be sent unheard.
    const big = JSON.stringify({ kind: "tool", name: "x".repeat(liveLimits.unheardBytes / 5), change: "created" });
    for (let i = 0; i < 5; i++) await sql("INSERT INTO feed_events (at, event_json) VALUES (?, ?)", Date.now(), big);
    const [silent, lively] = [await listen(slug, vic.token, 0), await listen(slug, mia.token, 0)];
    await shown(lively, 5);
    await shown(silent, 5);
    lively.say("ping");
    await expect.poll(() => lively.heard.at(-1)).toEqual({ type: "pong" });
    await save("last");
    expect(await ended(silent)).toEqual({
      code: 4408,
      reason: "too slow: send ping now and then, and come back with the last seq you saw",
    });
    await shown(lively, 6);
    lively.close();
  });
});

it("resumes after what is kept, and says what is not", () => {
  const bounds = { newest: 10, oldest: 4 };
  expect([0, 2, 3, 4, 10, 11].map((since) => resume(since, bounds))).toEqual([
    { after: 3, gap: { type: "gap", from: 1, to: 3 } },
    { after: 3, gap: { type: "gap", from: 3, to: 3 } },
    { after: 3 },
    { after: 4 },
    { after: 10 },
    { after: 10, gap: { type: "gap", from: 1, to: 10 } },
  ]);
});

it("numbers nothing that was undone", async () => {
  const { slug, vic, save } = await scene();
  const ear = await listen(slug, vic.token);
  await save("a");
  await expect(save("b", "nothing_there")).rejects.toThrow();
  await save("c");
  await expect.poll(() => told(ear)).toEqual(["1 a", "2 c"]);
  ear.close();
});
