// Restoring within a team: what the preview shows, what the swap replaces and what it leaves, and what refuses it. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import teamMigrations from "../../../migrations/team/migrations.js";
import { backUp, fullTeam, objectsUnder, stubOf, tablesOf } from "../../../test/helpers/backups.ts";
import { datasetTeam } from "../../../test/helpers/datasets.ts";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { sha256Hex } from "../../core/ids.ts";
import { migrateDb, openDb } from "../../durable/db.ts";
import { cacheLimits } from "../../limits.ts";
import { through } from "../../platform/byte-streams.ts";
import { siteOf } from "../../platform/site.ts";
import { teamClient } from "../../platform/team-client.ts";
import { systemCaller } from "../access/access.ts";
import { createTeam } from "../teams/store.ts";
import { endPreview } from "./consumer.ts";
import { type Manifest, recordOf, writeManifest } from "./manifest.ts";
import { restoreBackup } from "./restoring.ts";
import { stateTables, writeTables } from "./snapshot-store.ts";
import { completeRow, insertBackup } from "./store.ts";
import { keptTables, replacedTables, scratchTables } from "./team-state.ts";

// A busy machine takes its time for many backups.
vi.setConfig({ testTimeout: 180_000 });

const by = systemCaller("operator", "test");

/** A team that was backed up and has changed since. */
async function changedTeam() {
  const team = await fullTeam();
  const { client, slug, request } = team;
  const id = await backUp(slug);
  await client.tools().save({ name: "answer", description: "later", query: "99" }, by);
  await client.tools().save({ name: "made_later", description: "d", query: "1" }, by);
  await client.tools().deactivate("double", by);
  await request("PUT", "/orders", { body: '{"a":3}\n', headers: { "content-type": "application/x-ndjson" } });
  await request("DELETE", "/config");
  await team.sweep();
  await client.teams().update({ settings: { approval_threshold: 9, sign_in_providers: ["passkey"] } }, by);
  await team.token("admin", "late");
  return { ...team, id, admin: await team.call("admin") };
}

const expected = [
  {
    kind: "dataset",
    created: 1,
    changed: 1,
    removed: 0,
    names: { created: ["config"], changed: ["orders"], removed: [] },
  },
  {
    kind: "setting",
    created: 0,
    changed: 1,
    removed: 0,
    names: { created: [], changed: ["approval_threshold"], removed: [] },
  },
  {
    kind: "tool",
    created: 0,
    changed: 2,
    removed: 1,
    names: { created: [], changed: ["answer", "double"], removed: ["made_later"] },
  },
];

const rowsOf = (slug: string, query: string): Promise<unknown[]> =>
  runInDurableObject(stubOf(slug), (_object, { storage }) => storage.sql.exec(query).toArray());

