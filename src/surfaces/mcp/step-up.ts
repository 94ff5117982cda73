// Step-up: an OAuth client that lacks only a scope is told so over HTTP, so that it asks its person for it. Runs at the edge.
import type { CallContext } from "../../context.ts";
import type { AppError } from "../../core/errors.ts";
import { isAppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { requirePermission } from "../../features/access/access.ts";
import type { BuiltInTool } from "../../tool.ts";
import { scopeChallenge } from "../oauth/challenge.ts";
import { toolNamed } from "./call.ts";

const forbiddenCode = -32_003;

/**
 * The 403 for a call, direct or through run_tool, of a tool that the caller's role has and their OAuth connection lacks the scope for;
 * undefined for everything else. A token cannot be given more scopes, so its caller gets the tool's own error.
 */
export function stepUp(context: CallContext, builtIns: readonly BuiltInTool[], message: unknown): Response | undefined {
  if (context.actor.credential.kind !== "connection") return undefined;
  for (const one of [message].flat()) {
    const error = missingScope(context, builtIns, one);
    if (error !== undefined) return refusal(context, one, error);
  }
  return undefined;
}

function missingScope(context: CallContext, builtIns: readonly BuiltInTool[], message: unknown): AppError | undefined {
  if (!isRecord(message) || message.method !== "tools/call" || !isRecord(message.params)) return undefined;
  const { name, arguments: args } = message.params;
  const names = name === "run_tool" && isRecord(args) ? [name, args.name] : [name];
  for (const called of names) {
    const entry = typeof called === "string" ? toolNamed(context, builtIns, called) : undefined;
    if (entry === undefined) continue;
    try {
      const permission = entry.kind === "built_in" ? entry.tool.permission : "data:read";
      requirePermission(context.actor, permission, `use ${entry.tool.name}`);
    } catch (error) {
      if (isAppError(error) && error.code === "insufficient_scope") return error;
    }
  }
  return undefined;
}

function refusal(context: CallContext, message: unknown, error: AppError): Response {
  const id =
    isRecord(message) && (typeof message.id === "string" || typeof message.id === "number") ? message.id : null;
  const text = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  const data = { code: error.code, ...error.details };
  return Response.json(
    { jsonrpc: "2.0", error: { code: forbiddenCode, message: text, data }, id },
    {
      status: 403,
      headers: { "www-authenticate": scopeChallenge(context.resourceMetadataUrl, error), "cache-control": "no-store" },
    },
  );
}
