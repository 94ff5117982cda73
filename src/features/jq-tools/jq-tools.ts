// The rules of a team's tools: what may be saved, what a tool takes, how a call becomes a query. Runs at the edge and in the object.
import * as z from "zod";
import type { CallContext, Catalogue } from "../../context.ts";
import type { ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { parseWith } from "../../core/parse.ts";
import { jqLimits } from "../../limits.ts";
import { fitsWhole } from "../datasets/datasets.ts";
import type { Dataset } from "../datasets/schema.ts";
import {
  bindValues,
  type CompileCheck,
  type CompiledProgram,
  checkListed,
  compileProgram,
  type FunctionLibrary,
  requireEntrySize,
} from "../jq-functions/jq-functions.ts";
import { answerRows, datasetSource, type QuerySource, type RowsQuery } from "../query/query.ts";
import { type PageArguments, queryArguments, type Rows } from "../results/schema.ts";
import { checkParameters, isRequired, readArguments } from "./arguments.ts";
import { reservedToolNames } from "./reserved-names.ts";
import type { JqTool, SaveTool, ToolContent, ToolParameter } from "./schema.ts";

export { lineDiff, lineEdits, linesOf } from "./line-diff.ts";

/** What a check needs to know of the team. Datasets are left out where they are not known. */
export interface ToolSurroundings {
  functions: FunctionLibrary;
  datasets?: ReadonlyMap<string, Pick<Dataset, "bytes">>;
}

export interface CheckedTool {
  content: ToolContent;
  requiredFunctions: readonly string[];
  warnings: string[];
}

/** All that a call needs of a tool, saved or not. */
export type NamedContent = ToolContent & { name: string };

const pageNames: readonly string[] = Object.keys(queryArguments);

/**
 * The content a save leads to: what it leaves unsaid stays as it was, and begins as the least.
 * Throws `invalid_argument` for a new tool without description or query.
 */
export function nextContent(input: SaveTool, before: ToolContent | undefined): ToolContent {
  const { description = before?.description, query = before?.query } = input;
  if (description === undefined || query === undefined) throw incomplete(input);
  return {
    description,
    query,
    parameters: input.parameters ?? before?.parameters ?? [],
    datasets: input.datasets ?? before?.datasets ?? [],
    dataset_mode: input.dataset_mode ?? before?.dataset_mode ?? "one",
    input: input.input ?? before?.input ?? (input.null_input === true ? "records" : "whole"),
    null_input: input.null_input ?? before?.null_input ?? false,
    pinned: input.pinned ?? before?.pinned ?? false,
    weight: input.weight ?? before?.weight ?? 0,
  };
}

function incomplete({ name, description, query }: SaveTool): AppError {
  const missing = [...(description === undefined ? ["description"] : []), ...(query === undefined ? ["query"] : [])];
  return new AppError(
    "invalid_argument",
    `There is no active tool ${name}, and a new one needs ${missing.join(" and ")}.`,
    {
      hint: "Give both to create it; find_tools shows the tools there are, restore_tool brings a deactivated one back.",
      details: { name, missing },
    },
  );
}

/** Exactly what a version keeps of a tool. */
export function contentOf(tool: ToolContent): ToolContent {
  const { description, query, parameters, datasets, dataset_mode, input, null_input, pinned, weight } = tool;
  return { description, query, parameters, datasets, dataset_mode, input, null_input, pinned, weight };
}

/** The parts of a tool's content that have no bound of their own that matters. */
export function bulkOf({ description, query, parameters, datasets }: ToolContent): unknown[] {
  return [description, query, parameters, datasets];
}

/**
 * Checks a tool before it is saved and finds the functions its query calls.
 * Throws `already_exists` for a built-in tool's name, `invalid_argument`, `too_large`, and what compiling the query throws.
 */
export function checkTool(around: ToolSurroundings, input: SaveTool, before?: ToolContent): CheckedTool {
  const content = nextContent(input, before);
  if (reservedToolNames.has(input.name)) {
    throw new AppError("already_exists", `${input.name} is the name of a built-in tool.`, {
      hint: "Choose another name.",
      details: { name: input.name },
    });
  }
  requireEntrySize("tool", input.name, bulkOf(content));
  checkParameters(content.parameters);
  checkDatasets(content);
  const { required, warnings } = compileContent(around.functions, content);
  return {
    content,
    requiredFunctions: required,
    warnings: [
      ...warnings,
      ...checkListed("required_functions", around.functions, input.required_functions, required),
      ...content.parameters
        .filter(({ name }) => pageNames.includes(name))
        .map(({ name }) => `the parameter ${name} takes the place of the ${name} argument that tools have`),
      ...missingDatasets(around, content).map(
        (name) => `the dataset ${name} does not exist yet; calls that read it fail until it is uploaded`,
      ),
      ...tooLargeForWhole(around, content),
    ],
  };
}

/** The tool's complete program, cached by content. Throws what compiling throws. */
export function compileTool(
  catalogue: { functions: FunctionLibrary },
  tool: Pick<JqTool, "query" | "parameters">,
): CompiledProgram {
  return compileContent(catalogue.functions, tool);
}

/** Throws what the real engine says against a tool's program. */
export async function requireToolCompiles(
  around: Parameters<typeof compileTool>[0],
  content: Pick<ToolContent, "query" | "parameters">,
  compile: CompileCheck,
): Promise<void> {
  const { program, bindings } = compileTool(around, content);
  await compile(
    program,
    bindings.map(({ variable }) => variable),
  );
}

function compileContent(
  functions: FunctionLibrary,
  { query, parameters }: Pick<ToolContent, "query" | "parameters">,
): CompiledProgram {
  return compileProgram(
    functions,
    query,
    parameters.map(({ name }) => name),
  );
}

function checkDatasets({ datasets, dataset_mode, input, parameters }: ToolContent): void {
  const problems: string[] = [];
  const twice = datasets.filter((name, at) => datasets.indexOf(name) !== at);
  for (const name of new Set(twice)) problems.push(`datasets: ${name} is listed twice`);
  if (dataset_mode === "all" && datasets.length === 0) problems.push('dataset_mode: "all" needs at least one dataset');
  if (dataset_mode === "all" && input === "records")
    problems.push('input: "records" reads one dataset; with dataset_mode "all" use "whole"');
  if (takesDataset({ datasets, dataset_mode }) && parameters.some(({ name }) => name === "dataset"))
    problems.push(
      "parameters: dataset is the argument that chooses among the tool's datasets; give the parameter another name",
    );
  if (problems.length === 0) return;
  throw new AppError("invalid_argument", problems.join("; "), {
    hint: "Correct these and save again.",
    details: { problems },
  });
}

function missingDatasets({ datasets: known }: ToolSurroundings, { datasets }: ToolContent): string[] {
  return known === undefined ? [] : datasets.filter((name) => !known.has(name));
}

function tooLargeForWhole({ datasets: known }: ToolSurroundings, content: ToolContent): string[] {
  if (content.input !== "whole") return [];
  const sized = content.datasets.flatMap((name) => {
    const found = known?.get(name);
    return found === undefined ? [] : [{ name, bytes: found.bytes }];
  });
  const together = { name: content.datasets.join(" + "), bytes: sized.reduce((sum, { bytes }) => sum + bytes, 0) };
  const read = content.dataset_mode === "all" ? [together] : sized;
  return read
    .filter((one) => !fitsWhole(one))
    .map(
      ({ name, bytes }) =>
        `${name} is ${bytes} bytes and a query may read ${jqLimits.wholeInputBytes} as a whole (limit wholeInputBytes), so calls that read it fail; ${content.dataset_mode === "all" ? "read one dataset" : 'set input: "records"'}`,
    );
}

function takesDataset({ datasets, dataset_mode }: Pick<ToolContent, "datasets" | "dataset_mode">): boolean {
  return dataset_mode === "one" && datasets.length > 1;
}

/** Arguments a tool takes beside its parameters: which dataset, and how to page. A parameter of the same name takes precedence. */
function extraArguments(tool: Pick<ToolContent, "datasets" | "dataset_mode" | "parameters">): string[] {
  const extra = takesDataset(tool) ? ["dataset", ...pageNames] : pageNames;
  return extra.filter((name) => !tool.parameters.some((parameter) => parameter.name === name));
}

/** A tool's arguments as JSON Schema, for clients and models. Nothing else is accepted. */
export function toolInputSchema(tool: ToolContent): Record<string, unknown> {
  const extra = extraArguments(tool);
  const properties: Record<string, unknown> = {};
  for (const parameter of tool.parameters) properties[parameter.name] = parameterSchema(parameter);
  if (extra.includes("dataset")) {
    properties.dataset = {
      type: "string",
      enum: tool.datasets,
      default: tool.datasets[0],
      description: "Which dataset to read.",
    };
  }
  for (const [name, schema] of Object.entries(pageSchemas())) if (extra.includes(name)) properties[name] = schema;
  const required = tool.parameters.filter(isRequired).map(({ name }) => name);
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

/** Without their descriptions: they are the same on every tool, and every listing pays for them. */
function pageSchemas(): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(z.object(queryArguments), { io: "input" });
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      name,
      typeof schema === "boolean" ? schema : withoutDescription(schema),
    ]),
  );
}

