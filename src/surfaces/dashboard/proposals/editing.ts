// What the form of an edited proposal says, and what of it differs from what is proposed: that alone is sent. Runs at the edge.
import { parse, stringify } from "yaml";
import { sameValue } from "../../../core/canonical-json.ts";
import { AppError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/exact-json.ts";
import { isToolContent } from "../../../features/approvals/content.ts";
import type { Proposal, ProposalContent } from "../../../features/approvals/schema.ts";
import { contentOf } from "../../../features/jq-tools/jq-tools.ts";

/** The form's fields as text. `rest` and `tests` are YAML. */
export interface EditText {
  description: string;
  /** A tool's query or a function's definition. */
  code: string;
  rest: string;
  justification: string;
  tests: string;
}

/** The field that `code` is, by what the content is of. */
export function codeField(content: ProposalContent): "query" | "definition" {
  return isToolContent(content) ? "query" : "definition";
}

/** A proposal as the form begins with it. */
export function editText({ content, justification, tests }: Proposal): EditText {
  const common = { justification, tests: tests.length === 0 ? "" : stringify(tests, { lineWidth: 0 }) };
  if (content === null) return { description: "", code: "", rest: "", ...common };
  const { description, ...others } = isToolContent(content) ? contentOf(content) : content;
  const { [codeField(content)]: code = "", ...rest } = others as Record<string, unknown>;
  return { description, code: String(code), rest: stringify(rest, { lineWidth: 0 }), ...common };
}

export interface Edit {
  content?: Record<string, unknown>;
  justification?: string;
  tests?: unknown[];
}

/**
 * What an edit changes, as edit_proposal takes it: fields that are as proposed stay out, so that what happened to them meanwhile counts, but
 * for those in conflict, which the form decides. Throws `invalid_argument` for a text that is no YAML of its kind.
 */
export function readEdit(proposal: Proposal, text: EditText): Edit {
  const { content, conflict, justification, tests } = proposal;
  const wantedTests = listOf(text.tests);
  const edit: Edit = {
    ...(text.justification === justification ? {} : { justification: text.justification }),
    ...(sameValue(wantedTests, tests) ? {} : { tests: wantedTests }),
  };
  if (content === null) return edit;
  const wanted: Record<string, unknown> = {
    ...mapOf(text.rest),
    description: text.description,
    [codeField(content)]: text.code,
  };
  const before: Record<string, unknown> = { ...content };
  const changed = Object.entries(wanted).filter(
    ([field, value]) => conflict?.fields.includes(field) === true || !sameValue(value, before[field]),
  );
  return changed.length === 0 ? edit : { ...edit, content: Object.fromEntries(changed) };
}

function mapOf(text: string): Record<string, unknown> {
  const value = text.trim() === "" ? {} : yaml(text, "Further fields");
  if (isRecord(value)) return value;
  throw wrong("Further fields are no list of `name: value`.");
}

function listOf(text: string): unknown[] {
  const value = text.trim() === "" ? [] : yaml(text, "Tests");
  if (Array.isArray(value)) return value;
  throw wrong("Tests are no list: each begins with `- `.");
}

/** Aliases are refused: a few of them would stand for a text without end. */
function yaml(text: string, what: string): unknown {
  try {
    return parse(text, { schema: "core", merge: false, maxAliasCount: 0, logLevel: "error" });
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : "").split("\n");
    throw wrong(`${what} cannot be read as YAML: ${line.replace(/:$/, "")}.`);
  }
}

function wrong(message: string): AppError {
  return new AppError("invalid_argument", message, { hint: "Correct it and save again; nothing you wrote is lost." });
}
