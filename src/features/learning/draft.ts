// A tool drafted from what people asked: which literals become parameters, what they are called, and the query with them in place. Pure; runs at the edge.
import { isRawNumber, jsonTypeOf, parseExact } from "../../core/exact-json.ts";
import type { Expression } from "../../engines/jq/syntax/ast.ts";
import { builtinVariables } from "../../engines/jq/syntax/builtins.ts";
import { lastField, parameterWord } from "../../engines/jq/syntax/literal-hints.ts";
import { type LiteralPlace, normalise } from "../../engines/jq/syntax/normalise.ts";
import { parseProgram } from "../../engines/jq/syntax/parser.ts";
import { walkNames } from "../../engines/jq/syntax/walk.ts";
import { learningLimits } from "../../workflow-limits.ts";
import type { ToolParameter } from "../jq-tools/schema.ts";
import { queryArguments } from "../results/schema.ts";
import type { PatternFacts } from "./schema.ts";

type Seen = PatternFacts["places"][number];

/** What the library's functions call their arguments, by `name/arity`. */
export type ArgumentNames = ReadonlyMap<string, readonly string[]>;

export interface DraftPlan {
  query: string;
  parameters: ToolParameter[];
  /** By place: the parameter that it became, or null. */
  parameterOf: (string | null)[];
  /** The arguments with which the draft is the query as it was written. */
  exampleArguments: Record<string, unknown>;
  /** What the query's own variables were in it, by name. */
  exampleValues: Record<string, unknown>;
  /** The query with the most common literal at each place that became a parameter: what the draft is without arguments. */
  usual: string;
  notes: string[];
}

/** Plans the draft; with `fixed` no literal becomes a parameter. Undefined where the kept query is not of the kept pattern. */
export function planDraft(facts: PatternFacts, argumentNames: ArgumentNames, fixed = false): DraftPlan | undefined {
  const { query } = parseProgram(facts.example);
  const free = freeVariables(query);
  const parameters = new Map(free.map((name) => [name, undefined]));
  const form = normalise({ query }, { parameters, argumentNames });
  if (form.text !== facts.normalised) return undefined;
  const groups = groupPlaces(form.literals, facts.places);
  const taken = new Set<string>();
  const notes: string[] = [];
  const plan: DraftPlan = {
    query: facts.example,
    parameters: [],
    parameterOf: form.literals.map(() => null),
    exampleArguments: {},
    exampleValues: {},
    usual: facts.example,
    notes,
  };
  const written: (string | undefined)[] = [];
  const usual: (string | undefined)[] = [];
  for (const group of groups) {
    const { seen, first } = group;
    const here = first.value ?? seen.find(({ value }) => keptValue(value) !== undefined)?.value;
    if (first.parameter !== undefined && here !== undefined) plan.exampleValues[first.parameter] = parseExact(here);
    const parameter = fixed ? undefined : parameterFor(group, taken, notes);
    for (const { at } of group.places) {
      written[at] =
        parameter === undefined ? (first.parameter === undefined ? undefined : here) : `\${${parameter.name}}`;
      usual[at] = parameter === undefined ? written[at] : JSON.stringify(parameter.default);
      plan.parameterOf[at] = parameter?.name ?? null;
    }
    if (parameter === undefined) continue;
    plan.parameters.push(parameter);
    plan.exampleArguments[parameter.name] = here === undefined ? parameter.default : parseExact(here);
  }
  plan.query = replaced(facts.example, form.literals, written);
  plan.usual = replaced(facts.example, form.literals, usual);
  return plan;
}

/** Variables that the query reads and nothing in it binds: its caller's parameters. */
function freeVariables(query: Expression): string[] {
  const names = new Set<string>();
  walkNames(query, {
    freeVariable: ({ name }) => {
      if (!builtinVariables.includes(name)) names.add(name);
    },
  });
  return [...names];
}

interface Group {
  first: LiteralPlace;
  places: { at: number }[];
  /** Values of all its places, most common first. */
  seen: Seen;
}

/** Places that read the same parameter of the caller are one; every literal is on its own. */
function groupPlaces(literals: readonly LiteralPlace[], values: readonly (Seen | undefined)[]): Group[] {
  const groups: Group[] = [];
  for (const [at, first] of literals.entries()) {
    const known =
      first.parameter === undefined ? undefined : groups.find((group) => group.first.parameter === first.parameter);
    if (known === undefined) groups.push({ first, places: [{ at }], seen: [...(values[at] ?? [])] });
    else {
      known.places.push({ at });
      for (const { value } of values[at] ?? [])
        if (!known.seen.some((one) => one.value === value)) known.seen.push({ value, runs: 0 });
    }
  }
  return groups;
}

