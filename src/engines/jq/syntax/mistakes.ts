// Likely fixes for the mistakes people and models make when they write jq. Runs at the edge and in the object.
import type { Token } from "./lexer.ts";

const blankHint = "Use plain spaces and line ends (\\n) between words.";

const characterHints: ReadonlyMap<string, string> = new Map([
  ["'", "Strings take double quotes in jq: write \"text\", not 'text'."],
  ["`", 'Strings take double quotes in jq, with \\(expression) inside: "total: \\(.total)".'],
  ["&", 'jq writes "and" for "&&" and for "&".'],
  ["!", 'Write "| not" after the condition, or "!=" to compare.'],
  ["~", 'Match a regular expression with test("…"): select(.name | test("^A")).'],
  ["^", "Raise to a power with pow(.; 2)."],
  ["\\", "Outside a string jq has no backslash; a long program needs no line continuation."],
  ["@", 'A format is "@" and a name, as in @csv or @base64 "…".'],
  ["“", 'Use straight quotes: "text".'],
  ["”", 'Use straight quotes: "text".'],
  ["‘", 'Use straight double quotes: "text".'],
  ["’", 'Use straight double quotes: "text".'],
  ["\r", "Save the program with \\n line ends, not \\r\\n."],
  ["\u00a0", blankHint],
  ["\u3000", blankHint],
  ["\ufeff", "Remove the byte order mark at the start of the program."],
  ["\f", blankHint],
  ["\v", blankHint],
]);

/** What to write instead of a character that jq does not know. */
export function invalidCharacterHint(text: string, offset: number, character: string): string {
  if (character === "!" && /^!\s*=/.test(text.slice(offset))) return 'Write "!=" without a space.';
  const known = characterHints.get(character);
  if (known !== undefined) return known;
  if (/\p{L}/u.test(character)) {
    return 'Names are ASCII in jq; put other field names in quotes: .["…"] or ."…".';
  }
  return 'Put the text in double quotes: "…".';
}

/** The place of an error: the unexpected token and its neighbours. */
export interface MistakeContext {
  readonly before2: Token | undefined;
  readonly before: Token | undefined;
  readonly found: Token;
}

type Rule = (context: MistakeContext) => string | undefined;

const sqlWords = new Set("select from where group order having limit join like in is between insert update".split(" "));
const scriptWords = new Set("let const var function return for while lambda fn switch case new await".split(" "));
const openKeywordHints: ReadonlyMap<string, string> = new Map([
  ["end", 'Remove this "end": every "if" before it is already closed.'],
  ["then", '"then" belongs after "if condition".'],
  ["else", '"else" belongs between "if … then …" and "end"; one "if" has one "else", further tests use "elif".'],
  ["elif", '"elif" belongs between "if … then …" and "else" or "end".'],
  ["catch", '"catch" belongs after "try expression"; put a longer expression in parentheses: try (…) catch ….'],
  ["as", "Bind a name to a single term: (expression) as $name | …."],
  ["import", "Modules are not available here; save shared code as a function of the team's library."],
  ["include", "Modules are not available here; save shared code as a function of the team's library."],
  ["module", "Modules are not available here; save shared code as a function of the team's library."],
]);

const operators: ReadonlySet<string> = new Set("+ - * / % == != < <= > >= = |= += -= *= /= %= // //=".split(" "));
const termStarts: ReadonlySet<string> = new Set([".", "..", "(", "[", "{", "$"]);

function is(token: Token | undefined, ...texts: string[]): boolean {
  return token !== undefined && token.kind === "symbol" && texts.includes(token.text);
}

function touch(left: Token | undefined, right: Token): boolean {
  return left !== undefined && left.end === right.start;
}

/** True for a token that can begin a value. */
function startsTerm(token: Token): boolean {
  switch (token.kind) {
    case "name":
    case "field":
    case "variable":
    case "location":
    case "number":
    case "format":
    case "quote":
      return true;
    case "symbol":
      return termStarts.has(token.text);
    case "keyword":
      return ["if", "try", "reduce", "foreach", "def", "label", "break"].includes(token.text);
    default:
      return false;
  }
}

/** Operators of other languages that jq cuts into two tokens. */
const doubledOperator: Rule = ({ before, found }) => {
  if (is(before, "$") && is(found, "{"))
    return `Placeholders like \${name} work in tool templates only; write $name here.`;
  if (!touch(before, found)) return undefined;
  if (is(before, "|") && is(found, "|")) return 'jq writes "or" for "||", and "//" for a default value.';
  if (is(before, "==", "!=") && is(found, "=")) return 'Compare with "==" or "!="; jq has no "===".';
  if (is(before, "<") && is(found, ">")) return 'Write "!=" for "<>".';
  if (is(before, "=", "-") && is(found, ">"))
    return "jq has no arrow functions: write map(.price) or select(.price > 1).";
  if (is(before, "+", "-") && is(found, "+", "-")) return 'jq has no "++"; write . + 1.';
  if (is(before, "*") && is(found, "*")) return "Raise to a power with pow(.; 2).";
  return undefined;
};

