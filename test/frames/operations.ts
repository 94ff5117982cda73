// Random operations, each as the arguments of ours and as DuckDB's SQL for the same. Runs anywhere.

import type { Column } from "../../src/engines/frame/types.ts";
import type { Operation } from "../../src/features/frame-operations/schema.ts";
import { Expressions } from "./expressions.ts";
import type { Random } from "./random.ts";

/** A frame as both sides have it: columns as ours says, and the name of DuckDB's table, whose column _n numbers the rows. */
export interface Side {
  columns: readonly Column[];
  table: string;
}

export interface Step {
  operation: Operation;
  /** Gives the same rows in the same order, without _n. */
  sql: string;
  /** Names of the columns whose values are computed with floats in another order of steps. */
  inexact: readonly string[];
}

const quoted = (name: string): string => `"${name}"`;
const listed = (names: readonly string[]): string => names.map(quoted).join(", ");
const isNumber = ({ type }: Column): boolean => ["int", "int64", "float", "decimal"].includes(type);
const ref = { data_ref: "in" };

/** One operation over `input`; `other` is what it may be joined or concatenated with. `fresh` names new columns. */
export function randomStep(random: Random, input: Side, other: Side, fresh: () => string): Step {
  const names = input.columns.map(({ name }) => name);
  const step = (operation: Operation, sql: string, inexact: readonly string[] = []): Step => ({
    operation,
    sql,
    inexact,
  });
  switch (random.int(17)) {
    case 0:
    case 1:
    case 2: {
      const { ours, duck } = new Expressions(random, input.columns).condition();
      return step(
        { operation: "filter", args: { ...ref, condition: ours } },
        `SELECT ${listed(names)} FROM ${input.table} WHERE ${duck} ORDER BY _n`,
      );
    }
    case 3:
    case 4:
    case 5: {
      const [name, { ours, duck }] = [fresh(), new Expressions(random, input.columns).value()];
      return step(
        { operation: "derive", args: { ...ref, columns: { [name]: ours } } },
        `SELECT ${listed(names)}, ${duck} AS ${quoted(name)} FROM ${input.table} ORDER BY _n`,
        [name],
      );
    }
    case 6: {
      const kept = random.some(names);
      if (random.chance(0.5) && kept.length < names.length) {
        const rest = names.filter((name) => !kept.includes(name));
        return step(
          { operation: "select", args: { ...ref, drop: rest } },
          `SELECT ${listed(kept)} FROM ${input.table} ORDER BY _n`,
        );
      }
      return step(
        { operation: "select", args: { ...ref, columns: kept } },
        `SELECT ${listed(kept)} FROM ${input.table} ORDER BY _n`,
      );
    }
    case 7: {
      const [from, to] = [random.pick(names), fresh()];
      const columns = names
        .map((name) => (name === from ? `${quoted(name)} AS ${quoted(to)}` : quoted(name)))
        .join(", ");
      return step(
        { operation: "rename", args: { ...ref, columns: { [from]: to } } },
        `SELECT ${columns} FROM ${input.table} ORDER BY _n`,
      );
    }
    case 8:
    case 9:
      return sortStep(random, input);
    case 10: {
      const columns = random.some(names, 3);
      const first = `SELECT *, row_number() OVER (PARTITION BY ${listed(columns)} ORDER BY _n) AS _r FROM ${input.table}`;
      return step(
        { operation: "distinct", args: { ...ref, columns } },
        `SELECT ${listed(names)} FROM (${first}) WHERE _r = 1 ORDER BY _n`,
      );
    }
    case 11:
    case 12:
      return groupStep(random, input, fresh);
    case 13: {
      // Its columns get other names where those are taken, which the SQL below does not.
      if (names.includes("count") || names.includes("proportion")) return randomStep(random, input, other, fresh);
      const columns = random.some(names, 2);
      const [normalize, dropna] = [random.chance(0.5), random.chance(0.3)];
      const share = normalize ? `, count(*) / sum(count(*)) OVER () AS proportion` : "";
      return step(
        { operation: "value_counts", args: { ...ref, columns, normalize, dropna } },
        `SELECT ${listed(columns)}, count(*) AS count${share} FROM ${input.table} ${missing(input, columns, dropna)} GROUP BY ${listed(columns)} ORDER BY count(*) DESC, ${ascending(columns)}`,
        ["proportion"],
      );
    }
    case 14:
      return fillStep(random, input);
    case 15:
      return joinStep(random, input, other) ?? randomStep(random, input, other, fresh);
    default:
      return concatStep(random, input, other) ?? randomStep(random, input, other, fresh);
  }
}