/** A kept value; undefined for one that was cut. */
function keptValue(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

/** Undefined for what never varied, and for what is of several types. */
function parameterFor({ first, seen }: Group, taken: Set<string>, notes: string[]): ToolParameter | undefined {
  if (first.parameter === undefined && seen.length < 2) return undefined;
  const values = seen.flatMap(({ value, runs }) => {
    const read = keptValue(value);
    return read === undefined ? [] : [{ value: read, runs }];
  });
  const type = typeOf(values.map(({ value }) => value));
  const [usual] = values;
  const wanted = first.parameter ?? first.hint;
  if (type === undefined || usual === undefined) {
    notes.push(`${wanted} was of several types, or too long to keep, so it stays as it was written.`);
    return undefined;
  }
  const name = freshName(wanted, taken);
  const isWhole = values.length === seen.length;
  const repeats = values.length >= 2 && values.every(({ runs }) => runs >= 2);
  const isList = type === "string" && isWhole && repeats && values.length <= learningLimits.listedValues;
  const listed = values.slice(0, 3).map(({ value }) => JSON.stringify(value));
  return {
    name,
    type,
    ...(isList ? { enum: values.map(({ value }) => value) } : { description: `Most often ${listed.join(", ")}.` }),
    default: usual.value,
  };
}

function typeOf(values: readonly unknown[]): ToolParameter["type"] | undefined {
  const types = new Set(values.map((value) => (isRawNumber(value) ? "raw" : jsonTypeOf(value))));
  const [only] = types;
  if (types.size !== 1 || only === undefined || only === "raw" || only === "null") return undefined;
  return only === "number" && values.every(Number.isInteger) ? "integer" : only;
}

const pageNames: ReadonlySet<string> = new Set([...Object.keys(queryArguments), "dataset"]);

function freshName(wanted: string, taken: Set<string>): string {
  const base = pageNames.has(wanted) ? `${wanted}_value` : wanted;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  taken.add(name);
  return name;
}

/** The text with each place that has something to be put there replaced by it. */
function replaced(text: string, places: readonly LiteralPlace[], by: readonly (string | undefined)[]): string {
  const edits = places
    .flatMap((place, at) => {
      const put = by[at];
      return put === undefined
        ? []
        : [{ ...place.span, put: place.shorthand ? `${place.parameter}: ${term(put)}` : term(put) }];
    })
    .sort((a, b) => b.start - a.start);
  return edits.reduce((result, { start, end, put }) => result.slice(0, start) + put + result.slice(end), text);
}

/** A negative number after an operator or a key needs parentheses. */
function term(text: string): string {
  return text.startsWith("-") ? `(${text})` : text;
}

/** A name for the tool that nothing visible has: after the dataset, what it groups by or asks for. */
export function nameFor(facts: PatternFacts, plan: DraftPlan, taken: ReadonlySet<string>): string {
  const base = parameterWord(facts.suggestion.dataset) ?? "data";
  const [group] = fieldsOf(facts.example, "group_by");
  const about = group ?? plan.parameters.find(({ name }) => name !== "count" && name !== "value")?.name;
  const word = about === undefined ? undefined : parameterWord(about);
  const wanted = (word === undefined ? `${base}_query` : `${base}_by_${word}`).slice(0, 56);
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
  return name;
}

/** Fields that calls of this function are given, in the order of the text. */
function fieldsOf(example: string, name: string): string[] {
  const fields: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node = value as { kind?: unknown; name?: unknown; args?: readonly Expression[] };
    const field = node.kind === "call" && node.name === name ? lastField(node.args?.[0], undefined) : undefined;
    if (field !== undefined) fields.push(field);
    for (const member of Object.values(value)) look(member);
  };
  look(parseProgram(example).query);
  return fields;
}

/** What it answers, in a sentence. */
export function describe(facts: PatternFacts, plan: DraftPlan): string {
  const { dataset } = facts.suggestion;
  const by = (name: string, word: string): string[] => {
    const fields = [...new Set(fieldsOf(facts.example, name))];
    return fields.length === 0 ? [] : [`${word} ${fields.join(" and ")}`];
  };
  const given = plan.parameters.map(({ name }) => name.replaceAll("_", " "));
  const parts = [
    ...(given.length === 0 ? [] : [`for the ${given.join(", ")} you give`]),
    ...by("group_by", "grouped by"),
    ...by("unique_by", "one for each"),
    ...by("sort_by", "sorted by"),
    ...by("max_by", "with the greatest"),
    ...by("min_by", "with the least"),
  ];
  const shown = plan.query.replaceAll("\n", " ").slice(0, 300);
  return `From ${dataset}${parts.length === 0 ? "" : `, ${parts.join(", ")}`}: ${shown}`;
}
