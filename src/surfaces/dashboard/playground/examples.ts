// Queries to begin with, made for the data that was chosen: its own fields, in a form that its size allows. Pure.
import { quoteName } from "../../../engines/sql/identifiers.ts";
import { blankState, type Language, type PlaygroundState } from "./state.ts";
import type { Field, Subject } from "./subject.ts";

export interface Example {
  /** What it answers, in a few words. */
  label: string;
  state: PlaygroundState;
}

/** Names that rarely tell records apart into a few groups, whatever their type. */
const notGroups = /(^|_|\b)(id|uuid|key|code|name|title|email|phone|url|address|description|comment|text|note)s?$/i;
/** Names that often do. */
const groups =
  /region|country|category|status|state|type|channel|kind|group|segment|department|product|currency|level/i;
/** Numbers that are names: nobody adds them up. */
const notMeasures = /(^|_)(id|key|code|zip|year|month|day|hour|week|lat|lon|lng|latitude|longitude)$/i;
/** Numbers that people ask for, the likeliest first. */
const measures = [/amount|revenue|sales|turnover/i, /total|sum/i, /value|cost|price/i, /count|quantity|units/i, /./];

interface Roles {
  group: string | undefined;
  measure: string | undefined;
  time: string | undefined;
}

/** The fields that an example is about: the likeliest of each role, of the records' own fields. */
function rolesOf(fields: readonly Field[]): Roles {
  const own = fields.filter(({ path }) => !path.includes("[]") && (path.includes(".") ? isPlainPath(path) : true));
  const best = (kind: Field["kind"], likely: readonly RegExp[], unlikely?: RegExp): string | undefined => {
    const fitting = own.filter((field) => field.kind === kind && unlikely?.test(field.path) !== true);
    return likely.map((form) => fitting.find(({ path }) => form.test(path))?.path).find((path) => path !== undefined);
  };
  return {
    group: best("text", [groups, /./], notGroups),
    measure: best("number", measures, notMeasures),
    time: best("time", [/./]),
  };
}

/** Examples for the data in one language, the plainest first. */
export function examplesFor(subject: Subject, lang: Language): Example[] {
  if (lang === "sql") return sqlExamples(subject);
  return subject.shape === "whole" ? documentExamples(subject) : recordExamples(subject);
}

/** Counts the values of a field, the most common first. */
export function countValues(subject: Subject, path: string, lang: Language): PlaygroundState | undefined {
  if (lang === "sql") {
    if (!isRelational(subject) || path.includes("[]")) return undefined;
    const [column, table] = [sqlName(path), tableName(subject)];
    return sqlState(
      subject.name,
      `SELECT ${column}, count(*) AS number\nFROM ${table}\nGROUP BY ${column}\nORDER BY number DESC\nLIMIT 50`,
    );
  }
  const field = path === "" || path.includes("[]") ? undefined : jqPath(path);
  if (field === undefined || subject.shape === "whole") return undefined;
  const counted = subject.fits
    ? `group_by(${field}) | map({value: .[0]${field}, rows: length})`
    : `reduce inputs as $r ({}; .[$r | ${field} | tostring] += 1)\n| to_entries | map({value: .key, rows: .value})`;
  return jqState(subject.name, `${counted}\n| sort_by(-.rows) | .[:50][]`);
}

function recordExamples(subject: Subject): Example[] {
  const { name, fits, fields } = subject;
  const { group, measure, time } = rolesOf(fields);
  const [g, m, t] = [group, measure, time].map((path) => (path === undefined ? undefined : jqPath(path)));
  const jq = (label: string, q: string, view: "table" | "chart" = "table"): Example => ({
    label,
    state: { ...jqState(name, q), view },
  });
  const examples = [
    jq("First 20 records", fits ? ".[:20][]" : "limit(20; inputs)"),
    jq("How many records", fits ? "length" : "reduce inputs as $r (0; . + 1)"),
  ];
  const [gName, mName] = [lastName(group), lastName(measure)];
  if (g !== undefined && m !== undefined && gName !== mName) {
    examples.push(
      jq(
        `${measure} by ${group}`,
        fits
          ? `group_by(${g})\n| map({${key(gName)}: .[0]${g}, ${key(mName)}: (map(${m}) | add), records: length})\n| sort_by(-${dot(mName)})[]`
          : `reduce inputs as $r ({}; .[$r | ${g} | tostring] += ($r | ${m}))\n| to_entries | sort_by(-.value)[]\n| {${key(gName)}: .key, ${key(mName)}: .value}`,
        "chart",
      ),
    );
  }
  if (t !== undefined) {
    const [month, what] = [`${t}[:7]`, m === undefined ? "records" : mName];
    const each = m === undefined ? "1" : `($r | ${m})`;
    examples.push(
      jq(
        m === undefined ? "Records by month" : `${measure} by month`,
        fits
          ? `group_by(${month})\n| map({month: .[0]${month}, ${key(what)}: ${m === undefined ? "length" : `(map(${m}) | add)`}})[]`
          : `reduce inputs as $r ({}; .[$r | ${month}] += ${each})\n| to_entries | sort_by(.key)[]\n| {month: .key, ${key(what)}: .value}`,
        "chart",
      ),
    );
  }
  if (m !== undefined) {
    examples.push(
      fits
        ? jq(`Top 10 by ${measure}`, `sort_by(-${m}) | .[:10][]`)
        : jq(`How ${measure} is spread`, `inputs | {${key(mName)}: ${m}}`, "chart"),
    );
  }
  return examples;
}

