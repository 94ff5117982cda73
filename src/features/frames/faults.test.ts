// What the workspace is left as when something breaks in the middle: no orphan, no half frame, and the next call works. Runs in workerd.
import {
  createExecutionContext,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { auditLog, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import type { WorkspaceObject } from "../../durable/workspace-object.ts";
import { readChunkStream } from "../../engines/frame/chunk-stream.ts";
import { app } from "../../surfaces/app.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { callerOf } from "../access/access.ts";
import { readerOf } from "../workspace/workspace.ts";
import type { NewFrame } from "./schema.ts";

interface Scene {
  context: CallContext;
  slug: string;
  stub: () => DurableObjectStub<WorkspaceObject>;
  sql: (text: string) => Promise<Record<string, SqlStorageValue>[]>;
  /** The object dies as it stands: what it had in memory is gone, and calls under way fail. */
  kill: () => Promise<void>;
}

async function scene(): Promise<Scene> {
  const { slug, call } = await freshTeam();
  const context = await call("owner");
  const namespace = env.WORKSPACE as DurableObjectNamespace<WorkspaceObject>;
  // A fresh one each time: that of an object that died stays broken.
  const stub = () => namespace.get(namespace.idFromName(`${slug}/${context.catalogue.incarnation}`));
  await context.workspace.frames().list(readerOf(context));
  return {
    ...{ context, slug, stub },
    sql: (text) => runInDurableObject(stub(), (_object, { storage }) => storage.sql.exec(text).toArray()),
    kill: () => runInDurableObject(stub(), (_object, state) => state.abort("killed by a test")).catch(() => undefined),
  };
}

/** Nothing is there in part: every frame has its rows and its name, and there are no rows and names without a frame. */
async function expectWhole({ sql }: Scene): Promise<void> {
  const frames = await sql("SELECT id, storage, rows FROM sd_frames ORDER BY id");
  const chunks = await sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sd!_f!_%' ESCAPE '!'");
  expect(chunks.map(({ name }) => name).sort()).toEqual(frames.map(({ storage }) => `sd_f_${storage}`).sort());
  const named = await sql("SELECT id FROM sd_relations WHERE kind = 'frame' ORDER BY id");
  expect(named.map(({ id }) => id)).toEqual(frames.map(({ id }) => id));
  for (const { storage, rows } of frames)
    expect(await sql(`SELECT coalesce(sum(n), 0) AS rows FROM sd_f_${storage}`)).toEqual([{ rows }]);
}

const newFrame: NewFrame = {
  name: "loaded",
  columns: countingColumns,
  lineage: { operation: "test", inputs: [] },
  sources: [],
};
const chunk = (from: number, count: number) => ({ count, json: JSON.stringify(counting(from + count).slice(from)) });

async function beginLoad({ context }: Scene): Promise<string> {
  const id = await context.workspace.frames().begin(callerOf(context), newFrame);
  await context.workspace.frames().append(id, [chunk(0, 100)]);
  return id;
}

describe("a load", () => {
  it("is seen by nobody before it is done, and goes on after the object was killed", async () => {
    const at = await scene();
    const { context, kill } = at;
    const reader = readerOf(context);
    const id = await beginLoad(at);
    await kill();
    const unready = { code: "not_found", message: 'The frame "loaded" is still being loaded.' };
    expect(await rejection(context.workspace.frames().find("loaded", reader))).toEqual(unready);
    expect(await rejection(useTool(context, "read_frame", { data_ref: id }))).toMatchObject({ code: "not_found" });
    expect(await context.workspace.frames().list(reader)).toEqual([]);
    await context.workspace.frames().append(id, [chunk(100, 100)]);
    await kill();
    const frame = await context.workspace.frames().finish(id);
    expect([frame.rows, frame.chunks]).toEqual([200, 2]);
    await expectWhole(at);
  });

  it("that nobody finishes is thrown away, and its name and room are free again", async () => {
    const at = await scene();
    const { context, kill, sql, stub } = at;
    const id = await beginLoad(at);
    await kill();
    expect(await rejection(aFrame(context, countingColumns, [], { name: "loaded" }))).toMatchObject({
      code: "already_exists",
    });
    await sql("UPDATE sd_frames SET expires_at = 1");
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await sql("SELECT id FROM sd_frames")).toEqual([]);
    await expectWhole(at);
    const late = context.workspace.frames();
    const given = { code: "not_found", message: "This load was given up on." };
    expect(await rejection(late.append(id, [chunk(0, 1)]))).toEqual(given);
    expect(await rejection(late.finish(id))).toEqual(given);
    expect((await aFrame(context, countingColumns, counting(3), { name: "loaded" })).rows).toBe(3);
  });

  it("whose upload is cut off leaves nothing", async () => {
    const at = await scene();
    const { slug, context } = at;
    const { call, token } = await withToken(at);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("n,name\n1,a\n"));
      },
      pull(controller) {
        controller.error(new Error("the client went away"));
      },
    });
    const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
    const ctx = createExecutionContext();
    const url = `http://localhost/t/${slug}/api/v1/frames?name=cut`;
    const broken = await Promise.resolve(app.fetch(new Request(url, { method: "POST", headers, body }), env, ctx)).then(
      ({ status }) => status,
      () => "broken",
    );
    await waitOnExecutionContext(ctx);
    expect(broken).not.toBe(201);
    expect(await context.workspace.frames().list(readerOf(context))).toEqual([]);
    await expectWhole(at);
    expect((await (await env.FILES.list({ prefix: `teams/${slug}/` })).objects).map(({ key }) => key)).toEqual([]);
    const whole = await call(new Request(url, { method: "POST", headers, body: "n,name\n1,a\n" }));
    expect([whole.status, ((await whole.json()) as { rows: number }).rows]).toEqual([201, 1]);
  });
});

