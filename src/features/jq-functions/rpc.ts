// Functions over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { eachOnItsOwn } from "../../core/batch.ts";
import { AppError, type ErrorDescription } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { TeamDeps, TeamEvent } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import type { AuditEntry } from "../audit/schema.ts";
import {
  type CheckedFunction,
  checkFunction,
  type FunctionLibrary,
  type LibraryUse,
  requireNothingBroken,
  withFunction,
} from "./jq-functions.ts";
import { contentBytes, requireBytes, requireCount } from "./room.ts";
import type { FunctionVersion, JqFunction, SaveFunction, SaveOutcome, Source, VersionAction } from "./schema.ts";
import {
  activeFunctions,
  activeToolUses,
  countFunctions,
  type FunctionRow,
  findFunctionRow,
  functionNames,
  functionsBytes,
  functionVersions,
  readFunction,
  writeFunction,
} from "./store.ts";

export interface SavedFunction {
  outcome: SaveOutcome;
  /** It was deactivated until now. */
  revived: boolean;
  function: JqFunction;
}

/** One entry's fate in a batch; an error is data here, so that the others go on. */
export type FunctionResult = { name: string; saved: SavedFunction } | { name: string; error: ErrorDescription };

/** The function library of one team. */
export class FunctionsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Creates or updates a function, checked against the library as it is now. Content that is already there changes nothing. */
  save(input: SaveFunction, by: Caller, source: Source = "manual"): SavedFunction {
    return this.#finish(by, this.#plan(this.#begin(by), input, by, source));
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. All of them are one change. */
  saveAll(inputs: SaveFunction[], by: Caller, source: Source = "manual"): FunctionResult[] {
    const batch = this.#begin(by);
    const planned = eachOnItsOwn(inputs, (input) => this.#plan(batch, input, by, source));
    this.#write(
      by,
      planned.flatMap((entry) => ("value" in entry ? entry.value : [])),
    );
    return planned.map((entry) => ("value" in entry ? { name: entry.name, saved: this.#result(entry.value) } : entry));
  }

  /** Takes a function out of use. Throws `jq_breaks_dependants` while something active calls it. */
  deactivate(name: string, by: Caller, reason?: string): SavedFunction {
    const row = this.#find(name);
    if (!row.isActive) return this.#finish(by, unchanged(row));
    const { library: before, tools } = this.#begin(by);
    const after = new Map(before);
    after.delete(name);
    requireNothingBroken({ before, after, name, doing: "Deactivating" }, tools);
    const state = { ...this.#next(row, by), isActive: false };
    const record = { action: "deactivate", change: "removed", reason } as const;
    return this.#finish(by, stepOf(row, { state, dependsOn: before.get(name)?.depends_on ?? [], record }));
  }

  /** Brings a deactivated function back, checked against today's library. */
  restore(name: string, by: Caller, reason?: string): SavedFunction {
    const row = this.#find(name);
    if (row.isActive) return this.#finish(by, unchanged(row));
    const { library: before, tools } = this.#begin(by);
    const checked = checkFunction(before, { name, definition: row.definition }, row.shadowsBuiltin);
    requireNothingBroken({ before, after: withFunction(before, checked), name, doing: "Restoring" }, tools);
    const state = { ...this.#next(row, by), isActive: true };
    const record = { action: "restore", change: "created", reason } as const;
    return this.#finish(by, stepOf(row, { state, dependsOn: checked.depends_on, record }));
  }

  /** A function, active or not, with the newest of its versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
  ): { function: JqFunction; versions: FunctionVersion[] } {
    const row = this.#find(name);
    return { function: readFunction(this.#deps.db, row.id), versions: functionVersions(this.#deps.db, row.id, page) };
  }

  #begin(by: Caller): Batch {
    const { db } = this.#deps;
    return {
      library: new Map(activeFunctions(db).map((active) => [active.name, active])),
      tools: activeToolUses(db, by.actor),
      count: countFunctions(db),
      bytes: functionsBytes(db),
      states: new Map(),
    };
  }

  /** Checks a save against what the batch has come to, and carries it forward. Writes nothing. */
  #plan(batch: Batch, input: SaveFunction, by: Caller, source: Source): Step {
    const { name } = input;
    const row = batch.states.get(name) ?? findFunctionRow(this.#deps.db, name);
    const current = row?.isActive === true ? row : undefined;
    const checked = checkFunction(batch.library, input, current?.shadowsBuiltin);
    const next = nextContent(input, checked, current);
    if (current !== undefined && isSame(current, next)) return unchanged(current);
    if (row === undefined) requireCount("functions", batch.count);
    const bytes = batch.bytes + bytesOf(next) - (row === undefined ? 0 : bytesOf(row));
    requireBytes("functions", { before: batch.bytes, after: bytes });
    const after = withFunction(batch.library, checked);
    requireNothingBroken({ before: batch.library, after, name, doing: "Saving" }, batch.tools);
    const state = { ...this.#next(row ?? this.#fresh(name, by, source), by), ...next, isActive: true };
    if (row === undefined) batch.count += 1;
    batch.library = after;
    batch.bytes = bytes;
    batch.states.set(name, state);
    const action = row === undefined ? "create" : "update";
    const record = { action, change: current === undefined ? "created" : "updated", reason: input.reason } as const;
    return stepOf(row, { state, dependsOn: checked.depends_on, record });
  }

  #fresh(name: string, by: Caller, source: Source): FreshFunction {
    const createdBy = by.actor.username;
    return { id: newId("fn"), name, version: 0, source, createdBy, createdAt: new Date(this.#deps.now()) };
  }

  #find(name: string): FunctionRow {
    const row = findFunctionRow(this.#deps.db, name);
    if (row !== undefined) return row;
    const near = nearNames(name, functionNames(this.#deps.db));
    throw new AppError("not_found", `The library has no function ${name}.`, {
      hint: didYouMean(near) ?? "list_functions shows those there are.",
      details: { name, near },
    });
  }

  /** The row one version on, signed by who changes it. */
  #next<State extends { version: number }>(state: State, by: Caller): State & { updatedBy: string; updatedAt: Date } {
    return {
      ...state,
      version: state.version + 1,
      updatedBy: by.actor.username,
      updatedAt: new Date(this.#deps.now()),
    };
  }

  #finish(by: Caller, step: Step): SavedFunction {
    this.#write(by, [step]);
    return this.#result(step);
  }

  #result({ id, outcome, revived }: Step): SavedFunction {
    return { outcome, revived, function: readFunction(this.#deps.db, id) };
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #write(by: Caller, steps: readonly Step[]): void {
    const writes = steps.flatMap(({ write }) => write ?? []);
    if (writes.length === 0) return;
    this.#deps.change(by, (revision) => {
      for (const { state, dependsOn, record } of writes)
        writeFunction(this.#deps.db, { ...state, revision }, dependsOn, { ...record, reason: record.reason ?? null });
      const events = writes.map(({ state, record }) => ({
        kind: "function" as const,
        name: state.name,
        change: record.change,
      }));
      return { result: undefined, events, audit: writes.map(auditOf) };
    });
  }
}

/** The library as a batch of saves sees it: read once, and carried forward from one to the next. */
interface Batch {
  library: FunctionLibrary;
  tools: readonly LibraryUse[];
  count: number;
  bytes: number;
  /** What the batch will write, by name. */
  states: Map<string, FunctionState>;
}

type FunctionState = Omit<FunctionRow, "revision">;
type FreshFunction = Pick<FunctionState, "id" | "name" | "version" | "source" | "createdBy" | "createdAt">;

interface Write {
  before: FunctionState | undefined;
  state: FunctionState;
  dependsOn: readonly string[];
  record: { action: VersionAction; change: TeamEvent["change"]; reason: string | undefined };
}

/** What one call comes to, before it is written. */
interface Step {
  id: string;
  outcome: SaveOutcome;
  revived: boolean;
  write?: Write;
}

function unchanged({ id }: Pick<FunctionState, "id">): Step {
  return { id, outcome: "unchanged", revived: false };
}

function stepOf(before: FunctionState | undefined, write: Omit<Write, "before">): Step {
  const revived = write.record.action === "update" && before?.isActive === false;
  const outcome = before === undefined ? "created" : "updated";
  return { id: write.state.id, outcome, revived, write: { before, ...write } };
}

function auditOf({ before, state, record }: Write): AuditEntry {
  return {
    action: `function.${record.action}`,
    target: { kind: "function", name: state.name },
    ...(before === undefined ? {} : { before: auditedState(before) }),
    after: { ...auditedState(state), ...(record.reason === undefined ? {} : { reason: record.reason }) },
  };
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
