// Three-way merges of texts by line and of lists by name. Pure; runs everywhere.

import { sameValue } from "../../core/canonical-json.ts";
import { lineEdits } from "../jq-tools/jq-tools.ts";

/**
 * `base` with what both sides changed, when their changes are apart by at least one line that neither touched; undefined when they are not.
 * Of texts that are too long and too different to compare line by line, all between the first and the last change counts as one.
 */
export function mergeText(base: string, theirs: string, ours: string): string | undefined {
  const [lines, left, right] = [base, theirs, ours].map((text) => text.split("\n")) as [string[], string[], string[]];
  const inTheirs = matchLines(lines, left);
  const inOurs = matchLines(lines, right);
  const merged: string[] = [];
  let [atBase, atTheirs, atOurs] = [0, 0, 0];
  for (;;) {
    let stable = atBase;
    while (stable < lines.length && (inTheirs[stable] === undefined || inOurs[stable] === undefined)) stable++;
    const endTheirs = inTheirs[stable] ?? left.length;
    const endOurs = inOurs[stable] ?? right.length;
    const chunk = mergeValue(
      lines.slice(atBase, stable),
      left.slice(atTheirs, endTheirs),
      right.slice(atOurs, endOurs),
    );
    if (chunk === conflicting) return undefined;
    merged.push(...chunk);
    const line = lines[stable];
    if (line === undefined) return merged.join("\n");
    merged.push(line);
    [atBase, atTheirs, atOurs] = [stable + 1, endTheirs + 1, endOurs + 1];
  }
}

export const conflicting = Symbol("both changed it");

/** What only one side changed is as that side has it; what both changed alike is as both have it. */
export function mergeValue<Value>(base: Value, theirs: Value, ours: Value): Value | typeof conflicting {
  if (sameValue(ours, base)) return theirs;
  if (sameValue(theirs, base) || sameValue(theirs, ours)) return ours;
  return conflicting;
}

/**
 * A list merged item by item, each known by its name: what one side added, changed or removed. Undefined when both changed one item
 * differently, when both changed the order, or when a name stands in a list twice.
 */
export function mergeNamed(
  base: readonly unknown[],
  theirs: readonly unknown[],
  ours: readonly unknown[],
): unknown[] | undefined {
  const [was, left, right] = [byName(base), byName(theirs), byName(ours)];
  if (was === undefined || left === undefined || right === undefined) return undefined;
  const oursMoved = isReordered(was, right);
  if (oursMoved && isReordered(was, left)) return undefined;
  const [lead, other] = oursMoved ? [right, left] : [left, right];
  const merged: unknown[] = [];
  for (const name of new Set([...lead.keys(), ...other.keys()])) {
    const item = mergeValue(was.get(name), left.get(name), right.get(name));
    if (item === conflicting) return undefined;
    if (item !== undefined) merged.push(item);
  }
  return merged;
}

function byName(items: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map(items.map((item) => [nameOf(item), item]));
  return named.size === items.length ? named : undefined;
}

function nameOf(item: unknown): string {
  if (typeof item === "string") return item;
  if (typeof item === "object" && item !== null && "name" in item) return String(item.name);
  return JSON.stringify(item);
}

function isReordered(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): boolean {
  const kept = [...after.keys()].filter((name) => before.has(name));
  const order = [...before.keys()].filter((name) => after.has(name));
  return kept.some((name, at) => name !== order[at]);
}

/** For each line of `before` the line of `after` that it stayed as. */
function matchLines(before: readonly string[], after: readonly string[]): (number | undefined)[] {
  const matches: (number | undefined)[] = before.map(() => undefined);
  let [row, column] = [0, 0];
  for (const { mark } of lineEdits(before, after).edits) {
    if (mark === " ") matches[row++] = column++;
    else if (mark === "-") row++;
    else column++;
  }
  return matches;
}
