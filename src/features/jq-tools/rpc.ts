// Tools over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError, describeError, type ErrorDescription } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { libraryLimits } from "../../limits.ts";
import type { Authorship, SaveOutcome, VersionAction } from "../jq-functions/schema.ts";
import { type CheckedTool, checkTool } from "./jq-tools.ts";
import type { JqTool, SaveTool, ToolContent, ToolVersion } from "./schema.ts";
import {
  activeLibrary,
  contentOfRow,
  countTools,
  findToolRow,
  readTool,
  selectToolVersions,
  type ToolRow,
  toolNames,
  writeTool,
} from "./store.ts";

/** Who saves; an import also says from which file. */
export interface ToolAuthorship extends Authorship {
  yamlPath?: string;
}

export interface SavedTool {
  outcome: SaveOutcome;
  tool: JqTool;
}

/** One entry's fate in a batch; an error is data here, so that the others go on. */
export type ToolResult = { name: string; saved: SavedTool } | { name: string; error: ErrorDescription };

/** What of a row outlives a change of its content. */
type ToolState = Pick<
  ToolRow,
  "id" | "name" | "version" | "isActive" | "source" | "originalYamlPath" | "createdBy" | "createdAt"
>;

/** The tools of one team. */
export class ToolsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Creates or updates a tool, checked against the library as it is now. Content that is already there changes nothing. */
  save(input: SaveTool, by: ToolAuthorship): SavedTool {
    const row = findToolRow(this.#deps.db, input.name);
    const checked = checkTool(this.#around(), input, row === undefined ? undefined : contentOfRow(row));
    if (row?.isActive === true && isSame(contentOfRow(row), checked.content)) return this.#unchanged(row);
    if (row === undefined) requireRoom(countTools(this.#deps.db));
    const action = row === undefined ? "create" : "update";
    return this.#write(row ?? this.#fresh(input.name, by), checked, by, { action, reason: input.reason });
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. */
  saveAll(inputs: SaveTool[], by: ToolAuthorship): ToolResult[] {
    return inputs.map((input) => {
      try {
        return { name: input.name, saved: this.save(input, by) };
      } catch (error) {
        return { name: input.name, error: describeError(error) };
      }
    });
  }

  /** Makes an old version's content the newest version, checked against today's functions. */
  rollback(name: string, version: number, by: Authorship, reason?: string): SavedTool {
    const row = this.#find(name);
    const { content } = this.#version(row, version);
    const checked = checkTool(this.#around(), { name, ...content });
    if (row.isActive && isSame(contentOfRow(row), checked.content)) return this.#unchanged(row);
    return this.#write(row, checked, by, { action: "rollback", reason: reason ?? `back to version ${version}` });
  }

  /** Takes a tool out of use; its definition and history stay. */
  deactivate(name: string, by: Authorship, reason?: string): SavedTool {
    const row = this.#find(name);
    if (!row.isActive) return this.#unchanged(row);
    const { required_functions } = readTool(this.#deps.db, row.id);
    const checked = { content: contentOfRow(row), requiredFunctions: required_functions, warnings: [] };
    return this.#write(row, checked, by, { action: "deactivate", reason });
  }

  /** Brings a deactivated tool back, checked against today's functions. */
  restore(name: string, by: Authorship, reason?: string): SavedTool {
    const row = this.#find(name);
    if (row.isActive) return this.#unchanged(row);
    const checked = checkTool(this.#around(), { name, ...contentOfRow(row) });
    return this.#write(row, checked, by, { action: "restore", reason });
  }

  /** A tool, active or not, and the file it was imported from. */
  get(name: string): { tool: JqTool; original_yaml_path: string | null } {
    const row = this.#find(name);
    return { tool: readTool(this.#deps.db, row.id), original_yaml_path: row.originalYamlPath };
  }

  /** The newest versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
  ): { tool: JqTool; versions: ToolVersion[] } {
    const row = this.#find(name);
    return { tool: readTool(this.#deps.db, row.id), versions: selectToolVersions(this.#deps.db, row.id, page) };
  }

  #around(): { functions: ReturnType<typeof activeLibrary> } {
    return { functions: activeLibrary(this.#deps.db) };
  }

  #find(name: string): ToolRow {
    const row = findToolRow(this.#deps.db, name);
    if (row !== undefined) return row;
    const near = nearNames(name, toolNames(this.#deps.db));
    throw new AppError("not_found", `The team has no tool ${name}.`, {
      hint: didYouMean(near) ?? "find_tools shows those there are.",
      details: { name, near },
    });
  }

  #version(row: ToolRow, version: number): ToolVersion {
    const [found] = selectToolVersions(this.#deps.db, row.id, { limit: 1, before: version + 1 });
    if (found?.version === version) return found;
    throw new AppError("not_found", `The tool ${row.name} has no version ${version}; the newest is ${row.version}.`, {
      hint: "tool_history lists its versions.",
      details: { name: row.name, version, newest: row.version },
    });
  }

  #unchanged(row: ToolRow): SavedTool {
    return { outcome: "unchanged", tool: readTool(this.#deps.db, row.id) };
  }

  #fresh(name: string, by: ToolAuthorship): ToolState {
    return {
      id: newId("tool"),
      name,
      version: 0,
      isActive: false,
      source: by.source,
      originalYamlPath: by.yamlPath ?? null,
      createdBy: by.author,
      createdAt: new Date(this.#deps.now()),
    };
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #write(
    row: ToolState,
    checked: CheckedTool,
    by: Authorship,
    { action, reason }: { action: VersionAction; reason: string | undefined },
  ): SavedTool {
    const now = new Date(this.#deps.now());
    const state = {
      ...row,
      ...rowOfContent(checked.content),
      isActive: action !== "deactivate",
      approvalStatus: "approved" as const,
      approvedBy: by.author,
      approvedAt: now,
      version: row.version + 1,
      updatedBy: by.author,
      updatedAt: now,
    };
    const change = action === "deactivate" ? "removed" : row.isActive ? "updated" : "created";
    return this.#deps.change((revision) => {
      writeTool(this.#deps.db, { ...state, revision }, checked.requiredFunctions, { action, reason: reason ?? null });
      const outcome: SaveOutcome = row.version === 0 ? "created" : "updated";
      return {
        result: { outcome, tool: readTool(this.#deps.db, row.id) },
        events: [{ kind: "tool", name: row.name, change }],
      };
    });
  }
}

function rowOfContent(
  content: ToolContent,
): Pick<
  ToolRow,
  | "description"
  | "queryTemplate"
  | "parameters"
  | "datasets"
  | "datasetMode"
  | "input"
  | "nullInput"
  | "pinned"
  | "weight"
> {
  const { query, dataset_mode, null_input, ...same } = content;
  return { ...same, queryTemplate: query, datasetMode: dataset_mode, nullInput: null_input };
}

function isSame(a: ToolContent, b: ToolContent): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The same content however its keys were ordered on the way in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

function requireRoom(count: number): void {
  if (count < libraryLimits.tools) return;
  throw new AppError("too_large", `The team has ${count} tools; the limit is ${libraryLimits.tools} (limit tools).`, {
    hint: "Change a tool that is no longer used instead of adding one.",
    details: { limit: "tools", value: libraryLimits.tools },
  });
}