const ascending = (names: readonly string[]): string =>
  names.map((name) => `${quoted(name)} ASC NULLS LAST`).join(", ");

/** The rows that dropna leaves: NaN is missing, too. */
function missing({ columns }: Side, names: readonly string[], dropna: boolean): string {
  if (!dropna) return "";
  const tests = names.map((name) => {
    const isFloat = columns.find((column) => column.name === name)?.type === "float";
    return `${quoted(name)} IS NOT NULL${isFloat ? ` AND NOT isnan(${quoted(name)})` : ""}`;
  });
  return `WHERE ${tests.join(" AND ")}`;
}

function sortStep(random: Random, { columns, table }: Side): Step {
  const by = random.some(
    columns.map(({ name }) => name),
    3,
  );
  const descending = by.map(() => random.chance(0.5));
  const nulls = random.pick(["first", "last"] as const);
  const order = by.map(
    (name, index) => `${quoted(name)} ${descending[index] === true ? "DESC" : "ASC"} NULLS ${nulls.toUpperCase()}`,
  );
  return {
    operation: { operation: "sort", args: { ...ref, by, descending, nulls } },
    sql: `SELECT ${listed(columns.map(({ name }) => name))} FROM ${table} ORDER BY ${order.join(", ")}, _n`,
    inexact: [],
  };
}

type Op =
  | "count"
  | "size"
  | "sum"
  | "mean"
  | "min"
  | "max"
  | "nunique"
  | "first"
  | "last"
  | "std"
  | "var"
  | "median"
  | "any"
  | "all";

/** DuckDB's form of an aggregate in which null and NaN are no values. */
function aggregateSql(op: Op, { name, type }: Column): string {
  const column = quoted(name);
  const some = `FILTER (WHERE ${column} IS NOT NULL${type === "float" ? ` AND NOT isnan(${column})` : ""})`;
  const isWhole = type === "int" || type === "int64";
  switch (op) {
    case "size":
      return "count(*)";
    case "count":
      return `count(${column}) ${some}`;
    case "sum":
      return isWhole ? `CAST(sum(${column}) ${some} AS BIGINT)` : `sum(${column}) ${some}`;
    case "mean":
      return `avg(${column}) ${some}`;
    case "nunique":
      return `count(DISTINCT ${column}) ${some}`;
    case "first":
    case "last":
      return `${op}(${column} ORDER BY _n) ${some}`;
    case "std":
      return `stddev_samp(CAST(${column} AS DOUBLE)) ${some}`;
    case "var":
      return `var_samp(CAST(${column} AS DOUBLE)) ${some}`;
    case "median":
      return `quantile_cont(CAST(${column} AS DOUBLE), 0.5) ${some}`;
    case "any":
      return `bool_or(${column}) ${some}`;
    case "all":
      return `bool_and(${column}) ${some}`;
    default:
      return `${op}(${column}) ${some}`;
  }
}

function opsOf(column: Column): Op[] {
  const any: Op[] = ["count", "nunique", "first", "last", "min", "max", "size"];
  if (isNumber(column)) return [...any, "sum", "mean", "std", "var", "median"];
  return column.type === "bool" ? [...any, "any", "all"] : any;
}

