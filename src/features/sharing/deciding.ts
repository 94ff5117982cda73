// What becomes of an entry that the team has in another form: how the two stand to each other, and what the strategy makes of it. Runs anywhere.
import type { ImportAction, ImportStrategy } from "./schema.ts";
import { earlierDigits } from "./sharing.ts";

/** One side: a content's hash, beginnings of the hashes of earlier versions, and when it last changed, where that is known. */
export interface Side {
  hash: string;
  earlier: readonly string[];
  updatedAt: string | undefined;
  version: number | undefined;
}

/** How the file's form stands to the team's: its next state, one it has moved on from, or neither. */
export type Relation = "newer" | "older" | "conflict";

export function relationOf(file: Side, here: Side): Relation {
  if (file.earlier.includes(here.hash.slice(0, earlierDigits))) return "newer";
  if (here.earlier.includes(file.hash.slice(0, earlierDigits))) return "older";
  return "conflict";
}

export interface Decision {
  action: Extract<ImportAction, "update" | "rename" | "conflict" | "skip">;
  why: string;
  /** Something of the team's would be, or is not, replaced. */
  conflict: boolean;
}

/**
 * A newer form is taken and an older one left, whatever the strategy: nothing of the team's is lost. `overwrite` takes an older one, too. The strategy
 * decides where neither side is the other's earlier version.
 */
export function decide(strategy: ImportStrategy, file: Side, here: Side): Decision {
  const relation = relationOf(file, here);
  const there = here.version === undefined ? "what the team has" : `version ${here.version} here`;
  if (relation === "newer") return { action: "update", why: `it follows ${there}`, conflict: false };
  if (relation === "older") {
    const why = `the team has moved on from it to ${there}`;
    return { action: strategy === "overwrite" ? "update" : "skip", why, conflict: strategy === "overwrite" };
  }
  return { ...resolve(strategy, file, here, describe(file, here)), conflict: true };
}

function describe(file: Side, here: Side): string {
  const shared = file.earlier.some((hash) => here.earlier.includes(hash));
  return shared ? "both changed since they were the same" : "the team has something else under this name";
}

function resolve(strategy: ImportStrategy, file: Side, here: Side, why: string): Omit<Decision, "conflict"> {
  switch (strategy) {
    case "skip":
      return { action: "conflict", why: `${why}; the team's is left as it is` };
    case "overwrite":
      return { action: "update", why: `${why}; the file's replaces it` };
    case "rename":
      return { action: "rename", why: `${why}; the file's gets another name` };
    case "newest":
      return { ...newer(file, here, why) };
  }
}

function newer(file: Side, here: Side, why: string): Omit<Decision, "conflict"> {
  if (file.updatedAt === undefined || here.updatedAt === undefined)
    return { action: "conflict", why: `${why}, and the file does not say when its own changed (updated_at)` };
  const dates = `${file.updatedAt}, here ${here.updatedAt}`;
  return Date.parse(file.updatedAt) > Date.parse(here.updatedAt)
    ? { action: "update", why: `${why}; the file's changed last (${dates})` }
    : { action: "skip", why: `${why}; the team's changed last (the file's ${dates})` };
}
