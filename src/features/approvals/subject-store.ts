// The function or tool that a proposal is about: as it is now, and what the proposal would make of it. Synchronous. Runs in the object.

import { AppError } from "../../core/errors.ts";
import type { Db } from "../../durable/db.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, maySee, type Visibility } from "../access/access.ts";
import {
  beginFunctions,
  type FunctionStep,
  planFunctionDeactivation,
  planFunctionRestoration,
  planFunctionSave,
  requireFunction,
  writeFunctionSteps,
} from "../jq-functions/change-store.ts";
import type { Authority, Told } from "../jq-functions/library-store.ts";
import type { SavedFunction } from "../jq-functions/rpc.ts";
import { type FunctionRow, findFunctionRow, readFunction } from "../jq-functions/store.ts";
import {
  beginTools,
  isSameContent,
  planToolDeactivation,
  planToolRestoration,
  planToolSave,
  requireNameFree,
  requireTool,
  type ToolStep,
  writeToolSteps,
} from "../jq-tools/change-store.ts";
import type { SavedTool } from "../jq-tools/rpc.ts";
import { toolContentSchema } from "../jq-tools/schema.ts";
import { contentOfRow, findToolRow, readTool } from "../jq-tools/store.ts";
import { type CurrentSubject, noSuchProposal } from "./approvals.ts";
import {
  type FunctionContent,
  functionContentSchema,
  type ProposalAction,
  type ProposalContent,
  type ProposalKind,
} from "./schema.ts";
import { findProposal, type ProposalRow } from "./store.ts";

/** A function or tool as it is now; `current` is null when there is none of that name. */
export interface Subject {
  current: CurrentSubject | null;
  visibility: Visibility;
}

/** The part of a proposal that says what is to become of what. */
export type Intent = Pick<ProposalRow, "kind" | "name" | "action" | "content">;

/** What a proposal is about, as it is now, whoever asks. */
export function subjectOf(db: Db, kind: ProposalKind, name: string): Subject {
  if (kind === "function") {
    const row = findFunctionRow(db, name);
    if (row === undefined) return { current: null, visibility: "everyone" };
    return { current: currentOf(row, functionContent(row)), visibility: "everyone" };
  }
  const row = findToolRow(db, name);
  if (row === undefined) return { current: null, visibility: "everyone" };
  return { current: currentOf(row, contentOfRow(row)), visibility: row.visibility ?? "everyone" };
}

/** A proposal, and what it is about, as `asker` may know of it. Throws `not_found`, the same for none and for one about what they do not see. */
export function requireProposal(db: Db, id: string, asker: Asker): { row: ProposalRow; subject: Subject } {
  const row = findProposal(db, id);
  if (row === undefined) throw noSuchProposal(id);
  const subject = subjectOf(db, row.kind, row.name);
  if (!maySee(asker, subject)) throw noSuchProposal(id);
  return { row, subject };
}

/**
 * Throws unless what is proposed can be done to what there is, as `asker` sees it: `not_found`, `already_exists` for creating what there is or
 * a name that is not shown, `conflict` for what is in that state already.
 */
export function requireFits(
  db: Db,
  { kind, name, action }: Pick<Intent, "kind" | "name" | "action">,
  asker: Asker,
): Subject {
  if (kind === "tool" && action === "create") requireNameFree(findToolRow(db, name), asker);
  else if (kind === "tool") requireTool(db, name, asker);
  else if (action !== "create") requireFunction(db, name);
  const subject = subjectOf(db, kind, name);
  const isActive = subject.current?.is_active === true;
  const needsActive = action === "change" || action === "deactivate";
  if (isActive === needsActive) return subject;
  throw misfit({ kind, name, action });
}

function misfit({ kind, name, action }: { kind: ProposalKind; name: string; action: ProposalAction }): AppError {
  const details = { kind, name };
  switch (action) {
    case "create":
      return new AppError("already_exists", `There is a ${kind} ${name} already.`, {
        hint: "Propose to change it, or choose another name.",
        details,
      });
    case "restore":
      return new AppError("conflict", `The ${kind} ${name} is in use already.`, {
        hint: "There is nothing to restore; propose to change it.",
        details,
      });
    case "change":
    case "deactivate":
      return new AppError("conflict", `The ${kind} ${name} is deactivated.`, {
        hint: action === "change" ? "Propose to restore it first, or to create it anew." : "There is nothing to do.",
        details,
      });
  }
}

