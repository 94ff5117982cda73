// Token buckets in the team object's SQLite: only those under pressure. Synchronous; SQL only.
import { gt, lte, sql } from "drizzle-orm";
import { placeholders, prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { type LimiterStorage, windowSeconds } from "./rate-limits.ts";
import { rateBuckets } from "./table.ts";

const upsert = prepared((db: Db) =>
  db
    .insert(rateBuckets)
    .values(placeholders(rateBuckets))
    .onConflictDoUpdate({
      target: rateBuckets.key,
      set: { level: sql`excluded.level`, updatedAt: sql`excluded.updated_at` },
    })
    .prepare(),
);

/** The limiter's memory over restarts. Rows of buckets that are full by now go with the next save, at most once a minute. */
export function bucketStorage(db: Db): LimiterStorage {
  let sweptAt = 0;
  return {
    load: (now) =>
      db
        .select()
        .from(rateBuckets)
        .where(gt(rateBuckets.updatedAt, fullBefore(now)))
        .all()
        .map(({ key, level, updatedAt }) => ({ key, level, at: updatedAt.getTime() })),
    save: ({ key, level, at }, now) => {
      upsert(db).run({ key, level, updatedAt: new Date(at) });
      if (now - sweptAt < windowSeconds * 1000) return;
      sweptAt = now;
      db.delete(rateBuckets)
        .where(lte(rateBuckets.updatedAt, fullBefore(now)))
        .run();
    },
  };
}

function fullBefore(now: number): Date {
  return new Date(now - windowSeconds * 1000);
}
