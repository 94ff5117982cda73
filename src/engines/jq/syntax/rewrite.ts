// Other programs that mean the same as far as one can see, and cost less: candidates, to be run and compared before anyone is told. Pure; runs anywhere.
import type { CallNode, Expression, ObjectEntry, Step, Suffix } from "./ast.ts";
import type { Span } from "./source.ts";

export const rewriteKinds = ["records_mode", "earlier_select", "unused", "shorter_program"] as const;
export type RewriteKind = (typeof rewriteKinds)[number];

export interface Rewrite {
  readonly kind: RewriteKind;
  /** What is done, as a sentence. */
  readonly advice: string;
  readonly query: Expression;
  /** How the new program reads its dataset, where that changes. */
  readonly mode?: { readonly input: "records"; readonly nullInput: boolean };
}

/**
 * Candidates for a query whose tree went through `tidy`. `readsRecords`: it reads a list of records as a whole, without null_input, so
 * that it could read them one by one.
 */
export function rewritesOf(query: Expression, { readsRecords }: { readsRecords: boolean }): Rewrite[] {
  return [...(readsRecords ? recordsRewrites(query) : []), ...everywhere.flatMap((rule) => applied(query, rule))];
}

interface Rule {
  readonly kind: RewriteKind;
  readonly advice: string;
  /** The node in other words; undefined where the rule says nothing of it. */
  readonly rewrite: (node: Expression) => Expression | undefined;
}

function applied(query: Expression, { kind, advice, rewrite }: Rule): Rewrite[] {
  let hits = 0;
  const changed = transform(query, (node) => {
    const found = rewrite(node);
    if (found !== undefined) hits += 1;
    return found ?? node;
  });
  return hits === 0 ? [] : [{ kind, advice, query: changed }];
}

/** The tree with every expression replaced by what `change` makes of it, inner ones first. */
export function transform(node: Expression, change: (node: Expression) => Expression): Expression {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, visit(member)]));
    return isExpression(copy) ? change(copy) : copy;
  };
  return visit(node) as Expression;
}

/** Kinds of nodes that are no expressions. */
const otherKinds: ReadonlySet<string> = new Set(
  "def bind label text field stringField index slice each variablePattern arrayPattern objectPattern".split(" "),
);

function isExpression(node: unknown): node is Expression {
  const kind = (node as { kind?: unknown }).kind;
  return typeof kind === "string" && !otherKinds.has(kind);
}

const isStep = (step: Step | undefined): step is Expression =>
  step !== undefined && step.kind !== "def" && step.kind !== "bind" && step.kind !== "label";

// Making nodes. Spans are of no use in a program that was never written.
const nowhere: Span = { start: 0, end: 0 };
const call = (name: string, ...args: Expression[]): CallNode => ({ kind: "call", name, args, ...nowhere });
const dot: Expression = { kind: "identity", ...nowhere };
const numberNode = (text: string): Expression => ({ kind: "number", text, ...nowhere });
const nullNode: Expression = { kind: "constant", value: null, ...nowhere };
const each: Suffix = { kind: "each", optional: false, ...nowhere };
const eachItem: Expression = { kind: "access", target: dot, suffixes: [each], ...nowhere };

function pipe(...steps: Step[]): Expression {
  const flat = steps.flatMap((step): readonly Step[] =>
    step.kind === "pipeline" && step.steps.every(isStep) ? step.steps : [step],
  );
  const kept = flat.filter((step) => step.kind !== "identity");
  const [only] = kept;
  if (only === undefined) return dot;
  return kept.length === 1 && isStep(only) ? only : { kind: "pipeline", steps: kept, ...nowhere };
}

function access(target: Expression, suffixes: readonly Suffix[]): Expression {
  if (suffixes.length === 0) return target;
  return target.kind === "access"
    ? { ...target, suffixes: [...target.suffixes, ...suffixes] }
    : { kind: "access", target, suffixes, ...nowhere };
}

// Reading nodes.

function isCall(node: Step | undefined, name: string, arity: number): node is CallNode {
  return node?.kind === "call" && node.name === name && node.args.length === arity;
}

/** `f` of `map(f)`, `[.[] | f]` and `[.[].a]`. */
function mapped(node: Step | undefined): Expression | undefined {
  if (isCall(node, "map", 1)) return node.args[0];
  return node?.kind === "array" && node.body !== undefined ? afterEach(node.body) : undefined;
}

