// Idempotency keys: the states of a key, races over a real team's object, and what of an answer is kept. Runs in workerd.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { AppError, describeError } from "../../core/errors.ts";
import { type Db, openDb } from "../../durable/db.ts";
import { idempotencyLimits } from "../../limits.ts";
import { requestHashOf, runOnce } from "./idempotency.ts";
import type { KeyClaim } from "./schema.ts";
import { makeAnswerSeal } from "./seal.ts";
import { claimKey, keepAnswer, markWritten, releaseKey, renewLease, sweepKeys } from "./store.ts";

const start = 1_700_000_000_000;
const { leaseMs, keptMs } = idempotencyLimits;

async function keyedTeam() {
  const team = await freshTeam();
  const stub = env.TEAM.get(env.TEAM.idFromName(team.slug));
  const inside = <T>(work: (db: Db, storage: DurableObjectStorage) => T): Promise<T> =>
    runInDurableObject(stub, (_object, state) => work(openDb(state.storage), state.storage));
  return { ...team, inside };
}

const claim = (id: string, changes: Partial<KeyClaim> = {}): KeyClaim => ({
  id,
  userId: "usr_1",
  keyHash: "k1",
  operation: "save_tool",
  requestHash: "r1",
  ...changes,
});

describe("a key", () => {
  it("is begun once, joined while it runs, and taken over when its request died before it wrote", async () => {
    const { inside } = await keyedTeam();
    const seen = await inside((db) => [
      claimKey(db, claim("a"), start),
      claimKey(db, claim("a"), start),
      claimKey(db, claim("b"), start + leaseMs - 1),
      renewLease(db, "a", start + leaseMs - 1),
      claimKey(db, claim("b"), start + leaseMs),
      claimKey(db, claim("b"), start + 2 * leaseMs),
      renewLease(db, "a", start + 2 * leaseMs),
    ]);
    expect(seen).toEqual([
      { kind: "run" },
      { kind: "run" },
      { kind: "running", id: "a", leaseUntil: start + leaseMs },
      true,
      { kind: "running", id: "a", leaseUntil: start + 2 * leaseMs - 1 },
      { kind: "run" },
      false,
    ]);
  });

  it("refuses what a request whose place was taken still tries to write", async () => {
    const { inside } = await keyedTeam();
    const error = await inside((db) => {
      claimKey(db, claim("a"), start);
      claimKey(db, claim("b"), start + leaseMs);
      try {
        markWritten(db, "a");
        return undefined;
      } catch (thrown) {
        return describeError(thrown);
      }
    });
    expect(error).toEqual({
      code: "idempotency_running",
      message: "A retry with the same idempotency key has taken this request's place.",
      hint: "This attempt has changed nothing. Send it again with the same key for the answer.",
      details: { retry_after: 1 },
    });
  });

  it("is lost when its request died after it wrote, and stays so", async () => {
    const { inside } = await keyedTeam();
    const seen = await inside((db) => {
      claimKey(db, claim("a"), start);
      markWritten(db, "a");
      markWritten(db, "a");
      const running = claimKey(db, claim("b"), start + 1);
      const lost = claimKey(db, claim("c"), start + leaseMs);
      return [running, lost, claimKey(db, claim("d"), start + keptMs - 1), claimKey(db, claim("e"), start + keptMs)];
    });
    expect(seen).toEqual([
      { kind: "running", id: "a", leaseUntil: start + leaseMs },
      { kind: "lost", at: start },
      { kind: "lost", at: start },
      { kind: "run" },
    ]);
  });

  it("is lost, too, when its request wrote and then failed", async () => {
    const { inside } = await keyedTeam();
    const seen = await inside((db) => {
      claimKey(db, claim("a"), start);
      markWritten(db, "a");
      releaseKey(db, "a", start + 5);
      return claimKey(db, claim("b"), start + 5);
    });
    expect(seen).toEqual({ kind: "lost", at: start });
  });

  it("is for one request of one person", async () => {
    const { inside } = await keyedTeam();
    const seen = await inside((db) => [
      claimKey(db, claim("a"), start),
      claimKey(db, claim("b", { operation: "PUT /x" }), start),
      claimKey(db, claim("c", { requestHash: "r2" }), start),
      claimKey(db, claim("d", { requestHash: null }), start),
      claimKey(db, claim("e", { userId: "usr_2", requestHash: "r2" }), start),
      claimKey(db, claim("f", { keyHash: "k2", requestHash: null }), start),
      claimKey(db, claim("g", { keyHash: "k2", requestHash: "r9" }), start),
    ]);
    expect(seen).toEqual([
      { kind: "run" },
      { kind: "mismatch", operation: "save_tool" },
      { kind: "mismatch", operation: "save_tool" },
      { kind: "running", id: "a", leaseUntil: start + leaseMs },
      { kind: "run" },
      { kind: "run" },
      { kind: "running", id: "f", leaseUntil: start + leaseMs },
    ]);
  });

  it("gives its answer until it is over; answers beyond the team's room are kept in brief", async () => {
    const { inside } = await keyedTeam();
    const seen = await inside((db) => {
      const answer = { requestHash: "r1", whole: "w".repeat(60), brief: "b" };
      claimKey(db, claim("a"), start);
      claimKey(db, claim("b", { keyHash: "k2" }), start + 1_000);
      claimKey(db, claim("c", { keyHash: "k3" }), start + 2_000);
      const kept = [keepAnswer(db, "a", answer, 100), keepAnswer(db, "b", answer, 100), keepAnswer(db, "x", answer)];
      const given = ["k1", "k2"].map((keyHash) => claimKey(db, claim("z", { keyHash }), start + 3_000));
      const next = [sweepKeys(db, start + keptMs), sweepKeys(db, start + keptMs + 2_000)];
      return { kept, given, next };
    });
    expect(seen).toEqual({
      kept: [true, true, false],
      given: [
        { kind: "answered", requestHash: "r1", answer: "w".repeat(60), at: start },
        { kind: "answered", requestHash: "r1", answer: "b", at: start + 1_000 },
      ],
      next: [start + keptMs + 1_000, undefined],
    });
  });
});

