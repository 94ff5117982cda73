// Parameters of a statement, put in with exact types: whole numbers, true, false and null as literals, text and fractions bound. Pure.
import { AppError } from "../../core/errors.ts";
import { fitsInt64 } from "../frame/types.ts";
import type { Statement } from "./statement.ts";

/** A value as calls give it. `{ int }` has the digits of a whole number of 64 bits. */
export type SqlParam = null | boolean | number | string | { int: string };
export type SqlParams = readonly SqlParam[] | Readonly<Record<string, SqlParam>>;

/** What stands at a parameter's token: a literal, or the value that is bound there. */
export type Placed = { literal: string } | { bound: string | number };

/** What goes in at each parameter's token. Throws `invalid_argument` for one that is missing, left over, or has no exact value. */
export function placeParams(statement: Statement, params: SqlParams): Map<number, Placed> {
  const placed = new Map<number, Placed>();
  const used = new Set<string>();
  let next = 0;
  for (const [index, token] of statement.tokens.entries()) {
    if (token.kind !== "param") continue;
    const isNumbered = token.text.startsWith("?");
    const key = isNumbered ? String(token.text === "?" ? next : Number(token.text.slice(1)) - 1) : token.text.slice(1);
    if (isNumbered) next = Number(key) + 1;
    placed.set(index, placedValue(givenValue(params, key, token.text), token.text));
    used.add(key);
  }
  const left = Object.keys(params).filter((key) => !used.has(key));
  if (left.length === 0) return placed;
  const which = isList(params)
    ? `${params.length} parameters are given, and the statement has ${used.size}`
    : `The statement has no parameter :${left[0]}`;
  throw new AppError("invalid_argument", `${which}.`, {
    hint: "Give each parameter that the statement has, and no other.",
  });
}

const isList = (params: SqlParams): params is readonly SqlParam[] => Array.isArray(params);

function givenValue(params: SqlParams, key: string, text: string): SqlParam {
  const isNumbered = text.startsWith("?");
  if (isNumbered !== isList(params) && Object.keys(params).length > 0) {
    throw new AppError(
      "invalid_argument",
      `The parameter ${text} does not go with ${isList(params) ? "a list" : "an object"}.`,
      {
        hint: "Use ? with a list of values, and :name with an object.",
      },
    );
  }
  const value = Object.hasOwn(params, key) ? (params as Readonly<Record<string, SqlParam>>)[key] : undefined;
  if (value !== undefined) return value;
  throw new AppError("invalid_argument", `The parameter ${text} has no value.`, {
    hint: isNumbered
      ? "Give params as a list, one value for each ?."
      : `Give params as an object with ${text.slice(1)}.`,
  });
}

function placedValue(value: SqlParam, text: string): Placed {
  if (value === null) return { literal: "NULL" };
  if (typeof value === "boolean") return { literal: value ? "1" : "0" };
  if (typeof value === "string") return { bound: value };
  if (typeof value === "object") return { literal: integerLiteral(value.int, text) };
  if (!Number.isInteger(value) || Object.is(value, -0) || Math.abs(value) >= 2 ** 63) return { bound: value };
  if (Number.isSafeInteger(value)) return { literal: value < 0 ? `(${value})` : String(value) };
  throw new AppError(
    "invalid_argument",
    `The parameter ${text} is a whole number beyond 2^53, which JSON clients round.`,
    {
      hint: 'Give its digits as text: {"int": "9007199254740993"}.',
    },
  );
}

function integerLiteral(digits: string, text: string): string {
  if (/^-?[0-9]{1,19}$/.test(digits) && fitsInt64(BigInt(digits)))
    return digits.startsWith("-") ? `(${digits})` : digits;
  throw new AppError("invalid_argument", `The parameter ${text} is no whole number of 64 bits.`, {
    hint: 'Give it as {"int": "…"} with up to 19 digits.',
  });
}
