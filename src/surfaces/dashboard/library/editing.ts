// What the editor does with its form: checks, tests, saves or proposes it, never over somebody else's change unseen. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { AppError, undefinedOn } from "../../../core/errors.ts";
import { parseWith } from "../../../core/parse.ts";
import { parseDefinition } from "../../../engines/jq/syntax/analyse.ts";
import { functionFieldsSchema, toolFieldsSchema } from "../../../features/approvals/calls-schema.ts";
import { contentOfFunction } from "../../../features/approvals/content.ts";
import type { ProposalContent, ProposalTest, Validation } from "../../../features/approvals/schema.ts";
import { validateProposal } from "../../../features/approvals/validating.ts";
import { compareContents } from "../../../features/history/history.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { checkFunction } from "../../../features/jq-functions/jq-functions.ts";
import { contentOf } from "../../../features/jq-tools/jq-tools.ts";
import { given, textField, useTool } from "../actions.ts";
import { type Entry, findFunctionEntry, findToolEntry } from "./entries.ts";
import { functionOf, nameInDefinition } from "./function-form.ts";
import { testsIn } from "./tests-form.ts";
import { toolOf } from "./tool-form.ts";

/** What is edited: a tool or function of this name, or a new one. */
export interface Edited {
  kind: EntryKind;
  /** Undefined: a new one, whose name the form says. */
  name: string | undefined;
}

/** The name that the form is about. Throws what is wrong with a def that should say it, and `invalid_argument` where nothing does. */
function requireName(edited: Edited, fields: URLSearchParams): string {
  const name = nameOf(edited, fields);
  if (name !== "") return name;
  if (edited.kind === "function") return parseDefinition(fields.get("definition") ?? "").name;
  throw new AppError("invalid_argument", "The tool has no name.", {
    hint: "Write one at the top: it is what clients call.",
  });
}

/** The name that the form is about; empty where it says none. */
export function nameOf({ kind, name }: Edited, fields: URLSearchParams): string {
  if (name !== undefined) return name;
  const written = textField(fields, "name");
  if (written !== undefined) return written;
  return (kind === "function" ? nameInDefinition(fields.get("definition") ?? "") : undefined) ?? "";
}

export function contentIn(kind: EntryKind, fields: URLSearchParams): ProposalContent {
  return kind === "tool" ? toolOf(fields) : functionOf(fields);
}

/** Checks what the form says with the real engine, and with `withTests` runs its tests. Throws `invalid_argument` for fields that cannot be read. */
export async function checkForm(
  call: CallContext,
  edited: Edited,
  fields: URLSearchParams,
  withTests: boolean,
): Promise<Validation> {
  const { kind } = edited;
  const name = nameOf(edited, fields);
  const tests = withTests ? testsIn(fields, kind) : [];
  if (withTests && tests.length === 0) {
    throw new AppError("invalid_argument", "There is no test to run.", { hint: "Write one under Tests." });
  }
  const result = completeContent(call, kind, name, fields);
  const isThere = kind === "tool" ? call.catalogue.tools.has(name) : call.catalogue.functions.has(name);
  return validateProposal(call, { kind, name, action: isThere ? "change" : "create", result }, tests);
}

/** The form's content, in the shape that is kept. Throws what parsing its fields throws. */
function completeContent(call: CallContext, kind: EntryKind, name: string, fields: URLSearchParams): ProposalContent {
  if (kind === "tool") {
    const content = toolOf(fields);
    parseWith(toolFieldsSchema, content, name === "" ? "the tool" : name);
    return content;
  }
  const content = functionOf(fields);
  parseWith(functionFieldsSchema, content, name === "" ? "the function" : name);
  const { functions } = call.catalogue;
  const { parameters, shadowsBuiltin } = checkFunction(
    functions,
    { name, ...content },
    content.allow_builtin_name || functions.has(name),
  );
  return { ...content, parameters, allow_builtin_name: shadowsBuiltin };
}

/** Saves it for everyone. Throws `conflict` when it is not as it was when the form was opened, and what the save tools throw. */
export async function saveForm(
  call: CallContext,
  edited: Edited,
  fields: URLSearchParams,
): Promise<"saved" | "unchanged"> {
  const { kind } = edited;
  const name = requireName(edited, fields);
  const unless = await requireBase(call, edited, fields);
  const { data } = await useTool(
    { ...call, unless },
    `save_${kind}`,
    given({ name, ...contentIn(kind, fields), reason: textField(fields, "reason") }),
    fields,
  );
  return data.outcome === "unchanged" ? "unchanged" : "saved";
}

