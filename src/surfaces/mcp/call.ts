// Running a tool by name, whichever kind it is: permission, then the work. Runs at the edge.
import type { CallContext } from "../../context.ts";
import type { ToolAnswer } from "../../core/define-tool.ts";
import { requirePermission } from "../../features/access/access.ts";
import { callTeamTool } from "../../features/jq-tools/jq-tools.ts";
import type { BuiltInTool } from "../../tool.ts";
import type { AnyListedTool } from "./wire-tool.ts";

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

/** Runs it. Throws `forbidden`, `invalid_argument` and whatever the tool throws. */
export async function runTool(
  context: CallContext,
  entry: AnyListedTool,
  args: unknown,
): Promise<ToolAnswer<Record<string, unknown>>> {
  if (entry.kind === "built_in") {
    requirePermission(context.actor, entry.tool.permission, `use ${entry.tool.name}`);
    return entry.tool.call(context, args);
  }
  requirePermission(context.actor, "data:read", `use ${entry.tool.name}`);
  return callTeamTool(context, entry.tool, args);
}
