// From what an author says to the whole of what is proposed, against the version that is current. Runs at the edge.

import type { CallContext } from "../../context.ts";
import { sameValue } from "../../core/canonical-json.ts";
import { AppError, undefinedOn } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { checkFunction } from "../jq-functions/jq-functions.ts";
import type { SaveFunction } from "../jq-functions/schema.ts";
import { checkTool, contentOf, nextContent } from "../jq-tools/jq-tools.ts";
import type { SaveTool } from "../jq-tools/schema.ts";
import type { CurrentSubject, ProposalInContext } from "./approvals.ts";
import { type ChangeFields, functionFieldsSchema, toolFieldsSchema } from "./calls-schema.ts";
import { contentOfFunction, isToolContent } from "./content.ts";
import { rebase } from "./rebasing.ts";
import type { FunctionContent, ProposalAction, ProposalContent, ProposalKind } from "./schema.ts";

/** What is proposed, complete. */
export interface Draft {
  kind: ProposalKind;
  name: string;
  action: ProposalAction;
  /** Null to deactivate or restore. */
  content: ProposalContent | null;
  /** Null: there is nothing of that name. */
  baseVersion: number | null;
  /** What it is compared with: what is in use now. */
  base: ProposalContent | null;
  /** What would be in use; null: nothing. */
  result: ProposalContent | null;
}

/**
 * Drafts a proposal: what the author leaves out stays as it is, and the action follows from whether the thing is in use.
 * Throws `already_exists`, `not_found` and `invalid_argument` for an action that does not fit, or that would change nothing, and what
 * checking a function throws.
 */
export async function draftProposal(
  context: CallContext,
  kind: ProposalKind,
  name: string,
  wanted: ProposalAction | undefined,
  fields: ChangeFields,
): Promise<Draft> {
  const subject = await findSubject(context, kind, name);
  const active = subject?.is_active === true ? subject.content : null;
  const action = wanted ?? (active === null ? "create" : "change");
  requireFits(kind, name, action, subject);
  const baseVersion = subject?.version ?? null;
  const common = { kind, name, action, baseVersion, base: active };
  if (action === "deactivate" || action === "restore") {
    requireNoFields(kind, action, fields);
    return { ...common, content: null, result: action === "restore" ? (subject?.content ?? null) : null };
  }
  const content = completeContent(context, kind, name, fields, active);
  if (active !== null && sameValue(content, active)) {
    throw new AppError("invalid_argument", `Nothing would change: the ${kind} ${name} is like this already.`, {
      hint: "Say what should be different.",
      details: { name, version: baseVersion },
    });
  }
  return { ...common, content, result: content };
}

/**
 * The content of an edited proposal, on what is current now: what the author gives counts, the rest is as proposed, merged with what
 * happened to the base. Throws `conflict` naming the fields that both changed and the author has to give.
 */
export async function draftEdit(
  context: CallContext,
  { proposal, current, base }: ProposalInContext,
  given: unknown,
): Promise<Draft> {
  const { kind, name, action } = proposal;
  const schema = kind === "tool" ? toolFieldsSchema : functionFieldsSchema;
  const fields: ChangeFields = parseWith(schema.strict(), given ?? {}, "content");
  const active = current?.is_active === true ? current.content : null;
  requireFits(kind, name, action, current ?? undefined);
  const common = { kind, name, action, baseVersion: current?.version ?? null, base: active };
  if (proposal.content === null) {
    requireNoFields(kind, action, fields);
    return { ...common, content: null, result: action === "restore" ? (current?.content ?? null) : null };
  }
  const written = completeContent(context, kind, name, fields, proposal.content);
  if (active === null || current === null || current.version === proposal.base_version)
    return { ...common, content: written, result: written };
  const decided = new Set(Object.keys(fields).filter((field) => Reflect.get(fields, field) !== undefined));
  const merged = rebase(base, { version: current.version, content: active }, written, decided);
  if ("content" in merged) return { ...common, content: merged.content, result: merged.content };
  throw new AppError(
    "conflict",
    `The ${kind} ${name} is at version ${current.version} now, and both it and this proposal changed ${merged.conflict.fields.join(", ")}.`,
    {
      hint: `Give content.${merged.conflict.fields.join(" and content.")} as they should be on top of version ${current.version}; get_proposal shows both changes.`,
      details: { ...merged.conflict },
    },
  );
}

