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

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (/^-?[0-9]+$/.test(source)) return BigInt(source) === BigInt(value);
  const digits = source
    .replace(/[eE].*$/, "")
    .replace(/[^0-9]/g, "")
    .replace(/^0+/, "")
    .replace(/0+$/, "");
  return digits.length <= 15 || (Number(value.toPrecision(17)) === value && digits.length <= 17);
}
