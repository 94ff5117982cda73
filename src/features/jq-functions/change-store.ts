// Changes of the function library: checked and planned, then written inside whoever's transaction. Synchronous. Runs in the object.
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { Db } from "../../durable/db.ts";
import type { Asker } from "../access/access.ts";
import {
  type CheckedFunction,
  checkFunction,
  type FunctionLibrary,
  type LibraryUse,
  requireNothingBroken,
  withFunction,
} from "./jq-functions.ts";
import { type Authority, auditOfWrite, type Step, stepOf, type Told, unchanged } from "./library-store.ts";
import { contentBytes, requireBytes, requireCount } from "./room.ts";
import type { SaveFunction, Source } from "./schema.ts";
import {
  activeFunctions,
  activeToolUses,
  countFunctions,
  type FunctionRow,
  findFunctionRow,
  findFunctionVersion,
  functionNames,
  functionsBytes,
  writeFunction,
} from "./store.ts";

export type FunctionState = Omit<FunctionRow, "revision">;
export type FunctionStep = Step<FunctionState>;

/** The library as a batch of changes sees it: read once, and carried forward from one to the next. */
export interface FunctionBatch {
  db: Db;
  now: Date;
  library: FunctionLibrary;
  tools: readonly LibraryUse[];
  count: number;
  bytes: number;
  /** What the batch will write, by name. */
  states: Map<string, FunctionState>;
}

/** The library as it is now. Errors name no tool that `asker` does not see. */
export function beginFunctions({ db, now }: { db: Db; now: () => number }, asker: Asker): FunctionBatch {
  return {
    db,
    now: new Date(now()),
    library: new Map(activeFunctions(db).map((active) => [active.name, active])),
    tools: activeToolUses(db, asker),
    count: countFunctions(db),
    bytes: functionsBytes(db),
    states: new Map(),
  };
}

/** The function of that name, active or not. Throws `not_found`. */
export function requireFunction(db: Db, name: string): FunctionRow {
  const row = findFunctionRow(db, name);
  if (row !== undefined) return row;
  const near = nearNames(name, functionNames(db));
  throw new AppError("not_found", `The library has no function ${name}.`, {
    hint: didYouMean(near) ?? "list_functions shows those there are.",
    details: { name, near },
  });
}

/** A version of a function with all that was written. Throws `not_found`. */
export function requireFunctionVersion(db: Db, row: FunctionRow, version: number) {
  const found = findFunctionVersion(db, row.id, version);
  if (found !== undefined) return found;
  throw new AppError("not_found", `The function ${row.name} has no version ${version}; the newest is ${row.version}.`, {
    hint: "get_function lists its versions.",
    details: { name: row.name, version, newest: row.version },
  });
}

/** Checks a save against what the batch has come to, and carries it forward. Writes nothing. Throws what the checks throw. */
export function planFunctionSave(
  batch: FunctionBatch,
  input: SaveFunction,
  authority: Authority,
  source: Source,
): FunctionStep {
  const row = batch.states.get(input.name) ?? findFunctionRow(batch.db, input.name);
  const current = row?.isActive === true ? row : undefined;
  const checked = checkFunction(batch.library, input, current?.shadowsBuiltin);
  const how = { action: row === undefined ? "create" : "update", reason: input.reason } as const;
  return planContent(batch, row, { checked, content: nextContent(input, checked, current), source }, how, authority);
}

/** Makes an old version's content the newest, and the function active, checked against today's library. Throws as a save does. */
export function planFunctionRollback(
  batch: FunctionBatch,
  row: FunctionRow,
  version: number,
  authority: Authority,
  reason: string | undefined,
): FunctionStep {
  const { definition, description, parameters, shadowsBuiltin } = requireFunctionVersion(batch.db, row, version);
  const input = { name: row.name, definition, description, parameters };
  const checked = checkFunction(batch.library, input, shadowsBuiltin);
  const content = nextContent(input, checked, undefined);
  const how = { action: "rollback", reason: reason ?? `back to version ${version}` } as const;
  return planContent(batch, row, { checked, content, source: row.source }, how, authority);
}

/** Takes a function out of use. Throws `jq_breaks_dependants` while something active calls it. */
export function planFunctionDeactivation(
  batch: FunctionBatch,
  row: FunctionRow,
  authority: Authority,
  reason: string | undefined,
): FunctionStep {
  if (!row.isActive) return unchanged(row);
  const { library: before, tools } = batch;
  const after = new Map(before);
  after.delete(row.name);
  requireNothingBroken({ before, after, name: row.name, doing: "Deactivating" }, tools);
  const state = { ...nextOf(batch, row, authority), isActive: false };
  const calls = before.get(row.name)?.depends_on ?? [];
  return stepOf({ before: row, state, calls }, { action: "deactivate", reason }, authority);
}

