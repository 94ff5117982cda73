// Backups end to end: an empty deployment gets its team back bit for bit; what is damaged is refused; nothing half-done stays. Runs in workerd.
import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import {
  backUp,
  fullTeam,
  lose,
  objectsUnder,
  otherKey,
  siteWith,
  someKey,
  tablesOf,
} from "../../../test/helpers/backups.ts";
import { isGood } from "../../../test/helpers/people.ts";
import { rejection } from "../../../test/helpers/team.ts";
import { sha256Hex } from "../../core/ids.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { handleBackground } from "../../surfaces/background/consumer.ts";
import { systemCaller } from "../access/access.ts";
import { restoreFromBucket } from "./making.ts";
import { findManifest } from "./manifest.ts";

// A busy machine takes its time for many backups.
vi.setConfig({ testTimeout: 180_000 });

describe("a team restored into an empty deployment", () => {
  it.each([
    ["encrypted", someKey],
    ["not encrypted", undefined],
  ])("is what it was, every table and object (%s)", async (_how, secret) => {
    const { slug, client, token, call } = await fullTeam();
    const id = await backUp(slug, secret);
    const tables = await tablesOf(slug);
    const objects = await objectsUnder(`teams/${slug}/`);
    expect(Object.keys(tables).length).toBeGreaterThan(30);
    expect(tables.audit_log?.length).toBeGreaterThan(8);
    await lose(slug);
    expect(await tablesOf(slug)).toEqual({ schema: [] });
    const made = await restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug });
    expect(made.slug).toBe(slug);
    expect(await tablesOf(slug)).toEqual(tables);
    expect(await objectsUnder(`teams/${slug}/`)).toEqual(objects);
    expect(await isGood(client, { hash: await sha256Hex(await token("owner")) })).toBe(true);
    const { catalogue } = await call("owner");
    expect([...catalogue.tools.keys(), ...catalogue.functions.keys(), ...catalogue.datasets.keys()]).toEqual([
      ...["answer", "double", "twice", "config", "orders"],
    ]);
    expect(await client.audit().verify({ seq: 0, hash: "0".repeat(64) }, undefined)).toMatchObject({ done: true });
    expect((await client.audit().verify({ seq: 0, hash: "0".repeat(64) }, undefined)).fault).toBeUndefined();
  });

  it("is not taken away again by a late message about its removal", async () => {
    const { slug, client } = await fullTeam();
    const { incarnation } = await client.teams().identity();
    const id = await backUp(slug);
    await lose(slug);
    await restoreFromBucket(siteWith(undefined), env.FILES, { team: slug, backupId: id, as: slug });
    const objects = await objectsUnder(`teams/${slug}/`);
    const body = { type: "purge_team", team: slug, incarnation, written_before: Date.now() + 1 };
    const messages = [{ id: "m1", timestamp: new Date(0), attempts: 1, body }];
    await handleBackground(createMessageBatch("super-data-background", messages), env, createExecutionContext());
    expect(await objectsUnder(`teams/${slug}/`)).toEqual(objects);
    const { teams } = await deploymentClient(env).listTeams({ after: slug.slice(0, -1), limit: 1_000 });
    expect(teams.map((team) => team.slug)).toContain(slug);
  });

  it("may have another slug; its files and secrets are its own, its tokens the same", async () => {
    const { slug, token, client } = await fullTeam();
    const gone = await sha256Hex(await token("member", "gone"));
    const id = await backUp(slug);
    await client.people().remove("gone", systemCaller("operator", "test"));
    const as = `as-${crypto.randomUUID().slice(0, 12)}`;
    await restoreFromBucket(siteWith(undefined), env.FILES, { team: slug, backupId: id, as });
    const tables = await tablesOf(as);
    const original = await tablesOf(slug);
    for (const table of ["tools", "tool_versions", "jq_functions", "users", "tokens", "tool_execution_log"]) {
      expect(tables[table]).toEqual(original[table]);
    }
    // What was taken away since the backup does not come back in the copy.
    expect(await isGood(teamClient(env.TEAM, as), { hash: gone })).toBe(false);
    expect(await isGood(teamClient(env.TEAM, as), { hash: await sha256Hex(await token("owner")) })).toBe(true);
    expect(tables.backups).toEqual([]);
    const keys = Object.keys(await objectsUnder(`teams/${as}/`));
    expect(keys.map((key) => key.split("/").slice(0, 4).join("/"))).toEqual([
      `teams/${as}/datasets/config`,
      `teams/${as}/datasets/orders`,
    ]);
    expect(JSON.stringify(tables.datasets)).not.toContain(`teams/${slug}/`);
  });
});

