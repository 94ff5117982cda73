// A team's library on its way to another team. Runs in workerd.
import { contentOf } from "../../src/features/jq-tools/jq-tools.ts";
import { type Bundle, bundlePieces, exportLibrary } from "../../src/features/sharing/exporting.ts";
import { importLibrary } from "../../src/features/sharing/importing.ts";
import { planImport } from "../../src/features/sharing/planning.ts";
import type { ExportFormat, ExportLibrary, ImportStrategy } from "../../src/features/sharing/schema.ts";
import type { FreshTeam } from "./team.ts";

export const textOf = (bundle: Bundle, format: ExportFormat): string => [...bundlePieces(bundle, format)].join("");

export async function exported(team: FreshTeam, options: ExportLibrary = {}): Promise<string> {
  return textOf(await exportLibrary(await team.call("admin"), options), options.format ?? "json");
}

export async function take(team: FreshTeam, content: string, strategy?: ImportStrategy, names?: string[]) {
  const input = { content, ...(strategy === undefined ? {} : { strategy }), ...(names === undefined ? {} : { names }) };
  return importLibrary(await team.call("admin"), input);
}

export async function planOf(team: FreshTeam, content: string, strategy?: ImportStrategy) {
  const input = { content, ...(strategy === undefined ? {} : { strategy }) };
  return (await planImport(await team.call("admin"), input)).plan;
}

/** All that an author wrote of a team's library. */
export async function contentsOf(team: FreshTeam): Promise<unknown> {
  const { functions, tools } = (await team.call("admin")).catalogue;
  return {
    functions: [...functions.values()].map(({ name, definition, description, parameters, depends_on }) => ({
      ...{ name, definition, description, parameters, depends_on },
    })),
    tools: [...tools.values()].map((tool) => ({ name: tool.name, ...contentOf(tool) })),
  };
}

export async function definitionOf(team: FreshTeam, name: string): Promise<string | undefined> {
  return (await team.call("admin")).catalogue.functions.get(name)?.definition;
}

export const functionOf = (name: string, body: string): string =>
  `functions: [{name: ${name}, definition: 'def ${name}: ${body};'}]`;
/** An error's code, or the one thing a plan does. */
export const codeOf = (answer: object): unknown => ("code" in answer ? answer.code : Object.keys(answer)[0]);
export const ids = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);
export const actions = (entries: readonly { name: string; action: string; as?: string | undefined }[]): string[] =>
  entries.map(({ name, action, as }) => `${action} ${name}${as === undefined ? "" : ` as ${as}`}`);

/** A library in which little can be written down plainly. */
export const awkward = JSON.stringify({
  functions: [
    { name: "yes", definition: "# ünïcode 🎉\r\ndef yes:\n\t'no'? // \"null\" ;  \n\n", description: "- a: [b] # c" },
    {
      name: "tally",
      definition: "def tally(f; $by): if . == null then tally(f; 1) else [yes, f, $by] end;",
      description: "",
      parameters: [{ name: "f", type: "any", description: "2020-01-01" }, { name: "$by" }],
    },
    { name: "ascii", definition: 'def ascii: "own";', allow_builtin_name: true },
    { name: "alone", definition: "def alone: 1;" },
  ],
  tools: [
    {
      name: "everything",
      description: "Line one\n  line two \n\n",
      query: "tally(${text}; ${list}) | ascii, ${flag}, ${object}, ${count}",
      parameters: [
        { name: "text", type: "string", default: "~", enum: ["~", "0x1F", "1_000", "", " x "], pattern: "^.*$" },
        { name: "list", type: "array", default: [1e21, 0.1, -5e-324, "\u2028", [], null], min: 0, max: 10 },
        { name: "flag", type: "boolean", default: false },
        { name: "object", type: "object", default: { "": 1, "a b": { __proto__x: "\t" }, n: "n" } },
        { name: "count", type: "integer", required: false, description: "%" },
      ],
      datasets: ["2020", "a.b-c"],
      input: "records",
      null_input: true,
      pinned: true,
      weight: 1.5,
    },
    { name: "all_of_it", description: "d", query: "length", datasets: ["a", "b"], dataset_mode: "all" },
    { name: "plain", description: "d", query: "1" },
  ],
}).replace("'no'?", '\\"no\\"?');
