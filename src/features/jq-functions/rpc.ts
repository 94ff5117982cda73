// Functions over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError, describeError, type ErrorDescription } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { TeamDeps, TeamEvent } from "../../durable/team-deps.ts";
import { libraryLimits } from "../../limits.ts";
import {
  type CheckedFunction,
  checkFunction,
  type FunctionLibrary,
  requireNothingBroken,
  withFunction,
} from "./jq-functions.ts";
import type { Authorship, FunctionVersion, JqFunction, SaveFunction, SaveOutcome, VersionAction } from "./schema.ts";
import {
  activeFunctions,
  activeToolUses,
  countFunctions,
  type FunctionRow,
  findFunctionRow,
  functionNames,
  functionVersions,
  readFunction,
  writeFunction,
} from "./store.ts";

export interface SavedFunction {
  outcome: SaveOutcome;
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
  save(input: SaveFunction, by: Authorship): SavedFunction {
    const { db } = this.#deps;
    const row = findFunctionRow(db, input.name);
    const library = this.#library();
    const checked = checkFunction(library, input, row?.isActive === true && row.shadowsBuiltin);
    const next = nextContent(input, checked, row);
    if (row?.isActive === true && isSame(row, next))
      return { outcome: "unchanged", function: readFunction(db, row.id) };
    if (row === undefined) requireRoom(countFunctions(db));
    const after = withFunction(library, checked);
    requireNothingBroken({ before: library, after, name: input.name, doing: "Saving" }, activeToolUses(db));
    const fresh = {
      id: newId("fn"),
      name: input.name,
      version: 0,
      isActive: false,
      source: by.source,
      createdBy: by.author,
    };
    const state = row ?? { ...fresh, createdAt: new Date(this.#deps.now()) };
    return this.#write({ ...this.#next(state, by), ...next, isActive: true }, checked.depends_on, {
      action: row === undefined ? "create" : "update",
      change: state.isActive ? "updated" : "created",
      reason: input.reason,
    });
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. */
  saveAll(inputs: SaveFunction[], by: Authorship): FunctionResult[] {
    return inputs.map((input) => {
      try {
        return { name: input.name, saved: this.save(input, by) };
      } catch (error) {
        return { name: input.name, error: describeError(error) };
      }
    });
  }

  /** Takes a function out of use. Throws `jq_breaks_dependants` while something active calls it. */
  deactivate(name: string, by: Authorship, reason?: string): SavedFunction {
    const row = this.#find(name);
    const before = this.#library();
    if (!row.isActive) return { outcome: "unchanged", function: readFunction(this.#deps.db, row.id) };
    const after = new Map(before);
    after.delete(name);
    requireNothingBroken({ before, after, name, doing: "Deactivating" }, activeToolUses(this.#deps.db));
    const dependsOn = before.get(name)?.depends_on ?? [];
    return this.#write({ ...this.#next(row, by), isActive: false }, dependsOn, {
      action: "deactivate",
      change: "removed",
      reason,
    });
  }

  /** Brings a deactivated function back, checked against today's library. */
  restore(name: string, by: Authorship, reason?: string): SavedFunction {
    const row = this.#find(name);
    if (row.isActive) return { outcome: "unchanged", function: readFunction(this.#deps.db, row.id) };
    const before = this.#library();
    const checked = checkFunction(before, { name, definition: row.definition }, row.shadowsBuiltin);
    requireNothingBroken(
      { before, after: withFunction(before, checked), name, doing: "Restoring" },
      activeToolUses(this.#deps.db),
    );
    return this.#write({ ...this.#next(row, by), isActive: true }, checked.depends_on, {
      action: "restore",
      change: "created",
      reason,
    });
  }

  /** A function, active or not, with the newest of its versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
  ): { function: JqFunction; versions: FunctionVersion[] } {
    const row = this.#find(name);
    return { function: readFunction(this.#deps.db, row.id), versions: functionVersions(this.#deps.db, row.id, page) };
  }

  #library(): FunctionLibrary {
    return new Map(activeFunctions(this.#deps.db).map((active) => [active.name, active]));
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
  #next<State extends { version: number }>(
    state: State,
    by: Authorship,
  ): State & { updatedBy: string; updatedAt: Date } {
    return { ...state, version: state.version + 1, updatedBy: by.author, updatedAt: new Date(this.#deps.now()) };
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #write(
    state: Omit<FunctionRow, "revision">,
    dependsOn: readonly string[],
    record: { action: VersionAction; change: TeamEvent["change"]; reason: string | undefined },
  ): SavedFunction {
    const outcome = record.action === "create" ? "created" : "updated";
    return this.#deps.change((revision) => {
      writeFunction(this.#deps.db, { ...state, revision }, dependsOn, {
        action: record.action,
        reason: record.reason ?? null,
      });
      return {
        result: { outcome, function: readFunction(this.#deps.db, state.id) },
        events: [{ kind: "function", name: state.name, change: record.change }],
      };
    });
  }
}

type Content = Pick<FunctionRow, "definition" | "arity" | "description" | "parameters" | "shadowsBuiltin">;

/** What the save leaves unsaid stays as it was: the description, and the parameters' notes while their names stay. */
function nextContent(input: SaveFunction, checked: CheckedFunction, row: FunctionRow | undefined): Content {
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

function isSame(row: FunctionRow, next: Content): boolean {
  return (
    row.definition === next.definition &&
    row.description === next.description &&
    JSON.stringify(row.parameters) === JSON.stringify(next.parameters)
  );
}

function requireRoom(functions: number): void {
  if (functions < libraryLimits.functions) return;
  throw new AppError(
    "too_large",
    `The library holds ${functions} functions; the limit is ${libraryLimits.functions} (limit functions).`,
    {
      hint: "Change a function that is no longer used instead of adding one.",
      details: { limit: "functions", value: libraryLimits.functions },
    },
  );
}
