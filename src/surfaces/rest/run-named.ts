// Running a tool by its name over REST. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { idempotencyKey } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import type { BuiltInTool } from "../../tool.ts";
import { runTool, toolNamed } from "../mcp/call.ts";
import { unknownTool } from "../mcp/find-tools.ts";
import { runLogged } from "../run-logged.ts";

/** What finds or runs others has addresses of its own. */
const overOthers: ReadonlySet<string> = new Set(["find_tools", "run_tool"]);

/**
 * The data that a tool answers with. `tools` are the built-in ones that may be meant. One that writes passes the write guard with the request's
 * Idempotency-Key. Throws `not_found` that offers near names, `invalid_argument`, and what the tool throws.
 */
export async function runNamed(
  context: CallContext,
  tools: readonly BuiltInTool[],
  name: string,
  given: Record<string, unknown>,
  request: Request,
): Promise<Record<string, unknown>> {
  const entry = overOthers.has(name) ? undefined : toolNamed(context, tools, name);
  if (entry === undefined) throw unknownTool(context, tools, name);
  if (Object.hasOwn(given, idempotencyKey)) throw keyInBody();
  const key = request.headers.get("idempotency-key");
  const takesKey = entry.kind === "built_in" && entry.tool.takesKey;
  const args = key === null || !takesKey ? given : { ...given, [idempotencyKey]: key };
  const call = { ...context, execution: {} };
  const work = { tool: name, args, run: (each: CallContext) => runTool(each, entry, args) };
  const outcome = await runLogged(call, work, (shown) => ({
    shown,
    bytes: "error" in shown ? 0 : utf8Bytes(JSON.stringify(shown.answer.data)),
  }));
  if ("error" in outcome) throw outcome.error;
  return outcome.answer.data;
}

function keyInBody(): AppError {
  return new AppError(
    "invalid_argument",
    `${idempotencyKey} is not taken here: send it as the header Idempotency-Key.`,
    {
      hint: `Leave ${idempotencyKey} out.`,
    },
  );
}
