// What a CSV column's values become in JSON, settled once per column so that nothing is lost. Runs at the edge.

/** undecided: no value seen yet; the first one that comes settles it. */
export type ColumnType = "undecided" | "number" | "boolean" | "text";

const jsonNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const integer = /^-?[0-9]+$/;

/**
 * True for text that is a number and nothing more: as JSON writes it, finite, and for an integer within ±(2^53 - 1), past which
 * programs round. So `007`, `+1`, `1.`, `-0`, `9007199254740993` and `1e999` are text.
 */
function isNumberText(text: string): boolean {
  if (!jsonNumber.test(text) || text === "-0") return false;
  return integer.test(text) ? Number.isSafeInteger(Number(text)) : Number.isFinite(Number(text));
}

/** The type of a column that held `type` so far and now holds `text`. Empty text says nothing. */
export function widenType(type: ColumnType, text: string): ColumnType {
  if (text === "" || type === "text") return type;
  const own: ColumnType = isNumberText(text) ? "number" : text === "true" || text === "false" ? "boolean" : "text";
  return type === "undecided" || type === own ? own : "text";
}

/** False for text that a column of numbers (or booleans) can hold only as a string. */
export function fitsType(type: ColumnType, text: string): boolean {
  if (text === "" || type === "undecided" || type === "text") return true;
  return type === "number" ? isNumberText(text) : text === "true" || text === "false";
}

/** A cell, which must fit `type`, as JSON text. Empty is null. */
export function cellJson(type: ColumnType, text: string): string {
  if (text === "") return "null";
  return type === "number" || type === "boolean" ? text : JSON.stringify(text);
}
