// What became of a text over its versions: differences field by field, and who brought each line. Pure; runs anywhere.
import { stringify } from "yaml";
import { historyLimits } from "../../workflow-limits.ts";
import { lineDiff, lineEdits, linesOf } from "../jq-tools/jq-tools.ts";

type Content = Readonly<Record<string, unknown>>;

/** A field's value as people read it: text as it is, anything else as YAML, nothing for what is not there. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : stringify(value, { lineWidth: 0 }).trimEnd();
}

/** A version's content as one text, in the form that an import takes. */
export function writeContent(content: Content): string {
  return stringify(content, { lineWidth: 0 }).trimEnd();
}

/** The diff of each field that differs, in the order of the newer content; `before` is undefined for what did not exist. Cut at historyLimits.diffChars. */
export function compareContents(
  before: Content | undefined,
  after: Content,
): { changes: { field: string; diff: string }[]; truncated: boolean } {
  const fields = [...new Set([...Object.keys(after), ...Object.keys(before ?? {})])];
  let left: number = historyLimits.diffChars;
  let truncated = false;
  const changes = fields.flatMap((field) => {
    const whole = lineDiff(textOf(before?.[field]), textOf(after[field]));
    if (whole === "") return [];
    const diff = whole.length <= left ? whole : `${wholeLines(whole, left)}\n… cut`;
    truncated ||= whole.length > left;
    left = Math.max(0, left - whole.length);
    return [{ field, diff }];
  });
  return { changes, truncated };
}

/** As many of a text's first lines as fit. */
function wholeLines(text: string, chars: number): string {
  const end = text.slice(0, chars).lastIndexOf("\n");
  return text.slice(0, Math.max(0, end));
}

/** A text and the version that it is of. */
export interface TextVersion {
  version: number;
  text: string;
}

/** Looks back from the newest text for the version that brought each of its lines. */
export class LineBlame {
  /** For each line of the newest text the version that brought it; undefined while that is not known. */
  readonly #broughtBy: (number | undefined)[];
  /** Where lines that are not settled yet stand in the text looked at last. */
  #places: Map<number, number>;
  #last: TextVersion;
  #lines: string[];
  #stepsLeft: number = historyLimits.blameSteps;

  constructor(newest: TextVersion) {
    this.#last = newest;
    this.#lines = linesOf(newest.text);
    this.#broughtBy = this.#lines.map(() => undefined);
    this.#places = new Map(this.#lines.map((_line, at) => [at, at]));
  }

  /** True when there is nothing more to look for, or no more can be spent on it. */
  get isDone(): boolean {
    return this.#places.size === 0 || this.#stepsLeft <= 0;
  }

  /** Looks at the version before: what is not in it was brought by the one after it. */
  lookBack(older: TextVersion): void {
    if (this.isDone) return;
    if (older.text === this.#last.text) {
      this.#last = older;
      return;
    }
    const lines = linesOf(older.text);
    const { edits, steps } = lineEdits(lines, this.#lines);
    this.#stepsLeft -= steps;
    const oldPlace = new Map<number, number>();
    let [before, after] = [0, 0];
    for (const { mark } of edits) {
      if (mark === " ") oldPlace.set(after, before);
      if (mark !== "+") before++;
      if (mark !== "-") after++;
    }
    const places = new Map<number, number>();
    for (const [line, place] of this.#places) {
      const old = oldPlace.get(place);
      if (old === undefined) this.#broughtBy[line] = this.#last.version;
      else places.set(line, old);
    }
    this.#places = places;
    this.#last = older;
    this.#lines = lines;
  }

  /** The version that brought each line; null for what is older than the versions that were looked at. `reachedFirst`: the last of them was the first there is. */
  finish(reachedFirst: boolean): (number | null)[] {
    const rest = reachedFirst && this.#stepsLeft > 0 ? this.#last.version : null;
    return this.#broughtBy.map((version) => version ?? rest);
  }
}