/** What there is of that name, in use or not, as far as the caller sees it. */
function findSubject(context: CallContext, kind: ProposalKind, name: string): Promise<CurrentSubject | undefined> {
  return undefinedOn(["not_found"], kind === "tool" ? findTool(context, name) : findFunction(context, name));
}

async function findTool(context: CallContext, name: string): Promise<CurrentSubject> {
  const tool = context.catalogue.tools.get(name) ?? (await context.stub.tools().get(name, context.actor)).tool;
  return { version: tool.version, is_active: tool.is_active, content: contentOf(tool) };
}

async function findFunction(context: CallContext, name: string): Promise<CurrentSubject> {
  const found =
    context.catalogue.functions.get(name) ?? (await context.stub.functions().history(name, { limit: 1 })).function;
  return { version: found.version, is_active: found.is_active, content: contentOfFunction(found) };
}

function requireFits(
  kind: ProposalKind,
  name: string,
  action: ProposalAction,
  subject: CurrentSubject | undefined,
): void {
  const isActive = subject?.is_active === true;
  if (action === "create" && isActive) {
    throw new AppError("already_exists", `The team has a ${kind} ${name}, at version ${subject.version}.`, {
      hint: "Propose a change of it (action: change), or choose another name.",
      details: { name, version: subject.version },
    });
  }
  if ((action === "change" || action === "deactivate") && !isActive) {
    const [state, hint] =
      subject === undefined
        ? ["there is none", "list_functions and find_tools show those there are; action: create proposes a new one."]
        : ["it is deactivated", "Propose to restore it (action: restore), or a new one in its place (action: create)."];
    throw new AppError("not_found", `There is no ${kind} ${name} in use: ${state}.`, { hint, details: { name } });
  }
  if (action !== "restore" || (subject !== undefined && !isActive)) return;
  throw new AppError(
    subject === undefined ? "not_found" : "invalid_argument",
    subject === undefined ? `There is no ${kind} ${name} to restore.` : `The ${kind} ${name} is in use.`,
    { hint: "Only what was deactivated can be restored.", details: { name } },
  );
}

function requireNoFields(kind: ProposalKind, action: ProposalAction, fields: ChangeFields): void {
  const given = Object.entries(fields).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  if (given.length === 0) return;
  throw new AppError("invalid_argument", `To ${action} a ${kind} takes no ${given.join(", ")}.`, {
    hint: `Leave these out; propose a change to ${kind === "tool" ? "a tool" : "a function"} apart.`,
    details: { given },
  });
}

function completeContent(
  context: CallContext,
  kind: ProposalKind,
  name: string,
  fields: ChangeFields,
  before: ProposalContent | null,
): ProposalContent {
  if (kind === "tool") {
    const old = before !== null && isToolContent(before) ? before : undefined;
    const input: SaveTool = { ...(fields as Omit<SaveTool, "name">), name };
    // The list is no content; it is held against what the query calls.
    if (input.required_functions !== undefined) checkTool({ functions: context.catalogue.functions }, input, old);
    return nextContent(input, old);
  }
  const old = before !== null && !isToolContent(before) ? before : undefined;
  return nextFunction(context, { ...(fields as Partial<SaveFunction>), name }, old);
}

/** A function's parameters are found in its definition; their notes stay while their names do. */
function nextFunction(
  context: CallContext,
  input: Partial<SaveFunction> & { name: string },
  before: FunctionContent | undefined,
): FunctionContent {
  const { name, definition = before?.definition } = input;
  if (definition === undefined) {
    throw new AppError("invalid_argument", `There is no active function ${name}, and a new one needs a definition.`, {
      hint: "Give the definition to propose a new one; list_functions shows those there are.",
      details: { name },
    });
  }
  const description = input.description ?? before?.description ?? "";
  const { functions } = context.catalogue;
  const mayShadow = input.allow_builtin_name ?? before?.allow_builtin_name ?? functions.has(name);
  const given = { name, definition, description, ...(input.parameters && { parameters: input.parameters }) };
  const checked = checkFunction(functions, given, mayShadow);
  const names = (list: readonly { name: string }[] | undefined) => JSON.stringify(list?.map((one) => one.name));
  const keepsNotes = input.parameters === undefined && names(before?.parameters) === names(checked.parameters);
  return {
    definition,
    description,
    parameters: keepsNotes && before !== undefined ? before.parameters : checked.parameters,
    allow_builtin_name: checked.shadowsBuiltin,
  };
}
