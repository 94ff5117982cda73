// The rules of a team's function library: what may be saved, what a program pulls in, what a change would break. Runs at the edge and in the object.
import type { Catalogue } from "../../context.ts";
import { AppError, isAppError } from "../../core/errors.ts";
import { Lru } from "../../core/lru.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { runJq } from "../../engines/jq/run.ts";
import { analyse, parseDefinition, parseProgram } from "../../engines/jq/syntax/analyse.ts";
import { assemble } from "../../engines/jq/syntax/assemble.ts";
import { builtinArities } from "../../engines/jq/syntax/builtins.ts";
import { compileTemplate } from "../../engines/jq/syntax/placeholders.ts";
import { jqLimits, libraryLimits } from "../../limits.ts";
import { type Binding, bindValues } from "./binding.ts";
import { calledFunctions, checkCode, countArguments, type ParsedCode } from "./names.ts";
import { requireEntrySize } from "./room.ts";
import type { FunctionParameter, JqFunction, SaveFunction } from "./schema.ts";

export { type Binding, bindValues } from "./binding.ts";
export { contentBytes, requireBytes, requireCount, requireEntrySize } from "./room.ts";

/** What a program needs to know of a function. */
export type LibraryFunction = Pick<JqFunction, "name" | "definition" | "arity" | "depends_on">;

/** The active functions of a team by name. */
export type FunctionLibrary = ReadonlyMap<string, LibraryFunction>;

/** A tool as far as functions are concerned: something that calls them. */
export interface LibraryUse {
  name: string;
  query: string;
  parameters: readonly string[];
  /** Library functions the query calls directly. */
  required_functions: readonly string[];
  /** Not shown to whoever asks: errors may say that it is there, not what it is. */
  hidden?: boolean;
}

export interface CheckedFunction extends LibraryFunction {
  parameters: FunctionParameter[];
  shadowsBuiltin: boolean;
}

export interface CompiledProgram {
  program: string;
  bindings: readonly Binding[];
  /** The same input and arguments always give the same outputs. */
  pure: boolean;
  /** Every library function compiled in, callees before callers. */
  functions: readonly string[];
  /** Those the query calls itself, sorted. */
  required: readonly string[];
  /** What is valid and rarely meant, each with its place in the query. */
  warnings: readonly string[];
}

type ParsedTemplate = ParsedCode & { bindings: readonly Binding[] };

// Per isolate. Keys are the whole content, so an entry says nothing that its reader does not already have.
const parsedDefinitions = new Lru<ParsedCode>(libraryLimits.parsedChars);
const parsedTemplates = new Lru<ParsedTemplate>(libraryLimits.parsedChars);
const compiledPrograms = new Lru<CompiledProgram>(libraryLimits.compiledChars);

/**
 * Checks a function before it is saved and finds what it calls. `mayShadow` lets it keep a builtin's name that it was allowed before.
 * Throws `jq_syntax`, `jq_nesting`, `jq_program_length`, `jq_forbidden`, `jq_unknown_name`, `jq_builtin_clash`, `jq_cycle`, `invalid_argument`, `too_large`.
 */
export function checkFunction(library: FunctionLibrary, input: SaveFunction, mayShadow = false): CheckedFunction {
  const definition = parseDefinition(input.definition);
  const { name, arity } = definition;
  if (name !== input.name) {
    throw new AppError("invalid_argument", `The definition is of ${name}, but the name given is ${input.name}.`, {
      hint: "Give both the same name.",
      details: { name: input.name, defined: name },
    });
  }
  requireEntrySize("function", name, [input.definition, input.description ?? "", input.parameters ?? []]);
  const shadowsBuiltin = builtinArities(name).length > 0;
  if (shadowsBuiltin && !mayShadow && input.allow_builtin_name !== true) throw builtinClash(name);
  const parameters = matchParameters(
    name,
    definition.params.map((parameter) => (parameter.isVariable ? `$${parameter.name}` : parameter.name)),
    input.parameters,
  );
  // The function itself is in its own scope (recursion), so the library is asked without it.
  const others = new Map(library);
  others.delete(name);
  const code = parseDefinitionCode(input.definition);
  const depends_on = calledFunctions(code, others);
  const checked = { name, definition: input.definition, arity, depends_on, parameters, shadowsBuiltin };
  requireNoCycle(others, checked);
  assembled(withFunction(library, checked), depends_on.concat(name), ".");
  return checked;
}

/**
 * Compares the functions an author listed under `key` with those the code calls. Returns warnings for what is listed and not called.
 * Throws `jq_unknown_name` for what the library does not have, `invalid_argument` for what is called and not listed.
 */
