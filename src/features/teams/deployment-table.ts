// What the deployment as a whole knows of its teams. Runs in the deployment's object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const registeredTeams = sqliteTable(
  "registered_teams",
  {
    slug: text("slug").primaryKey(),
    /** The person who created it; null when the operator did. */
    createdByPerson: text("created_by_person"),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    /** Which life of the slug this is; null while the team is being created, and that only for a while. */
    incarnation: text("incarnation"),
  },
  (table) => [index("registered_teams_person").on(table.createdByPerson)],
);
