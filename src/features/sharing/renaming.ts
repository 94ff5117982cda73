// New names for entries that may not have their own: chosen so that nothing else is meant by them, and written into what calls them. Runs at the edge.
import { parseWith } from "../../core/parse.ts";
import { type Renames, renameInDefinition, renameInTemplate } from "../../engines/jq/syntax/rename-calls.ts";
import type { SaveTool } from "../jq-tools/schema.ts";
import type { LibraryEntry } from "./library-text.ts";
import { type BundleFunction, bundleFunctionSchema } from "./schema.ts";

export interface Renaming {
  /** Functions of the file that get another name, by the one they have in it. */
  renames: Map<string, { arity: number; to: string }>;
  /** Names that entries of the file have or get. */
  takenNames: Set<string>;
  /** All that the file says: a name that stands nowhere in it cannot be meant by anything in it. */
  text: string;
}

/** A function as the file says it. */
export function readFunction(entry: LibraryEntry): BundleFunction {
  return parseWith(bundleFunctionSchema, entry.value, `function ${entry.name}`);
}

const maxNameChars = 64;

/**
 * The first of `name_imported`, `name_imported_2`, … that is free: `isFree` says whether the team has it. A name the file itself uses, in whatever
 * way, is passed over.
 */
export function freshName({ takenNames, text }: Renaming, name: string, isFree: (name: string) => boolean): string {
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? "_imported" : `_imported_${count}`;
    const candidate = `${name.slice(0, maxNameChars - suffix.length)}${suffix}`;
    if (!takenNames.has(candidate) && !text.includes(candidate) && isFree(candidate)) return candidate;
  }
}

/** A function that calls the renamed ones by their new names. */
export function rewriteFunction(input: BundleFunction, renames: Renames): BundleFunction {
  if (renames.size === 0) return input;
  const { depends_on, ...rest } = input;
  return {
    ...rest,
    definition: renameInDefinition(input.definition, renames),
    ...(depends_on === undefined ? {} : { depends_on: renamed(depends_on, renames) }),
  };
}

/** A tool likewise. */
export function rewriteTool<Tool extends SaveTool & { query: string }>(input: Tool, renames: Renames): Tool {
  if (renames.size === 0) return input;
  const parameters = (input.parameters ?? []).map(({ name }) => name);
  const { required_functions } = input;
  return {
    ...input,
    query: renameInTemplate(input.query, parameters, renames),
    ...(required_functions === undefined ? {} : { required_functions: renamed(required_functions, renames) }),
  };
}

/** The function under another name, its calls of itself included. */
export function renameFunction<Input extends { name: string; definition: string }>(input: Input, to: string): Input {
  return { ...input, name: to, definition: renameInDefinition(input.definition, new Map(), to) };
}

const renamed = (names: readonly string[], renames: Renames): string[] =>
  names.map((name) => renames.get(name)?.to ?? name);