function groupStep(random: Random, input: Side, fresh: () => string): Step {
  const by = random.some(
    input.columns.map(({ name }) => name),
    2,
  );
  const [sort, dropna] = [random.chance(0.7), random.chance(0.3)];
  const wanted = Array.from({ length: 1 + random.int(3) }, () => {
    const column = random.pick(input.columns);
    return { name: fresh(), column, op: random.pick(opsOf(column)) };
  });
  const aggregations = Object.fromEntries(wanted.map(({ name, column, op }) => [name, { column: column.name, op }]));
  const computed = wanted.map(({ name, column, op }) => `${aggregateSql(op, column)} AS ${quoted(name)}`);
  const order = sort ? ascending(by) : "min(_n)";
  return {
    operation: { operation: "groupby", args: { ...ref, by, aggregations, sort, dropna } },
    sql: `SELECT ${listed(by)}, ${computed.join(", ")} FROM ${input.table} ${missing(input, by, dropna)} GROUP BY ${listed(by)} ORDER BY ${order}`,
    inexact: wanted.map(({ name }) => name),
  };
}

function fillStep(random: Random, input: Side): Step {
  const { columns, table } = input;
  const all = columns.map(({ name }) => name);
  const method = random.pick(["forward", "backward", "mean", "values"] as const);
  const nan = random.chance(0.4);
  const isMissing = ({ name, type }: Column) =>
    `(${quoted(name)} IS NULL${nan && type === "float" ? ` OR isnan(${quoted(name)})` : ""})`;
  const numbers = columns.filter(({ type }) => type === "int" || type === "float");
  if (method === "values" || (method === "mean" && numbers.length === 0)) {
    const texts = {
      int: "7",
      int64: "9007199254740995",
      float: "0.25",
      decimal: "0.10",
      text: "none",
      date: "2001-02-03",
      timestamp: "2001-02-03T04:05:06.000007",
    };
    const fillable = columns.filter(({ type }) => type !== "bool");
    if (fillable.length === 0) return sortStep(random, input);
    const chosen = random.some(fillable);
    const given = Object.fromEntries(chosen.map(({ name, type }) => [name, texts[type as keyof typeof texts]]));
    const select = columns.map((column) => {
      const value = given[column.name];
      return value === undefined
        ? quoted(column.name)
        : `CASE WHEN ${isMissing(column)} THEN CAST('${value}' AS ${duckType(column)}) ELSE ${quoted(column.name)} END AS ${quoted(column.name)}`;
    });
    return {
      operation: { operation: "fill_null", args: { ...ref, values: given, nan } },
      sql: `SELECT ${select.join(", ")} FROM ${table} ORDER BY _n`,
      inexact: [],
    };
  }
  const named = random.some(method === "mean" ? numbers : columns);
  const select = columns.map((column) => {
    if (!named.includes(column)) return quoted(column.name);
    const value = `CASE WHEN ${isMissing(column)} THEN NULL ELSE ${quoted(column.name)} END`;
    // Where nothing is found, what was there stays.
    const filled =
      method === "forward"
        ? `last_value(${value} IGNORE NULLS) OVER (ORDER BY _n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`
        : method === "backward"
          ? `first_value(${value} IGNORE NULLS) OVER (ORDER BY _n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)`
          : `avg(CASE WHEN ${quoted(column.name)} IS NULL${column.type === "float" ? ` OR isnan(${quoted(column.name)})` : ""} THEN NULL ELSE ${quoted(column.name)} END) OVER ()`;
    const own = method === "mean" ? `CAST(${quoted(column.name)} AS DOUBLE)` : quoted(column.name);
    return `CASE WHEN ${isMissing(column)} THEN coalesce(${filled}, ${own}) ELSE ${own} END AS ${quoted(column.name)}`;
  });
  const names = named.map(({ name }) => name);
  return {
    operation: { operation: "fill_null", args: { ...ref, method, columns: names, nan } },
    sql: `SELECT ${select.join(", ")} FROM ${table} ORDER BY _n`,
    inexact: method === "mean" ? names : all.slice(0, 0),
  };
}

