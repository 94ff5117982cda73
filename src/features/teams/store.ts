// The team's own row in its SQLite. Synchronous; SQL only.
import { eq } from "drizzle-orm";
import { newId } from "../../core/ids.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { team } from "./table.ts";

/** Writes the one row that makes an object a team. */
export function createTeam(db: Db, input: { slug: string; name: string }, now: number): void {
  db.insert(team)
    .values({
      id: 1,
      slug: input.slug,
      name: input.name,
      incarnation: newId("inc"),
      revision: 0,
      createdAt: new Date(now),
    })
    .run();
}

const selectTeam = prepared((db: Db) => db.select().from(team).where(eq(team.id, 1)).prepare());

/** The team's row; there is one in every object with a schema. */
export function readTeam(db: Db): typeof team.$inferSelect {
  const row = selectTeam(db).get();
  if (row === undefined) throw new Error("the team object has a schema but no team row");
  return row;
}