async function withToken({
  slug,
  context,
}: Scene): Promise<{ token: string; call: (request: Request) => Promise<Response> }> {
  const made = await useTool(context, "create_token", { label: "faults" });
  const call = async (request: Request): Promise<Response> => {
    const ctx = createExecutionContext();
    const answer = await app.fetch(request, env, ctx);
    const copy = new Response(await answer.arrayBuffer(), answer);
    await waitOnExecutionContext(ctx);
    return copy;
  };
  expect(slug).not.toBe("");
  return { token: String(made.data.token), call };
}

describe("an operation", () => {
  it("during which the object is killed makes a whole frame or none", async () => {
    const at = await scene();
    const { context, kill } = at;
    await aFrame(context, countingColumns, counting(5_000), { name: "left_side" });
    await aFrame(context, countingColumns, counting(5_000), { name: "right_side" });
    const ends: string[] = [];
    for (let round = 0; round < 6; round++) {
      const joining = useTool(context, "join", {
        left: "left_side",
        right: "right_side",
        on: ["n"],
        name: `joined_${round}`,
      });
      const dying = scheduler.wait(round * 4).then(kill);
      ends.push(
        await joining.then(
          () => "made",
          () => "failed",
        ),
      );
      await dying;
      await expectWhole(at);
    }
    const frames = await context.workspace.frames().list(readerOf(context));
    const made = frames.filter(({ name }) => name?.startsWith("joined_"));
    expect(made.every(({ rows }) => rows === 5_000)).toBe(true);
    // One that had been done when the answer was lost is there, too.
    expect(made.length).toBeGreaterThanOrEqual(ends.filter((end) => end === "made").length);
    const after = await useTool(context, "join", { left: "left_side", right: "right_side", on: ["n"] });
    expect(after.data).toMatchObject({ total: 5_000 });
  });

  it("that is refused half way leaves nothing", async () => {
    const at = await scene();
    const context = { ...at.context, frameRows: 1_000 };
    await aFrame(context, countingColumns, counting(900), { name: "some" });
    const refused = rejection(useTool(context, "concat", { data_refs: ["some", "some"], name: "both" }));
    expect((await refused).code).toBe("too_large");
    await expectWhole(at);
    expect(await context.workspace.frames().list(readerOf(context))).toHaveLength(1);
  });
});

