// Tables and frames as what SQL can name, and who may read them. Runs everywhere.
import * as z from "zod";
import type { Asker, Visibility } from "../access/access.ts";

export type RelationKind = "table" | "frame";

/** A dataset that the rows of a table or frame came from. */
export interface Source {
  id: string;
  name: string;
  version: number;
  /** Who saw the dataset then; left out: everyone. */
  visibility?: Visibility;
}

/** Who reads, as the workspace is told: it has no list of people or datasets of its own. */
export interface Reader extends Asker {
  /** Ids of the team's datasets that are not shown to them now. */
  hidden: readonly string[];
}

/** Words that no table or frame may begin with: the workspace's own tables, and SQLite's. */
const reservedPrefixes = ["sd_", "sqlite_", "_cf_", "df_", "pragma_", "fts5", "json_"];
const reservedNames: ReadonlySet<string> = new Set(["applied_migrations", "dual", "json_each", "json_tree"]);

const relationNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** A table's or frame's name: an SQL identifier. SQL does not tell upper from lower case, so two names may not differ in that alone. */
export const relationNameSchema = z
  .string()
  .regex(relationNamePattern, "use a letter or underscore, then letters, digits or underscores, 63 at most")
  .refine((name) => !isReserved(name), "choose another name: this one belongs to the server or to SQLite");

function isReserved(name: string): boolean {
  const key = name.toLowerCase();
  return reservedNames.has(key) || key.endsWith("_fts") || reservedPrefixes.some((prefix) => key.startsWith(prefix));
}

/** A column's name. Any text without control characters; quoted wherever it stands in SQL. */
export const columnNameSchema = z
  .string()
  .min(1)
  .max(128)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
  .refine((name) => !/[\u0000-\u001f\u007f]/.test(name), "use no control characters")
  .refine((name) => name.trim() === name, "use no spaces at either end");

/** A frame's handle, as `data_ref` names it. */
export const framePattern = /^df_[a-z0-9]{10}$/;

/** How an argument names what to read: a frame's data_ref, or the name of a frame, table or dataset. */
export const dataRefSchema = z
  .string()
  .min(1)
  .max(128)
  .describe("A data_ref, or the name of a frame, table or dataset.");
