// Changes of the team's tools: checked and planned, then written inside whoever's transaction. Synchronous. Runs in the object.
import { sameValue } from "../../core/canonical-json.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee } from "../access/access.ts";
import { contentBytes, requireBytes, requireCount } from "../jq-functions/jq-functions.ts";
import {
  type Authority,
  auditOfWrite,
  type Step,
  stepOf,
  type Told,
  unchanged,
} from "../jq-functions/library-store.ts";
import type { Source, VersionAction } from "../jq-functions/schema.ts";
import { bulkOf, type CheckedTool, checkTool } from "./jq-tools.ts";
import { reservedToolNames } from "./reserved-names.ts";
import type { SaveTool, ToolContent, ToolVersion } from "./schema.ts";
import {
  activeLibrary,
  contentOfRow,
  countTools,
  findToolRow,
  readTool,
  selectToolVersions,
  type ToolRow,
  toolNames,
  toolsBytes,
  writeTool,
} from "./store.ts";

/** How a tool came; an import also says from which file. */
export interface ToolOrigin {
  source: Source;
  yamlPath?: string;
}

export type ToolState = Omit<ToolRow, "revision">;
export type ToolStep = Step<ToolState>;

/** The team as a batch of changes sees it: read once, and carried forward from one to the next. */
export interface ToolBatch {
  db: Db;
  now: Date;
  functions: ReturnType<typeof activeLibrary>;
  count: number;
  bytes: number;
  /** What the batch will write, by name. */
  states: Map<string, ToolState>;
}

/** The team as it is now. */
export function beginTools({ db, now }: { db: Db; now: () => number }): ToolBatch {
  return {
    db,
    now: new Date(now()),
    functions: activeLibrary(db),
    count: countTools(db),
    bytes: toolsBytes(db),
    states: new Map(),
  };
}

/** The tool of that name that `asker` sees, active or not. Throws `not_found`. */
export function requireTool(db: Db, name: string, asker: Asker): ToolRow {
  const row = findToolRow(db, name);
  if (row !== undefined && maySee(asker, row)) return row;
  const near = nearNames(name, toolNames(db, asker));
  throw new AppError("not_found", `The team has no tool ${name}.`, {
    hint: reservedToolNames.has(name)
      ? "It is a tool of this server, not of the team: find_tools shows its arguments."
      : (didYouMean(near) ?? "find_tools shows those there are."),
    details: { name, near },
  });
}

/** A version of a tool with all that was written. Throws `not_found`. */
export function requireToolVersion(db: Db, row: ToolRow, version: number): ToolVersion {
  const [found] = selectToolVersions(db, row.id, { limit: 1, before: version + 1 });
  if (found?.version === version) return found;
  throw new AppError("not_found", `The tool ${row.name} has no version ${version}; the newest is ${row.version}.`, {
    hint: "tool_history lists its versions.",
    details: { name: row.name, version, newest: row.version },
  });
}

/** Throws `already_exists` for the name of a tool that is not shown: the one thing said of it is that its name cannot be had. */
export function requireNameFree(row: ToolState | undefined, asker: Asker): void {
  if (row === undefined || maySee(asker, row)) return;
  throw new AppError("already_exists", `The name ${row.name} is taken.`, {
    hint: "Choose another name.",
    details: { name: row.name },
  });
}

/** Checks a save against what the batch has come to, and carries it forward. Writes nothing. Throws what the checks throw. */
export function planToolSave(
  batch: ToolBatch,
  input: SaveTool,
  asker: Asker,
  authority: Authority,
  origin: ToolOrigin,
): ToolStep {
  const { name } = input;
  const row = batch.states.get(name) ?? findToolRow(batch.db, name);
  requireNameFree(row, asker);
  const current = row?.isActive === true ? contentOfRow(row) : undefined;
  const checked = checkTool(batch, input, current);
  if (row !== undefined && current !== undefined && isSameContent(current, checked.content)) return unchanged(row);
  if (row === undefined) requireCount("tools", batch.count);
  const bytes = bytesWith(batch, checked.content, row);
  const action = row === undefined ? "create" : "update";
  const kept = row ?? freshTool(batch, name, authority, origin);
  const step = toolStep(batch, { before: row, kept, checked }, { action, reason: input.reason }, authority);
  if (row === undefined) batch.count += 1;
  batch.bytes = bytes;
  if (step.write !== undefined) batch.states.set(name, step.write.state);
  return step;
}

