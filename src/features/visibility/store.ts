// Who sees what, in the team object's SQLite: columns of other features' tables. Synchronous; SQL only.
import { and, eq, gt, isNotNull, isNull, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee, type Visibility } from "../access/access.ts";
import type { ItemKind } from "./schema.ts";

// The columns that this feature reads and writes; the tiers forbid importing them from their features.
const datasetColumns = sqliteTable("datasets", {
  id: text("id").notNull(),
  name: text("name").notNull(),
  createdBy: text("created_by").notNull(),
  deletedAt: integer("deleted_at", { mode: "timestamp_ms" }),
  revision: integer("revision").notNull(),
  visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
});
const toolColumns = sqliteTable("tools", {
  id: text("id").notNull(),
  name: text("name").notNull(),
  createdBy: text("created_by").notNull(),
  isActive: integer("is_active", { mode: "boolean" }).notNull(),
  revision: integer("revision").notNull(),
  visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
});
const userColumns = sqliteTable("users", {
  username: text("username").notNull(),
  removedAt: integer("removed_at", { mode: "timestamp_ms" }),
});

/** A dataset or tool as far as its visibility is concerned. */
export interface Item {
  id: string;
  createdBy: string;
  visibility: Visibility;
  /** Lists show it; a deactivated tool is kept but not listed. */
  isListed: boolean;
}

/** The dataset or tool of that name; undefined for none and for a deleted dataset. */
export function findItem(db: Db, kind: ItemKind, name: string): Item | undefined {
  if (kind === "dataset") {
    const named = and(eq(datasetColumns.name, name), isNull(datasetColumns.deletedAt));
    const row = db.select().from(datasetColumns).where(named).get();
    return row && { id: row.id, createdBy: row.createdBy, visibility: row.visibility ?? "everyone", isListed: true };
  }
  const row = db.select().from(toolColumns).where(eq(toolColumns.name, name)).get();
  return (
    row && { id: row.id, createdBy: row.createdBy, visibility: row.visibility ?? "everyone", isListed: row.isActive }
  );
}

/** Who sees those of the datasets that there are. */
export function visibilitiesOfDatasets(db: Db, ids: readonly string[]): Visibility[] {
  return db
    .select({ visibility: datasetColumns.visibility })
    .from(datasetColumns)
    .where(sql`${datasetColumns.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`)
    .all()
    .map(({ visibility }) => visibility ?? "everyone");
}

/** Writes who sees it, as of a team revision. */
export function writeVisibility(db: Db, kind: ItemKind, id: string, to: Visibility, revision: number): void {
  const change = { visibility: to === "everyone" ? null : to, revision };
  if (kind === "dataset") db.update(datasetColumns).set(change).where(eq(datasetColumns.id, id)).run();
  else db.update(toolColumns).set(change).where(eq(toolColumns.id, id)).run();
}

/** Those of the usernames that are nobody's of this team now. */
export function strangersAmong(db: Db, usernames: readonly string[]): string[] {
  // As one value: a statement takes a bounded number of them.
  const named = sql`${userColumns.username} IN (SELECT value FROM json_each(${JSON.stringify(usernames)}))`;
  const current = and(named, isNull(userColumns.removedAt));
  const known = new Set(
    db
      .select({ username: userColumns.username })
      .from(userColumns)
      .where(current)
      .all()
      .map(({ username }) => username),
  );
  return usernames.filter((username) => !known.has(username));
}

/** What `asker` does not see, deactivated tools and deleted datasets included: whoever shows logs leaves these out. */
export interface HiddenItems {
  toolIds: string[];
  toolNames: string[];
  datasetNames: string[];
}

/** Empty for owners, and where nothing is restricted. With `since` only what has changed after that team revision. */
export function hiddenItems(db: Db, asker: Asker, since = -1): HiddenItems {
  const isHidden = (item: { visibility: Visibility | null }): boolean => !maySee(asker, item);
  const tools = db
    .select({ id: toolColumns.id, name: toolColumns.name, visibility: toolColumns.visibility })
    .from(toolColumns)
    .where(and(isNotNull(toolColumns.visibility), gt(toolColumns.revision, since)))
    .all()
    .filter(isHidden);
  const datasets = db
    .select({ name: datasetColumns.name, visibility: datasetColumns.visibility })
    .from(datasetColumns)
    .where(and(isNotNull(datasetColumns.visibility), gt(datasetColumns.revision, since)))
    .all()
    .filter(isHidden);
  return {
    toolIds: tools.map(({ id }) => id),
    toolNames: tools.map(({ name }) => name),
    datasetNames: datasets.map(({ name }) => name),
  };
}
