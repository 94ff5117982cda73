// Brings a proposal up to what has become of the version it was written against: a merge field by field, or the conflict. Pure; runs everywhere.
import { sameValue } from "../../core/canonical-json.ts";
import { contentDiff, isToolContent } from "./content.ts";
import { conflicting, mergeNamed, mergeText, mergeValue } from "./merging.ts";
import type { Conflict, ProposalContent } from "./schema.ts";

export type Rebased = { content: ProposalContent } | { conflict: Conflict };

type Fields = Record<string, unknown>;

const texts: ReadonlySet<string> = new Set(["query", "definition", "description"]);
const lists: ReadonlySet<string> = new Set(["parameters", "datasets"]);
/** A query is written for one way of reading: it and these do not go together when each side changed one of them. */
const waysOfReading: readonly string[] = ["input", "null_input", "dataset_mode"];

/**
 * Merges what was proposed against `base` (null: there was nothing) with what is current now. `decided` are fields that are to be as
 * proposed whatever became of them. What both changed differently is a conflict, shown with both diffs.
 */
export function rebase(
  base: ProposalContent | null,
  current: { version: number; content: ProposalContent },
  proposed: ProposalContent,
  decided: ReadonlySet<string> = new Set(),
): Rebased {
  const was: Fields = base ?? {};
  const theirs: Fields = current.content;
  const ours: Fields = proposed;
  const merged: Fields = {};
  const clashing = new Set(mismatched(was, theirs, ours).filter((field) => !decided.has(field)));
  for (const field of Object.keys(ours)) {
    const value = decided.has(field) ? ours[field] : mergeField(field, was[field], theirs[field], ours[field]);
    if (value === conflicting) clashing.add(field);
    else merged[field] = value;
  }
  if (clashing.size === 0) return { content: { ...proposed, ...merged } };
  const fields = Object.keys(ours).filter((field) => clashing.has(field));
  return { conflict: conflictOf(base, current, proposed, fields) };
}

/** A conflict in these fields, with what each side did to the base. */
export function conflictOf(
  base: ProposalContent | null,
  current: { version: number; content: ProposalContent | null },
  proposed: ProposalContent | null,
  fields: string[],
): Conflict {
  return {
    current_version: current.version,
    theirs: contentDiff(base, current.content),
    ours: contentDiff(base, proposed),
    fields,
  };
}

/** The fields in which either side is not as the base was. */
export function changedFields(base: ProposalContent | null, ...sides: readonly ProposalContent[]): string[] {
  const was: Fields = base ?? {};
  const fields = new Set(sides.flatMap((side) => Object.keys(side)));
  return [...fields].filter((field) => sides.some((side: Fields) => !sameValue(side[field], was[field])));
}

function mergeField(field: string, base: unknown, theirs: unknown, ours: unknown): unknown {
  const whole = mergeValue(base, theirs, ours);
  if (whole !== conflicting) return whole;
  if (texts.has(field) && typeof base === "string" && typeof theirs === "string" && typeof ours === "string")
    return mergeText(base, theirs, ours) ?? conflicting;
  if (lists.has(field) && Array.isArray(base) && Array.isArray(theirs) && Array.isArray(ours))
    return mergeNamed(base, theirs, ours) ?? conflicting;
  return conflicting;
}

/** The query and how it reads, when one side changed the one and the other side the other. */
function mismatched(base: Fields, theirs: Fields, ours: Fields): string[] {
  if (!isToolContent(ours as ProposalContent)) return [];
  const changed = (side: Fields, field: string): boolean => !sameValue(side[field], base[field]);
  const reading = (side: Fields): string[] => waysOfReading.filter((field) => changed(side, field));
  const pairs: [Fields, Fields][] = [
    [theirs, ours],
    [ours, theirs],
  ];
  return pairs.flatMap(([query, other]) =>
    changed(query, "query") && !changed(other, "query") && reading(other).length > 0
      ? ["query", ...reading(other)]
      : [],
  );
}