export function checkListed(
  key: "required_functions" | "depends_on",
  library: FunctionLibrary,
  listed: readonly string[] | undefined,
  called: readonly string[],
): string[] {
  if (listed === undefined) return [];
  const unknown = listed.filter((name) => !library.has(name));
  const [first] = unknown;
  if (first !== undefined) {
    const near = nearNames(first, library.keys());
    throw new AppError("jq_unknown_name", `${key}: the library has no function ${unknown.join(", ")}.`, {
      hint: didYouMean(near) ?? `Save the function first, or leave ${key} out to have them found.`,
      details: { names: unknown, near },
    });
  }
  const unlisted = called.filter((name) => !listed.includes(name));
  if (unlisted.length > 0) {
    throw new AppError("invalid_argument", `${key}: the code also calls ${unlisted.join(", ")}.`, {
      hint: `Add what is missing, or leave ${key} out to have them found.`,
      details: { called, unlisted },
    });
  }
  return listed
    .filter((name) => !called.includes(name))
    .map((name) => `${key} lists ${name}, which the code does not call`);
}

/** A team's active tools as users of its functions. */
export function toolUses(catalogue: Pick<Catalogue, "tools">): LibraryUse[] {
  return [...catalogue.tools.values()].map(({ name, query, parameters, required_functions }) => ({
    name,
    query,
    parameters: parameters.map((parameter) => parameter.name),
    required_functions,
  }));
}

/** The library as it will be with this function in it. */
export function withFunction(library: FunctionLibrary, added: LibraryFunction): FunctionLibrary {
  return new Map(library).set(added.name, added);
}

/**
 * A query template made into a complete program: placeholders become variables, library functions come before it, callees first.
 * Throws what `checkFunction` throws of a program's own faults.
 */
export function compileProgram(
  library: FunctionLibrary,
  template: string,
  parameters: readonly string[],
): CompiledProgram {
  const code = parseTemplate(template, parameters);
  const required = calledFunctions(code, library);
  const functions = closure(library, required);
  const key = JSON.stringify([template, parameters, functions.map((name) => library.get(name)?.definition)]);
  const known = compiledPrograms.get(key);
  if (known !== undefined) return known;
  const compiled: CompiledProgram = {
    program: assembled(library, required, code.text),
    bindings: code.bindings,
    pure: code.pure && functions.every((name) => isPure(library, name)),
    functions,
    required,
    warnings: code.warnings,
  };
  compiledPrograms.set(key, compiled, compiled.program.length + key.length);
  return compiled;
}

/** A query written for one call: `params` are bound as `$name` or `${name}`, and the team's functions may be called. */
export function compileAdHoc(
  catalogue: Pick<Catalogue, "functions">,
  query: string,
  params: Readonly<Record<string, unknown>>,
): { program: string; args: Record<string, string>; pure: boolean } {
  const { program, bindings, pure } = compileProgram(catalogue.functions, query, Object.keys(params));
  return { program, args: bindValues(bindings, params), pure };
}

/** Functions and tools that reach a function, directly or through others, by name and sorted. */
export function findDependants(
  library: FunctionLibrary,
  tools: readonly Pick<LibraryUse, "name" | "required_functions">[],
  name: string,
): { functions: string[]; tools: string[] } {
  const reached = reaching(library, name);
  const using = tools.filter((tool) => tool.required_functions.some((callee) => reached.has(callee)));
  reached.delete(name);
  return { functions: [...reached].sort(), tools: using.map((tool) => tool.name).sort() };
}

/** The function of that name and all that reach it. */
function reaching(library: FunctionLibrary, name: string): Set<string> {
  const callers = new Map<string, string[]>();
  for (const caller of library.values()) {
    for (const callee of caller.depends_on) {
      const known = callers.get(callee);
      if (known === undefined) callers.set(callee, [caller.name]);
      else known.push(caller.name);
    }
  }
  const reached = new Set([name]);
  for (const callee of reached) for (const caller of callers.get(callee) ?? []) reached.add(caller);
  return reached;
}

export interface Breakage {
  kind: "function" | "tool";
  name: string;
  why: string;
  hidden?: boolean;
}

/**
 * Throws `jq_breaks_dependants`, naming each and why, when going from `before` to `after` leaves a function or a tool that no longer
 * compiles or that would mean something else: a call that moves between jq's builtin and the library's function of the same name.
 */
