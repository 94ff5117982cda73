// Puts what becomes of an entry into the plan. Runs at the edge.
import { canonicalJson } from "../../core/canonical-json.ts";
import { sharingLimits } from "../../workflow-limits.ts";
import type { SaveFunction } from "../jq-functions/schema.ts";
import { lineDiff } from "../jq-tools/jq-tools.ts";
import type { SaveTool } from "../jq-tools/schema.ts";
import { contentText } from "./comparing.ts";
import type { LibraryEntry } from "./library-text.ts";
import type { Planning } from "./planning.ts";
import type { ImportAction, PlannedEntry } from "./schema.ts";

/** What is known of an entry before it is decided on. */
export interface Outcome {
  entry: LibraryEntry;
  content: object;
  calls: readonly string[];
  versionThere: number | undefined;
  versionHere: number | undefined;
}

interface Decided extends Outcome {
  action: ImportAction;
  why?: string | undefined;
  conflict?: boolean | undefined;
  as?: string | undefined;
  diff?: string | undefined;
}

type Saving =
  | { list: "functions"; input: SaveFunction; base: number | null }
  | { list: "tools"; input: SaveTool; base: number | null };

/** Adds the entry to the plan, and to what is saved when there is something to save. */
export function record(planning: Planning, decided: Decided, saving?: Saving): void {
  const { entry, content, calls, action, why, conflict, as, diff, versionHere, versionThere } = decided;
  const planned: PlannedEntry = {
    kind: entry.kind,
    name: entry.name,
    action,
    ...(as === undefined ? {} : { as }),
    ...(why === undefined ? {} : { why }),
    ...(conflict === true ? { conflict } : {}),
    ...(versionHere === undefined ? {} : { version_here: versionHere }),
    ...(versionThere === undefined ? {} : { version_there: versionThere }),
    calls: [...calls],
    ...(diff === undefined ? {} : { diff }),
    line: entry.place.line,
  };
  planning.entries.push(planned);
  planning.contents.set(planned, canonicalJson(content));
  if (saving === undefined) return;
  const rewritten = planning.renaming.renames.size > 0;
  if (saving.list === "functions")
    planning.functions.push({ entry, planned, rewritten, guarded: { input: saving.input, base: saving.base } });
  else planning.tools.push({ entry, planned, rewritten, guarded: { input: saving.input, base: saving.base } });
}

/** The changed lines, as far as the plan has room for them. */
export function differenceBetween(planning: Planning, before: object, after: object): string {
  const diff = lineDiff(contentText(before), contentText(after));
  if (diff.length > planning.diffRoom)
    return `not shown: the plan shows ${sharingLimits.diffChars} characters of differences (limit diffChars); plan this entry alone with names`;
  planning.diffRoom -= diff.length;
  return diff;
}

/** True when a name is had by something that is not in use or not shown. */
export function standsHere({ standing }: Planning, kind: "functions" | "tools", name: string): boolean {
  return standing.inactive[kind].includes(name) || (kind === "tools" && standing.taken.includes(name));
}
