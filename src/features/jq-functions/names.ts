// Which library functions a piece of jq calls, and the errors for names that are nobody's. Runs at the edge and in the object.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { type Analysis, requireAllowed } from "../../engines/jq/syntax/analyse.ts";
import { builtinArities, builtinNames, formats } from "../../engines/jq/syntax/builtins.ts";
import { describePosition, positionAt } from "../../engines/jq/syntax/source.ts";
import type { FunctionLibrary } from "./jq-functions.ts";

/** A piece of jq that parses, holds nothing forbidden and uses no variable it does not have; each call is listed once. */
export interface ParsedCode {
  text: string;
  /** Calls that are neither of the piece's own definitions nor of jq's builtins, at their first place. */
  calls: readonly { name: string; arity: number; start: number }[];
  builtins: readonly { name: string; arity: number }[];
  /** What is valid and rarely meant. */
  warnings: readonly string[];
  pure: boolean;
}

/**
 * Checks all that can be said of parsed code without the library; `variables` are those bound from outside.
 * Throws `jq_forbidden`, `jq_unknown_name`.
 */
export function checkCode(text: string, analysis: Analysis, variables: readonly string[]): ParsedCode {
  requireAllowed(analysis, text);
  const [variable] = analysis.unknownVariables;
  if (variable !== undefined) throw unknownVariable(text, variable, variables);
  const [format] = analysis.unknownFormats;
  if (format !== undefined) throw unknownFormat(text, format);
  return {
    text,
    calls: firstOfEach(analysis.calls).map(({ name, arity, start }) => ({ name, arity, start })),
    builtins: firstOfEach(analysis.calledBuiltins).map(({ name, arity }) => ({ name, arity })),
    warnings: analysis.warnings.map(({ message, start }) => `${describePosition(text, start)}: ${message}`),
    pure: analysis.pure,
  };
}

/**
 * The library functions that `code` calls, sorted. A builtin's name means the library's function where the library has one
 * with that number of arguments. Throws `jq_unknown_name` for a call that is neither.
 */
export function calledFunctions(code: ParsedCode, library: FunctionLibrary): string[] {
  const called = new Set<string>();
  for (const call of code.calls) {
    if (library.get(call.name)?.arity !== call.arity) throw unknownFunction(code.text, call, library);
    called.add(call.name);
  }
  for (const { name, arity } of code.builtins) if (library.get(name)?.arity === arity) called.add(name);
  return [...called].sort();
}

function firstOfEach<Call extends { name: string; arity: number }>(calls: readonly Call[]): Call[] {
  const first = new Map<string, Call>();
  for (const call of calls) if (!first.has(`${call.name}/${call.arity}`)) first.set(`${call.name}/${call.arity}`, call);
  return [...first.values()];
}

function unknownVariable(text: string, at: { name: string; start: number }, variables: readonly string[]): AppError {
  const { line, column } = positionAt(text, at.start);
  const near = nearNames(at.name, variables);
  return new AppError("jq_unknown_name", `line ${line}, column ${column}: $${at.name} is not defined here.`, {
    hint:
      didYouMean(near.map((name) => `$${name}`)) ??
      "Declare it as a parameter, or bind it with `as` before it is used.",
    details: { name: `$${at.name}`, line, column, near },
  });
}

function unknownFormat(text: string, at: { name: string; start: number }): AppError {
  const { line, column } = positionAt(text, at.start);
  const known = [...formats].map((name) => `@${name}`);
  return new AppError("jq_unknown_name", `line ${line}, column ${column}: there is no format @${at.name}.`, {
    hint: `The formats are ${known.join(", ")}.`,
    details: { name: `@${at.name}`, line, column, near: nearNames(`@${at.name}`, known) },
  });
}

function unknownFunction(
  text: string,
  call: { name: string; arity: number; start: number },
  library: FunctionLibrary,
): AppError {
  const { line, column } = positionAt(text, call.start);
  const place = `line ${line}, column ${column}`;
  const known = library.get(call.name);
  const arities = [...builtinArities(call.name), ...(known === undefined ? [] : [known.arity])].sort((a, b) => a - b);
  if (arities.length > 0) {
    return new AppError(
      "jq_unknown_name",
      `${place}: ${call.name} is called with ${countArguments(call.arity)}; it takes ${arities.join(" or ")}.`,
      {
        hint: `Call it as ${arities.map((arity) => `\`${signature(call.name, arity)}\``).join(" or ")}; jq separates arguments with a semicolon.`,
        details: { name: call.name, arity: call.arity, arities, line, column },
      },
    );
  }
  const near = nearNames(call.name, [...library.keys(), ...builtinNames()]);
  return new AppError(
    "jq_unknown_name",
    `${place}: there is no function ${call.name} with ${countArguments(call.arity)}, neither in jq nor in the team's library.`,
    {
      hint: didYouMean(near) ?? "Save the function first; list_functions shows those there are.",
      details: { name: call.name, arity: call.arity, line, column, near },
    },
  );
}

/** `no arguments`, `1 argument`, `2 arguments`. */
export function countArguments(arity: number): string {
  if (arity === 0) return "no arguments";
  return arity === 1 ? "1 argument" : `${arity} arguments`;
}

function signature(name: string, arity: number): string {
  return arity === 0 ? name : `${name}(${"abcdefghijklmnopqrstuvwxyz".slice(0, arity).split("").join("; ")})`;
}