describe("an export", () => {
  it("that the object dies under breaks off, and the next one is whole", async () => {
    const { context, kill } = await scene();
    await aFrame(context, countingColumns, counting(20_000), { name: "numbers" });
    const reader = readerOf(context);
    const read = async (between: (chunks: number) => Promise<unknown>): Promise<number> => {
      let [rows, chunks] = [0, 0];
      for await (const some of readChunkStream(await context.workspace.frames().stream("numbers", reader))) {
        rows += some.length;
        chunks += 1;
        await between(chunks);
      }
      return rows;
    };
    await expect(read(async (chunks) => (chunks === 1 ? kill() : undefined))).rejects.toThrow();
    expect(await read(async () => undefined)).toBe(20_000);
  });

  it("of a frame that is dropped or expires meanwhile breaks off, too", async () => {
    const { context, sql } = await scene();
    const reader = readerOf(context);
    for (const end of [
      () => useTool(context, "drop_data", { data_ref: "numbers" }),
      () => sql("UPDATE sd_frames SET expires_at = 1"),
    ]) {
      await aFrame(context, countingColumns, counting(20_000), { name: "numbers" });
      const chunks = readChunkStream(await context.workspace.frames().stream("numbers", reader));
      expect((await chunks.next()).value).toHaveLength(2_000);
      await end();
      await expect(
        (async () => {
          for await (const _ of chunks);
        })(),
      ).rejects.toThrow();
      expect((await rejection(useTool(context, "read_frame", { data_ref: "numbers" }))).code).toBe("not_found");
    }
  });
});

describe("expiry", () => {
  it("comes 24 hours after the last use, and takes the frame whole", async () => {
    const at = await scene();
    const { context, sql, stub } = at;
    await aFrame(context, countingColumns, counting(10), { name: "kept" });
    await aFrame(context, countingColumns, counting(10), { name: "left" });
    await useTool(context, "pin_data", { data_ref: "kept" });
    const day = 24 * 60 * 60_000;
    await sql(`UPDATE sd_frames SET last_used_at = last_used_at - ${day}, expires_at = expires_at - ${day}`);
    expect(await rejection(context.workspace.frames().find("left", readerOf(context)))).toEqual({
      code: "not_found",
      message: 'The frame "left" has expired.',
    });
    await runDurableObjectAlarm(stub());
    expect((await context.workspace.frames().list(readerOf(context))).map(({ name }) => name)).toEqual(["kept"]);
    await expectWhole(at);
  });

  it("is put off by every use", async () => {
    const { context, sql, stub } = await scene();
    await aFrame(context, countingColumns, counting(10), { name: "used" });
    await sql("UPDATE sd_frames SET last_used_at = last_used_at - 7200000, expires_at = expires_at - 7200000");
    const before = Date.now();
    await useTool(context, "read_frame", { data_ref: "used" });
    const [row] = await sql("SELECT expires_at FROM sd_frames");
    expect(Number(row?.expires_at)).toBeGreaterThanOrEqual(before + frameLimits.keptMs);
    await runDurableObjectAlarm(stub());
    expect(await context.workspace.frames().list(readerOf(context))).toHaveLength(1);
  });
});