function withoutDescription({ description: _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}

function parameterSchema({
  type,
  description,
  enum: choices,
  default: fallback,
  min,
  max,
  pattern,
}: ToolParameter): Record<string, unknown> {
  const [least, greatest] =
    type === "string"
      ? ["minLength", "maxLength"]
      : type === "array"
        ? ["minItems", "maxItems"]
        : ["minimum", "maximum"];
  return {
    type,
    ...(description === undefined ? {} : { description }),
    ...(choices === undefined ? {} : { enum: choices }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(min === undefined ? {} : { [least]: min }),
    ...(max === undefined ? {} : { [greatest]: max }),
    ...(pattern === undefined ? {} : { pattern }),
  };
}

/**
 * Runs a team's tool. The parameters are bound as variables, so no value can change the program.
 * Throws `invalid_argument` listing every problem, `not_found` for a dataset the team does not have, `dataset_too_large_for_whole`,
 * `forbidden` for a tool that is not in use, and what running the query throws.
 */
export async function callTeamTool(
  context: CallContext,
  tool: JqTool,
  args: unknown,
  answer: (context: CallContext, query: RowsQuery) => Promise<ToolAnswer<Rows>> = answerRows,
): Promise<ToolAnswer<Rows>> {
  requireInUse(tool);
  context.execution.toolId = tool.id;
  context.execution.toolName = tool.name;
  context.execution.toolVersion = tool.version;
  return answer(context, toolQuery(context.catalogue, tool, args));
}

/** The query that a call of a tool comes down to. */
export function toolQuery(catalogue: Catalogue, tool: NamedContent, args: unknown): RowsQuery {
  const given = readObject(tool.name, args);
  const extra = extraArguments(tool);
  const values = readArguments(tool, given, extra);
  const page = readPage(tool.name, given, extra);
  const { program, bindings, pure } = compileTool(catalogue, tool);
  const source = readSource(catalogue, tool, extra.includes("dataset") ? given.dataset : undefined);
  return {
    program,
    args: bindValues(bindings, values),
    pure,
    source,
    input: inputOf(tool, source),
    nullInput: tool.null_input,
    page,
  };
}

function requireInUse(tool: JqTool): void {
  if (tool.is_active && tool.approval_status === "approved") return;
  const state = tool.is_active ? tool.approval_status : "deactivated";
  throw new AppError("forbidden", `The tool ${tool.name} is ${state}, so it cannot be called.`, {
    hint: tool.is_active ? "It can be called once it is approved." : "restore_tool brings it back.",
    details: { name: tool.name, state },
  });
}

function readObject(name: string, args: unknown): Record<string, unknown> {
  if (args === undefined || args === null) return {};
  if (isRecord(args)) return { ...args };
  throw new AppError("invalid_argument", `${name}: the arguments must be an object.`, { hint: "Pass them by name." });
}

function readPage(name: string, given: Readonly<Record<string, unknown>>, extra: readonly string[]): PageArguments {
  const page = Object.fromEntries(
    Object.entries(given).filter(([key, value]) => pageNames.includes(key) && extra.includes(key) && value !== null),
  );
  return parseWith(z.object(queryArguments), page, name);
}

function readSource(catalogue: Catalogue, tool: NamedContent, wanted: unknown): RowsQuery["source"] {
  const [fallback] = tool.datasets;
  if (fallback === undefined) return { kind: "none" };
  if (tool.dataset_mode === "all")
    return { kind: "all", data: tool.datasets.map((name) => requireDataset(catalogue, tool, name)) };
  const name = wanted ?? fallback;
  if (typeof name !== "string" || !tool.datasets.includes(name)) {
    throw new AppError("invalid_argument", `${tool.name}: dataset: expected one of ${tool.datasets.join(", ")}.`, {
      hint: `Leave it out for ${fallback}; query_dataset reads any dataset.`,
      details: { datasets: tool.datasets },
    });
  }
  return { kind: "one", data: requireDataset(catalogue, tool, name) };
}

function requireDataset(catalogue: Catalogue, tool: NamedContent, name: string): QuerySource {
  const found = catalogue.datasets.get(name);
  if (found !== undefined) return datasetSource(found);
  const others = tool.dataset_mode === "one" ? tool.datasets.filter((other) => catalogue.datasets.has(other)) : [];
  throw new AppError("not_found", `${tool.name} reads the dataset ${name}, which this team does not have.`, {
    hint:
      others.length > 0
        ? `Pass dataset: ${others.map((other) => JSON.stringify(other)).join(" or ")}, or upload ${name}.`
        : `Upload it as ${name} (create_dataset, or PUT /t/<team>/api/v1/datasets/${name}).`,
    details: { dataset: name, available: others },
  });
}

function inputOf(tool: NamedContent, source: RowsQuery["source"]): "whole" | "records" {
  if (source.kind !== "one") return "whole";
  if (tool.input === "whole" && !fitsWhole(source.data)) {
    throw new AppError(
      "dataset_too_large_for_whole",
      `${tool.name} reads the dataset ${source.data.name} as a whole, and that is ${source.data.bytes} bytes; the limit is ${jqLimits.wholeInputBytes} (limit wholeInputBytes).`,
      {
        hint: 'Save the tool with input: "records" and a query for one record, or with null_input: true and `inputs` to aggregate.',
        details: { limit: "wholeInputBytes", value: jqLimits.wholeInputBytes, bytes: source.data.bytes },
      },
    );
  }
  return tool.input;
}
