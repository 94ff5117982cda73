// Tools and functions as their pages need them: in use or not, and who may change them how. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { hasRole, may } from "../../../features/access/access.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import type { JqFunction } from "../../../features/jq-functions/schema.ts";
import type { JqTool } from "../../../features/jq-tools/schema.ts";

export type Entry = { kind: "tool"; item: JqTool } | { kind: "function"; item: JqFunction };

/** The tool or function of that name, deactivated or not. Throws `not_found`. */
export async function findEntry(call: CallContext, kind: EntryKind, name: string): Promise<Entry> {
  return kind === "tool"
    ? { kind, item: await findToolEntry(call, name) }
    : { kind, item: await findFunctionEntry(call, name) };
}

/** Throws `not_found`. */
export async function findToolEntry({ catalogue, stub, actor }: CallContext, name: string): Promise<JqTool> {
  return catalogue.tools.get(name) ?? (await stub.tools().get(name, actor)).tool;
}

/** Throws `not_found`. */
export async function findFunctionEntry({ catalogue, stub }: CallContext, name: string): Promise<JqFunction> {
  return catalogue.functions.get(name) ?? (await stub.functions().history(name, { limit: 1 })).function;
}

/** How someone changes the library: without a vote, by a proposal, or not at all. */
export interface Rights {
  saves: boolean;
  proposes: boolean;
}

/** By role, scopes and, for members, the team's setting members_save_directly. */
export async function rightsOf({ actor, stub }: Pick<CallContext, "actor" | "stub">): Promise<Rights> {
  const proposes = may(actor, "library:propose");
  if (!may(actor, "library:write")) return { saves: false, proposes };
  if (hasRole(actor.role, "admin")) return { saves: true, proposes };
  return { saves: (await stub.teams().describe()).settings.members_save_directly, proposes };
}

/** `margin($revenue; $cost)`: how a function is called. */
export function signatureOf({ name, parameters }: Pick<JqFunction, "name" | "parameters">): string {
  return parameters.length === 0 ? name : `${name}(${parameters.map((parameter) => parameter.name).join("; ")})`;
}