export function requireNothingBroken(
  change: {
    before: FunctionLibrary;
    after: FunctionLibrary;
    name: string;
    doing: "Saving" | "Deactivating" | "Restoring";
  },
  tools: readonly LibraryUse[],
): void {
  const { before, after, name } = change;
  const broken: Breakage[] = [];
  for (const user of after.values()) {
    // Whoever does not write the name does not call it, and need not be parsed.
    if (user.name === name || !user.definition.includes(name)) continue;
    const why = whyBroken(change, () => parseDefinitionCode(user.definition));
    if (why !== undefined) broken.push({ kind: "function", name: user.name, why });
  }
  const reached = reaching(after, name);
  for (const tool of tools) {
    if (!tool.query.includes(name) && !tool.required_functions.some((callee) => reached.has(callee))) continue;
    const compile = (library: FunctionLibrary) => compileProgram(library, tool.query, tool.parameters);
    // What did not compile before is not broken by this change.
    if (failure(() => compile(before)) !== undefined) continue;
    const why = whyBroken(change, () => parseTemplate(tool.query, tool.parameters)) ?? failure(() => compile(after));
    if (why !== undefined) broken.push({ kind: "tool", name: tool.name, why, hidden: tool.hidden === true });
  }
  if (broken.length > 0) throw breaksDependants(change, broken);
}

/**
 * Compiles a function, and every function and tool that reaches it, with the real engine (`compile` runs it); not the functions in
 * `except`, which have a turn of their own.
 * Throws the engine's error for the function itself, `jq_breaks_dependants` for the others.
 */
export async function requireCompiles(
  after: FunctionLibrary,
  tools: readonly LibraryUse[],
  name: string,
  compile: CompileCheck,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  await compile(assembled(after, [name], "."), []);
  const dependants = findDependants(after, tools, name);
  const broken: Breakage[] = [];
  const attempt = async (kind: Breakage["kind"], user: string, program: string, variables: string[]): Promise<void> => {
    try {
      await compile(program, variables);
    } catch (error) {
      if (!isAppError(error) || !error.code.startsWith("jq_")) throw error;
      broken.push({ kind, name: user, why: error.message });
    }
  };
  for (const user of dependants.functions.filter((one) => !except.has(one)))
    await attempt("function", user, assembled(after, [user], "."), []);
  for (const tool of tools.filter((candidate) => dependants.tools.includes(candidate.name))) {
    const { program, bindings } = compileProgram(after, tool.query, tool.parameters);
    await attempt(
      "tool",
      tool.name,
      program,
      bindings.map(({ variable }) => variable),
    );
  }
  if (broken.length > 0) throw breaksDependants({ name, doing: "Saving" }, broken);
}

/** Compiles a program without running it; `variables` are the names it expects. Throws what the engine says against it. */
export type CompileCheck = (program: string, variables: readonly string[]) => Promise<void>;

/** The real engine's word: it compiles the program, and having no record to run it on, ends. */
export const compileWithEngine: CompileCheck = async (program, variables) => {
  await runJq({
    program,
    args: Object.fromEntries(variables.map((name) => [name, "null"])),
    input: new Uint8Array(0),
    mode: "records",
    window: { offset: 0, limit: 1, maxBytes: 1024 },
  });
};

function parseDefinitionCode(definition: string): ParsedCode {
  const known = parsedDefinitions.get(definition);
  if (known !== undefined) return known;
  const code = checkCode(definition, parseDefinition(definition).analysis, []);
  parsedDefinitions.set(definition, code, definition.length);
  return code;
}

function parseTemplate(template: string, parameters: readonly string[]): ParsedTemplate {
  const key = JSON.stringify([template, parameters]);
  const known = parsedTemplates.get(key);
  if (known !== undefined) return known;
  const { program, bindings, used } = compileTemplate(template, parameters);
  const variables = bindings.map(({ variable }) => variable);
  const code = checkCode(program, analyse(parseProgram(program), { variables }), variables);
  const unused = parameters.filter((name) => !used.includes(name)).map((name) => `the parameter ${name} is never used`);
  const parsed = { ...code, bindings, warnings: [...code.warnings, ...unused] };
  parsedTemplates.set(key, parsed, key.length);
  return parsed;
}

/** The named functions and all they reach, callees before callers. The library is free of cycles. */
function closure(library: FunctionLibrary, names: readonly string[]): string[] {
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    if (ordered.has(name)) return;
    for (const callee of library.get(name)?.depends_on ?? []) visit(callee);
    ordered.add(name);
  };
  for (const name of names) visit(name);
  return [...ordered];
}

