// Which tools already answer a query: those of the same form over the same data. Pure; runs in the object and at the edge.
import { isAppError } from "../../core/errors.ts";
import { Lru } from "../../core/lru.ts";
import { formOfQuery } from "../../engines/jq/syntax/query-form.ts";
import { libraryLimits } from "../../limits.ts";
import type { ToolContent } from "../jq-tools/schema.ts";

// Per isolate. Keys are the whole content, so an entry says nothing that its reader does not already have.
const forms = new Lru<{ text: string | undefined }>(libraryLimits.parsedChars);

/** The normalised text of a tool's query, its parameters counted as literals; undefined for one that does not parse. */
export function formOfTool({ query, parameters }: Pick<ToolContent, "query" | "parameters">): string | undefined {
  const names = parameters.map(({ name }) => name);
  const key = JSON.stringify([query, names]);
  const known = forms.get(key);
  if (known !== undefined) return known.text;
  const form = { text: parsedForm(query, names) };
  forms.set(key, form, key.length + (form.text?.length ?? 0));
  return form.text;
}

function parsedForm(query: string, names: readonly string[]): string | undefined {
  try {
    return formOfQuery(query, names).text;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** What of a tool decides whether it answers a query. */
export type CoveringTool = Pick<
  ToolContent,
  "query" | "parameters" | "datasets" | "dataset_mode" | "input" | "null_input"
>;

/** True when a call of the tool, with fitting arguments, is that query. */
export function covers(
  tool: CoveringTool,
  pattern: { dataset: string; input: "whole" | "records"; nullInput: boolean; normalised: string },
): boolean {
  return (
    tool.dataset_mode === "one" &&
    tool.datasets.includes(pattern.dataset) &&
    tool.input === pattern.input &&
    tool.null_input === pattern.nullInput &&
    formOfTool(tool) === pattern.normalised
  );
}