describe("a restore", () => {
  it("is previewed by today's admins and owners alone, who could restore it", async () => {
    const { admin, id, slug } = await changedTeam();
    await rowsOf(slug, "UPDATE users SET role = 'member' WHERE username = 'bob'");
    const preview = (await restoreBackup(admin, { backup_id: id })).preview?.team ?? "";
    expect(await rowsOf(preview, "SELECT username, removed_at IS NULL AS stays FROM users ORDER BY username")).toEqual([
      { username: "ada", stays: 1 },
      { username: "bob", stays: 0 },
      { username: "late", stays: 1 },
    ]);
    const standing =
      "SELECT DISTINCT username, t.role FROM tokens t JOIN users u ON u.id = user_id WHERE revoked_at IS NULL";
    expect(await rowsOf(preview, `${standing} ORDER BY username, t.role`)).toEqual([
      { username: "ada", role: "admin" },
      { username: "ada", role: "owner" },
      { username: "late", role: "admin" },
      { username: "late", role: "owner" },
    ]);
  });

  it("brings back older versions of datasets and what could be undone, with their contents; a copy has them too", async () => {
    const team = await datasetTeam();
    const ndjson = { "content-type": "application/x-ndjson" };
    await team.request("PUT", "/d", { body: "1\n", headers: ndjson });
    await team.request("PUT", "/d", { body: "2\n", headers: ndjson });
    const member = await team.call("member");
    await useTool(member, "restore_dataset", { dataset: "d", version: 1 });
    await team.request("PUT", "/gone", { body: "3\n", headers: ndjson });
    await team.request("DELETE", "/gone");
    const id = await backUp(team.slug);
    await team.request("PUT", "/d", { body: "4\n", headers: ndjson });
    await team.sweep(31);
    const admin = await team.call("admin");
    const { confirm = "", preview } = await restoreBackup(admin, { backup_id: id });
    const kept = "SELECT version, r2_key FROM dataset_versions ORDER BY bytes, version";
    const copies = (await rowsOf(preview?.team ?? "", kept)) as { r2_key: string }[];
    expect(copies).toHaveLength(3);
    for (const { r2_key } of copies) expect(await env.FILES.head(r2_key), r2_key).not.toBeNull();
    await restoreBackup(admin, { backup_id: id, confirm });
    await team.sweep();
    const { data } = await useTool(await team.call(), "dataset_history", { dataset: "d" });
    expect((data.versions as { version: number }[]).map(({ version }) => version)).toEqual([3, 2, 1]);
    for (const { r2_key } of (await rowsOf(team.slug, kept)) as { r2_key: string }[])
      expect(await env.FILES.head(r2_key), r2_key).not.toBeNull();
    await useTool(await team.call(), "restore_dataset", { dataset: "gone" });
    expect((await team.request("GET", "/gone/content")).text).toBe("3\n");
  });

  it("is shown first, in a team of its own; nothing else changes", async () => {
    const { admin, id, slug, token } = await changedTeam();
    const before = await tablesOf(slug);
    const outcome = await restoreBackup(admin, { backup_id: id });
    expect(outcome).toMatchObject({ outcome: "previewed", backup_id: id, changes: expected });
    const preview = outcome.preview?.team ?? "";
    expect(preview).toMatch(new RegExp(`^${slug.slice(0, 25)}-preview-[0-9a-f]{6}$`));
    const shown = await tablesOf(preview);
    expect(shown.tools).toHaveLength(2);
    expect(shown.users).toEqual((await tablesOf(slug)).users);
    expect(Object.keys(await objectsUnder(`teams/${preview}/`))).toHaveLength(2);
    const after = await tablesOf(slug);
    const same = Object.keys(before).filter((table) => !["audit_log", "restore_previews"].includes(table));
    for (const table of same) expect([table, after[table]]).toEqual([table, before[table]]);
    const { incarnation } = await teamClient(env.TEAM, preview).teams().identity();
    const site = siteOf(env);
    const kept = { columns: [], lineage: { operation: "test", inputs: [] }, sources: [] };
    await site.workspaceOf(preview, incarnation).frames().begin(by, kept);
    await endPreview({ site, bucket: env.FILES }, { team: slug, preview, incarnation });
    expect(await tablesOf(preview)).toEqual({ schema: [] });
    const workspace = env.WORKSPACE.get(env.WORKSPACE.idFromName(`${preview}/${incarnation}`));
    const left = await runInDurableObject(workspace, (_object, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'sd!_%' ESCAPE '!'").toArray(),
    );
    expect(left).toEqual([]);
    expect(await objectsUnder(`teams/${preview}/`)).toEqual({});
    expect((await tablesOf(slug)).restore_previews).toEqual([]);
    void token;
  });

  it("brings back what the team made; people, tokens, logs and who signs in how stay as they are", async () => {
    const { admin, id, slug, client, call } = await changedTeam();
    const { confirm = "" } = await restoreBackup(admin, { backup_id: id });
    const before = await tablesOf(slug);
    const { revision } = await client.backups().present();
    const outcome = await restoreBackup(admin, { backup_id: id, confirm });
    expect(outcome).toMatchObject({
      outcome: "restored",
      changes: expected,
      revision: revision + cacheLimits.catalogueRevisions + 1,
    });
    const after = await tablesOf(slug);
    for (const table of ["users", "tokens", "connections", "tool_usage", "call_totals"]) {
      expect(after[table]).toEqual(before[table]);
    }
    const { catalogue } = await call("owner");
    expect(catalogue.tools.get("answer")?.query).toBe("3");
    expect([...catalogue.tools.keys()]).toEqual(["answer", "double"]);
    const { settings, name } = await client.teams().describe();
    expect(name).toBe("Renamed Ünïcode");
    expect(settings).toMatchObject({
      approval_threshold: 3,
      auto_approve_timeout: 1.25,
      sign_in_providers: ["passkey"],
    });
    const rows = await useTool(await call("owner"), "query_dataset", { dataset: "config", query: ".deep.x" });
    expect(JSON.stringify(rows.data)).toContain("[1,2,3]");
    const orders = await useTool(await call("owner"), "query_dataset", { dataset: "orders", query: ".[].a" });
    expect(JSON.stringify(orders.data)).toContain("2.5");
    const verdict = await client.audit().verify({ seq: 0, hash: "0".repeat(64) }, undefined);
    expect(verdict).toMatchObject({ done: true });
    expect(verdict.fault).toBeUndefined();
    const log = after.audit_log?.map((row) => JSON.stringify(row)) ?? [];
    expect(log.slice(0, before.audit_log?.length)).toEqual(before.audit_log?.map((row) => JSON.stringify(row)));
    expect(log.at(-1)).toContain("team.restore");
    expect(log.at(-1)).toContain(outcome.safety_backup);
    // What was there before can be brought back, too.
    const back = await restoreBackup(await call("admin"), { backup_id: outcome.safety_backup ?? "" });
    await restoreBackup(await call("admin"), { backup_id: outcome.safety_backup ?? "", confirm: back.confirm });
    expect([...(await call("owner")).catalogue.tools.keys()]).toEqual(["answer", "made_later"]);
    expect(await client.backups().list()).toMatchObject({ backups: { length: 3 } });
  });

  it("names nothing that who asks may not see, before or after", async () => {
    const { slug, client, call } = await fullTeam();
    const id = await backUp(slug);
    await client.tools().save({ name: "answer", description: "later", query: "99" }, by);
    await client.tools().save({ name: "private_one", description: "d", query: "1" }, by);
    for (const name of ["answer", "private_one"])
      await client.visibility().set({ kind: "tool", name, visibility: "owner" }, by);
    const names = async (role: "admin" | "owner") => {
      const { changes } = await restoreBackup(await call(role), { backup_id: id });
      return changes.filter(({ kind }) => kind === "tool");
    };
    const counts = { kind: "tool", created: 0, changed: 1, removed: 1 };
    expect(await names("admin")).toEqual([{ ...counts, names: { created: [], changed: [], removed: [] } }]);
    expect(await names("owner")).toEqual([
      { ...counts, names: { created: [], changed: ["answer"], removed: ["private_one"] } },
    ]);
  });

  it("leaves webhooks off that were switched off, rotated or deleted since", async () => {
    const { slug, client, call } = await fullTeam();
    const save = (name: string, was: string | null, sealed: string | undefined, isActive = true) =>
      client.notifications().saveWebhook(
        {
          ...{ id: `whk_${name}`, name, was, rotated: false, isActive },
          ...(sealed === undefined ? {} : { address: { shown: "https://example.com/…", sealed } }),
        },
        by,
      );
    for (const name of ["stays", "off", "rotated", "deleted"]) await save(name, null, `old ${name}`);
    const id = await backUp(slug);
    await save("off", "old off", undefined, false);
    await save("rotated", "old rotated", "new rotated");
    await client.notifications().deleteWebhook("deleted", by);
    const { confirm = "" } = await restoreBackup(await call("admin"), { backup_id: id });
    await restoreBackup(await call("admin"), { backup_id: id, confirm });
    expect((await client.notifications().webhooks()).map(({ name, is_active }) => [name, is_active])).toEqual([
      ["deleted", false],
      ["off", false],
      ["rotated", false],
      ["stays", true],
    ]);
  });

  it("is refused when the team has changed since, for another backup, and to members", async () => {
    const { admin, id, client, call, slug } = await changedTeam();
    const { confirm = "" } = await restoreBackup(admin, { backup_id: id });
    expect((await rejection(restoreBackup(admin, { backup_id: id, confirm: "x" }))).message).toBe(
      "confirm is not that of a preview of this backup.",
    );
    const second = await backUp(slug);
    expect((await rejection(restoreBackup(admin, { backup_id: second, confirm }))).message).toBe(
      "confirm is not that of a preview of this backup.",
    );
    expect(
      (await rejection(useTool(await call("member", "bob"), "restore_backup", { backup_id: id, confirm }))).code,
    ).toBe("forbidden");
    await client.tools().save({ name: "meanwhile", description: "d", query: "1" }, by);
    expect(await rejection(restoreBackup(admin, { backup_id: id, confirm }))).toEqual({
      code: "conflict",
      message: "The team has changed since the preview, so nothing was restored.",
    });
    expect([...(await call("owner")).catalogue.tools.keys()]).toContain("meanwhile");
  });

  it("brings a backup of an older schema up to date, and refuses one of a newer", async () => {
    const { slug, call } = await freshTeam();
    const admin = await call("admin");
    await oldBackup(slug, "bkp_old", teamMigrations.journal.entries[1]?.tag ?? "");
    const preview = await restoreBackup(admin, { backup_id: "bkp_old" });
    expect(preview.changes).toEqual([
      { kind: "tool", created: 1, changed: 0, removed: 0, names: { created: ["ancient"], changed: [], removed: [] } },
    ]);
    await restoreBackup(admin, { backup_id: "bkp_old", confirm: preview.confirm });
    expect((await call("owner")).catalogue.tools.get("ancient")?.query).toBe("7");
    await oldBackup(slug, "bkp_new", "0001_identity", "9999_future");
    expect(await rejection(restoreBackup(await call("admin"), { backup_id: "bkp_new" }))).toEqual({
      code: "unsupported",
      message: "The backup was taken by a newer version of this server: it has had the migration 9999_future.",
    });
  });
});

/** A backup of a team of one tool, as the version whose newest migration is `upTo` made it. */
async function oldBackup(team: string, id: string, upTo: string, says = upTo): Promise<void> {
  const pieces: Uint8Array[] = [];
  await runInDurableObject(stubOf(`old-${crypto.randomUUID()}`), (_object, { storage }) => {
    migrateDb(storage, teamMigrations, upTo);
    createTeam(openDb(storage), { slug: team, name: "Old" }, 0);
    storage.sql.exec(
      `INSERT INTO tools (id, name, description, query_template, parameters_json, datasets_json, dataset_mode, input, null_input, source,
       approval_status, is_active, weight, pinned, version, created_by, created_at, updated_by, updated_at, revision)
       VALUES ('tool_old', 'ancient', 'd', '7', '[]', '[]', 'one', 'whole', 0, 'manual', 'approved', 1, 0.5, 0, 1, 'a', 0, 'a', 0, 1)`,
    );
    writeTables(storage.sql, stateTables(storage.sql), (bytes) => pieces.push(bytes.slice()));
  });
  const state = new Uint8Array(await new Blob(pieces).arrayBuffer());
  const packed: Uint8Array[] = [];
  async function* source() {
    yield state;
  }
  for await (const piece of through(source(), new CompressionStream("gzip"))) packed.push(piece);
  const key = `backups/${id}/state.ndjson.gz`;
  await env.FILES.put(`teams/${team}/${key}`, new Blob(packed));
  const at = "2026-01-01T00:00:00.000Z";
  const manifest: Manifest = {
    ...{ format: 1, id, team, name: "Old", incarnation: "inc_old", reason: "manual" },
    ...{ created_by: "a", created_at: at, finished_at: at },
    ...{ revision: 0, migration: says, tables: [], rows: 0, files: [], encryption: null },
    state: { key, bytes: state.length, stored_bytes: 1, sha256: await sha256Hex(new TextDecoder().decode(state)) },
  };
  await writeManifest(env.FILES, team, manifest, undefined);
  await runInDurableObject(stubOf(team), (_object, { storage }) =>
    insertBackup(openDb(storage), completeRow(recordOf(manifest))),
  );
}

it("decides for every table whether a restore replaces it", async () => {
  const { slug } = await freshTeam();
  const all = await runInDurableObject(stubOf(slug), (_object, { storage }) => stateTables(storage.sql));
  const decided = [...replacedTables, ...keptTables];
  expect(all.filter((table) => !decided.includes(table))).toEqual([]);
  expect(decided.filter((table) => !all.includes(table))).toEqual([]);
  expect(decided.filter((table) => scratchTables.has(table))).toEqual([]);
  expect(new Set(decided).size).toBe(decided.length);
});
