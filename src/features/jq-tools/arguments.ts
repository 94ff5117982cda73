// A tool's parameters: what a declaration may say and what a value must be. Runs at the edge and in the object.
import { AppError, isAppError } from "../../core/errors.ts";
import { type JsonType, jsonTypeOf } from "../../core/exact-json.ts";
import { Lru } from "../../core/lru.ts";
import { nearNames } from "../../core/near-names.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { jqLimits, libraryLimits } from "../../limits.ts";
import { compilePattern, matchesPattern, type Pattern, type PatternBudget, patternBudget } from "./pattern.ts";
import type { ToolParameter } from "./schema.ts";

const patterns = new Lru<Pattern>(libraryLimits.patternStates * 64);

/** A parameter must be given unless it has a default or says that it need not. */
export function isRequired(parameter: ToolParameter): boolean {
  return parameter.required ?? parameter.default === undefined;
}

/** Throws `invalid_argument` that lists everything wrong with the declarations, `too_large` when checking them costs too much. */
export function checkParameters(parameters: readonly ToolParameter[]): void {
  const budget = patternBudget();
  const names = parameters.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  const problems = [
    ...[...new Set(twice)].map((name) => `${name}: is declared twice`),
    ...parameters.flatMap((parameter) =>
      declarationProblems(parameter, budget).map((problem) => `${parameter.name}: ${problem}`),
    ),
  ];
  if (problems.length === 0) return;
  throw new AppError("invalid_argument", `parameters: ${problems.join("; ")}`, {
    hint: "Correct the declarations named above and save again.",
    details: { problems },
  });
}

function declarationProblems(parameter: ToolParameter, budget: PatternBudget): string[] {
  const { type, min, max, pattern } = parameter;
  const problems: string[] = [];
  if (pattern !== undefined && type !== "string") problems.push(`a pattern is for a string, not for ${aType(type)}`);
  if ((min !== undefined || max !== undefined) && (type === "boolean" || type === "object"))
    problems.push(`min and max are not for ${aType(type)}`);
  if (type === "string" || type === "array") {
    for (const [key, value] of Object.entries({ min, max }))
      if (value !== undefined && !(Number.isInteger(value) && value >= 0))
        problems.push(`${key} ${value} is no length; give a whole number from 0 on`);
  }
  if (parameter.required === true && parameter.default !== undefined)
    problems.push("required: true and a default exclude each other; a parameter with a default need not be given");
  if (min !== undefined && max !== undefined && min > max) problems.push(`min ${min} is greater than max ${max}`);
  if (pattern !== undefined && type === "string") {
    const problem = patternProblem(pattern);
    // Values cannot be checked against a pattern that is none.
    if (problem !== undefined) return [...problems, problem];
  }
  const { enum: choices, ...rest } = parameter;
  for (const choice of choices ?? []) {
    const problem = valueProblem(rest, choice, budget);
    if (problem !== undefined) problems.push(`enum value ${quoted(choice)}: ${problem}`);
  }
  if (parameter.default !== undefined) {
    const problem = valueProblem(parameter, parameter.default, budget);
    if (problem !== undefined) problems.push(`default: ${problem}`);
  }
  return problems;
}

function patternProblem(pattern: string): string | undefined {
  try {
    patternOf(pattern);
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error.message;
    throw error;
  }
}

function patternOf(source: string): Pattern {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  const pattern = compilePattern(source);
  patterns.set(source, pattern, pattern.length);
  return pattern;
}

/**
 * The value of every parameter: as given, else its default, else null. `reserved` are further arguments the tool takes, read by others.
 * Throws `invalid_argument` that lists every problem, `too_large` over the limits of all values and of checking them.
 */