/** Brings a deactivated function back, checked against today's library. Throws as a save does. */
export function planFunctionRestoration(
  batch: FunctionBatch,
  row: FunctionRow,
  authority: Authority,
  reason: string | undefined,
): FunctionStep {
  if (row.isActive) return unchanged(row);
  const { library: before, tools } = batch;
  const checked = checkFunction(before, { name: row.name, definition: row.definition }, row.shadowsBuiltin);
  const after = withFunction(before, checked);
  requireNothingBroken({ before, after, name: row.name, doing: "Restoring" }, tools);
  const state = { ...nextOf(batch, row, authority), isActive: true };
  return stepOf({ before: row, state, calls: checked.depends_on }, { action: "restore", reason }, authority);
}

/** Writes what was planned under a team revision. To be called in a transaction, in the turn that planned it. */
export function writeFunctionSteps(db: Db, steps: readonly FunctionStep[], revision: number): Told {
  const writes = steps.flatMap(({ write }) => write ?? []);
  for (const { state, calls, record } of writes) {
    const { action, reason = null, proposalId } = record;
    writeFunction(db, { ...state, revision }, calls, { action, reason, proposalId });
  }
  return {
    events: writes.map(({ state, record }) => ({ kind: "function", name: state.name, change: record.change })),
    audit: writes.map((write) => auditOfWrite("function", write, auditedState)),
  };
}

function planContent(
  batch: FunctionBatch,
  row: FunctionState | undefined,
  next: { checked: CheckedFunction; content: Content; source: Source },
  how: Parameters<typeof stepOf>[1],
  authority: Authority,
): FunctionStep {
  const { checked, content, source } = next;
  const { name } = checked;
  if (row?.isActive === true && isSame(row, content)) return unchanged(row);
  if (row === undefined) requireCount("functions", batch.count);
  const bytes = batch.bytes + bytesOf(content) - (row === undefined ? 0 : bytesOf(row));
  requireBytes("functions", { before: batch.bytes, after: bytes });
  const after = withFunction(batch.library, checked);
  requireNothingBroken({ before: batch.library, after, name, doing: "Saving" }, batch.tools);
  const kept = row ?? freshFunction(batch, name, authority, source);
  const state = { ...nextOf(batch, kept, authority), ...content, isActive: true };
  if (row === undefined) batch.count += 1;
  batch.library = after;
  batch.bytes = bytes;
  batch.states.set(name, state);
  return stepOf({ before: row, state, calls: checked.depends_on }, how, authority);
}

type FreshFunction = Pick<FunctionState, "id" | "name" | "version" | "source" | "createdBy" | "createdAt">;

function freshFunction({ now }: FunctionBatch, name: string, { author }: Authority, source: Source): FreshFunction {
  return { id: newId("fn"), name, version: 0, source, createdBy: author, createdAt: now };
}

/** The row one version on, signed by who changes it. */
function nextOf<State extends { version: number }>(
  { now }: FunctionBatch,
  state: State,
  { author }: Authority,
): State & { updatedBy: string; updatedAt: Date } {
  return { ...state, version: state.version + 1, updatedBy: author, updatedAt: now };
}

function auditedState({ version, isActive, definition, description, parameters }: FunctionState): object {
  return { version, is_active: isActive, definition, description, parameters };
}

function bytesOf({ definition, description, parameters }: Omit<Content, "arity" | "shadowsBuiltin">): number {
  return contentBytes([definition, description, parameters]);
}

type Content = Pick<FunctionRow, "definition" | "arity" | "description" | "parameters" | "shadowsBuiltin">;

/** What the save leaves unsaid stays as it was: the description, and the parameters' notes while their names stay. */
function nextContent(input: SaveFunction, checked: CheckedFunction, row: FunctionState | undefined): Content {
  const keepsNotes =
    input.parameters === undefined &&
    JSON.stringify(row?.parameters.map(({ name }) => name)) ===
      JSON.stringify(checked.parameters.map(({ name }) => name));
  return {
    definition: checked.definition,
    arity: checked.arity,
    description: input.description ?? row?.description ?? "",
    parameters: keepsNotes && row !== undefined ? row.parameters : checked.parameters,
    shadowsBuiltin: checked.shadowsBuiltin,
  };
}

function isSame(row: FunctionState, next: Content): boolean {
  return (
    row.definition === next.definition &&
    row.description === next.description &&
    JSON.stringify(row.parameters) === JSON.stringify(next.parameters)
  );
}
