// Finds where and why a text is not JSON (RFC 8259), in our own words: engines' messages differ and quote data. Runs everywhere.

import { jqLimits } from "../../limits.ts";
import { arrayLevels, objectLevels } from "../jq/types.ts";

/** The first fault of a text that should be one JSON value. `early`: the text ends too soon. */
export interface JsonFault {
  index: number;
  cause: string;
  early: boolean;
}

type Expect = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma" | "end";

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
const space = /[ \t\r\n]*/y;
const wrongWord = /[A-Za-z_'][A-Za-z0-9_]*/y;

const wanted: Record<Expect, string> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  key: "a key in double quotes",
  "key or }": 'a key in double quotes or "}"',
  colon: '":" after the key',
  comma: "",
  end: "nothing more after the value",
};

/** Why a value that jq could not read back is refused. */
export const tooDeepCause = `the value nests deeper than ${jqLimits.valueDepth} levels, of which an object takes ${objectLevels} (limit valueDepth)`;

const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** The first fault of `text` as one JSON value that jq can read, nesting over jqLimits.valueDepth included; undefined when there is none. */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ("{" | "[")[] = [];
  let levels = 0;
  let expect: Expect = "value";
  let at = skip(space, text, 0);
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "{" || char === "[") {
      if (!expect.startsWith("value")) return fault(text, at, expect, open);
      if (levels >= jqLimits.valueDepth) return { index: at, cause: tooDeepCause, early: false };
      open.push(char);
      levels += char === "{" ? objectLevels : arrayLevels;
      expect = char === "{" ? "key or }" : "value or ]";
      at++;
    } else if (closes(char, expect, open)) {
      levels -= open.pop() === "{" ? objectLevels : arrayLevels;
      expect = open.length === 0 ? "end" : "comma";
      at++;
    } else if (char === "," && expect === "comma") {
      expect = open.at(-1) === "{" ? "key" : "value";
      at++;
    } else if (char === ":" && expect === "colon") {
      expect = "value";
      at++;
    } else {
      const end = scalarEnd(text, at, expect);
      if (typeof end === "object") return end;
      if (end === at) return fault(text, at, expect, open);
      expect = expect.startsWith("key") ? "colon" : open.length === 0 ? "end" : "comma";
      at = end;
    }
    at = skip(space, text, at);
  }
  if (expect === "end") return undefined;
  return { index: text.length, cause: `the text ends where ${wantedHere(expect, open)} should follow`, early: true };
}

/** True when `text`, which must be valid JSON, nests deeper than jqLimits.valueDepth. */
export function nestsTooDeep(text: string): boolean {
  // Each level takes two characters at least, so a short text needs no look.
  if (text.length <= 2 * jqLimits.valueDepth) return false;
  let levels = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = closingQuote(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (levels >= jqLimits.valueDepth) return true;
      levels += code === 0x7b ? objectLevels : arrayLevels;
    } else if (code === 0x5d) levels -= arrayLevels;
    else if (code === 0x7d) levels -= objectLevels;
  }
  return false;
}

/** True when `text` may hold an escaped surrogate, whose other half `findJsonFault` then looks for: JSON.parse takes a half alone, jq does not. */
export function mayHoldSurrogate(text: string): boolean {
  return text.includes("\\u") && surrogateEscape.test(text);
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
  return text.length;
}

function closes(char: string, expect: Expect, open: readonly string[]): boolean {
  const inner = open.at(-1);
  if (char === "}") return inner === "{" && (expect === "comma" || expect === "key or }");
  return char === "]" && inner === "[" && (expect === "comma" || expect === "value or ]");
}

/** The end of the string, number or word at `at`; `at` itself when none may stand there; or the fault inside it. */
function scalarEnd(text: string, at: number, expect: Expect): number | JsonFault {
  const key = expect.startsWith("key");
  if (!key && !expect.startsWith("value")) return at;
  if (text.charAt(at) === '"') return stringEnd(text, at);
  if (key) return at;
  const end = Math.max(skip(number, text, at), skip(word, text, at));
  const after = text.charCodeAt(end);
  if (end > at && text.charCodeAt(at) === 0x30 && after >= 0x30 && after <= 0x39) {
    return { index: at, cause: "a number may not begin with 0 and another digit", early: false };
  }
  return end;
}

function stringEnd(text: string, start: number): number | JsonFault {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) {
      return {
        index: at,
        cause: `a string holds a raw control character (${codeName(code)}); it must be escaped`,
        early: false,
      };
    }
    if (code !== 0x5c) continue;
    const sign = text.charAt(at + 1);
    if (sign === "") break;
    if (!'"\\/bfnrtu'.includes(sign))
      return { index: at, cause: "a string holds an unknown escape after a backslash", early: false };
    if (sign === "u" && !/^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) {
      return { index: at, cause: "a string holds \\u without four hexadecimal digits", early: false };
    }
    const length = sign === "u" ? escapeLength(text, at) : 2;
    if (length === 0) {
      return {
        index: at,
        cause: "a string holds an escaped half of a surrogate pair without the other half",
        early: false,
      };
    }
    at += length - 1;
  }
  return { index: start, cause: "a string that opens here is not closed", early: true };
}

function fault(text: string, at: number, expect: Expect, open: readonly string[]): JsonFault {
  const end = skip(wrongWord, text, at);
  const char = text.charAt(at);
  if (expect.startsWith("value") && end > at && char !== "'") {
    return {
      index: at,
      cause: `expected ${wanted[expect]}, found a word that is not true, false or null`,
      early: false,
    };
  }
  const single = char === "'" ? "; JSON takes double quotes only" : "";
  return {
    index: at,
    cause: `expected ${wantedHere(expect, open)}, found ${charName(text, at)}${single}`,
    early: false,
  };
}

/** Characters of the \u escape at `at`, a surrogate pair taken as one; 0 for half of a pair. */
function escapeLength(text: string, at: number): number {
  const unit = Number.parseInt(text.slice(at + 2, at + 6), 16);
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  return unit < 0xdc00 && /^\\u[dD][c-fC-F][0-9a-fA-F]{2}$/.test(text.slice(at + 6, at + 12)) ? 12 : 0;
}

function wantedHere(expect: Expect, open: readonly string[]): string {
  return expect === "comma" ? `"," or "${open.at(-1) === "{" ? "}" : "]"}"` : wanted[expect];
}

function charName(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  if (code === 0x22) return "a double quote";
  return code > 0x20 && code < 0x7f ? `"${String.fromCharCode(code)}"` : codeName(code);
}

function codeName(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
