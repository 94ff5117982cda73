// What a proposal would put in place, as content and as the text that people compare. Pure; runs everywhere.
import { stringify } from "yaml";
import { builtinArities } from "../../engines/jq/syntax/builtins.ts";
import type { JqFunction } from "../jq-functions/schema.ts";
import { contentOf, lineDiff } from "../jq-tools/jq-tools.ts";
import type { ToolContent } from "../jq-tools/schema.ts";
import type { FunctionContent, ProposalContent } from "./schema.ts";

export function isToolContent(content: ProposalContent): content is ToolContent {
  return "query" in content;
}

/** Everything an author writes of a function. */
export function contentOfFunction(
  found: Pick<JqFunction, "name" | "definition" | "description" | "parameters">,
): FunctionContent {
  const { name, definition, description, parameters } = found;
  // A function of a builtin's name was allowed it when it was saved.
  return { definition, description, parameters, allow_builtin_name: builtinArities(name).length > 0 };
}

/** Content as YAML, in the form and order in which it is written; nothing for what there is not. */
export function writeContent(content: ProposalContent | null): string {
  return content === null ? "" : stringify(ordered(content), { lineWidth: 0 }).trimEnd();
}

/** The changed lines between two contents, as in a patch; empty when they are the same. */
export function contentDiff(before: ProposalContent | null, after: ProposalContent | null): string {
  return lineDiff(writeContent(before), writeContent(after));
}

function ordered(content: ProposalContent): ProposalContent {
  if (isToolContent(content)) return contentOf(content);
  const { definition, description, parameters, allow_builtin_name } = content;
  return { definition, description, parameters, allow_builtin_name };
}
