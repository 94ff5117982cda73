// Buckets over a restart of the team's object: what is stored, what comes back, what goes. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { freshTeam } from "../../../test/helpers/team.ts";
import { isAppError } from "../../core/errors.ts";
import { type Db, openDb } from "../../durable/db.ts";
import { teamSettingsSchema } from "../teams/schema.ts";
import { Limiter } from "./rate-limits.ts";
import { bucketStorage } from "./store.ts";
import { rateBuckets } from "./table.ts";

const start = 1_800_000_000_000;
const ada = { userId: "usr_ada", credential: { id: "tok_1" } };
const ben = { userId: "usr_ben", credential: { id: "tok_2" } };
const settings = teamSettingsSchema.parse({ rate_limits: { write_per_minute: 6 } });

async function inTeam(run: (db: Db) => void): Promise<void> {
  const { slug } = await freshTeam();
  await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) => run(openDb(state.storage)));
}

const stored = (db: Db): unknown[] =>
  db
    .select()
    .from(rateBuckets)
    .orderBy(rateBuckets.key)
    .all()
    .map(({ key, level, updatedAt }) => [key, level, updatedAt.getTime() - start]);

it("goes on after a restart where it stopped", async () => {
  await inTeam((db) => {
    const before = new Limiter(bucketStorage(db), 100);
    for (let i = 0; i < 6; i++) before.spend("write", ada, settings, start + i * 1_000);
    expect(stored(db)).toEqual([["write:usr_ada", expect.closeTo(0.5, 5), 5_000]]);
    const after = new Limiter(bucketStorage(db), 100);
    let refused: unknown;
    try {
      after.spend("write", ada, settings, start + 5_000);
    } catch (error) {
      refused = error;
    }
    expect(isAppError(refused) && refused.details?.retry_after).toBe(5);
    expect(after.spend("write", ada, settings, start + 10_000).remaining).toBe(0);
  });
});

it("stores nothing of who stays above half, and forgets buckets that are full again", async () => {
  await inTeam((db) => {
    const limiter = new Limiter(bucketStorage(db), 100);
    for (let i = 0; i < 3; i++) limiter.spend("write", ada, settings, start);
    expect(stored(db)).toEqual([]);
    limiter.spend("write", ada, settings, start);
    expect(stored(db)).toEqual([["write:usr_ada", 2, 0]]);
    const later = start + 61_000;
    for (let i = 0; i < 4; i++) limiter.spend("write", ben, settings, later);
    expect(stored(db)).toEqual([["write:usr_ben", 2, 61_000]]);
    expect(bucketStorage(db).load(later + 60_000)).toEqual([]);
  });
});