function assembled(library: FunctionLibrary, required: readonly string[], query: string): string {
  const functions = closure(library, required).flatMap((name) => library.get(name) ?? []);
  const { program } = assemble(functions, query);
  if (program.length <= jqLimits.programChars) return program;
  throw new AppError(
    "jq_program_length",
    `With the ${functions.length} functions it pulls in the program is ${program.length} characters; the limit is ${jqLimits.programChars} (limit programChars).`,
    {
      hint: "Shorten the functions or split the work over several tools.",
      details: { limit: "programChars", value: jqLimits.programChars, characters: program.length },
    },
  );
}

function isPure(library: FunctionLibrary, name: string): boolean {
  const found = library.get(name);
  return found !== undefined && parseDefinitionCode(found.definition).pure;
}

function requireNoCycle(library: FunctionLibrary, added: LibraryFunction): void {
  const path = pathTo(library, added.depends_on, added.name, new Set());
  if (path === undefined) return;
  const cycle = [added.name, ...path];
  throw new AppError("jq_cycle", `Functions would call each other in a circle: ${cycle.join(" -> ")}.`, {
    hint: "jq defines functions one after the other, so only a function calling itself may recurse; put the shared part in one function and nest helpers inside it.",
    details: { cycle },
  });
}

function pathTo(
  library: FunctionLibrary,
  from: readonly string[],
  target: string,
  seen: Set<string>,
): string[] | undefined {
  for (const name of from) {
    if (name === target) return [name];
    if (seen.has(name)) continue;
    seen.add(name);
    const rest = pathTo(library, library.get(name)?.depends_on ?? [], target, seen);
    if (rest !== undefined) return [name, ...rest];
  }
  return undefined;
}

function matchParameters(
  name: string,
  defined: readonly string[],
  given: readonly FunctionParameter[] | undefined,
): FunctionParameter[] {
  if (given === undefined) return defined.map((parameter) => ({ name: parameter }));
  const same =
    given.length === defined.length && given.every((parameter, at) => bare(parameter.name) === bare(defined[at] ?? ""));
  if (!same) {
    throw new AppError(
      "invalid_argument",
      `The parameters listed are (${given.map((parameter) => parameter.name).join("; ")}), but the definition of ${name} takes (${defined.join("; ")}).`,
      {
        hint: "List the same names in the same order, or leave parameters out to have them found.",
        details: { defined },
      },
    );
  }
  return given.map((parameter, at) => ({ ...parameter, name: defined[at] ?? parameter.name }));
}

function bare(name: string): string {
  return name.replace(/^\$/, "");
}

function builtinClash(name: string): AppError {
  const arities = builtinArities(name);
  return new AppError(
    "jq_builtin_clash",
    `jq has a builtin ${name} of its own (${arities.map(countArguments).join(" or ")}).`,
    {
      hint: "Choose another name, or pass allow_builtin_name: true; calls with the same number of arguments then mean the library's function.",
      details: { name, arities },
    },
  );
}

function whyBroken(
  { before, after, name }: { before: FunctionLibrary; after: FunctionLibrary; name: string },
  parse: () => ParsedCode,
): string | undefined {
  return failure(() => {
    const code = parse();
    const meant = calledFunctions(code, before).includes(name);
    const means = calledFunctions(code, after).includes(name);
    if (meant === means) return;
    const [from, to] = meant ? ["the library's", "jq's own"] : ["jq's own", "the library's"];
    throw new AppError("jq_breaks_dependants", `its calls of ${name} would go from ${from} to ${to}`);
  });
}

/** The message of the AppError that `attempt` ends in, if it does. */
function failure(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error.message;
    throw error;
  }
}

const namedBroken = 10;

function breaksDependants({ name, doing }: { name: string; doing: string }, broken: readonly Breakage[]): AppError {
  const shown = broken.filter((one) => one.hidden !== true).map(({ kind, name, why }) => ({ kind, name, why }));
  const hidden = broken.length - shown.length;
  const parts = shown.slice(0, namedBroken).map((one) => `${one.kind} ${one.name} (${one.why})`);
  if (shown.length > namedBroken) parts.push(`and ${shown.length - namedBroken} more`);
  if (hidden > 0) parts.push(`${hidden} not shown to you`);
  return new AppError(
    "jq_breaks_dependants",
    `${doing} ${name} like this would break ${broken.length} that use it: ${parts.join("; ")}.`,
    {
      hint: "Change those first, or save this under a new name and move them over one by one.",
      details: { broken: shown },
    },
  );
}

/** The functions whose name or description holds every word of `query`, by name. */
export function matchingFunctions(functions: ReadonlyMap<string, JqFunction>, query: string): JqFunction[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return [...functions.values()]
    .filter((found) => words.every((word) => `${found.name} ${found.description}`.toLowerCase().includes(word)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