describe("the quota", () => {
  it("evicts what nobody used for longest, never what is pinned or in use", async () => {
    const at = await scene();
    const { context, sql } = at;
    for (const name of ["pinned", "oldest", "older", "used"])
      await aFrame(context, countingColumns, counting(3), { name });
    await useTool(context, "pin_data", { data_ref: "pinned" });
    for (let more = 4; more < frameLimits.frames; more++) await aFrame(context, countingColumns, [[more, ""]]);
    expect(await rejection(aFrame(context, countingColumns, [], { name: "one_more" }))).toEqual({
      code: "too_large",
      message:
        "The team's frames take all the room there is: 200 of 200 (limit frames), and none of them can be evicted.",
    });
    const age = (name: string, ms: number) =>
      sql(
        `UPDATE sd_frames SET last_used_at = last_used_at - ${ms} WHERE id = (SELECT id FROM sd_relations WHERE key = '${name}')`,
      );
    await age("pinned", 9_000_000);
    await age("oldest", 8_000_000);
    await age("older", 7_000_000);
    await age("used", 8_500_000);
    await useTool(context, "read_frame", { data_ref: "used" });
    await aFrame(context, countingColumns, [], { name: "one_more" });
    const names = async () =>
      (await context.workspace.frames().list(readerOf(context))).flatMap(({ name }) => name ?? []).sort();
    expect(await names()).toEqual(["older", "one_more", "pinned", "used"]);
    await expectWhole(at);
  });

  it("counts bytes, and what does not fit is not there", async () => {
    const at = await scene();
    const { context, sql } = at;
    await aFrame(context, countingColumns, counting(10), { name: "large" });
    await sql(`UPDATE sd_frames SET bytes = ${frameLimits.teamBytes}`);
    expect((await rejection(aFrame(context, countingColumns, counting(10), { name: "next" }))).code).toBe("too_large");
    await sql("UPDATE sd_frames SET last_used_at = 1 WHERE state = 'ready'");
    expect((await aFrame(context, countingColumns, counting(10), { name: "after" })).rows).toBe(10);
    const frames = await context.workspace.frames().list(readerOf(context));
    expect(frames.map(({ name }) => name)).toEqual(["after"]);
  });
});

describe("what the log is to hear", () => {
  const drops = async (slug: string): Promise<string[]> =>
    (await auditLog(slug)).filter(({ action }) => action === "frame.drop").map(({ target }) => target);

  it("waits while the team's object fails, and is heard once", async () => {
    const at = await scene();
    const { context, slug, sql, stub } = at;
    const team = env.TEAM.get(env.TEAM.idFromName(slug));
    const onTeam = (text: string) => runInDurableObject(team, (_object, { storage }) => void storage.sql.exec(text));
    for (const name of ["a", "b"]) await aFrame(context, countingColumns, counting(1), { name });
    await onTeam(
      "CREATE TRIGGER refuse_log BEFORE INSERT ON audit_log BEGIN SELECT raise(ABORT, 'broken by a test'); END",
    );
    expect((await useTool(context, "drop_data", { data_ref: "a" })).text).toBe("Dropped a.");
    await evictDurableObject(stub());
    expect((await useTool(context, "drop_data", { data_ref: "b" })).text).toBe("Dropped b.");
    expect([await drops(slug), await sql("SELECT count(*) AS waiting FROM sd_outbox")]).toEqual([[], [{ waiting: 2 }]]);
    await onTeam("DROP TRIGGER refuse_log");
    await runDurableObjectAlarm(stub());
    expect(await drops(slug)).toEqual(["frame a", "frame b"]);
    expect(await sql("SELECT * FROM sd_outbox")).toEqual([]);
  });

  it("is not told again when the object died before it could note that it was heard", async () => {
    const { context, slug, sql, stub } = await scene();
    await aFrame(context, countingColumns, counting(1), { name: "a" });
    await sql("CREATE TABLE sd_kept_aside (seq INTEGER, told TEXT)");
    await sql(
      "CREATE TRIGGER keep_aside AFTER DELETE ON sd_outbox BEGIN INSERT INTO sd_kept_aside VALUES (old.seq, old.told_json); END",
    );
    await useTool(context, "drop_data", { data_ref: "a" });
    await sql("DROP TRIGGER keep_aside");
    await sql("INSERT INTO sd_outbox (seq, told_json) SELECT seq, told FROM sd_kept_aside");
    await runInDurableObject(stub(), (object) => object.alarm());
    expect(await sql("SELECT * FROM sd_outbox")).toEqual([]);
    expect(await drops(slug)).toEqual(["frame a"]);
  });
});