/** `f` of `.[] | f`, and the rest of `.[].a.b`. */
function afterEach(node: Expression): Expression | undefined {
  if (node.kind === "access" && node.target.kind === "identity") {
    const [first, ...rest] = node.suffixes;
    return first?.kind === "each" && !first.optional ? access(dot, rest) : undefined;
  }
  if (node.kind !== "pipeline") return undefined;
  const [first, ...rest] = node.steps;
  const head = isStep(first) ? afterEach(first) : undefined;
  return head === undefined || rest.length === 0 ? head : pipe(head, ...rest);
}

/** Which end of a list a step takes, and what it reads of it: `.[0].a`, `first`, `.[-1]`, `last`. */
function endTaken(step: Step | undefined): { end: "first" | "last"; rest: readonly Suffix[] } | undefined {
  if (isCall(step, "first", 0)) return { end: "first", rest: [] };
  if (isCall(step, "last", 0)) return { end: "last", rest: [] };
  if (step?.kind !== "access" || step.target.kind !== "identity") return undefined;
  return endOf(step.suffixes);
}

function endOf([suffix, ...rest]: readonly Suffix[]): ReturnType<typeof endTaken> {
  if (suffix?.kind !== "index" || suffix.optional) return undefined;
  const { key } = suffix;
  if (key.kind === "number" && Number(key.text) === 0) return { end: "first", rest };
  return key.kind === "negate" && key.operand.kind === "number" && key.operand.text === "1"
    ? { end: "last", rest }
    : undefined;
}

/** Replaces a window of steps of a pipeline: `rewrite` says how many of the steps from there it takes and what they become. */
function window(
  rewrite: (steps: readonly Step[]) => { taken: number; by: readonly Step[] } | undefined,
): (node: Expression) => Expression | undefined {
  return (node) => {
    if (node.kind !== "pipeline") return undefined;
    for (const at of node.steps.keys()) {
      const found = rewrite(node.steps.slice(at));
      if (found !== undefined)
        return pipe(...node.steps.slice(0, at), ...found.by, ...node.steps.slice(at + found.taken));
    }
    return undefined;
  };
}

const sorting: Readonly<Record<string, readonly [first: string, last: string]>> = {
  "sort_by/1": ["min_by", "max_by"],
  "sort/0": ["min", "max"],
};

function extreme(sort: CallNode, end: "first" | "last"): CallNode | undefined {
  const names = sorting[`${sort.name}/${sort.args.length}`];
  return names === undefined ? undefined : call(names[end === "first" ? 0 : 1], ...sort.args);
}

const extremeOfPipeline = window(([sort, next, after]) => {
  if (sort?.kind !== "call") return undefined;
  const reversed = isCall(next, "reverse", 0);
  const taken = endTaken(reversed ? after : next);
  if (taken === undefined) return undefined;
  const end = reversed ? (taken.end === "first" ? "last" : "first") : taken.end;
  const found = extreme(sort, end);
  return found === undefined ? undefined : { taken: reversed ? 3 : 2, by: [access(found, taken.rest)] };
});

function extremeOfAccess(node: Expression): Expression | undefined {
  if (node.kind !== "access" || node.target.kind !== "call") return undefined;
  const taken = endOf(node.suffixes);
  const found = taken === undefined ? undefined : extreme(node.target, taken.end);
  return taken === undefined || found === undefined ? undefined : access(found, taken.rest);
}

/** A name that nothing in the expression uses. */
function freshName(node: unknown): string {
  const text = JSON.stringify(node);
  const pick = (name: string): string => (text.includes(`"${name}"`) ? pick(`${name}_`) : name);
  return pick("item");
}

function reduceOver(source: Expression, start: Expression, update: (item: Expression) => Expression): Expression {
  const name = freshName(source);
  const item: Expression = { kind: "variable", name, ...nowhere };
  const patterns = [{ kind: "variablePattern" as const, name, ...nowhere }];
  return { kind: "reduce", source, patterns, init: start, update: update(item), ...nowhere };
}

const plus = (left: Expression, right: Expression): Expression => ({
  kind: "operation",
  operators: ["+"],
  operands: [left, right],
  ...nowhere,
});

