// How backups come and go: broken off at every step, shared files, retention, nights, migrations, sweeps. Runs in workerd.
import { createExecutionContext, createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import teamMigrations from "../../../migrations/team/migrations.js";
import {
  backUp,
  fullTeam,
  lose,
  objectsUnder,
  siteWith,
  storeOf,
  stubOf,
  tablesOf,
} from "../../../test/helpers/backups.ts";
import { send } from "../../../test/helpers/people.ts";
import { auditLog, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { dayMs } from "../../core/durations.ts";
import { type MigrationSource, migrateDb, openDb } from "../../durable/db.ts";
import { TeamObject } from "../../durable/team-object.ts";
import { handleBackground } from "../../surfaces/background/consumer.ts";
import { backUpAllTeams } from "../../surfaces/background/nightly.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { systemCaller } from "../access/access.ts";
import { createTeam } from "../teams/store.ts";
import { restoreFromBucket } from "./making.ts";
import { findManifest } from "./manifest.ts";
import { listBackups } from "./store.ts";
import { removeBackup, storeBackup } from "./storing.ts";

const operator = systemCaller("operator", "test");
const scratch = (slug: string) =>
  runInDurableObject(stubOf(slug), (_object, { storage }) =>
    storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE name IN ('backup_heads', 'backup_chunks', 'backup_files', 'restore_chunks', 'restore_staging')",
      )
      .toArray(),
  );

/** A bucket that fails at its nth write, before or after the write. */
function failingBucket(nth: number, after: boolean): R2Bucket {
  let writes = 0;
  return new Proxy(env.FILES, {
    get(bucket, name) {
      const value = Reflect.get(bucket, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        const fails = name === "put" && ++writes === nth;
        if (fails && !after) throw new Error("R2 is away");
        const result = await Reflect.apply(value, bucket, args);
        if (fails) throw new Error("the answer is lost");
        return result;
      };
    },
  });
}

// A busy machine takes its time for many backups.
vi.setConfig({ testTimeout: 180_000 });

describe("storing", () => {
  it("goes on after it broke off at any write, and leaves nothing half-written", async () => {
    const { slug, client, sweep } = await fullTeam();
    for (const after of [false, true]) {
      for (let nth = 1; nth <= 4; nth++) {
        const { id } = await client.backups().take("manual", operator);
        expect(await scratch(slug)).toHaveLength(3);
        // The first backup writes two files, state and manifest; later ones share the files.
        const writes = after || nth > 1 ? 2 : 4;
        const broken = storeBackup(await storeOf(slug, { bucket: failingBucket(nth, after) }), id);
        const outcome = await broken.catch(() => "broke off");
        expect([nth, outcome]).toEqual([nth, nth <= writes ? "broke off" : "complete"]);
        expect(await storeBackup(await storeOf(slug), id)).toBe("complete");
        expect(await scratch(slug)).toEqual([]);
        expect((await client.backups().get(id))?.state).toBe("complete");
      }
    }
    await sweep();
    const manifests = await Promise.all((await listOf(slug)).map((id) => findManifest(env.FILES, slug, id, undefined)));
    const listed = manifests.flatMap((manifest) => [
      `backups/${manifest?.id}/manifest.json`,
      manifest?.state.key,
      ...(manifest?.files.map(({ stored_key }) => stored_key) ?? []),
    ]);
    const there = Object.keys(await objectsUnder(`teams/${slug}/backups/`)).map((key) =>
      key.slice(`teams/${slug}/`.length),
    );
    expect(there).toEqual([...new Set(listed)].sort());
    // Eight backups, two files, one copy of each.
    expect(there.filter((key) => key.startsWith("backups/files/"))).toHaveLength(2);
  });

  it("is one's at a time, and a file that is missing ends it with a notice", async () => {
    const { slug, client } = await fullTeam();
    const first = await client.backups().take("manual", operator);
    const second = await client.backups().take("manual", operator);
    await client.backups().beginStoring(first.id);
    expect(await storeBackup(await storeOf(slug), first.id)).toBe("busy");
    expect(await storeBackup(await storeOf(slug), second.id)).toBe("busy");
    await client.backups().releaseStoring(first.id);
    expect(await client.backups().take("manual", operator)).toMatchObject({ state: "taken" });
    expect(await rejection(client.backups().take("manual", operator))).toEqual({
      code: "busy",
      message: "3 backups of this team wait to be stored, the most at once (limit waiting).",
    });
    const { objects } = await env.FILES.list({ prefix: `teams/${slug}/datasets/config` });
    await env.FILES.delete(objects.map(({ key }) => key));
    expect(await storeBackup(await storeOf(slug), first.id)).toBe("failed");
    expect(await client.backups().get(first.id)).toMatchObject({
      state: "failed",
      error: `The file ${objects[0]?.key} of a dataset is missing in R2.`,
    });
    expect((await auditLog(slug)).at(-1)).toMatchObject({ action: "backup.fail", target: `backup ${first.id}` });
    expect(JSON.stringify((await tablesOf(slug)).notifications)).toContain("backup.failed");
    expect(await storeBackup(await storeOf(slug), first.id)).toBe("failed");
    expect(await storeBackup(await storeOf(slug), "bkp_none")).toBe("gone");
  });

  it("keeps a dataset's file that was replaced while the snapshot waited", async () => {
    const { slug, client, request } = await fullTeam();
    const { id } = await client.backups().take("manual", operator);
    await request("PUT", "/orders", { body: '{"a":9}\n', headers: { "content-type": "application/x-ndjson" } });
    await runInDurableObject(stubOf(slug), async (object: TeamObject, { storage }) => {
      storage.sql.exec("UPDATE retired_objects SET delete_after = 1");
      await object.alarm();
    });
    expect(await storeBackup(await storeOf(slug), id)).toBe("complete");
  });
});

const listOf = (slug: string): Promise<string[]> =>
  runInDurableObject(stubOf(slug), (_object, { storage }) => listBackups(openDb(storage)).map(({ id }) => id));

describe("backups that are over", () => {
  it("go by count and age, the newest complete one never, and take along only what no other needs", async () => {
    const { slug, client, request, sweep, call } = await fullTeam();
    const first = await backUp(slug);
    await request("PUT", "/orders", { body: '{"a":9}\n', headers: { "content-type": "application/x-ndjson" } });
    const second = await backUp(slug);
    await client.teams().update({ settings: { backups_kept: 1 } }, operator);
    expect(await client.backups().overdue()).toEqual([first]);
    await removeBackup(await storeOf(slug), first, systemCaller("system", "backup"));
    await sweep();
    const keys = Object.keys(await objectsUnder(`teams/${slug}/backups/`));
    const manifest = await findManifest(env.FILES, slug, second, undefined);
    expect(keys.sort()).toEqual(
      [
        `${second}/manifest.json`,
        manifest?.state.key.slice(8),
        ...(manifest?.files.map((file) => file.stored_key.slice(8)) ?? []),
      ]
        .map((key) => `teams/${slug}/backups/${key}`)
        .sort(),
    );
    await runInDurableObject(stubOf(slug), (_object, { storage }) => {
      storage.sql.exec("UPDATE backups SET created_at = ?", Date.now() - 400 * dayMs);
    });
    expect(await client.backups().overdue()).toEqual([]);
    const { data } = await useTool(await call("admin"), "delete_backup", { backup_id: second });
    expect(data).toEqual({ backup_id: second, deleted: true });
    await sweep();
    expect(await objectsUnder(`teams/${slug}/backups/`)).toEqual({});
    expect(await rejection(useTool(await call("admin"), "delete_backup", { backup_id: second }))).toEqual({
      code: "not_found",
      message: `There is no backup ${second} of this team.`,
    });
    expect((await auditLog(slug)).at(-1)).toMatchObject({ action: "backup.delete", username: "ada" });
  });
});

describe("the night's backup", () => {
  it("is asked for per team, taken once, and only where it is wanted", async () => {
    const { slug, client } = await fullTeam();
    const sent: unknown[] = [];
    const queue = { sendBatch: async (batch: { body: unknown }[]) => void sent.push(...batch.map(({ body }) => body)) };
    const { slug: registered, ...identity } = await client.teams().identity();
    await siteWith(undefined).register({ slug: registered, ...identity });
    const scheduledTime = Date.parse("2026-11-21T02:17:00Z");
    await backUpAllTeams({ scheduledTime }, { ...env, BACKGROUND: queue as unknown as Env["BACKGROUND"] });
    const body = { type: "backup_team", team: slug, night: "2026-11-21" };
    expect(sent).toContainEqual(body);
    const handle = (message: unknown) =>
      handleBackground(
        createMessageBatch("super-data-background", [{ id: "m", timestamp: new Date(0), attempts: 1, body: message }]),
        env,
        createExecutionContext(),
      );
    await handle(body);
    await handle(body);
    const { backups } = await client.backups().list();
    expect(backups.map(({ id, reason, state }) => ({ id, reason, state }))).toEqual([
      { id: "bkp_night_2026-11-21", reason: "nightly", state: "complete" },
    ]);
    await client.teams().update({ settings: { nightly_backups: false } }, operator);
    await handle({ ...body, night: "2026-11-22" });
    await handle({ ...body, team: "no-such-team" });
    expect(await listOf(slug)).toHaveLength(1);
  });
});

describe("the sweep", () => {
  it("has what waits stored, and gives up what never is", async () => {
    const { slug, client } = await fullTeam();
    const { id } = await client.backups().take("manual", operator);
    const wake = () =>
      runInDurableObject(stubOf(slug), async (object: TeamObject, { storage }) => {
        await object.alarm();
        return storage.getAlarm();
      });
    expect(await wake()).not.toBeNull();
    await runInDurableObject(stubOf(slug), (_object, { storage }) => {
      storage.sql.exec(
        "UPDATE backups SET state = 'taken', leased_until = NULL, created_at = ? WHERE id = ?",
        Date.now() - backupLimits.storeWithinMs,
        id,
      );
    });
    await wake();
    expect(await client.backups().get(id)).toMatchObject({
      state: "failed",
      error: "It could not be stored within 6 hours.",
    });
    expect(await scratch(slug)).toEqual([]);
  });
});

describe("a migration", () => {
  const last = teamMigrations.journal.entries.length - 1;
  const next = (sql: string): MigrationSource => ({
    journal: { entries: [...teamMigrations.journal.entries, { idx: last + 1, tag: "9999_next" }] },
    migrations: { ...teamMigrations.migrations, [`m${String(last + 1).padStart(4, "0")}`]: sql },
  });
  const objectWith = (source: MigrationSource) =>
    class extends TeamObject {
      protected override migrationSource(): MigrationSource {
        return source;
      }
    };
  const started = async (Kind: typeof TeamObject, state: DurableObjectState): Promise<TeamObject> => {
    const object = new Kind(state, env);
    await state.blockConcurrencyWhile(async () => undefined);
    return object;
  };

  it("is preceded by a snapshot: one, however often it fails, stored once it holds", async () => {
    const { slug, client } = await fullTeam();
    const before = await tablesOf(slug);
    await runInDurableObject(stubOf(slug), async (_object, state) => {
      const heads = () =>
        state.storage.sql
          .exec<{ id: string; head: string }>("SELECT backup_id AS id, head FROM backup_heads")
          .toArray();
      await started(objectWith(next("INSERT INTO no_such_table VALUES (1);")), state);
      await started(objectWith(next("INSERT INTO no_such_table VALUES (1);")), state);
      expect(heads()).toHaveLength(1);
      await started(objectWith(next("CREATE TABLE added (a integer);")), state);
      expect(heads()).toHaveLength(1);
      // The schema of later does not belong to the version that goes on here.
      state.storage.sql.exec("DROP TABLE added");
      state.storage.sql.exec("DELETE FROM applied_migrations WHERE tag = '9999_next'");
    });
    const [row] = (await client.backups().list()).backups;
    expect(row).toMatchObject({
      reason: "migration",
      created_by: "system",
      state: "taken",
      migration: teamMigrations.journal.entries[last]?.tag,
    });
    expect(await storeBackup(await storeOf(slug), row?.id ?? "")).toBe("complete");
    const as = `m-${crypto.randomUUID().slice(0, 12)}`;
    await restoreFromBucket(siteWith(undefined), env.FILES, { team: slug, backupId: row?.id ?? "", as });
    expect((await tablesOf(as)).audit_log).toEqual(before.audit_log);
  });

  it("that makes the table of backups is preceded by one, too", async () => {
    const slug = `m-${crypto.randomUUID().slice(0, 12)}`;
    await runInDurableObject(stubOf(slug), async (_object, state) => {
      migrateDb(state.storage, teamMigrations, "0001_identity");
      createTeam(openDb(state.storage), { slug, name: "Old" }, 0);
      const object = await started(TeamObject, state);
      expect(listBackups(openDb(state.storage))).toMatchObject([
        { reason: "migration", migration: "0001_identity", state: "taken" },
      ]);
      expect(object.look({})).toMatchObject({ name: "Old" });
    });
  });
});

it("shows backups to admins alone, over tools and routes alike", async () => {
  const { call, slug } = await freshTeam();
  const admin = await call("admin");
  const created = await useTool(admin, "create_backup", {});
  expect(created.text).toMatch(
    /^bkp_\S+ is complete: \d+ rows, \d+ bytes stored as \d+ \(compressed, not encrypted: the operator has set no BACKUP_KEY\), 0 files of datasets\.$/,
  );
  const listed = await useTool(admin, "list_backups", {});
  expect(listed.data).toEqual({ backups: [created.data], previews: [] });
  const preview = await useTool(admin, "restore_backup", { backup_id: created.data.id });
  expect(preview.text).toContain("Nothing is restored yet.");
  expect(preview.text).toContain("Nothing differs.");
  expect((await auditLog(slug)).map(({ action }) => action)).toContain("backup.preview");
});

it("answers over REST, and brings a team back for the operator alone", async () => {
  const { slug, token } = await fullTeam();
  const base = `/t/${slug}/api/v1/backups`;
  const admin = await token("admin");
  const created = await send("POST", base, { token: admin, body: {} });
  expect(created).toMatchObject({ status: 201, body: { reason: "manual", state: "complete", files: 2, error: null } });
  const id = String(created.body.id);
  expect((await send("GET", base, { token: admin })).body).toEqual({ backups: [created.body], previews: [] });
  const preview = await send("POST", `${base}/${id}/restore`, { token: admin });
  expect(preview).toMatchObject({ status: 200, body: { outcome: "previewed", changes: [] } });
  expect((await send("POST", `${base}/none/restore`, { token: admin })).status).toBe(400);
  const operators = { token: env.OPERATOR_TOKEN };
  const listed = await send("GET", `/operator/teams/${slug}/backups`, operators);
  expect(listed.body).toMatchObject({ backups: [{ id, team: slug, files: 2, encryption: null }] });
  const path = `/operator/teams/${slug}/restore`;
  expect((await send("POST", path, { ...operators, body: { backup_id: id } })).status).toBe(409);
  expect((await send("POST", path, { token: admin, body: { backup_id: id } })).status).toBe(401);
  expect((await send("POST", path, { ...operators, body: { backup_id: id, as: "admin" } })).status).toBe(400);
  await lose(slug);
  expect(await send("POST", path, { ...operators, body: { backup_id: id } })).toMatchObject({
    status: 201,
    body: { team: slug, backup_id: id, restored: true },
  });
  expect((await send("GET", base, { token: admin })).body).toEqual({ backups: [created.body], previews: [] });
  expect((await send("DELETE", `${base}/${id}`, { token: admin })).body).toEqual({ backup_id: id, deleted: true });
});
