// Where the library's pages are, below the team's address. Pure.
import type { EntryKind } from "../../../features/history/schema.ts";

export const entryViews = ["run", "tests", "history", "advice", "edit"] as const;
export type EntryView = (typeof entryViews)[number];

export const listPaths = { tool: "/library", function: "/library/functions" } as const;

/** The page of a tool or function, or one of its further views. */
export function entryPath(kind: EntryKind, name: string, view?: EntryView): string {
  // The page that makes a new one stands where that of one called "new" would.
  const own = view ?? (name === "new" ? "definition" : undefined);
  return `/library/${kind}s/${name}${own === undefined ? "" : `/${own}`}`;
}

export function newEntryPath(kind: EntryKind): string {
  return `/library/${kind}s/new`;
}
