// What the request log learns of an MCP request. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { isRecord } from "../../core/exact-json.ts";
import type { ErrorPlace } from "./errors.ts";

/** The method that a message asks for; of a batch, the first. A text that is no method's name is not logged. */
export function noteMessage({ trace }: CallContext, message: unknown): void {
  const [first] = [message].flat();
  if (trace === undefined || !isRecord(first) || typeof first.method !== "string") return;
  if (/^[a-zA-Z/_]{1,60}$/.test(first.method)) trace.method = first.method;
}

/** A place for errors of this request, noted in its trace. */
export function placeOf(context: CallContext, what: string): ErrorPlace {
  return {
    team: context.team,
    requestId: context.requestId,
    what,
    note: (code) => {
      if (context.trace !== undefined) context.trace.outcome = code;
    },
  };
}

/** Keeps the request's log line waiting until the call has ended. */
export function followCall<T>({ trace }: CallContext, running: Promise<T>): Promise<T> {
  trace?.running.push(running);
  return running;
}

/** What came of a tool call. */
export function noteCall(call: CallContext, tool: string, outcome: string, args: unknown): void {
  if (call.trace === undefined) return;
  call.trace.tool = call.execution.toolName ?? tool;
  call.trace.outcome = outcome;
  if (call.client !== undefined) call.trace.client = call.client;
  if (call.logArguments) call.trace.args = args;
}