/** Makes an old version's content the newest, and the tool active, checked against today's functions. Throws as a save does. */
export function planToolRollback(
  batch: ToolBatch,
  row: ToolRow,
  version: number,
  authority: Authority,
  reason: string | undefined,
): ToolStep {
  const { content } = requireToolVersion(batch.db, row, version);
  const checked = checkTool(batch, { name: row.name, ...content });
  if (row.isActive && isSameContent(contentOfRow(row), checked.content)) return unchanged(row);
  bytesWith(batch, checked.content, row);
  const how = { action: "rollback", reason: reason ?? `back to version ${version}` } as const;
  return toolStep(batch, { before: row, kept: row, checked }, how, authority);
}

/** Takes a tool out of use; its definition and history stay. */
export function planToolDeactivation(
  batch: ToolBatch,
  row: ToolRow,
  authority: Authority,
  reason: string | undefined,
): ToolStep {
  if (!row.isActive) return unchanged(row);
  const { required_functions } = readTool(batch.db, row.id);
  const checked = { content: contentOfRow(row), requiredFunctions: required_functions };
  return toolStep(batch, { before: row, kept: row, checked }, { action: "deactivate", reason }, authority);
}

/** Brings a deactivated tool back, checked against today's functions. Throws as a save does. */
export function planToolRestoration(
  batch: ToolBatch,
  row: ToolRow,
  authority: Authority,
  reason: string | undefined,
): ToolStep {
  if (row.isActive) return unchanged(row);
  const checked = checkTool(batch, { name: row.name, ...contentOfRow(row) });
  return toolStep(batch, { before: row, kept: row, checked }, { action: "restore", reason }, authority);
}

/** Writes what was planned under a team revision. To be called in a transaction, in the turn that planned it. */
export function writeToolSteps(db: Db, steps: readonly ToolStep[], revision: number): Told {
  const writes = steps.flatMap(({ write }) => write ?? []);
  for (const { state, calls, record } of writes) {
    const { action, reason = null, proposalId } = record;
    writeTool(db, { ...state, revision }, calls, { action, reason, proposalId });
  }
  return {
    events: writes.map(({ state, record }) => ({
      kind: "tool",
      name: state.name,
      change: record.change,
      visibility: state.visibility ?? "everyone",
    })),
    audit: writes.map((write) => auditOfWrite("tool", write, auditedState)),
  };
}

/** True for the same content, however its keys were ordered on the way in. */
export function isSameContent(a: ToolContent, b: ToolContent): boolean {
  return sameValue(a, b);
}

/** What of a tool outlives a change of its content. */
type KeptState = Pick<
  ToolState,
  "id" | "name" | "version" | "source" | "originalYamlPath" | "createdBy" | "createdAt" | "visibility"
>;

function freshTool(
  { now }: ToolBatch,
  name: string,
  { author }: Authority,
  { source, yamlPath }: ToolOrigin,
): KeptState {
  return {
    id: newId("tool"),
    name,
    version: 0,
    source,
    originalYamlPath: yamlPath ?? null,
    createdBy: author,
    createdAt: now,
    visibility: null,
  };
}

function toolStep(
  { now }: ToolBatch,
  next: {
    before: ToolState | undefined;
    kept: KeptState;
    checked: Pick<CheckedTool, "content" | "requiredFunctions">;
  },
  how: { action: VersionAction; reason: string | undefined },
  authority: Authority,
): ToolStep {
  const { before, kept, checked } = next;
  const state = {
    ...kept,
    ...rowOfContent(checked.content),
    isActive: how.action !== "deactivate",
    approvalStatus: "approved" as const,
    approvedBy: authority.approvedBy,
    approvedAt: now,
    version: kept.version + 1,
    updatedBy: authority.author,
    updatedAt: now,
  };
  return stepOf({ before, state, calls: checked.requiredFunctions }, how, authority);
}

/** Bytes of all tools once this one has that content. Throws `too_large` when that is too much. */
function bytesWith(batch: ToolBatch, content: ToolContent, row: ToolState | undefined): number {
  const after = batch.bytes + bytesOf(content) - (row === undefined ? 0 : bytesOf(contentOfRow(row)));
  requireBytes("tools", { before: batch.bytes, after });
  return after;
}

function auditedState(state: ToolState): object {
  return { version: state.version, is_active: state.isActive, ...contentOfRow(state) };
}

function bytesOf(content: ToolContent): number {
  return contentBytes(bulkOf(content));
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
