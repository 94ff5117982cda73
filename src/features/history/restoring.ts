// Going back to an old function: the real engine compiles it with all that depends on it, then the object checks again and writes. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { callerOf } from "../access/access.ts";
import {
  type CompileCheck,
  checkFunction,
  compileWithEngine,
  requireCompiles,
  requireNothingBroken,
  toolUses,
  withFunction,
} from "../jq-functions/jq-functions.ts";
import type { SavedFunction } from "../jq-functions/rpc.ts";

/** Makes an old version the newest again. Throws `not_found`, what a save throws, and what the real engine refuses. */
export async function rollbackFunction(
  context: CallContext,
  name: string,
  version: number,
  reason: string | undefined,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedFunction> {
  const { definition, allow_builtin_name } = await context.stub.functions().version(name, version);
  await recheck(context, { name, definition, mayShadow: allow_builtin_name }, "Saving", compile);
  return context.stub.functions().rollback(name, version, callerOf(context), reason);
}

/** Brings a deactivated function back. Throws as `rollbackFunction` does. */
export async function restoreFunction(
  context: CallContext,
  name: string,
  reason: string | undefined,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedFunction> {
  const { function: found } = await context.stub.functions().history(name, { limit: 1 });
  if (!found.is_active) {
    const { allow_builtin_name } = await context.stub.functions().version(name, found.version);
    const { definition } = found;
    await recheck(context, { name, definition, mayShadow: allow_builtin_name }, "Restoring", compile);
  }
  return context.stub.functions().restore(name, callerOf(context), reason);
}

async function recheck(
  { catalogue }: CallContext,
  { name, definition, mayShadow }: { name: string; definition: string; mayShadow: boolean },
  doing: "Saving" | "Restoring",
  compile: CompileCheck,
): Promise<void> {
  const before = catalogue.functions;
  const after = withFunction(before, checkFunction(before, { name, definition }, mayShadow));
  const tools = toolUses(catalogue);
  requireNothingBroken({ before, after, name, doing }, tools);
  await requireCompiles(after, tools, name, compile);
}
