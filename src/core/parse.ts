// Zod at the doors: one way to turn a failed parse into an AppError. Runs everywhere.
import type { z } from "zod";
import { AppError } from "./errors.ts";

/** What a program is told to do about it. */
export const argumentsHint = "Correct the arguments named above and call again.";

/**
 * Parses `value`; on failure throws `invalid_argument` that lists every problem as `path: what is wrong`.
 * `what` names the thing parsed ("query_dataset", "upload") and opens the message.
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .flatMap((issue) => problemsOf(issue))
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`));
  throw new AppError("invalid_argument", `${what}: ${problems.join("; ")}`, {
    hint: argumentsHint,
    details: { problems },
  });
}

interface Problem {
  path: readonly PropertyKey[];
  message: string;
}

/**
 * What is wrong. Of a value that may have several forms: what is wrong with the form that it comes nearest to, where one fits it further
 * inwards than the others; else all that it might have been.
 */
function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  // A schema with words of its own for it says enough.
  if (issue.code !== "invalid_union" || issue.errors.length === 0 || issue.message !== "Invalid input") return [issue];
  const forms = issue.errors.map((issues) => issues.flatMap(problemsOf));
  const depths = forms.map((problems) => Math.max(0, ...problems.map(({ path }) => path.length)));
  const deepest = Math.max(...depths);
  const nearest = forms[depths.indexOf(deepest)] ?? [];
  const isNearest = depths.filter((depth) => depth === deepest).length === 1;
  if (deepest > 0 && isNearest)
    return nearest.map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
  const messages = [...new Set(forms.flat().map(({ path, message }) => [...path.map(String), message].join(": ")))];
  return [{ path: issue.path, message: oneOf(messages) }];
}

const wrongType = /^Invalid input: expected (.+), received (.+)$/;

function oneOf(messages: readonly string[]): string {
  const types = messages.map((message) => wrongType.exec(message));
  const [, , received] = types[0] ?? [];
  if (types.some((type) => type === null || type[2] !== received)) return messages.join(", or ");
  return `Invalid input: expected ${types.map((type) => type?.[1]).join(" or ")}, received ${received}`;
}