const everywhere: readonly Rule[] = [
  {
    kind: "shorter_program",
    advice: "Takes the least or greatest item with min_by or max_by: sorting all to take one is not needed.",
    rewrite: (node) => extremeOfPipeline(node) ?? extremeOfAccess(node),
  },
  {
    kind: "shorter_program",
    advice: "Stops at the first match: `first(…)` reads no further, where a list of all matches was made to take one.",
    rewrite: window(([list, next]) => {
      const f = mapped(list);
      const taken = endTaken(next);
      if (f === undefined || taken?.end !== "first") return undefined;
      const either: Expression = {
        kind: "operation",
        operators: [","],
        operands: [pipe(eachItem, f), nullNode],
        ...nowhere,
      };
      return { taken: 2, by: [access(call("first", either), taken.rest)] };
    }),
  },
  {
    kind: "shorter_program",
    advice: "Adds up as it reads: no list is made in between.",
    rewrite: window(([list, next]) => {
      const f = mapped(list);
      if (f === undefined || !isCall(next, "add", 0)) return undefined;
      return { taken: 2, by: [reduceOver(pipe(eachItem, f), nullNode, (item) => plus(dot, item))] };
    }),
  },
  {
    kind: "shorter_program",
    advice: "Counts as it reads: no list is made in between.",
    rewrite: window(([list, next]) => {
      const f = mapped(list);
      if (f === undefined || !isCall(next, "length", 0)) return undefined;
      return { taken: 2, by: [reduceOver(pipe(eachItem, f), numberNode("0"), () => plus(dot, numberNode("1")))] };
    }),
  },
  {
    kind: "shorter_program",
    advice: "Goes through the list once: two maps in a row are one.",
    rewrite: window(([list, next]) => {
      const [f, g] = [mapped(list), mapped(next)];
      return f === undefined || g === undefined ? undefined : { taken: 2, by: [call("map", pipe(f, g))] };
    }),
  },
  {
    kind: "earlier_select",
    advice: "Selects before it builds: what is dropped is never built.",
    rewrite: window(([built, chosen]) => selectBeforeBuild(built, chosen) ?? selectBeforeMappedBuild(built, chosen)),
  },
  {
    kind: "earlier_select",
    advice: "Selects before it sorts: what is dropped is never sorted.",
    rewrite: window(([sort, chosen]) => {
      const isSort = sort?.kind === "call" && sorting[`${sort.name}/${sort.args.length}`] !== undefined;
      const isSelect = isCall(mapped(chosen), "select", 1);
      return isSort && isSelect && isStep(chosen) ? { taken: 2, by: [chosen, sort] } : undefined;
    }),
  },
  {
    kind: "unused",
    advice: "Leaves out a definition or binding that nothing uses.",
    rewrite: window(([step, ...rest]) => {
      if (step === undefined || rest.length === 0) return undefined;
      const text = JSON.stringify(rest);
      if (step.kind === "def") return uses(rest, step.name) ? undefined : { taken: 1, by: [] };
      if (step.kind !== "bind" || !isSingle(step.source)) return undefined;
      const [pattern, ...more] = step.patterns;
      const isUnused =
        pattern?.kind === "variablePattern" && more.length === 0 && !text.includes(`"name":"${pattern.name}"`);
      return isUnused ? { taken: 1, by: [] } : undefined;
    }),
  },
];

/** A call of that name, whatever the number of its arguments. */
function uses(steps: readonly Step[], name: string): boolean {
  let found = false;
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node = value as { kind?: unknown; name?: unknown };
    if (node.kind === "call" && node.name === name) found = true;
    for (const member of Object.values(value)) look(member);
  };
  look(steps);
  return found;
}

/** It gives exactly one output and does not fail on any input that matters: a path without `[]`, a variable, a literal. */
function isSingle(node: Expression): boolean {
  if (node.kind === "access")
    return node.target.kind === "identity" && node.suffixes.every((suffix) => suffix.kind === "field");
  return ["identity", "variable", "number", "constant"].includes(node.kind);
}

/** `{a, b: .c} | select(.b == 1)` as `select(.c == 1) | {a, b: .c}`. */
function selectBeforeBuild(
  built: Step | undefined,
  chosen: Step | undefined,
): { taken: number; by: readonly Step[] } | undefined {
  if (built?.kind !== "object" || !isCall(chosen, "select", 1)) return undefined;
  const [condition] = chosen.args;
  const moved = condition === undefined ? undefined : throughEntries(condition, built.entries);
  return moved === undefined ? undefined : { taken: 2, by: [call("select", moved), built] };
}

