// How far the team has heard of its workspace, in the team object's SQLite. Synchronous; SQL only.
import { eq } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import { workspaceLog } from "./table.ts";

/** The number of the last entry that was heard; 0 before the first. */
export function lastHeard(db: Db, incarnation: string): number {
  const row = db.select().from(workspaceLog).where(eq(workspaceLog.incarnation, incarnation)).get();
  return row?.lastSeq ?? 0;
}

export function setHeard(db: Db, incarnation: string, lastSeq: number): void {
  db.insert(workspaceLog)
    .values({ incarnation, lastSeq })
    .onConflictDoUpdate({ target: workspaceLog.incarnation, set: { lastSeq } })
    .run();
}