describe("a write", () => {
  const definition = { name: "one", definition: "def one: 1;" };
  const functions = async (context: CallContext) => (await useTool(context, "list_functions", {})).data.total;

  it("marks its key in its own transaction", async () => {
    const team = await keyedTeam();
    const context = await team.call("admin");
    await context.stub.idempotency().claim(claim("mine", { userId: context.actor.userId }));
    await useTool({ ...context, idempotencyId: "mine" }, "save_function", definition);
    const state = await team.inside((_db, storage) => storage.sql.exec("SELECT state FROM idempotency_keys").one());
    expect(state).toEqual({ state: "written" });
  });

  it("is undone when its request's place was taken", async () => {
    const team = await keyedTeam();
    const context = await team.call("admin");
    const late = { ...context, idempotencyId: "given-up" };
    expect(await rejection(useTool(late, "save_function", definition))).toEqual({
      code: "idempotency_running",
      message: "A retry with the same idempotency key has taken this request's place.",
    });
    expect(await functions(await team.call("admin"))).toBe(0);
  });

  it("leaves keys to the alarm, which forgets those that are over", async () => {
    const team = await keyedTeam();
    const context = await team.call("admin");
    await context.stub.idempotency().claim(claim("new"));
    await team.inside((db) => claimKey(db, claim("old", { keyHash: "k2" }), start));
    await runDurableObjectAlarm(env.TEAM.get(env.TEAM.idFromName(team.slug)));
    const left = await team.inside((_db, storage) => storage.sql.exec("SELECT id FROM idempotency_keys").toArray());
    expect(left).toEqual([{ id: "new" }]);
    const next = await team.inside((_db, storage) => storage.getAlarm());
    expect((await next) ?? 0).toBeGreaterThan(Date.now() + keptMs / 2);
  });
});