function selectBeforeMappedBuild(
  built: Step | undefined,
  chosen: Step | undefined,
): { taken: number; by: readonly Step[] } | undefined {
  const [object, select] = [mapped(built), mapped(chosen)];
  const found = selectBeforeBuild(object, select);
  return found === undefined ? undefined : { taken: 2, by: [call("map", pipe(...found.by))] };
}

/** The condition in terms of what the object is built from; undefined where it looks at more than fields that are plain paths. */
function throughEntries(node: Expression, entries: readonly ObjectEntry[]): Expression | undefined {
  switch (node.kind) {
    case "access":
      return node.target.kind === "identity" ? throughAccess(node.suffixes, entries) : undefined;
    case "operation": {
      if (node.operators.some((operator) => /^(?:[|+\-*/%]|\/\/)?=$/.test(operator))) return undefined;
      const operands = node.operands.map((operand) => throughEntries(operand, entries));
      return operands.every((operand) => operand !== undefined) ? { ...node, operands } : undefined;
    }
    case "pipeline": {
      // Only the first step sees the object; a binding later on may see its source's.
      const [first, ...rest] = node.steps;
      const head = isStep(first) ? throughEntries(first, entries) : undefined;
      return head === undefined || !rest.every(isStep) ? undefined : { ...node, steps: [head, ...rest] };
    }
    case "number":
    case "constant":
    case "variable":
      return node;
    case "string":
      return node.parts.every((part) => part.kind === "text") ? node : undefined;
    default:
      return undefined;
  }
}

function throughAccess([first, ...rest]: readonly Suffix[], entries: readonly ObjectEntry[]): Expression | undefined {
  if (first?.kind !== "field" || first.optional || entries.some(({ key }) => typeof key !== "string")) return undefined;
  if (rest.some((suffix) => suffix.kind !== "field")) return undefined;
  // The last of equal keys counts.
  const entry = entries.findLast(({ key }) => key === first.name);
  if (entry === undefined) return undefined;
  const value = entry.value ?? access(dot, [first]);
  return isSingle(value) && (value.kind === "access" || value.kind === "identity") ? access(value, rest) : undefined;
}

const inputs = call("inputs");

/** Reading records one by one instead of all as one array: nothing of the rest may look at the array itself, or read inputs. */
function recordsRewrites(query: Expression): Rewrite[] {
  const steps: readonly Step[] = query.kind === "pipeline" ? query.steps : [query];
  const at = steps.findIndex((step) => step.kind !== "def");
  const first = steps[at];
  if (!isStep(first) || readsElsewhere(query)) return [];
  const definitions = steps.slice(0, at);
  const rest = steps.slice(at + 1);
  const perRecord = afterEach(first);
  const advice = 'Reads records one by one (input: "records"): the dataset is never held as a whole.';
  if (perRecord !== undefined && rest.every((step) => step.kind !== "label")) {
    const query = pipe(...definitions, perRecord, ...rest);
    return [{ kind: "records_mode", advice, query: query, mode: { input: "records", nullInput: false } }];
  }
  const collected = collecting(first);
  if (collected === undefined) return [];
  const mode = { input: "records", nullInput: true } as const;
  return [{ kind: "records_mode", advice, query: pipe(...definitions, collected, ...rest), mode }];
}

/** `[inputs | f]` for `map(f)`, and `reduce inputs as …` for `reduce .[] as …`. */
function collecting(first: Expression): Expression | undefined {
  if (first.kind === "reduce") {
    const f = afterEach(first.source);
    const startsAlone =
      ["number", "constant", "string", "array", "object"].includes(first.init.kind) && isEmptyOrPlain(first.init);
    return f === undefined || !startsAlone ? undefined : { ...first, source: pipe(inputs, f) };
  }
  const f = mapped(first);
  return f === undefined ? undefined : { kind: "array", body: pipe(inputs, f), ...nowhere };
}

function isEmptyOrPlain(node: Expression): boolean {
  if (node.kind === "array") return node.body === undefined;
  if (node.kind === "object")
    return node.entries.every(({ value }) => value !== undefined && ["number", "constant"].includes(value.kind));
  return node.kind !== "string" || node.parts.every((part) => part.kind === "text");
}

function readsElsewhere(query: Expression): boolean {
  const isLocated = JSON.stringify(query).includes('"kind":"location"');
  return isLocated || ["input", "inputs", "input_line_number"].some((name) => uses([query], name));
}