describe("what cannot be restored", () => {
  it("is refused with the reason, and leaves nothing", async () => {
    const { slug } = await fullTeam();
    const id = await backUp(slug, someKey);
    await lose(slug);
    const attempt = (secret: string | undefined, backupId = id) =>
      rejection(restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId, as: slug }));
    const none = await attempt(undefined);
    expect(none.code).toBe("backup_unreadable");
    expect(none.message).toMatch(
      /^The backup bkp_\S+ is encrypted under the key [0-9a-f]{16}, and this deployment has no BACKUP_KEY\.$/,
    );
    expect((await attempt(otherKey)).message).toMatch(/BACKUP_KEY of this deployment is another\.$/);
    expect(await attempt("short")).toEqual({
      code: "internal",
      message: "BACKUP_KEY of this deployment is not 32 bytes in base64.",
    });
    expect(await attempt(someKey, "bkp_none")).toEqual({
      code: "not_found",
      message: "There is no backup bkp_none of this team.",
    });
    expect(await tablesOf(slug)).toEqual({ schema: [] });
  });

  it.each([
    ["encrypted", someKey, "A file of the backup was changed, cut, or encrypted under another key."],
    ["not encrypted", undefined, "its state is cut or was changed"],
  ])("is found out when its state was changed or cut (%s)", async (_how, secret, says) => {
    const { slug } = await fullTeam();
    const id = await backUp(slug, secret);
    await lose(slug);
    const prefix = `teams/${slug}/backups/${id}/`;
    const { objects } = await env.FILES.list({ prefix });
    const key = objects.find((object) => object.key.includes("/state_"))?.key ?? "";
    const whole = new Uint8Array((await (await env.FILES.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));
    const spoilt = [
      whole.slice(0, whole.length - 5),
      whole.slice(0, Math.floor(whole.length / 2)),
      whole.map((byte, at) => (at === Math.floor(whole.length / 2) ? byte ^ 1 : byte)),
      new Uint8Array(0),
    ];
    for (const content of spoilt) {
      await env.FILES.put(key, content);
      const error = await rejection(
        restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug }),
      );
      expect(error.code).toBe("backup_unreadable");
      expect(error.message).toContain(says);
    }
    await env.FILES.delete(key);
    expect(
      (await rejection(restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug }))).message,
    ).toContain("is missing.");
    await env.FILES.put(key, whole);
    const manifest = `${prefix}manifest.json`;
    const text = (await (await env.FILES.get(manifest))?.text()) ?? "";
    await env.FILES.put(manifest, text.replace(/"revision":\d+/, '"revision":999'));
    expect(
      (await rejection(restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug }))).message,
    ).toContain("its manifest was changed.");
    await env.FILES.put(manifest, text);
    const file = (await findManifest(env.FILES, slug, id, undefined).catch(() => undefined))?.files[0]?.stored_key;
    if (file !== undefined) {
      const copy = `teams/${slug}/${file}`;
      const content = await (await env.FILES.get(copy))?.text();
      await env.FILES.put(copy, "other");
      expect(
        (await rejection(restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug })))
          .message,
      ).toContain("was changed.");
      expect(Object.keys(await objectsUnder(`teams/${slug}/datasets/`))).toEqual([]);
      await env.FILES.put(copy, content ?? "");
    }
    await restoreFromBucket(siteWith(secret), env.FILES, { team: slug, backupId: id, as: slug });
  });

  it("is all but one of those restored to a slug at once, and that one has its files", async () => {
    const { slug } = await fullTeam();
    const id = await backUp(slug);
    const objects = await objectsUnder(`teams/${slug}/datasets/`);
    await lose(slug);
    const all = await Promise.allSettled(
      [1, 2, 3].map(() => restoreFromBucket(siteWith(undefined), env.FILES, { team: slug, backupId: id, as: slug })),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await objectsUnder(`teams/${slug}/datasets/`)).toEqual(objects);
  });

  it("is a team that is there", async () => {
    const { slug } = await fullTeam();
    const id = await backUp(slug);
    expect(
      await rejection(restoreFromBucket(siteWith(undefined), env.FILES, { team: slug, backupId: id, as: slug })),
    ).toEqual({
      code: "already_exists",
      message: "There is a team of this slug.",
    });
  });
});
