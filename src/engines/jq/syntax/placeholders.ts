// Compiles `${name}` placeholders of a query template to bound jq variables, so that no value can change the program. Runs anywhere.
import { AppError } from "../../../core/errors.ts";
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { analyse } from "./analyse.ts";
import type { Program } from "./ast.ts";
import { builtinVariables } from "./builtins.ts";
import { parseProgram } from "./parser.ts";
import type { Span } from "./source.ts";
import { describePosition, positionAt, quoteText, syntaxError } from "./source.ts";
import { walkNames } from "./walk.ts";

/** Which jq variable (without "$") carries a parameter. A parameter may need two: its own name and an alias. */
export interface ParameterBinding {
  readonly parameter: string;
  readonly variable: string;
}

export interface CompiledTemplate {
  /** The jq program; every binding must be given to it as a variable. */
  readonly program: string;
  /** The parameters that the program reads, by placeholder or as `$name`, in the order they were declared. */
  readonly used: string[];
  readonly bindings: ParameterBinding[];
}

interface Placeholder extends Span {
  readonly name: string;
  readonly inString: boolean;
}

const wellFormed = /\$\{([a-zA-Z_][a-zA-Z0-9_]*)\}/y;
const parameterName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const opening = "$\u007b";
const literalHint = `Write \${name} with a declared parameter. For the characters "\${" in a string write "$\\u007b".`;

/**
 * Compiles a template. In code `${name}` means `$name`, in a string `\($name)`, in a comment nothing; `$name` may be written
 * directly as well. The template is parsed on the way, so `jq_syntax`, `jq_nesting` and `jq_program_length` are thrown with
 * positions in the template. An undeclared placeholder throws `invalid_argument`.
 * The characters "${" themselves are written `$\u007b` in a string.
 * Where the template binds a variable of a parameter's name itself, placeholders read an alias that nothing else can bind.
 */
export function compileTemplate(text: string, parameterNames: readonly string[]): CompiledTemplate {
  const { program, placeholders } = readTemplate(text, parameterNames);
  const inCode = new Map(placeholders.filter((it) => !it.inString).map((it) => [it.start + 1, it]));
  const facts = inspect(program, inCode);
  const aliases = chooseAliases(text, parameterNames, facts.bound);
  const result = replaceSpans(text, placeholders, (it) => {
    const variable = `$${aliases.get(it.name) ?? it.name}`;
    if (it.inString) return `\\(${variable})`;
    return facts.shorthands.has(it.start + 1) && aliases.has(it.name) ? `${it.name}: ${variable}` : ` ${variable} `;
  });
  const direct = analyse(program, { variables: parameterNames }).usedVariables;
  const read = new Set([...placeholders.map((it) => it.name), ...direct]);
  return {
    program: result,
    used: parameterNames.filter((name) => read.has(name)),
    bindings: parameterNames.flatMap((parameter) => bindingsOf(parameter, aliases.get(parameter))),
  };
}

/** The syntax tree of a template: every position in it is one of the template's own text. Throws as `compileTemplate` does. */
export function parseTemplate(text: string, parameterNames: readonly string[]): Program {
  return readTemplate(text, parameterNames).program;
}

function readTemplate(
  text: string,
  parameterNames: readonly string[],
): { program: Program; placeholders: readonly Placeholder[] } {
  for (const name of parameterNames) requireParameterName(name);
  const placeholders = findPlaceholders(text);
  for (const placeholder of placeholders) requireDeclared(text, placeholder, parameterNames);
  // Same length as the template, so that every position in an error is one of the template.
  const shadow = replaceSpans(text, placeholders, (it) =>
    it.inString ? text.slice(it.start, it.end) : ` $${it.name} `,
  );
  return { program: parseProgram(shadow), placeholders };
}

function bindingsOf(parameter: string, alias: string | undefined): ParameterBinding[] {
  const own = isReserved(parameter) ? [] : [{ parameter, variable: parameter }];
  return alias === undefined ? own : [...own, { parameter, variable: alias }];
}

/** jq gives these names a meaning of its own, so a parameter of that name is reached by its alias only. */
function isReserved(name: string): boolean {
  return name === "__loc__" || builtinVariables.includes(name);
}

function requireParameterName(name: string): void {
  if (parameterName.test(name)) return;
  throw new AppError("invalid_argument", `The parameter name ${quoteText(name)} cannot be a jq variable.`, {
    hint: "Use ASCII letters, digits and underscores, and do not start with a digit.",
    details: { name },
  });
}

