// Versions of functions and tools read alike, in the team object's SQLite. Synchronous; SQL only. Runs in the object.
import { and, desc, eq, lt } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee } from "../access/access.ts";
import { jqFunctions, jqFunctionVersions } from "../jq-functions/table.ts";
import { selectToolVersions } from "../jq-tools/store.ts";
import { tools, toolVersions } from "../jq-tools/table.ts";
import type { Deactivated, EntryKind, WholeVersion } from "./schema.ts";

export interface VersionPage {
  limit: number;
  /** Only versions before this one. */
  before?: number | undefined;
}

/** Versions of a function or tool, newest first. `id` is the entry's own. */
export function selectVersions(db: Db, kind: EntryKind, id: string, page: VersionPage): WholeVersion[] {
  return kind === "tool" ? selectToolVersions(db, id, page) : selectFunctionVersions(db, id, page);
}

function selectFunctionVersions(db: Db, id: string, { limit, before }: VersionPage): WholeVersion[] {
  const own = eq(jqFunctionVersions.functionId, id);
  return db
    .select()
    .from(jqFunctionVersions)
    .where(before === undefined ? own : and(own, lt(jqFunctionVersions.version, before)))
    .orderBy(desc(jqFunctionVersions.version))
    .limit(limit)
    .all()
    .map(({ version, action, author, createdAt, reason, proposalId, ...row }) => ({
      version,
      action,
      author,
      created_at: createdAt.toISOString(),
      reason,
      proposal_id: proposalId,
      content: {
        definition: row.definition,
        description: row.description,
        parameters: row.parameters,
        ...(row.shadowsBuiltin ? { allow_builtin_name: true } : {}),
      },
    }));
}

/** What was taken out of use and `asker` sees, by name; a function before a tool of the same name. */
export function selectDeactivated(db: Db, kind: EntryKind | undefined, asker: Asker): Deactivated[] {
  const functions = kind === "tool" ? [] : deactivatedFunctions(db);
  const found = kind === "function" ? [] : deactivatedTools(db, asker);
  return [...functions, ...found].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** What a list of deactivated entries is sorted by. */
export function keyOf({ kind, name }: Pick<Deactivated, "kind" | "name">): string {
  return `${name} ${kind}`;
}

function deactivatedFunctions(db: Db): Deactivated[] {
  const version = and(
    eq(jqFunctionVersions.functionId, jqFunctions.id),
    eq(jqFunctionVersions.version, jqFunctions.version),
  );
  return db
    .select({ entry: jqFunctions, reason: jqFunctionVersions.reason })
    .from(jqFunctions)
    .leftJoin(jqFunctionVersions, version)
    .where(eq(jqFunctions.isActive, false))
    .all()
    .map(({ entry, reason }) => toDeactivated("function", entry, reason));
}

function deactivatedTools(db: Db, asker: Asker): Deactivated[] {
  const version = and(eq(toolVersions.toolId, tools.id), eq(toolVersions.version, tools.version));
  return db
    .select({ entry: tools, reason: toolVersions.reason })
    .from(tools)
    .leftJoin(toolVersions, version)
    .where(eq(tools.isActive, false))
    .all()
    .filter(({ entry }) => maySee(asker, entry))
    .map(({ entry, reason }) => toDeactivated("tool", entry, reason));
}

function toDeactivated(
  kind: EntryKind,
  entry: { name: string; description: string; version: number; updatedBy: string; updatedAt: Date },
  reason: string | null,
): Deactivated {
  const { name, description, version, updatedBy, updatedAt } = entry;
  return {
    kind,
    name,
    description,
    version,
    deactivated_by: updatedBy,
    deactivated_at: updatedAt.toISOString(),
    reason,
  };
}