/** True when there is nothing left to do: what is proposed is so, or the name it would create is in use. */
export function isMoot({ kind, action, content }: Intent, { current }: Subject): boolean {
  const isActive = current?.is_active === true;
  switch (action) {
    case "create":
    case "restore":
      return isActive;
    case "deactivate":
      return !isActive;
    case "change":
      return current?.is_active === true && content !== null && isSame(kind, current.content, content);
  }
}

function isSame(kind: ProposalKind, a: ProposalContent, b: ProposalContent): boolean {
  if (kind === "tool") return isSameContent(toolContentSchema.parse(a), toolContentSchema.parse(b));
  const [x, y] = [functionContentSchema.parse(a), functionContentSchema.parse(b)];
  return (
    x.definition === y.definition &&
    x.description === y.description &&
    JSON.stringify(x.parameters) === JSON.stringify(y.parameters)
  );
}

/** A checked change of the library, ready to be written. */
export type Plan = { kind: "function"; step: FunctionStep } | { kind: "tool"; step: ToolStep };

/**
 * What carrying a proposal out comes to, checked against the library as it is now. Errors name nothing that `asker` does not see.
 * Throws what a direct save of the same throws.
 */
export function planOf(
  deps: Pick<TeamDeps, "db" | "now">,
  intent: Intent & { justification: string; source: "manual" | "learned" },
  asker: Asker,
  authority: Authority,
): Plan {
  return intent.kind === "function"
    ? { kind: "function", step: functionPlan(deps, intent, asker, authority) }
    : { kind: "tool", step: toolPlan(deps, intent, asker, authority) };
}

type PlannedIntent = Parameters<typeof planOf>[1];

function functionPlan(
  deps: Pick<TeamDeps, "db" | "now">,
  { name, action, content, justification: reason, source }: PlannedIntent,
  asker: Asker,
  authority: Authority,
): FunctionStep {
  const batch = beginFunctions(deps, asker);
  if (action === "deactivate")
    return planFunctionDeactivation(batch, requireFunction(deps.db, name), authority, reason);
  if (action === "restore") return planFunctionRestoration(batch, requireFunction(deps.db, name), authority, reason);
  const input = { name, reason, ...functionContentSchema.parse(content) };
  return planFunctionSave(batch, input, authority, source);
}

function toolPlan(
  deps: Pick<TeamDeps, "db" | "now">,
  { name, action, content, justification: reason, source }: PlannedIntent,
  asker: Asker,
  authority: Authority,
): ToolStep {
  const batch = beginTools(deps);
  if (action === "deactivate") return planToolDeactivation(batch, requireTool(deps.db, name, asker), authority, reason);
  if (action === "restore") return planToolRestoration(batch, requireTool(deps.db, name, asker), authority, reason);
  const input = { name, reason, ...toolContentSchema.parse(content) };
  return planToolSave(batch, input, asker, authority, { source });
}

/** The library functions that what is planned calls directly. */
export function callsOf({ step }: Plan): string[] {
  return [...(step.write?.calls ?? [])];
}

/** Writes what was planned. To be called in a transaction, in the turn that planned it. */
export function writePlan(db: Db, plan: Plan, revision: number): Told {
  return plan.kind === "function"
    ? writeFunctionSteps(db, [plan.step], revision)
    : writeToolSteps(db, [plan.step], revision);
}

/** What was written, as a direct save would say it. */
export function savedBy(db: Db, { kind, step }: Plan): SavedFunction | SavedTool {
  const { id, outcome, revived } = step;
  return kind === "function"
    ? { outcome, revived, function: readFunction(db, id) }
    : { outcome, revived, tool: readTool(db, id) };
}

function currentOf(
  { version, isActive }: { version: number; isActive: boolean },
  content: ProposalContent,
): CurrentSubject {
  return { version, content, is_active: isActive };
}

function functionContent({ definition, description, parameters, shadowsBuiltin }: FunctionRow): FunctionContent {
  return { definition, description, parameters, allow_builtin_name: shadowsBuiltin };
}
