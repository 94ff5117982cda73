// JSON whose numbers survive: values a double cannot hold keep their text through parse and stringify. Runs everywhere.

interface RawJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}
// The engine has these (ES proposal json-parse-with-source, stage 3 and shipped in V8); TypeScript's library does not yet.
const json = JSON as unknown as RawJson;

const maySuffer = /[0-9.]{16}|[0-9][eE]/;

/**
 * Parses JSON. A number that a double would change (2^53+1, 1E+1000, 20 digits) becomes a raw JSON value, which `JSON.stringify`
 * writes back exactly as it was; all other values are as `JSON.parse` gives them. Throws SyntaxError.
 */
export function parseExact(text: string): unknown {
  if (!maySuffer.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== "number" || context?.source === undefined) return value;
    return isExact(value, context.source) ? value : json.rawJSON(context.source);
  };
  return JSON.parse(text, revive);
}

/** True for a number kept as text by `parseExact`. */
export function isRawNumber(value: unknown): boolean {
  return json.isRawJSON(value);
}

/** True for a record: neither null, an array, nor a number kept as text. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

export type JsonType = "null" | "array" | "string" | "number" | "boolean" | "object";

/** What JSON calls a value; undefined is null, a number kept as text an object. */
export function jsonTypeOf(value: unknown): JsonType {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  // -2^63 is a double, too, but is written with other digits.
  if (/^-?[0-9]+$/.test(source)) return Number.isSafeInteger(value) || source === JSON.stringify(value);
  const digits = significantDigits(source);
  return digits <= 15 || (digits <= 17 && Number(value.toPrecision(17)) === value);
}

/** Digits of a number's text from its first to its last that is not zero, the exponent aside. */
function significantDigits(source: string): number {
  let seen = 0;
  let first = 0;
  let last = 0;
  for (const char of source) {
    if (char === "e" || char === "E") break;
    if (char < "0" || char > "9") continue;
    seen += 1;
    if (char === "0") continue;
    last = seen;
    if (first === 0) first = seen;
  }
  return first === 0 ? 0 : last - first + 1;
}
