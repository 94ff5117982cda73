// Tools over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { eachOnItsOwn } from "../../core/batch.ts";
import type { ErrorDescription } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Asker, Caller } from "../access/access.ts";
import { type Authority, directly, requireDirectSave } from "../jq-functions/library-store.ts";
import type { SaveOutcome } from "../jq-functions/schema.ts";
import {
  beginTools,
  planToolDeactivation,
  planToolRestoration,
  planToolRollback,
  planToolSave,
  requireTool,
  requireToolVersion,
  type ToolBatch,
  type ToolOrigin,
  type ToolStep,
  writeToolSteps,
} from "./change-store.ts";
import type { JqTool, SaveTool, ToolVersion } from "./schema.ts";
import { readTool, selectToolVersions, type ToolRow } from "./store.ts";

export type { ToolOrigin } from "./change-store.ts";

const byHand: ToolOrigin = { source: "manual" };

export interface SavedTool {
  outcome: SaveOutcome;
  /** It was deactivated until now, and a save brought it back. */
  revived: boolean;
  tool: JqTool;
}

/** One entry's fate in a batch; an error is data here, so that the others go on. */
export type ToolResult = { name: string; saved: SavedTool } | { name: string; error: ErrorDescription };

/**
 * The tools of one team. To whoever does not see a tool it does not exist, except that its name is taken. Whoever writes here does so
 * without a vote: `forbidden` where the team wants one.
 */
export class ToolsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Creates or updates a tool, checked against the library as it is now. Content that is already there changes nothing. */
  save(input: SaveTool, by: Caller, origin: ToolOrigin = byHand): SavedTool {
    return this.#direct(by, (batch, authority, { actor }) => planToolSave(batch, input, actor, authority, origin));
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. All of them are one change. */
  saveAll(inputs: SaveTool[], by: Caller, origin: ToolOrigin = byHand): ToolResult[] {
    const caller = requireDirectSave(this.#deps.db, by);
    const batch = beginTools(this.#deps);
    const authority = directly(caller);
    const planned = eachOnItsOwn(inputs, (input) => planToolSave(batch, input, caller.actor, authority, origin));
    this.#write(
      caller,
      planned.flatMap((entry) => ("value" in entry ? entry.value : [])),
    );
    return planned.map((entry) => ("value" in entry ? { name: entry.name, saved: this.#result(entry.value) } : entry));
  }

  /** Makes an old version's content the newest version, checked against today's functions. */
  rollback(name: string, version: number, by: Caller, reason?: string): SavedTool {
    return this.#directOn(name, by, (batch, row, authority) =>
      planToolRollback(batch, row, version, authority, reason),
    );
  }

  /** Takes a tool out of use; its definition and history stay. */
  deactivate(name: string, by: Caller, reason?: string): SavedTool {
    return this.#directOn(name, by, (batch, row, authority) => planToolDeactivation(batch, row, authority, reason));
  }

  /** Brings a deactivated tool back, checked against today's functions. */
  restore(name: string, by: Caller, reason?: string): SavedTool {
    return this.#directOn(name, by, (batch, row, authority) => planToolRestoration(batch, row, authority, reason));
  }

  /** A tool, active or not, and the file it was imported from. */
  get(name: string, asker: Asker): { tool: JqTool; original_yaml_path: string | null } {
    const row = requireTool(this.#deps.db, name, asker);
    return { tool: readTool(this.#deps.db, row.id), original_yaml_path: row.originalYamlPath };
  }

  /** The newest versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
    asker: Asker,
  ): { tool: JqTool; versions: ToolVersion[] } {
    const row = requireTool(this.#deps.db, name, asker);
    return { tool: readTool(this.#deps.db, row.id), versions: selectToolVersions(this.#deps.db, row.id, page) };
  }

  /** One version of a tool with all that was written. Throws `not_found`. */
  version(name: string, version: number, asker: Asker): ToolVersion {
    const { db } = this.#deps;
    return requireToolVersion(db, requireTool(db, name, asker), version);
  }

  #directOn(
    name: string,
    by: Caller,
    plan: (batch: ToolBatch, row: ToolRow, authority: Authority) => ToolStep,
  ): SavedTool {
    return this.#direct(by, (batch, authority, { actor }) =>
      plan(batch, requireTool(this.#deps.db, name, actor), authority),
    );
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #direct(by: Caller, plan: (batch: ToolBatch, authority: Authority, caller: Caller) => ToolStep): SavedTool {
    const caller = requireDirectSave(this.#deps.db, by);
    const step = plan(beginTools(this.#deps), directly(caller), caller);
    this.#write(caller, [step]);
    return this.#result(step);
  }

  #write(by: Caller, steps: readonly ToolStep[]): void {
    if (steps.every(({ write }) => write === undefined)) return;
    this.#deps.change(by, (revision) => ({ result: undefined, ...writeToolSteps(this.#deps.db, steps, revision) }));
  }

  #result({ id, outcome, revived }: ToolStep): SavedTool {
    return { outcome, revived, tool: readTool(this.#deps.db, id) };
  }
}
