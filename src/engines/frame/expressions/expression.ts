// One expression over the columns of a frame or table: read, typed and made a function of a row. Pure.
import { AppError } from "../../../core/errors.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import type { Column, Row } from "../types.ts";
import { compileNode, condition, type Scope } from "./compile.ts";
import { parseExpression } from "./parser.ts";
import type { Value, ValueType } from "./values.ts";

export interface Compiled {
  /** What its values are; undefined when it is always null. */
  type: ValueType | undefined;
  /** The value for a row; `number` is the row's, from 1, for errors. Throws `expression_invalid` where a result does not fit its type. */
  run: (row: Row, number: number) => Value;
}

/**
 * Compiles an expression (docs/guides/frames.md describes the language). Throws `expression_invalid` with line, column and a caret for what
 * cannot be read, for names there are not and for types that do not go together.
 */
export function compileExpression(source: string, columns: readonly Column[]): Compiled {
  const scope = scopeOf(source, columns);
  const { type, run } = compileNode(scope, parse(scope));
  return { type, run: counted(scope, run) };
}

/** As `compileExpression`, for one that must be true or false. */
export function compileCondition(source: string, columns: readonly Column[]): (row: Row, number: number) => Value {
  const scope = scopeOf(source, columns);
  return counted(scope, condition(scope, compileNode(scope, parse(scope)), "a condition"));
}

function scopeOf(source: string, columns: readonly Column[]): Scope {
  return { source, columns, row: { number: 0 } };
}

function parse({ source, columns }: Scope) {
  if (source.length > frameLimits.expressionChars) {
    throw new AppError(
      "expression_invalid",
      `The expression has ${source.length} characters; ${frameLimits.expressionChars} at most are read (limit expressionChars).`,
      {
        hint: "Split it: derive a column with one part, then use that column.",
        details: { limit: "expressionChars", value: frameLimits.expressionChars, characters: source.length },
      },
    );
  }
  return parseExpression(
    source,
    columns.map(({ name }) => name),
  );
}

function counted({ row: place }: Scope, run: (row: Row) => Value): Compiled["run"] {
  return (row, number) => {
    place.number = number;
    return run(row);
  };
}
