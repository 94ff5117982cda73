// Gives functions another name where jq code calls and defines them, by the syntax tree: text, comments and fields of that name stay. Runs anywhere.
import { analyse, parseDefinition } from "./analyse.ts";
import type { Program } from "./ast.ts";
import { parseLeadingDefinitions } from "./parser.ts";
import { parseTemplate } from "./placeholders.ts";
import { walkNames } from "./walk.ts";

/** New names of functions. A name stands for one function, so only calls with its number of arguments are meant. */
export type Renames = ReadonlyMap<string, { readonly arity: number; readonly to: string }>;

interface Place {
  start: number;
  from: string;
  to: string;
}

/**
 * A query template whose calls of the renamed functions say the new names; what the template defines itself keeps its own.
 * Throws what parsing it throws. The new names must not stand in the text yet, or a definition of its own could catch the call.
 */
export function renameInTemplate(text: string, parameterNames: readonly string[], renames: Renames): string {
  return replaceAt(text, placesIn(parseTemplate(text, parameterNames), parameterNames, renames));
}

/** A function's definition likewise; with `ownName` the function itself is renamed, too, and so are its calls of itself. Throws `jq_syntax`. */
export function renameInDefinition(text: string, renames: Renames, ownName?: string): string {
  const { name, arity, body, analysis } = parseDefinition(text);
  const places = callsOf([...analysis.calls, ...analysis.calledBuiltins], renames);
  const [definition] = parseLeadingDefinitions(text).definitions;
  if (ownName !== undefined && definition !== undefined) {
    places.push({ start: definition.nameSpan.start, from: name, to: ownName });
    walkNames(body, {
      freeCall: (call) => {
        if (call.name === name && call.args.length === arity)
          places.push({ start: call.start, from: name, to: ownName });
      },
    });
  }
  return replaceAt(text, places);
}

function placesIn(program: Program, variables: readonly string[], renames: Renames): Place[] {
  const { calls, calledBuiltins } = analyse(program, { variables });
  return callsOf([...calls, ...calledBuiltins], renames);
}

function callsOf(calls: readonly { name: string; arity: number; start: number }[], renames: Renames): Place[] {
  return calls.flatMap(({ name, arity, start }) => {
    const rename = renames.get(name);
    return rename?.arity === arity ? [{ start, from: name, to: rename.to }] : [];
  });
}

function replaceAt(text: string, places: readonly Place[]): string {
  let result = "";
  let at = 0;
  for (const { start, from, to } of [...places].sort((a, b) => a.start - b.start)) {
    if (!text.startsWith(from, start)) throw new Error(`the call of ${from} is not at ${start}`);
    result += text.slice(at, start) + to;
    at = start + from.length;
  }
  return result + text.slice(at);
}
