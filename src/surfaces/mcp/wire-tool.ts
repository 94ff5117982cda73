// Tools as MCP carries them, built-in ones and the team's alike. Runs at the edge.
import type { Tool } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { scopes } from "../../core/define-tool.ts";
import { isRecord } from "../../core/exact-json.ts";
import { type Actor, type Asker, may } from "../../features/access/access.ts";
import { toolInputSchema } from "../../features/jq-tools/jq-tools.ts";
import type { JqTool } from "../../features/jq-tools/schema.ts";
import type { BuiltInTool } from "../../tool.ts";

/** A tool someone may call, before it is known how. */
export type AnyListedTool = { kind: "built_in"; tool: BuiltInTool } | { kind: "team"; tool: JqTool };

// Definitions never change in place, so what is made from one is made once and goes with it.
const wireTools = new WeakMap<BuiltInTool | JqTool, Tool>();

/**
 * What this actor may call: the built-in tools in their order, then the team's tools by pinned, weight and name. A team tool cannot take a
 * built-in's name; should an old one have it, the built-in wins.
 */
export function usableTools(context: CallContext, builtIns: readonly BuiltInTool[]): AnyListedTool[] {
  const asker = withAskableScopes(context.actor);
  const names = new Set(builtIns.map((tool) => tool.name));
  const team = [...context.catalogue.tools.values()].filter((tool) => !names.has(tool.name)).sort(byPriority);
  return [
    ...builtIns.filter((tool) => may(asker, tool.permission)).map((tool) => ({ kind: "built_in" as const, tool })),
    // The team's own tools are its data: their names and words are not for who was not allowed to read.
    ...(may(context.actor, "data:read") ? team.map((tool) => ({ kind: "team" as const, tool })) : []),
  ];
}

/** An OAuth client is shown what only a scope keeps it from: calling that is how it learns to ask its person for the scope. */
function withAskableScopes(actor: Actor): Asker {
  return actor.credential.kind === "connection" ? { ...actor, scopes } : actor;
}

/** Pinned first, then the heavier, then by name: never the same place for two tools. */
function byPriority(a: JqTool, b: JqTool): number {
  return Number(b.pinned) - Number(a.pinned) || b.weight - a.weight || (a.name < b.name ? -1 : 1);
}

/**
 * The tool as tools/list shows it. Output schemas are left out on purpose: they would more than double what every conversation pays, and
 * structuredContent is sent in any case.
 */
export function wireTool({ kind, tool }: AnyListedTool): Tool {
  const known = wireTools.get(tool);
  if (known !== undefined) return known;
  const wire = kind === "built_in" ? wireBuiltIn(tool) : wireTeamTool(tool);
  wireTools.set(tool, wire);
  return wire;
}

function wireBuiltIn(tool: BuiltInTool): Tool {
  const { readOnly, destructive, idempotent, openWorld } = tool.hints;
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: asInputSchema(z.toJSONSchema(tool.input, { io: "input" })),
    annotations: readOnly
      ? { readOnlyHint: true, openWorldHint: openWorld }
      : { readOnlyHint: false, destructiveHint: destructive, idempotentHint: idempotent, openWorldHint: openWorld },
    // Under both names that hosts look for.
    ...(tool.app === undefined ? {} : { _meta: { ui: { resourceUri: tool.app }, "ui/resourceUri": tool.app } }),
  };
}

function wireTeamTool(tool: JqTool): Tool {
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: asInputSchema(toolInputSchema(tool)),
    annotations: { readOnlyHint: true, openWorldHint: false },
  };
}

function asInputSchema(schema: unknown): Tool["inputSchema"] {
  const slim = slimSchema(schema);
  return { ...(isRecord(slim) ? slim : {}), type: "object" };
}

/** The schema without what says nothing: the dialect, the bounds of every safe integer, of long texts and of those that only must not be empty, string keys of a record. */
function slimSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(slimSchema);
  if (!isRecord(schema)) return schema;
  // Not by assignment: a property named __proto__ must become one of its own.
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !saysNothing(key, value))
      .map(([key, value]) => [key, valueKeywords.has(key) ? value : slimSchema(value)]),
  );
}

/** Characters of a text that no model is tempted to pass. */
const longText = 1_000;

/** Values and examples are data: nothing inside them is a keyword. */
const valueKeywords: ReadonlySet<string> = new Set(["default", "enum", "const", "examples"]);

function saysNothing(key: string, value: unknown): boolean {
  switch (key) {
    case "$schema":
      return typeof value === "string";
    case "minimum":
      return value === Number.MIN_SAFE_INTEGER;
    case "maximum":
      return value === Number.MAX_SAFE_INTEGER;
    case "minLength":
      return value === 1;
    case "maxLength":
      return typeof value === "number" && value > longText;
    case "propertyNames":
      return JSON.stringify(value) === '{"type":"string"}';
    case "additionalProperties":
      return isRecord(value) && Object.keys(value).length === 0;
    default:
      return false;
  }
}
