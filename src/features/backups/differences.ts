// What differs between two states of a team, by kind and name. Pure; runs everywhere.
import { backupLimits } from "../../workflow-limits.ts";
import { type Asker, maySee, type Visibility } from "../access/access.ts";
import type { KindChanges, SummaryItem } from "./schema.ts";

export interface Difference {
  kind: string;
  name: string;
  change: "created" | "changed" | "removed";
  visibility: string | null;
  /** Who saw it before, as JSON, where it was changed; left out: the same as now. */
  seenBefore?: string | null;
}

/** What makes `before` into `after`, in the order of kinds and names. */
export function changesBetween(before: readonly SummaryItem[], after: readonly SummaryItem[]): Difference[] {
  const keyOf = ({ kind, name }: SummaryItem): string => `${kind} ${name}`;
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const now = new Map(after.map((item) => [keyOf(item), item]));
  const found: Difference[] = [];
  for (const [key, { kind, name, mark, visibility }] of now) {
    const was = old.get(key);
    if (was === undefined) found.push({ kind, name, change: "created", visibility });
    else if (was.mark !== mark) found.push({ kind, name, change: "changed", visibility, seenBefore: was.visibility });
  }
  for (const [key, { kind, name, visibility }] of old) {
    if (!now.has(key)) found.push({ kind, name, change: "removed", visibility });
  }
  return found.sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Counts of each kind that differs, and the first names of what `asker` sees, before and after. */
export function totals(found: readonly Difference[], asker: Asker): KindChanges[] {
  return [...new Set(found.map(({ kind }) => kind))].map((kind) => {
    const names = (change: Difference["change"]): string[] =>
      found.filter((item) => item.kind === kind && item.change === change).map(({ name }) => name);
    const all = { created: names("created"), changed: names("changed"), removed: names("removed") };
    const hidden = new Set(found.filter((item) => item.kind === kind && !isShown(item, asker)).map(({ name }) => name));
    const first = (list: string[]): string[] =>
      list.filter((name) => !hidden.has(name)).slice(0, backupLimits.shownNames);
    return {
      kind,
      created: all.created.length,
      changed: all.changed.length,
      removed: all.removed.length,
      names: { created: first(all.created), changed: first(all.changed), removed: first(all.removed) },
    };
  });
}

function isShown({ visibility, seenBefore = visibility }: Difference, asker: Asker): boolean {
  return [visibility, seenBefore].every(
    (json) => json === null || maySee(asker, { visibility: JSON.parse(json) as Visibility }),
  );
}