/** Of one document: what it holds, and the lists in it. */
function documentExamples({ name, fields }: Subject): Example[] {
  const jq = (label: string, q: string, view: "table" | "chart" = "table"): Example => ({
    label,
    state: { ...jqState(name, q), view },
  });
  const lists = [...new Set(fields.flatMap(({ path }) => /^([^[]+)\[\]/.exec(path)?.[1] ?? []))];
  const found = lists.flatMap((list) => {
    const path = jqPath(list);
    if (path === undefined) return [];
    const isRecords = fields.some((field) => field.path.startsWith(`${list}[].`));
    const first = jq(`The list ${list}`, `${path}[]`, isRecords ? "chart" : "table");
    return isRecords ? [first] : [first, jq(`How ${list} is spread`, `${path}[]`, "chart")];
  });
  return [
    jq("The whole document", "."),
    jq(
      "What is in it",
      'to_entries[] | {field: .key, type: (.value | type), size: (.value | if type == "number" or type == "boolean" then null else length end)}',
    ),
    ...found,
  ].slice(0, 6);
}

function sqlExamples(subject: Subject): Example[] {
  if (!isRelational(subject)) return [];
  const table = tableName(subject);
  const { group, measure, time } = rolesOf(subject.fields);
  const [g, m] = [group, measure].map((path) => (path === undefined ? undefined : sqlName(path)));
  const sql = (label: string, q: string, view: "table" | "chart" = "table"): Example => ({
    label,
    state: { ...sqlState(subject.name, q), view },
  });
  const examples = [
    sql("First 20 rows", `SELECT * FROM ${table} LIMIT 20`),
    sql("How many rows", `SELECT count(*) AS number FROM ${table}`),
  ];
  if (g !== undefined && m !== undefined) {
    examples.push(
      sql(
        `${measure} by ${group}`,
        `SELECT ${g}, sum(${m}) AS ${m}, count(*) AS number\nFROM ${table}\nGROUP BY ${g}\nORDER BY 2 DESC`,
        "chart",
      ),
    );
  }
  if (time !== undefined) {
    const what = m === undefined ? "count(*) AS number" : `sum(${m}) AS ${m}`;
    examples.push(
      sql(
        `${m === undefined ? "Rows" : measure} by month`,
        `SELECT substr(${sqlName(time)}, 1, 7) AS month, ${what}\nFROM ${table}\nGROUP BY month\nORDER BY month`,
        "chart",
      ),
    );
  }
  if (m !== undefined)
    examples.push(sql(`Top 10 by ${measure}`, `SELECT * FROM ${table}\nORDER BY ${m} DESC\nLIMIT 10`));
  return examples;
}

/** True for what SQL reads as rows: not a dataset that is one document. */
function isRelational({ shape }: Subject): boolean {
  return shape === "records";
}

const tableName = ({ name }: Subject): string => sqlName(name);

/** Words of SQL that people also call columns. */
const sqlWords =
  /^(all|and|as|asc|between|by|case|check|column|create|cross|current|default|desc|distinct|do|end|except|exists|filter|from|full|group|having|in|index|inner|into|is|join|key|left|like|limit|natural|no|not|null|of|offset|on|or|order|over|partition|plan|primary|range|right|row|rows|select|set|table|temp|then|to|union|unique|update|using|values|view|when|where|window|with)$/i;

/** A name as it is, where SQL takes it so; else in quotes. */
function sqlName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !sqlWords.test(name) ? name : quoteName(name);
}

function jqState(dataset: string, q: string): PlaygroundState {
  return { ...blankState, lang: "jq", dataset, q };
}

function sqlState(dataset: string, q: string): PlaygroundState {
  return { ...blankState, lang: "sql", dataset, q };
}

const isPlainPath = (path: string): boolean => path.split(".").every((part) => /^[A-Za-z_]\w*$/.test(part));

/** The path of a field as jq reads it; undefined for a path that leads through lists. */
function jqPath(path: string): string | undefined {
  if (path.includes("[]")) return undefined;
  if (isPlainPath(path)) return `.${path}`;
  return path.includes(".") ? undefined : `.[${JSON.stringify(path)}]`;
}

const lastName = (path: string | undefined): string => path?.split(".").at(-1) ?? "";
const key = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const dot = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `.[${JSON.stringify(name)}]`);
