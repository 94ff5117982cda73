// Static analysis of jq programs: which names are free, what is forbidden, what an answer depends on. Runs anywhere.
import { AppError } from "../../../core/errors.ts";
import type { Definition, Expression, Parameter, Program } from "./ast.ts";
import { builtins, builtinVariables, formats, refusals } from "./builtins.ts";
import { parseLeadingDefinitions } from "./parser.ts";
import type { Span } from "./source.ts";
import { positionAt, syntaxError } from "./source.ts";
import { walkNames } from "./walk.ts";

export { parseProgram } from "./parser.ts";

export interface CallReference extends Span {
  readonly name: string;
  readonly arity: number;
}

export interface NameReference extends Span {
  readonly name: string;
}

export interface Analysis {
  /** Calls that neither the program defines nor jq brings: functions of the team's library, or mistakes. */
  readonly calls: readonly CallReference[];
  /** Calls of jq's own functions that no definition of the program shadows, forbidden ones included. */
  readonly calledBuiltins: readonly CallReference[];
  /** What the program may not use, by the name it writes: `$ENV`, `env`, `import`, … */
  readonly forbidden: readonly (Span & { readonly what: string })[];
  readonly unknownVariables: readonly NameReference[];
  readonly unknownFormats: readonly NameReference[];
  /** Free variables that the scope declared and the program reads, each name once. */
  readonly usedVariables: readonly string[];
  /** Valid jq that rarely means what was intended, such as `select(.a = 1)`. */
  readonly warnings: readonly (Span & { readonly message: string })[];
  /** The outputs depend on the program, its variables and the input data alone: no clock, no messages, no halt. */
  readonly pure: boolean;
  /** The program reads further inputs itself, by `input` or `inputs`. */
  readonly readsInput: boolean;
}

/** One function of a library, parsed and analysed. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arity: number;
  readonly params: readonly Pick<Parameter, "name" | "isVariable">[];
  readonly body: Expression;
  /** What the body needs beyond itself; recursive calls are resolved. */
  readonly analysis: Analysis;
}

/** Resolves every name of a program. `scope.variables` are the names bound from outside, without "$". Never throws. */
export function analyse(program: Program, scope: { readonly variables: readonly string[] }): Analysis {
  const declared = new Set(scope.variables);
  const calls: CallReference[] = [];
  const calledBuiltins: CallReference[] = [];
  const forbidden: (Span & { what: string })[] = program.directives.map(({ what, start, end }) => ({
    what,
    start,
    end,
  }));
  const unknownVariables: NameReference[] = [];
  const unknownFormats: NameReference[] = [];
  const warnings: (Span & { message: string })[] = [];
  const used = new Set<string>();
  walkNames(program.query, {
    freeCall: ({ name, args, start, end }) => {
      const call = { name, arity: args.length, start, end: args.length === 0 ? end : start + name.length };
      const builtin = builtins.get(`${name}/${args.length}`);
      (builtin === undefined ? calls : calledBuiltins).push(call);
      if (builtin?.kind === "forbidden") forbidden.push({ what: name, start: call.start, end: call.end });
    },
    freeVariable: ({ name, start, end }) => {
      // Never bindable from outside: a parameter of that name is reached by an alias.
      if (name === "ENV") forbidden.push({ what: "$ENV", start, end });
      else if (declared.has(name)) used.add(name);
      else if (!builtinVariables.includes(name)) unknownVariables.push({ name, start, end });
    },
    format: (name, { start }) => {
      if (!formats.has(name)) unknownFormats.push({ name, start, end: start + name.length + 1 });
    },
    assignmentAsCondition: ({ start, end }) => {
      warnings.push({ message: '"=" assigns here; write "==" to compare', start, end });
    },
  });
  const kinds = new Set(calledBuiltins.map(({ name, arity }) => builtins.get(`${name}/${arity}`)?.kind));
  return {
    calls,
    calledBuiltins,
    forbidden,
    unknownVariables,
    unknownFormats,
    usedVariables: [...used],
    warnings,
    pure: forbidden.length === 0 && [...kinds].every((kind) => kind === "pure" || kind === "input"),
    readsInput: kinds.has("input"),
  };
}

/**
 * Parses a library function: exactly one `def name(params): body;`, comments around it allowed, helpers nested inside.
 * Throws `jq_syntax` for anything else.
 */
export function parseDefinition(text: string): FunctionDefinition {
  const { definitions, rest } = parseLeadingDefinitions(text);
  const [definition, second] = definitions;
  if (definition === undefined) {
    const hint = "Write one definition: def name(f; $x): body;.";
    if (rest.kind === "end") throw syntaxError(text, 0, "the function is empty", hint);
    throw syntaxError(text, rest.start, 'a function starts with "def", and this does not', hint);
  }
  if (second !== undefined) {
    const message = `a function is one definition, and "${second.name}" is a second one after "${definition.name}"`;
    const hint = `Nest helpers inside, def ${definition.name}: def ${second.name}: …; …;, or save "${second.name}" as a function of its own.`;
    throw syntaxError(text, second.start, message, hint);
  }
  if (rest.kind !== "end") {
    const message = `a function is only its definition, and a query follows the definition of "${definition.name}"`;
    throw syntaxError(
      text,
      rest.start,
      message,
      `End the text after the ";" of "${definition.name}"; the query belongs in a tool.`,
    );
  }
  return describeDefinition(text, definition);
}

function describeDefinition(text: string, definition: Definition): FunctionDefinition {
  const { name, params, body, start, end } = definition;
  const query: Expression = {
    kind: "pipeline",
    steps: [definition, { kind: "identity", start: end, end }],
    start,
    end,
  };
  return {
    name,
    arity: params.length,
    params: params.map((param) => ({ name: param.name, isVariable: param.isVariable })),
    body,
    analysis: analyse({ text, directives: [], query, start: 0, end: text.length }, { variables: [] }),
  };
}

/** Throws `jq_forbidden` for the first thing in a program that is closed here, with its place and the remedy. */
export function requireAllowed(analysis: Analysis, text: string): void {
  const [first] = [...analysis.forbidden].sort((left, right) => left.start - right.start);
  if (first === undefined) return;
  const refusal = refusals.get(first.what);
  const { line, column } = positionAt(text, first.start);
  const reason = refusal?.reason ?? "it is closed";
  throw new AppError(
    "jq_forbidden",
    `line ${line}, column ${column}: "${first.what}" is not available here: ${reason}.`,
    {
      ...(refusal === undefined ? {} : { hint: refusal.remedy }),
      details: { what: first.what, line, column },
    },
  );
}
