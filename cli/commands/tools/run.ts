// `tools run`: any tool by its name, with typed arguments. Runs under Node.
import { argumentOptions, readArguments } from "../../core/arguments.ts";
import type { Command, Input } from "../../core/command.ts";
import { exitCodes, usageError } from "../../core/errors.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { type Tools, withTools } from "../../core/mcp.ts";
import { printRows, rowOptions } from "../../core/rows.ts";
import type { Rows } from "../../core/wire.ts";

export const runTool: Command = {
  usage: "NAME",
  words: [1, 1],
  about: "Rows are shown like those of a query; any other answer as the tool's own text, or with --json as its data.",
  options: {
    ...argumentOptions,
    args: { type: "text", value: "JSON", help: "All arguments as one JSON object; --arg and --argjson go over it." },
    ...rowOptions,
  },
  examples: [
    "super-data tools run revenue_by --arg group_by=product",
    "super-data tools run top_customers --arg n=3 --format csv",
    "super-data tools run describe_dataset --arg dataset=orders",
  ],
  run: async ({ output, session }, input) => {
    const [name = ""] = input.words;
    await withTools(await session(), async (tools) => {
      const types = await typesOf(tools, name);
      const args = { ...wholeArguments(input), ...readArguments(input, (argument) => types.get(argument)) };
      const call = (page: object) => tools.call<Rows>("run_tool", { name, arguments: { ...args, ...page } });
      const isPaged = types.has("cursor") && types.has("limit");
      if (isPaged && ["limit", "cursor"].every((one) => args[one] === undefined)) {
        await printRows(output, input, async ({ limit, cursor }) => {
          return (await call({ limit, ...(cursor === undefined ? {} : { cursor }) })).data;
        });
        return;
      }
      const answer = await call({});
      await output.result(answer.data, answer.text);
    });
    return exitCodes.ok;
  },
};

function wholeArguments(input: Input): Record<string, unknown> {
  const text = input.text("args");
  if (text === undefined) return {};
  const value = parseJson(text);
  if (isRecord(value)) return value;
  throw usageError(`--args takes a JSON object, not ${text}.`);
}

interface FoundTools {
  tools: { name: string; input_schema?: Record<string, unknown> }[];
}

/** The JSON type of each of the tool's arguments; none for a tool that is not found, which the call itself says best. */
async function typesOf(tools: Tools, name: string): Promise<Map<string, string | undefined>> {
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw usageError(`"${name}" is not a tool's name.`);
  const { data } = await tools.call<FoundTools>("find_tools", { query: name });
  const properties = data.tools.find((tool) => tool.name === name)?.input_schema?.properties;
  const entries = Object.entries(isRecord(properties) ? properties : {});
  return new Map(
    entries.map(([argument, schema]) => [
      argument,
      isRecord(schema) && typeof schema.type === "string" ? schema.type : undefined,
    ]),
  );
}