export function readArguments(
  tool: { name: string; parameters: readonly ToolParameter[] },
  args: Readonly<Record<string, unknown>>,
  reserved: readonly string[],
): Record<string, unknown> {
  const budget = patternBudget();
  const known = [...tool.parameters.map(({ name }) => name), ...reserved];
  const problems = Object.keys(args)
    .filter((name) => !known.includes(name))
    .map((name) => unknownArgument(name, known));
  const values: [string, unknown][] = tool.parameters.map((parameter) => {
    const given = Object.hasOwn(args, parameter.name) ? args[parameter.name] : undefined;
    // Clients send null for what they leave out.
    if (given === undefined || given === null) {
      if (isRequired(parameter)) problems.push(`${parameter.name}: is missing; give ${aType(parameter.type)}`);
      return [parameter.name, parameter.default ?? null];
    }
    const problem = valueProblem(parameter, given, budget);
    if (problem !== undefined) problems.push(`${parameter.name}: ${problem}`);
    return [parameter.name, given];
  });
  if (problems.length > 0) {
    throw new AppError("invalid_argument", `${tool.name}: ${problems.join("; ")}`, {
      hint: describeParameters(tool.parameters),
      details: { problems },
    });
  }
  const read = Object.fromEntries(values);
  requireSize(tool.name, read);
  return read;
}

function unknownArgument(name: string, known: readonly string[]): string {
  const near = nearNames(name, known);
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return `${shown}: there is no such argument${near.length > 0 ? `; did you mean ${near.join(", ")}?` : ""}`;
}

function describeParameters(parameters: readonly ToolParameter[]): string {
  if (parameters.length === 0) return "This tool takes no parameters.";
  return `Parameters: ${parameters.map((parameter) => `${parameter.name} (${parameter.type}${isRequired(parameter) ? ", required" : ""})`).join(", ")}.`;
}

function requireSize(name: string, values: Readonly<Record<string, unknown>>): void {
  const bytes = utf8Bytes(JSON.stringify(values));
  if (bytes <= jqLimits.paramsBytes) return;
  throw new AppError(
    "too_large",
    `${name}: the arguments are ${bytes} bytes of JSON; the limit is ${jqLimits.paramsBytes} (limit paramsBytes).`,
    {
      hint: "Send less, or upload the data as a dataset and query that.",
      details: { limit: "paramsBytes", value: jqLimits.paramsBytes, bytes },
    },
  );
}

/** What is wrong with a value for a parameter, or undefined. */
function valueProblem(
  parameter: Omit<ToolParameter, "name">,
  value: unknown,
  budget: PatternBudget,
): string | undefined {
  if (!isOfType(parameter.type, value)) return `expected ${aType(parameter.type)}, got ${aType(jsonTypeOf(value))}`;
  if (parameter.enum !== undefined && !parameter.enum.some((choice) => isSame(choice, value)))
    return `expected one of ${parameter.enum.map(quoted).join(", ")}; got ${quoted(value)}`;
  return rangeProblem(parameter, value) ?? matchProblem(parameter.pattern, value, budget);
}

function rangeProblem(
  {
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
  }: { min?: number | undefined; max?: number | undefined },
  value: unknown,
): string | undefined {
  if (typeof value === "number") {
    if (value < min) return `${value} is less than ${min}`;
    return value > max ? `${value} is greater than ${max}` : undefined;
  }
  if (typeof value !== "string" && !Array.isArray(value)) return undefined;
  const [length, unit] = typeof value === "string" ? [[...value].length, "characters"] : [value.length, "items"];
  if (length < min) return `has ${length} ${unit}, at least ${min} are needed`;
  return length > max ? `has ${length} ${unit}, at most ${max} are allowed` : undefined;
}

function matchProblem(pattern: string | undefined, value: unknown, budget: PatternBudget): string | undefined {
  if (pattern === undefined || typeof value !== "string") return undefined;
  if (value.length > libraryLimits.patternValueChars)
    return `has ${value.length} characters; a value with a pattern has at most ${libraryLimits.patternValueChars} (limit patternValueChars)`;
  return matchesPattern(patternOf(pattern), value, budget)
    ? undefined
    : `${quoted(value)} does not match the pattern ${pattern}`;
}

function isOfType(type: ToolParameter["type"], value: unknown): boolean {
  return type === "integer" ? Number.isInteger(value) : jsonTypeOf(value) === type;
}

function aType(type: JsonType | ToolParameter["type"]): string {
  if (type === "null") return "null";
  return `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
  );
}
