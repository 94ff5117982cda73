// Saving tools from the edge: the real engine compiles first, then the team's object checks again and writes. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { callerOf } from "../access/access.ts";
import { type CompileCheck, compileWithEngine } from "../jq-functions/jq-functions.ts";
import { revivedNote } from "../jq-functions/schema.ts";
import { answerRows } from "../query/query.ts";
import type { Rows } from "../results/schema.ts";
import {
  type CheckedTool,
  checkTool,
  compileTool,
  contentOf,
  nextContent,
  requireToolCompiles,
  toolQuery,
} from "./jq-tools.ts";
import type { SavedTool } from "./rpc.ts";
import type { JqTool, SaveTool, ToolContent } from "./schema.ts";

/** Rows of a dry run's sample. */
const sampleRows = 5;

/** Creates or updates a tool. Throws what `checkTool` throws, and `jq_syntax` when only the real engine refuses it. */
export async function saveTool(
  context: CallContext,
  input: SaveTool,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedTool & { warnings: string[] }> {
  const checked = checkTool(context.catalogue, input, currentContent(context, input.name));
  await requireToolCompiles(context.catalogue, checked.content, compile);
  const saved = await context.stub.tools().save(input, callerOf(context));
  return {
    ...saved,
    warnings: saved.revived ? [`${input.name} ${revivedNote}`, ...checked.warnings] : checked.warnings,
  };
}

/** Makes an old version the newest again. Throws `not_found`, what `checkTool` throws, and what the real engine refuses. */
export async function rollbackTool(
  context: CallContext,
  name: string,
  version: number,
  reason: string | undefined,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedTool> {
  const { versions } = await context.stub.tools().history(name, { limit: 1, before: version + 1 }, context.actor);
  const [found] = versions;
  // Whether that version exists is the object's to say.
  if (found?.version === version) await recheck(context, name, found.content, compile);
  return context.stub.tools().rollback(name, version, callerOf(context), reason);
}

/** Brings a deactivated tool back. Throws as `rollbackTool` does. */
export async function restoreTool(
  context: CallContext,
  name: string,
  reason: string | undefined,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedTool> {
  const { tool } = await context.stub.tools().get(name, context.actor);
  await recheck(context, name, contentOf(tool), compile);
  return context.stub.tools().restore(name, callerOf(context), reason);
}

async function recheck(context: CallContext, name: string, content: ToolContent, compile: CompileCheck): Promise<void> {
  checkTool(context.catalogue, { name, ...content });
  await requireToolCompiles(context.catalogue, content, compile);
}

function currentContent(context: CallContext, name: string): ToolContent | undefined {
  const tool = context.catalogue.tools.get(name);
  return tool === undefined ? undefined : contentOf(tool);
}

export interface DryRunError extends ErrorDescription {
  line?: number;
  column?: number;
}

export interface DryRun {
  /** It compiles and ran. */
  ok: boolean;
  program?: string;
  functions: string[];
  required_functions: string[];
  pure?: boolean;
  warnings: string[];
  errors: DryRunError[];
  sample?: Rows;
  sample_text?: string;
  /** What the program wrote with `debug` and `stderr`. */
  messages?: string[];
}

/** Checks, compiles and runs a tool on its dataset without saving anything. What is wrong with it is data, not thrown. */
export async function testTool(
  context: CallContext,
  input: SaveTool,
  args: Readonly<Record<string, unknown>>,
  deps: { compile?: CompileCheck; answer?: typeof answerRows } = {},
): Promise<DryRun> {
  const { compile = compileWithEngine, answer = answerRows } = deps;
  const result: DryRun = { ok: false, functions: [], required_functions: [], warnings: [], errors: [] };
  try {
    const before = currentContent(context, input.name);
    const checked: CheckedTool = checkTool(context.catalogue, input, before);
    const { program, functions, pure } = compileTool(context.catalogue, checked.content);
    Object.assign(result, { program, functions: [...functions], pure, warnings: checked.warnings });
    result.required_functions = [...checked.requiredFunctions];
    await requireToolCompiles(context.catalogue, checked.content, compile);
    const query = toolQuery(context.catalogue, { name: input.name, ...checked.content }, args);
    const trial = { messages: [] };
    const sample = await answer(context, { ...query, page: { limit: sampleRows, ...query.page, fresh: true }, trial });
    const messages = trial.messages.length === 0 ? {} : trial;
    return { ...result, ok: true, sample: sample.data, sample_text: sample.text, ...messages };
  } catch (error) {
    if (!isAppError(error)) throw error;
    result.errors.push(placed(error));
    return result;
  }
}

function placed(error: unknown): DryRunError {
  const described = describeError(error);
  const line = described.details?.line;
  const column = described.details?.column;
  return {
    ...described,
    ...(typeof line === "number" ? { line } : {}),
    ...(typeof column === "number" ? { column } : {}),
  };
}

/** Parts of a tool; a missing one is left as it is. */
export type ToolChanges = { [Key in keyof SaveTool]?: SaveTool[Key] | undefined };

/** What a dry run of a saved tool, or of one changed in places, begins with. */
export function testInput(tool: JqTool | undefined, name: string, changes: ToolChanges): SaveTool {
  const { description = tool?.description ?? "dry run", query = tool?.query ?? "" } = changes;
  const given: SaveTool = { ...changes, name, description, query };
  return { name, ...nextContent(given, tool === undefined ? undefined : contentOf(tool)) };
}
