// The proof's routes that are a tool's capability at an address: what the tool is asked, put into path, query string and body. Runs anywhere.
import type { Operations, RouteUse, Situation, ToolUse } from "./plan.ts";

const base = "/t/:team/api/v1";

/** Which tool each is. */
const routes: Readonly<Record<string, string>> = {
  "GET /tools": "find_tools",
  "POST /tools/:name/run": "run_tool",
  "POST /query": "query_dataset",
  "POST /query/explain": "explain_query",
  "POST /sql": "execute_raw_query",
  "POST /sql/frame": "sql_frame",
  "POST /plots": "plot",
  "GET /frames/:data_ref/rows": "read_frame",
  "PUT /frames/:data_ref/pin": "pin_data",
  "GET /tables": "list_tables",
  "POST /tables": "create_table",
  "GET /tables/:table_name": "describe_table",
  "PATCH /tables/:table_name": "alter_table",
  "DELETE /tables/:table_name": "drop_table",
  "POST /tables/:table_name/restore": "restore_table",
  "POST /tables/:table_name/indexes": "create_index",
  "POST /tables/:table_name/import": "import_table",
  "POST /tables/:table_name/export": "export_table",
  "GET /tables/:table_name/history": "row_history",
  "GET /tables/:table_name/records": "query_records",
  "POST /tables/:table_name/records": "insert_record",
  "PATCH /tables/:table_name/records": "update_record",
  "DELETE /tables/:table_name/records": "delete_record",
  "POST /tables/undo": "undo_change",
  "GET /library/functions/:name": "get_function",
  "PUT /library/functions/:name": "save_function",
  "GET /library/tools/:name": "get_tool",
  "PUT /library/tools/:name": "save_tool",
  "POST /library/tools/:name/optimize": "optimize_tool",
  "POST /library/tools/test": "test_tool",
  "POST /proposals/tools": "propose_tool",
  "POST /proposals/functions": "propose_function",
};

/** Operations on frames, each at an address of its own name. */
const operations = [
  ...["describe", "head", "tail", "filter", "select", "rename", "derive", "distinct", "sample", "sort", "groupby"],
  ...["value_counts", "pivot", "fill_null", "join", "concat"],
  ...["read_csv", "read_json", "read_parquet", "to_csv", "to_json", "to_parquet", "to_arrow"],
];

/** What answers over REST with JSON has no use for. */
const without: ReadonlySet<string> = new Set(["format", "idempotency_key"]);

/** The routes of tools, and those that show one thing of a tool's list. `tools` is the proof's table of tools. */
export function toolRoutesOf(tools: Operations<ToolUse>): Operations<RouteUse> {
  const all = { ...routes, ...Object.fromEntries(operations.map((name) => [`POST /frames/operations/${name}`, name])) };
  const asked = Object.entries(all).map(([route, tool]) => [at(route), routeOf(route, toolOf(tools, tool))] as const);
  return { ...Object.fromEntries(asked), ...ownRoutes(tools) };
}

function ownRoutes(tools: Operations<ToolUse>): Operations<RouteUse> {
  const oneOf = (route: string, tool: string, needs: ToolUse["needs"]) =>
    [at(route), routeOf(route, showing(toolOf(tools, tool), needs))] as const;
  return {
    ...Object.fromEntries([
      oneOf("GET /tokens/:id", "revoke_token", ["tokens:own"]),
      oneOf("GET /connections/:id", "revoke_connection", ["tokens:own"]),
      oneOf("GET /members/:username", "remove_member", ["people:read"]),
      oneOf("GET /invitations/:id", "revoke_invitation", ["people:manage"]),
      oneOf("GET /visibility/:kind/:name", "set_visibility", ["data:read"]),
    ]),
    [at("POST /library/tools/:name/run")]: (situation) => {
      const use = routeOf("POST /library/tools/:name/run", toolOf(tools, "run_tool"))(situation);
      // Some of what is asked for are built-in tools, which are not the team's own.
      return { ...use, codes: [...(use.codes ?? []), "not_found"] };
    },
    [at("POST /library/tools/:name/test")]: (situation) => {
      const { args, ...use } = toolOf(tools, "get_tool")(situation);
      const codes = [...(use.codes ?? []), "invalid_argument"];
      return { ...use, codes, path: { name: String(args.name) }, json: { arguments: {} } };
    },
    [at("GET /openapi.json")]: () => ({ needs: [] }),
  };
}

/** The same things, looked at alone: what is not there, or not the caller's to see, is not found. */
function showing(tool: (situation: Situation) => ToolUse, needs: ToolUse["needs"]): (situation: Situation) => ToolUse {
  return (situation) => {
    const { args, things = [] } = tool(situation);
    const path = Object.fromEntries(
      Object.entries(args).filter(([name]) => ["id", "username", "kind", "name"].includes(name)),
    );
    return { args: path, needs, things, codes: ["not_found"] };
  };
}

function toolOf(tools: Operations<ToolUse>, name: string): (situation: Situation) => ToolUse {
  const found = tools[name];
  if (found === undefined) throw new Error(`the proof knows no tool ${name}`);
  return found;
}

const at = (route: string): string => route.replace(" ", ` ${base}`);

function routeOf(route: string, tool: (situation: Situation) => ToolUse): (situation: Situation) => RouteUse {
  const inPath = [...route.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");
  const isRead = route.startsWith("GET ");
  return (situation) => {
    const { args, ...use } = tool(situation);
    const path = Object.fromEntries(inPath.map((name) => [name, String(args[name])]));
    const rest = Object.entries(args).filter(([name]) => !inPath.includes(name) && !without.has(name));
    return { ...use, path, ...(isRead ? { query: inQuery(rest) } : { json: Object.fromEntries(rest) }) };
  };
}

/** Texts as they are, anything else as JSON. */
function inQuery(args: readonly [string, unknown][]): Record<string, string | number> {
  const texts = args.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return Object.fromEntries(texts);
}