function requireDeclared(text: string, placeholder: Placeholder, parameterNames: readonly string[]): void {
  if (parameterNames.includes(placeholder.name)) return;
  const { line, column } = positionAt(text, placeholder.start);
  const near = nearNames(placeholder.name, parameterNames);
  const declared =
    parameterNames.length === 0 ? "No parameters are declared." : `Declared: ${parameterNames.join(", ")}.`;
  const message = `${describePosition(text, placeholder.start)}: the placeholder "\${${placeholder.name}}" names no declared parameter`;
  throw new AppError("invalid_argument", message, {
    hint: [didYouMean(near), declared].filter((part) => part !== undefined).join(" "),
    details: { name: placeholder.name, near, line, column },
  });
}

function replaceSpans(text: string, spans: readonly Placeholder[], replace: (span: Placeholder) => string): string {
  let result = "";
  let at = 0;
  for (const span of spans) {
    result += text.slice(at, span.start) + replace(span);
    at = span.end;
  }
  return result + text.slice(at);
}

/** What the scan is inside of: a string, an interpolation in a string, or another round bracket. */
type Place = "string" | "interpolation" | "(";

function findPlaceholders(text: string): Placeholder[] {
  const found: Placeholder[] = [];
  const places: Place[] = [];
  let at = 0;
  while (at < text.length) {
    const inString = places.at(-1) === "string";
    if (text.startsWith(opening, at)) {
      const placeholder = readPlaceholder(text, at, inString);
      found.push(placeholder);
      at = placeholder.end;
    } else at += inString ? stepInString(text, at, places) : stepInCode(text, at, places);
  }
  return found;
}

function stepInString(text: string, at: number, places: Place[]): number {
  if (text[at] === '"') places.pop();
  if (text[at] !== "\\") return 1;
  if (text[at + 1] === "(") places.push("interpolation");
  return 2;
}

function stepInCode(text: string, at: number, places: Place[]): number {
  const character = text[at];
  if (character === "#") {
    const lineEnd = text.indexOf("\n", at);
    return (lineEnd === -1 ? text.length : lineEnd) - at;
  }
  if (character === '"') places.push("string");
  else if (character === "(") places.push("(");
  else if (character === ")") places.pop();
  return 1;
}

function readPlaceholder(text: string, start: number, inString: boolean): Placeholder {
  wellFormed.lastIndex = start;
  const match = wellFormed.exec(text);
  const name = match?.[1];
  if (match === null || name === undefined) throw malformed(text, start);
  if (!inString && text[start - 1] === ".") {
    const message = `a placeholder cannot follow "." directly`;
    throw syntaxError(text, start, message, `Read a field whose name is a parameter with .[\${${name}}].`);
  }
  return { name, inString, start, end: start + match[0].length };
}

function malformed(text: string, start: number): AppError {
  const close = text.indexOf("}", start);
  const lineEnd = text.indexOf("\n", start);
  if (close === -1 || (lineEnd !== -1 && lineEnd < close)) {
    return syntaxError(text, start, 'the placeholder is not closed: "}" is missing', literalHint);
  }
  const inside = text.slice(start + 2, close);
  if (inside.trim() === "") return syntaxError(text, start, "the placeholder is empty", literalHint);
  return syntaxError(text, start, `a placeholder holds one parameter name, found ${quoteText(inside)}`, literalHint);
}

/** What the template binds itself, and which placeholders are object shorthands. Refuses placeholders where a name is bound. */
function inspect(
  program: Program,
  inCode: ReadonlyMap<number, Placeholder>,
): { bound: Set<string>; shorthands: Set<number> } {
  const bound = new Set<string>();
  const shorthands = new Set<number>();
  const refuse = (offset: number): never => {
    const message = "a placeholder is a value, and here a new name is needed";
    throw syntaxError(program.text, offset - 1, message, "Bind a name of your own: … as $item | ….");
  };
  walkNames(program.query, {
    binding: (name, span) => {
      if (inCode.has(span.start)) refuse(span.start);
      bound.add(name);
    },
    labelOrBreak: (span) => {
      for (const offset of inCode.keys()) if (offset >= span.start && offset < span.end) refuse(offset);
    },
    objectEntry: (entry) => {
      if (typeof entry.key !== "string" && entry.key.kind === "variable" && entry.value === undefined) {
        shorthands.add(entry.key.start);
      }
    },
  });
  return { bound, shorthands };
}

function chooseAliases(
  text: string,
  parameterNames: readonly string[],
  bound: ReadonlySet<string>,
): Map<string, string> {
  const aliases = new Map<string, string>();
  const taken = new Set(parameterNames);
  for (const name of parameterNames) {
    if (!bound.has(name) && !isReserved(name)) continue;
    let alias = `param_${name}`;
    while (text.includes(alias) || taken.has(alias)) alias = `_${alias}`;
    taken.add(alias);
    aliases.set(name, alias);
  }
  return aliases;
}
