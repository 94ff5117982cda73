// Running a tool by name, whichever kind it is: permission, then the work. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { idempotencyKey, type ToolAnswer } from "../../core/define-tool.ts";
import { AppError, describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { parseWith } from "../../core/parse.ts";
import { requirePermission } from "../../features/access/access.ts";
import { isFinal, type OnceRequest, requestHashOf } from "../../features/idempotency/idempotency.ts";
import { callTeamTool } from "../../features/jq-tools/jq-tools.ts";
import { type BuiltInTool, idempotencyKeySchema } from "../../tool.ts";
import { guardWrite } from "../write-guard.ts";
import type { AnyListedTool } from "./wire-tool.ts";

type Answer = ToolAnswer<Record<string, unknown>>;

/** The tool of that name, whether or not the actor may use it or a list shows it. */
export function toolNamed(
  context: CallContext,
  builtIns: readonly BuiltInTool[],
  name: string,
): AnyListedTool | undefined {
  const builtIn = builtIns.find((tool) => tool.name === name);
  if (builtIn !== undefined) return { kind: "built_in", tool: builtIn };
  const team = context.catalogue.tools.get(name);
  return team === undefined ? undefined : { kind: "team", tool: team };
}

/**
 * Runs it; one that writes passes the write guard. Throws `forbidden`, `insufficient_scope`, `invalid_argument`, the guard's errors and
 * whatever the tool throws.
 */
export async function runTool(context: CallContext, entry: AnyListedTool, args: unknown): Promise<Answer> {
  if (entry.kind === "built_in") {
    requirePermission(context.actor, entry.tool.permission, `use ${entry.tool.name}`);
    return entry.tool.takesKey ? runWrite(context, entry.tool, args) : entry.tool.call(context, args);
  }
  requirePermission(context.actor, "data:read", `use ${entry.tool.name}`);
  return callTeamTool(context, entry.tool, args);
}

/** What a tool came to: its answer, or the error that is its final one. */
type Outcome = { done: Answer } | { error: ErrorDescription };

async function runWrite(context: CallContext, tool: BuiltInTool, args: unknown): Promise<Answer> {
  const once = await onceRequest(tool, args);
  if (once === undefined) {
    const { answer } = await guardWrite(context, undefined, async (call) => ({
      answer: await tool.call(call, args),
      remember: undefined,
    }));
    return answer;
  }
  const remember = { requestHash: once.requestHash };
  const { answer, replayed } = await guardWrite<Outcome>(context, once, async (call) => {
    try {
      return { answer: { done: await tool.call(call, args) }, remember };
    } catch (error) {
      if (!isAppError(error) || !isFinal(error.code)) throw error;
      return { answer: { error: describeError(error) }, remember };
    }
  });
  if (replayed) context.execution.replayed = true;
  if ("done" in answer) return answer.done;
  const { code, message, ...more } = answer.error;
  throw new AppError(code, message, more);
}

/** The request to run once, when the arguments carry a key. */
async function onceRequest(
  tool: BuiltInTool,
  args: unknown,
): Promise<(OnceRequest & { requestHash: string }) | undefined> {
  if (!isRecord(args) || args[idempotencyKey] === undefined) return undefined;
  const { [idempotencyKey]: given, ...own } = args;
  const key = parseWith(idempotencyKeySchema, given, `${tool.name}: ${idempotencyKey}`);
  return { key, operation: tool.name, requestHash: await requestHashOf(own) };
}

/** Arguments as the execution log may show them: without idempotency keys, which open kept answers, and without the address of a webhook, which may hold a token. */
export function withoutKeys(args: unknown, tool?: unknown): unknown {
  if (!isRecord(args)) return args;
  const { [idempotencyKey]: _key, ...own } = args;
  if (tool === "save_webhook" && "url" in own) own.url = "[redacted]";
  return isRecord(own.arguments) ? { ...own, arguments: withoutKeys(own.arguments, own.name) } : own;
}
