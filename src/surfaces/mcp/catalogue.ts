// tools/list: which tools a connection shows, within its token budget. Everything else stays callable. Runs at the edge.
import type { ListToolsResult, Tool } from "@modelcontextprotocol/server";
import type { CallContext } from "../../context.ts";
import { type Toolset, toolsets } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { pageOf } from "../../core/paging.ts";
import { estimateTokens } from "../../core/tokens.ts";
import { may } from "../../features/access/access.ts";
import { mcpLimits } from "../../limits.ts";
import type { BuiltInTool } from "../../tool.ts";
import { type AnyListedTool, usableTools, wireTool } from "./wire-tool.ts";

/** What the connection's URL asked to be listed. */
export type Selection =
  | { kind: "all" }
  | { kind: "names"; names: ReadonlySet<string> }
  | { kind: "toolsets"; toolsets: ReadonlySet<Toolset> };

/** How many of the team's tools tools/list left out; for clients, since models are told by find_tools. */
export const unlistedKey = "super-data/unlisted_team_tools";

/**
 * Reads `?toolsets=catalog,jq,admin|all` and `?tools=a,b` (which wins). Without either: the catalog family.
 * Throws `invalid_argument` naming the valid ones for a toolset or tool that does not exist.
 */
export function readSelection(url: URL, context: CallContext, builtIns: readonly BuiltInTool[]): Selection {
  const tools = listOf(url, "tools");
  if (tools.length > 0) {
    const own = builtIns.map((tool) => tool.name);
    const valid = [...own, ...context.catalogue.tools.keys()];
    requireKnown("tool", tools, valid, may(context.actor, "data:read") ? valid : own);
    return { kind: "names", names: new Set(tools) };
  }
  const families = listOf(url, "toolsets");
  requireKnown("toolset", families, [...toolsets, "all"]);
  if (families.includes("all")) return { kind: "all" };
  const chosen = toolsets.filter((toolset) => families.includes(toolset));
  return { kind: "toolsets", toolsets: new Set(chosen.length > 0 ? chosen : ["catalog"]) };
}

function listOf(url: URL, parameter: string): string[] {
  return url.searchParams
    .getAll(parameter)
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** `named` are those that the error may name. */
function requireKnown(
  what: "tool" | "toolset",
  asked: readonly string[],
  valid: readonly string[],
  named: readonly string[] = valid,
): void {
  const unknown = asked.filter((name) => !valid.includes(name));
  if (unknown.length === 0) return;
  const shown = named.slice(0, 60).join(", ");
  const more = named.length > 60 ? ` and ${named.length - 60} more` : "";
  throw new AppError("invalid_argument", `The URL asks for ${what}s that do not exist: ${unknown.join(", ")}.`, {
    hint: `Valid ${what}s: ${shown}${more}.`,
    details: { unknown },
  });
}

/** One page of tools/list. Its order depends on the definitions alone. Throws `cursor_invalid`. */
export function listTools(
  context: CallContext,
  builtIns: readonly BuiltInTool[],
  selection: Selection,
  cursor: string | undefined,
): ListToolsResult {
  const usable = usableTools(context, builtIns);
  const listed = select(usable, selection);
  const unlisted = countTeam(usable) - countTeam(listed);
  const keyed = listed.map((entry, index) => ({ tool: wireTool(entry), key: sortKey(entry, index) }));
  const page = pageOf(keyed, { limit: mcpLimits.toolListPage, cursor, key: (item) => item.key });
  return {
    tools: page.items.map(({ tool }) => (tool.name === "find_tools" ? withUnlisted(tool, unlisted) : tool)),
    ...(page.next_cursor === undefined ? {} : { nextCursor: page.next_cursor }),
    _meta: { [unlistedKey]: unlisted },
  };
}

function select(usable: readonly AnyListedTool[], selection: Selection): AnyListedTool[] {
  if (selection.kind === "all") return [...usable];
  if (selection.kind === "names") return usable.filter(({ tool }) => selection.names.has(tool.name));
  const chosen = usable.filter((entry) => entry.kind === "built_in" && selection.toolsets.has(entry.tool.toolset));
  let tokens = chosen.reduce((sum, entry) => sum + tokensOf(entry), noteTokens);
  // A tool that does not fit makes room for smaller ones after it, so one huge tool cannot hide the rest.
  const fitting = usable.filter((entry) => {
    if (entry.kind === "built_in" || tokens + tokensOf(entry) > mcpLimits.toolListTokens) return false;
    tokens += tokensOf(entry);
    return true;
  });
  return [...chosen, ...fitting];
}

/** What the list costs besides its tools: brackets, and the note on find_tools. */
const noteTokens = 20;
const tokenCounts = new WeakMap<Tool, number>();

function tokensOf(entry: AnyListedTool): number {
  const wire = wireTool(entry);
  const known = tokenCounts.get(wire);
  if (known !== undefined) return known;
  const tokens = estimateTokens(JSON.stringify(wire)) + 1;
  tokenCounts.set(wire, tokens);
  return tokens;
}

function countTeam(entries: readonly AnyListedTool[]): number {
  return entries.filter((entry) => entry.kind === "team").length;
}

function withUnlisted(tool: Tool, unlisted: number): Tool {
  if (unlisted === 0) return tool;
  return { ...tool, description: `${tool.description} Not listed here: ${unlisted} team tools.` };
}

/** Text that sorts as `usableTools` does, so that a cursor holds its place while tools come and go. */
function sortKey(entry: AnyListedTool, index: number): string {
  if (entry.kind === "built_in") return `0 ${String(index).padStart(5, "0")}`;
  const weight = (100_000 - entry.tool.weight).toFixed(6).padStart(14, "0");
  return `${entry.tool.pinned ? 1 : 2} ${weight} ${entry.tool.name}`;
}
