// What is wrong with code that is being written, and where: parsed and resolved, never run. Runs at the edge.
import * as z from "zod";
import type { Catalogue } from "../../../context.ts";
import { type AppError, isAppError } from "../../../core/errors.ts";
import { analyse, parseDefinition } from "../../../engines/jq/syntax/analyse.ts";
import { highlightJq } from "../../../engines/jq/syntax/highlight.ts";
import { parseTemplate } from "../../../engines/jq/syntax/placeholders.ts";
import { positionAt } from "../../../engines/jq/syntax/source.ts";
import { parseStatement } from "../../../engines/sql/statement.ts";
import { checkFunction, compileProgram } from "../../../features/jq-functions/jq-functions.ts";
import { jqLimits } from "../../../limits.ts";
import type { CodeProblem } from "./editor-answers.ts";

export const checkedCodeSchema = z.object({
  language: z.enum(["jq", "sql"]).default("jq"),
  /** A query or a tool's query may use variables; a function is one definition. */
  kind: z.enum(["query", "tool", "function"]).default("query"),
  code: z.string().max(4 * jqLimits.programChars),
  /** Variables that are bound from outside. */
  variables: z.array(z.string()).max(200),
});
export type CheckedCode = z.output<typeof checkedCodeSchema>;

/** Every fault that can be told without running anything, the first error and all warnings; an empty list for code that is fine. */
export function problemsOf(catalogue: Pick<Catalogue, "functions">, checked: CheckedCode): CodeProblem[] {
  try {
    return check(catalogue, checked);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [problemOf(error, checked.code)];
  }
}

function check(
  { functions }: Pick<Catalogue, "functions">,
  { language, kind, code, variables }: CheckedCode,
): CodeProblem[] {
  if (language === "sql") {
    parseStatement(code);
    return [];
  }
  if (kind === "function") {
    const { name, analysis } = parseDefinition(code);
    checkFunction(functions, { name, definition: code, allow_builtin_name: true });
    return warningsOf(code, analysis.warnings);
  }
  const names = variables.filter((name) => /^[a-zA-Z_]\w*$/.test(name));
  compileProgram(functions, code, names);
  return warningsOf(code, analyse(parseTemplate(code, names), { variables: names }).warnings);
}

function warningsOf(code: string, warnings: readonly { message: string; start: number; end: number }[]): CodeProblem[] {
  return warnings.map(({ message, start, end }) => ({
    ...positionAt(code, start),
    ...{ length: end - start, message: `${message}.`, severity: "warning" },
  }));
}

/** An error with a place, as a mark on the code: an error that names none is about its beginning. */
export function problemOf(
  { message, hint, details }: Pick<AppError, "message" | "hint" | "details">,
  code: string,
): CodeProblem {
  const line = typeof details?.line === "number" ? details.line : 1;
  const column = typeof details?.column === "number" ? details.column : 1;
  return {
    ...{ line, column, length: lengthAt(code, line, column), severity: "error" },
    message: message.replace(/^line \d+, column \d+: /, ""),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** How much is to be marked at a place: the word there. */
function lengthAt(code: string, line: number, column: number): number {
  const lines = code.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, column - 1);
  const piece = highlightJq(code).find((one) => one.start <= start && start < one.end);
  return piece === undefined ? 1 : piece.end - start;
}
