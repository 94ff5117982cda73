// What a team holds, to the last value: for tests of backups. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { systemCaller } from "../../src/features/access/access.ts";
import { readBackupKey } from "../../src/features/backups/frames.ts";
import { stateTables } from "../../src/features/backups/snapshot-store.ts";
import { type Store, storeBackup } from "../../src/features/backups/storing.ts";
import { type Site, siteOf } from "../../src/platform/site.ts";
import { teamClient } from "../../src/platform/team-client.ts";
import { aReport } from "./catalogue.ts";
import { datasetTeam } from "./datasets.ts";

/** 32 bytes, and others. */
export const someKey = btoa("0123456789abcdef0123456789abcdef");
export const otherKey = btoa("fedcba9876543210fedcba9876543210");

export const stubOf = (name: string) => env.TEAM.get(env.TEAM.idFromName(name));

/** Every table of an object: schema, then each row with each value and its type in SQLite. */
export function tablesOf(name: string): Promise<Record<string, unknown[]>> {
  return runInDurableObject(stubOf(name), (_object, { storage: { sql } }) => {
    const found = stateTables(sql).map((table): [string, unknown[]] => {
      const columns = sql.exec<{ name: string }>(`PRAGMA table_info("${table}")`).toArray();
      const typed = columns.flatMap(({ name: column }) => [`typeof("${column}")`, `"${column}"`]).join(", ");
      return [table, [...sql.exec(`SELECT ${typed} FROM "${table}" ORDER BY rowid`).raw()]];
    });
    const schema = sql
      .exec(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name",
      )
      .toArray();
    return { ...Object.fromEntries(found), schema };
  });
}

/** Every object under a prefix of the bucket, with its content and type. */
export async function objectsUnder(prefix: string): Promise<Record<string, unknown>> {
  const { objects } = await env.FILES.list({ prefix, include: ["httpMetadata"] });
  const found = objects.map(
    async ({ key, httpMetadata }): Promise<[string, unknown]> => [
      key,
      { type: httpMetadata?.contentType, text: await (await env.FILES.get(key))?.text() },
    ],
  );
  return Object.fromEntries(await Promise.all(found));
}

export const siteWith = (backupSecret: string | undefined): Site => ({ ...siteOf(env), backupSecret });

/** Stores with another bucket or key, as a test wants it. */
export async function storeOf(team: string, changes: { secret?: string; bucket?: R2Bucket } = {}): Promise<Store> {
  return {
    team,
    stub: teamClient(env.TEAM, team),
    bucket: changes.bucket ?? env.FILES,
    key: await readBackupKey(changes.secret),
    now: () => Date.now(),
  };
}

/** Takes and stores a backup of a team; returns its id. */
export async function backUp(team: string, secret?: string): Promise<string> {
  const { id } = await teamClient(env.TEAM, team).backups().take("manual", systemCaller("operator", "test"));
  const outcome = await storeBackup(await storeOf(team, secret === undefined ? {} : { secret }), id);
  if (outcome !== "complete") throw new Error(`the backup is ${outcome}`);
  return id;
}

/** A team with something of everything: versions, datasets, people, tokens, logs, settings, text of every kind. */
export async function fullTeam() {
  const team = await datasetTeam();
  const { client, slug, request } = team;
  await team.token("owner");
  await team.token("member", "bob");
  const by = systemCaller("operator", "test");
  for (const version of [1, 2, 3]) {
    await client
      .tools()
      .save({ name: "answer", description: `d${version} \u{1f600} "quoted"\nline`, query: `${version}` }, by);
  }
  await client.functions().save({ name: "twice", definition: "def twice: . * 2;", description: "Doubles." }, by);
  await client.tools().save({ name: "double", description: "d", query: "twice" }, by);
  await request("PUT", "/orders", {
    body: '{"a":1}\n{"a":2.5}\n',
    headers: { "content-type": "application/x-ndjson" },
  });
  await request("PUT", "/config", { body: '{"deep":{"x":[1,2,3]}}', headers: { "content-type": "application/json" } });
  await client.metrics().record([aReport({ toolName: "answer" }), aReport({ toolName: "double", durationMs: 3 })]);
  await client
    .teams()
    .update({ name: "Renamed Ünïcode", settings: { auto_approve_timeout: 1.25, approval_threshold: 3 } }, by);
  return { ...team, slug };
}

/** Takes a team away as if its deployment had been lost: its object is emptied, its datasets' files are gone; the backups stay. */
export async function lose(slug: string): Promise<void> {
  const client = teamClient(env.TEAM, slug);
  const { incarnation } = await client.teams().identity();
  await client.discard(incarnation);
  const { objects } = await env.FILES.list({ prefix: `teams/${slug}/datasets/` });
  await env.FILES.delete(objects.map(({ key }) => key));
}
