// The fields of a run form as a tool's arguments. Pure.
import { AppError } from "../../../core/errors.ts";
import type { JqTool, ToolParameter } from "../../../features/jq-tools/schema.ts";

/** A parameter's field is called so: a parameter may have any name. */
export const fieldOf = (name: string): string => `p.${name}`;

/**
 * What the form's address says, as arguments. An empty field is no argument; what is not of its parameter's type is passed as text, which the
 * tool then refuses in its own words. Throws `invalid_argument` for text that should be JSON and is none.
 */
export function argumentsFrom(tool: Pick<JqTool, "parameters">, query: URLSearchParams): Record<string, unknown> {
  const values = tool.parameters.flatMap((parameter) => {
    const text = query.get(fieldOf(parameter.name)) ?? "";
    return text === "" ? [] : [[parameter.name, argumentOf(parameter, text)] as const];
  });
  const dataset = query.get("dataset") ?? "";
  const isOwn = tool.parameters.some(({ name }) => name === "dataset");
  return { ...Object.fromEntries(values), ...(dataset === "" || isOwn ? {} : { dataset }) };
}

function argumentOf({ name, type, enum: choices }: ToolParameter, text: string): unknown {
  const chosen = choices?.find((choice) => choiceText(choice) === text);
  if (chosen !== undefined) return chosen;
  switch (type) {
    case "string":
      return text;
    case "number":
    case "integer":
      return Number.isNaN(Number(text)) ? text : Number(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "array":
    case "object":
      return jsonOf(name, type, text);
  }
}

function jsonOf(name: string, type: "array" | "object", text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const example = type === "array" ? '["a", "b"]' : '{"a": 1}';
    const problem = `${name}: this is no JSON`;
    throw new AppError("invalid_argument", `${problem}.`, {
      hint: `Write it like ${example}.`,
      details: { problems: [problem] },
    });
  }
}

/** How a value is written in a field: text as it is, anything else as JSON. */
export function choiceText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What is wrong with one field, of an error that lists problems by name. */
export function problemWith(name: string, details: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const problems = Array.isArray(details?.problems) ? details.problems : [];
  const found = problems.find((problem) => typeof problem === "string" && problem.startsWith(`${name}: `));
  return typeof found === "string" ? found.slice(name.length + 2) : undefined;
}
