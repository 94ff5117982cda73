// Functions over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { eachOnItsOwn } from "../../core/batch.ts";
import type { ErrorDescription } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import {
  beginFunctions,
  type FunctionBatch,
  type FunctionStep,
  planFunctionDeactivation,
  planFunctionRestoration,
  planFunctionRollback,
  planFunctionSave,
  requireFunction,
  requireFunctionVersion,
  writeFunctionSteps,
} from "./change-store.ts";
import { type Authority, directly, requireDirectSave } from "./library-store.ts";
import type { FunctionVersion, JqFunction, SaveFunction, SaveOutcome, Source, WholeFunctionVersion } from "./schema.ts";
import { type FunctionRow, functionVersions, readFunction, wholeVersion } from "./store.ts";

export interface SavedFunction {
  outcome: SaveOutcome;
  /** It was deactivated until now. */
  revived: boolean;
  function: JqFunction;
}

/** One entry's fate in a batch; an error is data here, so that the others go on. */
export type FunctionResult = { name: string; saved: SavedFunction } | { name: string; error: ErrorDescription };

/** The function library of one team. Whoever writes here does so without a vote: `forbidden` where the team wants one. */
export class FunctionsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Creates or updates a function, checked against the library as it is now. Content that is already there changes nothing. */
  save(input: SaveFunction, by: Caller, source: Source = "manual"): SavedFunction {
    return this.#direct(by, (batch, authority) => planFunctionSave(batch, input, authority, source));
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. All of them are one change. */
  saveAll(inputs: SaveFunction[], by: Caller, source: Source = "manual"): FunctionResult[] {
    const caller = requireDirectSave(this.#deps.db, by);
    const batch = beginFunctions(this.#deps, caller.actor);
    const authority = directly(caller);
    const planned = eachOnItsOwn(inputs, (input) => planFunctionSave(batch, input, authority, source));
    this.#write(
      caller,
      planned.flatMap((entry) => ("value" in entry ? entry.value : [])),
    );
    return planned.map((entry) => ("value" in entry ? { name: entry.name, saved: this.#result(entry.value) } : entry));
  }

  /** Makes an old version's content the newest version, checked against today's library. */
  rollback(name: string, version: number, by: Caller, reason?: string): SavedFunction {
    return this.#directOn(name, by, (batch, row, authority) =>
      planFunctionRollback(batch, row, version, authority, reason),
    );
  }

  /** Takes a function out of use. Throws `jq_breaks_dependants` while something active calls it. */
  deactivate(name: string, by: Caller, reason?: string): SavedFunction {
    return this.#directOn(name, by, (batch, row, authority) => planFunctionDeactivation(batch, row, authority, reason));
  }

  /** Brings a deactivated function back, checked against today's library. */
  restore(name: string, by: Caller, reason?: string): SavedFunction {
    return this.#directOn(name, by, (batch, row, authority) => planFunctionRestoration(batch, row, authority, reason));
  }

  /** A function, active or not, with the newest of its versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
  ): { function: JqFunction; versions: FunctionVersion[] } {
    const row = requireFunction(this.#deps.db, name);
    return { function: readFunction(this.#deps.db, row.id), versions: functionVersions(this.#deps.db, row.id, page) };
  }

  /** One version of a function with all that was written. Throws `not_found`. */
  version(name: string, version: number): WholeFunctionVersion {
    const { db } = this.#deps;
    return wholeVersion(requireFunctionVersion(db, requireFunction(db, name), version));
  }

  #directOn(
    name: string,
    by: Caller,
    plan: (batch: FunctionBatch, row: FunctionRow, authority: Authority) => FunctionStep,
  ): SavedFunction {
    return this.#direct(by, (batch, authority) => plan(batch, requireFunction(this.#deps.db, name), authority));
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #direct(by: Caller, plan: (batch: FunctionBatch, authority: Authority) => FunctionStep): SavedFunction {
    const caller = requireDirectSave(this.#deps.db, by);
    const step = plan(beginFunctions(this.#deps, caller.actor), directly(caller));
    this.#write(caller, [step]);
    return this.#result(step);
  }

  #write(by: Caller, steps: readonly FunctionStep[]): void {
    if (steps.every(({ write }) => write === undefined)) return;
    this.#deps.change(by, (revision) => ({
      result: undefined,
      ...writeFunctionSteps(this.#deps.db, steps, revision),
    }));
  }

  #result({ id, outcome, revived }: FunctionStep): SavedFunction {
    return { outcome, revived, function: readFunction(this.#deps.db, id) };
  }
}