const wordMistake: Rule = ({ before2, before, found }) => {
  const words = [found, before, before2].filter((token) => token?.kind === "name").map((token) => token?.text ?? "");
  if (words.some((word) => word === "elsif" || word === "elseif")) return 'jq writes "elif".';
  if (words.some((word) => scriptWords.has(word))) {
    return "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.";
  }
  if (words.some((word) => sqlWords.has(word.toLowerCase()))) {
    return "This looks like SQL; in jq write for example: [.[] | select(.amount > 10)] | group_by(.region) | map({region: .[0].region, total: (map(.amount) | add)}).";
  }
  return undefined;
};

const optionalMistake: Rule = ({ before2, before, found }) => {
  if (is(found, "?//")) return 'Put a space between "?" and "//": .a? // 1.';
  if (is(before, "?") && is(before2, "?") && startsTerm(found)) return 'jq writes "//" for "??": .a // 1.';
  if (is(before, "?") && found.kind === "field") return 'Put "|" before this: … | .field.';
  if (is(before, "?") && is(found, "[")) return 'Put "|" before this: … | .[0].';
  if (is(before, "?") && startsTerm(found)) return "jq has no a ? b : c; write if a then b else c end.";
  return undefined;
};

const accessMistake: Rule = ({ before2, before, found }) => {
  if (before?.kind === "field" && is(found, "(")) {
    return `A function is called with "|", not with ".": … | ${before.text}(…).`;
  }
  if (is(before, ".") && (found.kind === "name" || found.kind === "keyword")) {
    return 'Write a field without a space, .name, or in quotes: .["unusual name"].';
  }
  if (is(before, ".") && found.kind === "variable")
    return `Read a field whose name is in a variable with .[$${found.text}].`;
  if (is(before, ".") && is(found, "(")) return "Read a computed field with .[expression].";
  if (is(found, "*") && is(before, "[")) return "Take all values with .[].";
  if (is(before, "*") && is(before2, ".", "..")) return "Take all values with .[].";
  if (found.kind === "number" && found.text.startsWith("."))
    return `Take an element by its number with .[${found.text.slice(1)}].`;
  if (found.kind === "name" && before?.kind === "number")
    return "A name cannot start with a digit; put an unusual field name in quotes.";
  if (before?.kind === "keyword" && before.text === "end" && (found.kind === "field" || is(found, ".", "["))) {
    return 'Put "|" after "end": if … end | .field.';
  }
  return undefined;
};

/** True for a token that a value must follow. */
function expectsMore(token: Token): boolean {
  if (token.kind === "keyword") return ["and", "or", "try", "catch", "if", "then", "else", "elif"].includes(token.text);
  return token.kind === "symbol" && (operators.has(token.text) || [",", ":", "("].includes(token.text));
}

const punctuationMistake: Rule = ({ before, found }) => {
  if (is(before, ",", ";") && is(found, ")", "]", "}")) return `Remove the "${before?.text}" before it.`;
  const isOver = found.kind === "end" || is(found, ")", "]", "}", ";", ",");
  if (isOver && before !== undefined && expectsMore(before)) return `Add a value after "${before.text}".`;
  if (is(found, "-")) return "Put a negative value in parentheses: (-1).";
  if (is(found, ";"))
    return 'A program does not end with ";". It separates the arguments of a call, f(a; b), and ends a def.';
  if (is(found, ")", "]", "}")) return `Remove the "${found.text}", or open it earlier.`;
  if (is(found, ":")) return "An object is written in braces: {name: .name}. A choice is: if a then b else c end.";
  if (is(found, ",")) return "Put a value before and after every comma.";
  if (found.kind === "keyword") return openKeywordHints.get(found.text);
  if (is(found, "|") || is(before, "|")) return 'Put an expression on both sides of "|".';
  if (found.kind === "symbol" && operators.has(found.text)) return `Put a value before the "${found.text}".`;
  return undefined;
};

const adjacency: Rule = ({ before, found }) => {
  if (before === undefined || !startsTerm(found)) return undefined;
  if (before.kind === "quoteEnd" || found.kind === "quote") {
    return 'Join two values with "|", "," or "+"; inside a string write \\" for a quote.';
  }
  return 'Join two values with "|", "," or an operator.';
};

/** Mistakes that are recognised for sure, so their fix beats any general advice. */
const certainRules: readonly Rule[] = [doubledOperator, wordMistake, optionalMistake, accessMistake];
const likelyRules: readonly Rule[] = [punctuationMistake, adjacency];

/**
 * The fix for an unexpected token: from what surely went wrong there, else the parser's own `advice`, else from what
 * likely did; undefined when nothing fits.
 */
export function mistakeHint(context: MistakeContext, advice: string | undefined): string | undefined {
  for (const rule of certainRules) {
    const hint = rule(context);
    if (hint !== undefined) return hint;
  }
  if (advice !== undefined) return advice;
  for (const rule of likelyRules) {
    const hint = rule(context);
    if (hint !== undefined) return hint;
  }
  return undefined;
}
