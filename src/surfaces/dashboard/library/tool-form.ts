// A tool as the fields of the editor's form, and back as what the save tools take. Pure.
import type { SaveTool, ToolContent, ToolParameter } from "../../../features/jq-tools/schema.ts";
import { FormProblems, valueText } from "./form-values.ts";

/** Fields of one parameter. All are sent for each, so that those of one place belong together. */
export const parameterFields = [
  "param",
  "param_type",
  "param_required",
  "param_about",
  "param_default",
  "param_enum",
  "param_min",
  "param_max",
  "param_pattern",
] as const;
export type ParameterField = (typeof parameterFields)[number];
export type ParameterRow = Readonly<Record<ParameterField, string>>;

export const parameterTypes: readonly ToolParameter["type"][] = [
  "string",
  "number",
  "integer",
  "boolean",
  "array",
  "object",
];

/** A tool's content as the fields of a form. */
export function fieldsOfTool(content: ToolContent): URLSearchParams {
  const fields = new URLSearchParams({
    description: content.description,
    query: content.query,
    dataset_mode: content.dataset_mode,
    input: content.input,
    null_input: content.null_input ? "yes" : "",
    pinned: content.pinned ? "yes" : "",
    weight: String(content.weight),
  });
  for (const name of content.datasets) fields.append("dataset", name);
  for (const parameter of content.parameters) {
    for (const [field, text] of Object.entries(rowOf(parameter))) fields.append(field, text);
  }
  return fields;
}

function rowOf({ name, type, ...more }: ToolParameter): ParameterRow {
  return {
    param: name,
    param_type: type,
    param_required: more.required === undefined ? "" : more.required ? "yes" : "no",
    param_about: more.description ?? "",
    param_default: valueText(type, more.default),
    param_enum: (more.enum ?? []).map((choice) => valueText(type, choice)).join("\n"),
    param_min: more.min === undefined ? "" : String(more.min),
    param_max: more.max === undefined ? "" : String(more.max),
    param_pattern: more.pattern ?? "",
  };
}

/** The rows that the form's fields make up, in order. */
export function rowsIn<Field extends string>(
  fields: URLSearchParams,
  names: readonly Field[],
): Record<Field, string>[] {
  const columns = names.map((name) => [name, fields.getAll(name)] as const);
  const length = Math.max(0, ...columns.map(([, values]) => values.length));
  return Array.from(
    { length },
    (_, at) => Object.fromEntries(columns.map(([name, values]) => [name, values[at] ?? ""])) as Record<Field, string>,
  );
}

/** What the form says of a tool, complete: nothing of what it was is kept unsaid. Throws `invalid_argument` that lists each field that cannot be read. */
export function toolOf(
  fields: URLSearchParams,
): Omit<SaveTool, "name" | "reason" | "required_functions"> & ToolContent {
  const problems = new FormProblems();
  const parameters = rowsIn(fields, parameterFields)
    .filter(({ param }) => param.trim() !== "")
    .map((row) => parameterOf(row, problems));
  const weight = problems.number(fields.get("weight") ?? "", "weight") ?? 0;
  problems.requireNone();
  return {
    description: (fields.get("description") ?? "").trim(),
    query: lines(fields.get("query") ?? ""),
    parameters,
    datasets: fields.getAll("dataset").filter((name) => name !== ""),
    dataset_mode: fields.get("dataset_mode") === "all" ? "all" : "one",
    input: fields.get("input") === "records" ? "records" : "whole",
    null_input: fields.get("null_input") === "yes",
    pinned: fields.get("pinned") === "yes",
    weight,
  };
}

function parameterOf(row: ParameterRow, problems: FormProblems): ToolParameter {
  const name = row.param.trim();
  const type = parameterTypes.find((known) => known === row.param_type) ?? "string";
  const preset = problems.value(type, row.param_default, `${name}: default`);
  const choices = lines(row.param_enum)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => problems.value(type, line, `${name}: one of its values`));
  const min = problems.number(row.param_min, `${name}: least`);
  const max = problems.number(row.param_max, `${name}: greatest`);
  return {
    name,
    type,
    ...(row.param_about.trim() === "" ? {} : { description: row.param_about.trim() }),
    ...(row.param_required === "" ? {} : { required: row.param_required === "yes" }),
    ...(preset === undefined ? {} : { default: preset }),
    ...(choices.length === 0 ? {} : { enum: choices }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(row.param_pattern === "" ? {} : { pattern: row.param_pattern }),
  };
}

/** Text of a form as it was written: browsers send line ends of their own. */
export function lines(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