/** Types of keys that both sides compare alike: DuckDB rounds 64-bit integers to compare them with floats. */
function areLike(a: Column, b: Column): boolean {
  const pair = [a.type, b.type].sort().join(" ");
  return (a.type === b.type && a.type !== "decimal") || ["int int64", "float int", "decimal int"].includes(pair);
}

function joinStep(random: Random, left: Side, right: Side): Step | undefined {
  const pairs = left.columns.flatMap((a) => right.columns.filter((b) => areLike(a, b)).map((b) => [a, b] as const));
  const how = random.pick(["inner", "left", "right", "full", "semi", "anti", "cross"] as const);
  const names = { left: left.columns.map(({ name }) => name), right: right.columns.map(({ name }) => name) };
  if (names.left.some((name) => names.right.includes(name))) return undefined;
  const base = { left: "in", right: "other", suffixes: ["_left", "_right"] as [string, string] };
  const columns = [
    ...names.left.map((name) => `l.${quoted(name)}`),
    ...names.right.map((name) => `r.${quoted(name)}`),
  ].join(", ");
  const from = `FROM ${left.table} l`;
  if (how === "cross") {
    return {
      operation: { operation: "join", args: { ...base, how } },
      sql: `SELECT ${columns} ${from} CROSS JOIN ${right.table} r ORDER BY l._n, r._n`,
      inexact: [],
    };
  }
  if (pairs.length === 0) return undefined;
  const keys = [random.pick(pairs), ...(random.chance(0.25) ? [random.pick(pairs)] : [])].filter(
    ([a, b], index, all) => index === 0 || (a !== all[0]?.[0] && b !== all[0]?.[1]),
  );
  const on = keys.map(([a, b]) => `l.${quoted(a.name)} = r.${quoted(b.name)}`).join(" AND ");
  const args = { ...base, how, left_on: keys.map(([a]) => a.name), right_on: keys.map(([, b]) => b.name) };
  const exists = `EXISTS (SELECT 1 FROM ${right.table} r WHERE ${on})`;
  const order = how === "right" ? "r._n, l._n NULLS LAST" : "l._n NULLS LAST, r._n NULLS LAST";
  const sql =
    how === "semi" || how === "anti"
      ? `SELECT ${listed(names.left)} ${from} WHERE ${how === "anti" ? "NOT " : ""}${exists} ORDER BY _n`
      : `SELECT ${columns} ${from} ${how.toUpperCase()} JOIN ${right.table} r ON ${on} ORDER BY ${order}`;
  return { operation: { operation: "join", args }, sql, inexact: [] };
}

/** The other side's columns under names of this one, where types go together. */
function concatStep(random: Random, input: Side, other: Side): Step | undefined {
  const all = [...input.columns, ...other.columns];
  if (new Set(all.map(({ name }) => name)).size !== all.length) return undefined;
  const mismatch = random.pick(["error", "text"] as const);
  const names = [input, other].map(({ columns }) => listed(columns.map(({ name }) => name)));
  const union = `SELECT ${names[0]}, 0 AS _s, _n FROM ${input.table} UNION ALL BY NAME SELECT ${names[1]}, 1 AS _s, _n FROM ${other.table}`;
  return {
    operation: { operation: "concat", args: { data_refs: ["in", "other"], mismatch } },
    sql: `SELECT ${listed(all.map(({ name }) => name))} FROM (${union}) ORDER BY _s, _n`,
    inexact: [],
  };
}

/** DuckDB's type for a column of ours. */
export function duckType({ type, precision = 18, scale = 0 }: Column): string {
  const names = {
    int: "BIGINT",
    int64: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    text: "VARCHAR",
    date: "DATE",
    timestamp: "TIMESTAMP",
    json: "VARCHAR",
    binary: "BLOB",
  };
  return type === "decimal" ? `DECIMAL(${precision}, ${scale})` : names[type];
}