describe("runOnce", () => {
  const request = async (key: string, asked: unknown = {}) => ({
    key,
    operation: "test",
    requestHash: await requestHashOf(asked),
  });

  /** A request that counts how often it runs and takes a moment, so that others arrive meanwhile. */
  function counted(answer: unknown, requestHash: string) {
    const runs: CallContext[] = [];
    const run = async (call: CallContext) => {
      runs.push(call);
      await scheduler.wait(30);
      return { answer, remember: { requestHash } };
    };
    return { runs, run };
  }

  it("runs one of twenty at once and gives all its answer", async () => {
    const team = await keyedTeam();
    const context = await team.call("member");
    const once = await request("k-1");
    const { runs, run } = counted({ made: 1.0, big: "x".repeat(2_000) }, once.requestHash);
    const answers = await Promise.all(Array.from({ length: 20 }, () => runOnce(context, once, run)));
    expect(runs).toHaveLength(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ answer }) => JSON.stringify(answer))).size).toBe(1);
  });

  it("lets the next of those who wait run when the first may be tried again", async () => {
    const team = await keyedTeam();
    const context = await team.call("member");
    const once = await request("k-1");
    let runs = 0;
    const attempt = () =>
      runOnce(context, once, async () => {
        const turn = ++runs;
        await scheduler.wait(20);
        if (turn === 1) throw new AppError("busy", "Later.");
        return { answer: turn, remember: { requestHash: once.requestHash } };
      }).catch((error: unknown) => describeError(error).code);
    const outcomes = await Promise.all([attempt(), attempt(), attempt()]);
    expect(outcomes.map((outcome) => JSON.stringify(outcome)).sort()).toEqual([
      '"busy"',
      '{"answer":2,"replayed":false}',
      '{"answer":2,"replayed":true}',
    ]);
  });

  it("refuses another request under the key, and tells people's keys apart", async () => {
    const team = await keyedTeam();
    const [ada, ben] = [await team.call("member", "ada"), await team.call("member", "ben")];
    const [first, other] = [await request("k", { a: 1, b: 2 }), await request("k", { a: 2 })];
    const run = async () => ({ answer: "done", remember: { requestHash: first.requestHash } });
    expect(await runOnce(ada, first, run)).toEqual({ answer: "done", replayed: false });
    expect(await runOnce(ada, await request("k", { b: 2, a: 1 }), run)).toEqual({ answer: "done", replayed: true });
    expect(await rejection(runOnce(ada, other, run))).toEqual({
      code: "idempotency_mismatch",
      message: "This idempotency key was used for another request within 24 hours.",
    });
    expect(await runOnce(ben, other, run)).toEqual({ answer: "done", replayed: false });
  });

  it("says that an answer was lost, was too long to keep, or cannot be opened", async () => {
    const team = await keyedTeam();
    const context = await team.call("member");
    const lose = await request("lost");
    const write = async (call: CallContext): Promise<never> => {
      await team.inside((db) => markWritten(db, call.idempotencyId ?? ""));
      throw new Error("the worker died");
    };
    await runOnce(context, lose, write).catch(() => undefined);
    const again = await rejection(runOnce(context, lose, write));
    expect({ ...again, message: again.message.replace(/of \S+,/, "of …,") }).toEqual({
      code: "idempotency_lost",
      message: "The first request with this key, of …, was carried out, at least in part, and its answer was lost.",
    });

    const long = await request("long");
    const { run } = counted("x".repeat(idempotencyLimits.answerBytes), long.requestHash);
    await runOnce(context, long, run);
    expect((await rejection(runOnce(context, long, run))).message).toMatch(
      /, and its answer of 65\d\d\d bytes was too long to keep \(limit answerBytes\)\.$/,
    );

    const other = { ...context, answerSeal: makeAnswerSeal("rotated") };
    const sealed = await request("sealed");
    await runOnce(context, sealed, counted("a", sealed.requestHash).run);
    expect((await rejection(runOnce(other, sealed, run))).message).toMatch(
      /, and its answer cannot be read any more\.$/,
    );
  });

  it("keeps no key and no answer in a form that the object can read", async () => {
    const team = await keyedTeam();
    const context = await team.call("member");
    const once = await request("my-secret-key");
    await runOnce(context, once, counted({ token: "sdp_plain" }, once.requestHash).run);
    const row = await team.inside((_db, storage) => storage.sql.exec("SELECT * FROM idempotency_keys").one());
    expect(row).toMatchObject({ state: "answered", operation: "test", answer: expect.stringMatching(/^[\w-]{80,}$/) });
    expect(JSON.stringify(row)).not.toMatch(/my-secret-key|sdp_plain|c2RwX3BsYWlu/);
  });

  it("gives an answer only to a credential with the rights of the first", async () => {
    const team = await keyedTeam();
    const [owner, viewer] = [await team.call("owner"), await team.call("viewer")];
    const once = await request("k");
    const { run } = counted("a token's text", once.requestHash);
    await runOnce(owner, once, run);
    expect(await rejection(runOnce(viewer, once, run))).toEqual({
      code: "forbidden",
      message: "The request under this idempotency key was made with more rights than this one.",
    });
    const narrowed = { ...owner, actor: { ...owner.actor, scopes: ["data:read" as const] } };
    expect((await rejection(runOnce(narrowed, once, run))).code).toBe("forbidden");
    expect(await runOnce(owner, once, run)).toEqual({ answer: "a token's text", replayed: true });
  });

  it("gives it to the person's own hand, not to a service that acts for them", async () => {
    const team = await keyedTeam();
    const owner = await team.call("owner");
    const once = await request("k");
    const { run } = counted("a token's text", once.requestHash);
    await runOnce(owner, once, run);
    const acted = { ...owner, actor: { ...owner.actor, through: "service:bot" } };
    expect((await rejection(runOnce(acted, once, run))).code).toBe("forbidden");
    const other = await request("l");
    await runOnce(acted, other, run);
    for (const who of [acted, owner]) expect((await runOnce(who, other, run)).replayed).toBe(true);
  });

  it("gives none that speaks of what has been hidden from the person since", async () => {
    const team = await keyedTeam();
    const [member, owner] = [await team.call("member", "mia"), await team.call("owner", "ada")];
    await useTool(owner, "save_tool", { name: "salaries", description: "Nothing yet.", query: "1" });
    const asMember = { ...(await team.call("member", "mia")), actor: { ...member.actor, role: "member" as const } };
    const [once, other] = [await request("k"), await request("l")];
    const { run } = counted({ tool: "salaries" }, once.requestHash);
    await runOnce(asMember, once, run);
    await runOnce(asMember, other, counted({ tool: "prices" }, other.requestHash).run);
    expect((await runOnce(asMember, once, run)).replayed).toBe(true);
    const hide = { kind: "tool", name: "salaries", visibility: "owner" };
    await useTool(owner, "set_visibility", hide);
    expect(await rejection(runOnce(asMember, once, run))).toEqual({
      code: "forbidden",
      message: "The answer under this idempotency key speaks of what is not shown to you any more.",
    });
    expect((await runOnce(asMember, other, run)).answer).toEqual({ tool: "prices" });
    await useTool(owner, "set_visibility", { ...hide, visibility: ["mia"] });
    expect((await runOnce(asMember, once, run)).replayed).toBe(true);
  });

  it("stops waiting and says that the first still runs", async () => {
    const team = await keyedTeam();
    const context = await team.call("member");
    const held = claim("held", { userId: context.actor.userId });
    expect(await context.stub.idempotency().claim(held)).toEqual({ kind: "run" });
    const outcome = await context.stub.idempotency().claim({ ...held, id: "other" }, 20);
    expect(outcome).toMatchObject({ kind: "running", id: "held" });
    const stub = {
      ...context.stub,
      idempotency: () => ({ claim: async () => outcome }),
    } as unknown as typeof context.stub;
    const error = await runOnce({ ...context, stub }, await request("k"), () => Promise.reject(new Error())).catch(
      describeError,
    );
    expect(error).toEqual({
      code: "idempotency_running",
      message: "The first request with this idempotency key is still running.",
      hint: "Repeat it with the same key after retry_after seconds.",
      details: { request: "test", retry_after: 5 },
    });
  });
});

describe("the seal", () => {
  it("opens for the same key, place and secret only", async () => {
    const seal = makeAnswerSeal("secret");
    const box = await seal.seal("key", "place", "text");
    expect(await seal.open("key", "place", box)).toBe("text");
    expect(await seal.seal("key", "place", "text")).not.toBe(box);
    const others = [
      seal.open("kez", "place", box),
      seal.open("key", "plaze", box),
      makeAnswerSeal("other").open("key", "place", box),
      seal.open("key", "place", `${box.slice(0, -2)}AA`),
      seal.open("key", "place", "no"),
      seal.open("key", "place", "!"),
    ];
    expect(await Promise.all(others)).toEqual(others.map(() => undefined));
  });
});
