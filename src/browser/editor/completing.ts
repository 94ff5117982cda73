// What an editor offers to complete: jq's functions and the team's, fields of the chosen datasets, variables; of SQL its words, tables and columns. Runs in the browser.
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { jqKeywords } from "../../engines/jq/syntax/highlight.ts";
import type { Offers } from "../../surfaces/dashboard/library/editor-answers.ts";
import { type Language, piecesOf } from "./colours.ts";
import { sqlKeywords } from "./highlight-sql.ts";

export const noOffers: Offers = { words: [], fields: [] };

/** `offers` gives what is known by now; `variables` the names bound from outside. */
export function completing(
  language: Language,
  offers: () => Promise<Offers>,
  variables: () => readonly string[],
): CompletionSource {
  return async (context) => {
    const inside = piecesOf(language, context.state.sliceDoc()).find(
      ({ start, end }) => start < context.pos && context.pos <= end,
    );
    const isClosed = inside !== undefined && context.state.sliceDoc(inside.end - 1, inside.end) === '"';
    if (inside?.kind === "comment") return null;
    if ((inside?.kind === "string" || inside?.kind === "escape") && !(isClosed && inside.end === context.pos)) {
      return variableResult(context, variables(), /\$\{\w*$/);
    }
    if (language === "sql") return wordResult(context, await offers(), sqlKeywords);
    const bound = [...variables(), ...namesIn(context, /\bas\s+[^|]*?\$([a-zA-Z_]\w*)|[(;]\s*\$([a-zA-Z_]\w*)/g)];
    return (
      variableResult(context, bound, /\$\{?\w*$/) ??
      fieldResult(context, await offers()) ??
      wordResult(context, await offers(), jqKeywords)
    );
  };
}

function variableResult(
  context: CompletionContext,
  names: readonly string[],
  pattern: RegExp,
): CompletionResult | null {
  const found = context.matchBefore(pattern);
  if (found === null || names.length === 0) return null;
  const isPlaceholder = found.text.startsWith("$" + "{");
  const options = [...new Set(names)].map((name) => ({
    label: isPlaceholder ? `$\u007b${name}}` : `$${name}`,
    type: "variable",
  }));
  return { from: found.from, options, validFor: /^\$\{?\w*$/ };
}

/** After a dot: the fields below the path that is written there; where that is no path of the dataset's, all that there are. */
function fieldResult(context: CompletionContext, { fields }: Offers): CompletionResult | null {
  const found = context.matchBefore(/(?:(?:\.[a-zA-Z_]\w*|\[\]|\?)+)?\.[a-zA-Z_]?\w*$/);
  if (found === null || found.text.includes("..") || fields.length === 0) return null;
  const dot = found.text.lastIndexOf(".");
  const above = segmentsOf(found.text.slice(0, dot).replaceAll("?", ""));
  return {
    from: found.from + dot + 1,
    options: fieldsBelow(fields, above),
    validFor: /^\w*$/,
  };
}

/** The fields one may go to from a path; `[]` says nothing about where one is. */
export function fieldsBelow(fields: readonly Offers["fields"][number][], above: readonly string[]): Completion[] {
  const split = fields.map(({ path, type }) => ({ segments: segmentsOf(path), path, type }));
  const below = split.flatMap(({ segments, ...field }) => {
    const at = indexOfRun(segments, above);
    const name = at === -1 ? undefined : segments[at + above.length];
    return name === undefined ? [] : [{ name, isLast: at + above.length === segments.length - 1, ...field }];
  });
  const named = new Map<string, Completion>();
  const all =
    below.length > 0
      ? below
      : split.flatMap(({ segments, ...field }) => ({ name: segments.at(-1) ?? "", isLast: true, ...field }));
  for (const { name, isLast, path, type } of all) {
    if (name === "" || (named.has(name) && !isLast)) continue;
    const apply = /^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name);
    named.set(name, {
      label: name,
      apply,
      detail: isLast ? type : "object",
      type: "property",
      ...(path === name ? {} : { info: `.${path}` }),
    });
  }
  return [...named.values()];
}

/** The names in a path: `a.b[]["odd key"]` is a, b, odd key. */
function segmentsOf(path: string): string[] {
  return [...path.matchAll(/([a-zA-Z_]\w*)|"((?:[^"\\]|\\.)*)"/g)].map(([, plain, quoted]) => plain ?? quoted ?? "");
}

/** Where `part` stands in `whole`, first at its start; -1 if it does not. */
function indexOfRun(whole: readonly string[], part: readonly string[]): number {
  for (let at = 0; at + part.length <= whole.length; at++) {
    if (part.every((name, index) => whole[at + index] === name)) return at;
    if (part.length === 0) return 0;
  }
  return -1;
}

function wordResult(
  context: CompletionContext,
  { words }: Offers,
  keywords: readonly string[],
): CompletionResult | null {
  const found = context.matchBefore(/@?[\p{L}_]?[\p{L}\p{N}_]*$/u);
  if (found === null || (found.text === "" && !context.explicit)) return null;
  const own = namesIn(context, /\bdef\s+([a-zA-Z_]\w*)/g).map((label) => ({ label, type: "function", detail: "here" }));
  const known = new Set([...own, ...words].map(({ label }) => label));
  const options: Completion[] = [
    ...own.map((option) => ({ ...option, boost: 2 })),
    ...words.map((word) => ({ ...word, boost: word.type === "builtin" ? 0 : 1 })),
    ...keywords.filter((label) => !known.has(label)).map((label) => ({ label, type: "keyword" })),
  ];
  return { from: found.from, options, validFor: /^@?[\p{L}\p{N}_]*$/u };
}

/** Names that the text itself gives, each once; not the one being written. */
function namesIn(context: CompletionContext, pattern: RegExp): string[] {
  const names = new Set<string>();
  for (const found of context.state.sliceDoc().matchAll(pattern)) {
    const name = found[1] ?? found[2];
    if (name !== undefined && found.index + found[0].length !== context.pos) names.add(name);
  }
  return [...names];
}