/** Opens a proposal of it, with the tests. Throws as `saveForm` does, and what the propose tools throw. */
export async function proposeForm(
  call: CallContext,
  edited: Edited,
  fields: URLSearchParams,
): Promise<Record<string, unknown>> {
  const { kind } = edited;
  const tests: ProposalTest[] = testsIn(fields, kind);
  const name = requireName(edited, fields);
  const unless = await requireBase(call, edited, fields);
  const justification = textField(fields, "reason");
  if (justification === undefined) {
    throw new AppError("invalid_argument", "A proposal needs a reason.", {
      hint: "Say what it is for, and why: those who vote go by it.",
    });
  }
  const { data } = await useTool(
    { ...call, unless },
    `propose_${kind}`,
    {
      name,
      ...contentIn(kind, fields),
      justification,
      ...(tests.length === 0 ? {} : { tests }),
    },
    fields,
  );
  return data;
}

/** The version that a form was opened on; 0: there was none. */
export function baseOf(fields: URLSearchParams): number {
  return Number(fields.get("base") ?? "0");
}

/**
 * Throws `conflict` unless what the form was opened on is still what is in use. Gives the place in the team's log as of which that is so: the
 * write is refused when another one comes in between.
 */
async function requireBase(call: CallContext, edited: Edited, fields: URLSearchParams): Promise<{ team: number }> {
  const { seq } = await call.stub.audit().head();
  const name = nameOf(edited, fields);
  const current = await currentEntry(call, edited.kind, name);
  const version = current?.item.is_active === true ? current.item.version : 0;
  if (version === baseOf(fields)) return { team: seq };
  const what = `The ${edited.kind} ${name}`;
  const by = current?.item.updated_by;
  const message =
    version === 0
      ? `${what} was taken out of use by ${by} since this page was opened. Nothing was saved.`
      : baseOf(fields) === 0
        ? `${what} is there already, at version ${version} by ${by}. Nothing was saved.`
        : `${what} was changed by ${by} since this page was opened: it is at version ${version}. Nothing was saved.`;
  throw new AppError("conflict", message, {
    hint: "What you entered is kept. Compare below; saving again puts yours in its place.",
    details: { name, version, base: baseOf(fields) },
  });
}

/** The entry as it is at this moment, whatever this request began with. */
export async function currentEntry(call: CallContext, kind: EntryKind, name: string): Promise<Entry | undefined> {
  const fresh = { ...call, catalogue: { ...call.catalogue, tools: new Map(), functions: new Map() } };
  return kind === "tool"
    ? undefinedOn(
        ["not_found"],
        findToolEntry(fresh, name).then((item): Entry => ({ kind, item })),
      )
    : undefinedOn(
        ["not_found"],
        findFunctionEntry(fresh, name).then((item): Entry => ({ kind, item })),
      );
}

export function contentOfEntry(entry: Entry): ProposalContent {
  return entry.kind === "tool" ? contentOf(entry.item) : contentOfFunction(entry.item);
}

/** Both sides of a conflict: what they changed, and what saving this form would change of theirs. */
export interface Clash {
  version: number;
  by: string;
  theirs: { field: string; diff: string }[];
  yours: { field: string; diff: string }[];
}

/** Undefined when there is nothing in use to compare with. */
export async function clashOf(call: CallContext, edited: Edited, fields: URLSearchParams): Promise<Clash | undefined> {
  const { kind } = edited;
  const name = nameOf(edited, fields);
  const current = await currentEntry(call, kind, name);
  if (current?.item.is_active !== true) return undefined;
  const base = baseOf(fields);
  const now = contentOfEntry(current);
  const before =
    base === 0
      ? undefined
      : (await call.stub.history().versions(kind, name, { limit: 1, before: base + 1 }, call.actor)).versions[0];
  return {
    version: current.item.version,
    by: current.item.updated_by,
    theirs: before === undefined ? [] : compareContents(before.content, now).changes,
    yours: compareContents(now, contentIn(kind, fields)).changes,
  };
}
