// Filters of records: from JSON to a condition in SQL, every value checked against its column and none of it spliced. Pure.
import { AppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { hexOfBytes } from "../../engines/frame/binary.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";
import { sqlLimits, tableLimits } from "../../workspace-limits.ts";
import { decimalKey, decimalKeySql } from "./literals.ts";
import type { Table, TableColumn } from "./schema.ts";
import { kindOf, type SqlValue, sqlOfJson } from "./values.ts";

const filterOperators: readonly string[] = [
  ...["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "between", "like", "not_like", "is_null"],
];

/** A condition in SQL and its parameters. No SQL where everything matches. */
interface Condition {
  sql: string;
  params: SqlValue[];
}

/** What statements call the table whose records are filtered. */
export const recordAlias = "r";

/** SQLite takes no longer pattern. */
const likeBytes = 50;

/** Turns filters into a condition; undefined filters, or `{}`, match everything. Throws `invalid_argument` that says where and offers near names. */
export function conditionOf(table: Pick<Table, "name" | "columns">, filters: unknown): Condition {
  if (filters === undefined || filters === null) return { sql: "", params: [] };
  if (!isRecord(filters)) throw wrong("filters", `takes an object, not ${kindOf(filters)}`);
  if (Object.keys(filters).length === 0) return { sql: "", params: [] };
  const compiler = new FilterCompiler(table);
  const sql = compiler.group(filters, "filters", 0);
  if (compiler.params.length > sqlLimits.params - 2) {
    throw wrong(
      "filters",
      `${compiler.params.length} texts, numbers and lists are compared with; one statement takes ${sqlLimits.params - 2}`,
    );
  }
  return { sql, params: compiler.params };
}

/** The column of that name, upper and lower case alike as in SQL. Throws `invalid_argument` that offers near names. */
export function columnNamed(table: Pick<Table, "name" | "columns">, name: string, place: string): TableColumn {
  const key = name.toLowerCase();
  const found =
    table.columns.find((column) => column.name === name) ??
    table.columns.find((column) => column.name.toLowerCase() === key);
  if (found !== undefined) return found;
  const names = table.columns.map((column) => column.name);
  const near = nearNames(name, names);
  throw new AppError("invalid_argument", `${place}: the table "${table.name}" has no column "${name}".`, {
    hint: didYouMean(near) ?? `Its columns are ${names.join(", ")}.`,
    details: { near, columns: names },
  });
}

function wrong(place: string, what: string, hint?: string): AppError {
  return new AppError("invalid_argument", `${place}: ${what}.`, {
    hint:
      hint ??
      `A filter is {"column": value}, {"column": {"gte": 1, "lt": 5}}, {"and": […]}, {"or": […]} or {"not": {…}}.`,
  });
}

/** Joins conditions in a balanced tree: SQLite limits the depth of an expression to 100. */
function balanced(conditions: readonly string[], operator: "AND" | "OR"): string {
  if (conditions.length === 1) return conditions[0] ?? "";
  const middle = Math.ceil(conditions.length / 2);
  return `(${balanced(conditions.slice(0, middle), operator)} ${operator} ${balanced(conditions.slice(middle), operator)})`;
}

class FilterCompiler {
  readonly params: SqlValue[] = [];
  readonly #table: Pick<Table, "name" | "columns">;
  #conditions = 0;

  constructor(table: Pick<Table, "name" | "columns">) {
    this.#table = table;
  }

  /** All members of an object hold. */
  group(filters: unknown, place: string, depth: number): string {
    if (!isRecord(filters)) throw wrong(place, `takes an object, not ${kindOf(filters)}`);
    if (depth > tableLimits.filterDepth)
      throw wrong(place, `more than ${tableLimits.filterDepth} levels deep (limit filterDepth)`);
    const members = Object.entries(filters);
    if (members.length === 0) throw wrong(place, "says nothing");
    return balanced(
      members.map(([key, value]) => this.#member(key, value, `${place}.${key}`, depth)),
      "AND",
    );
  }

  #member(key: string, value: unknown, place: string, depth: number): string {
    if ((key === "and" || key === "or") && Array.isArray(value)) {
      if (value.length === 0) throw wrong(place, "lists nothing");
      const groups = value.map((item, index) => this.group(item, `${place}[${index}]`, depth + 1));
      return balanced(groups, key === "and" ? "AND" : "OR");
    }
    if (key === "not" && isRecord(value)) return `(NOT ${this.group(value, place, depth + 1)})`;
    const column = columnNamed(this.#table, key, place);
    if (!isRecord(value)) return this.#condition(column, "eq", value, place);
    const operators = Object.entries(value);
    if (operators.length === 0) throw wrong(place, "no operator is named", operatorHint());
    return balanced(
      operators.map(([operator, operand]) => this.#condition(column, operator, operand, `${place}.${operator}`)),
      "AND",
    );
  }

  #condition(column: TableColumn, operator: string, operand: unknown, place: string): string {
    this.#conditions += 1;
    if (this.#conditions > tableLimits.filterConditions)
      throw wrong("filters", `more than ${tableLimits.filterConditions} conditions (limit filterConditions)`);
    switch (operator) {
      case "eq":
        return operand === null ? this.#isNull(column, true) : this.#compare(column, "=", operand, place);
      case "ne":
        return operand === null ? this.#isNull(column, false) : this.#compare(column, "<>", operand, place);
      case "gt":
      case "gte":
      case "lt":
      case "lte":
        return this.#order(column, operator, operand, place);
      case "between":
        return this.#between(column, operand, place);
      case "in":
      case "not_in":
        return this.#in(column, operator === "in", operand, place);
      case "like":
      case "not_like":
        return this.#like(column, operator === "like", operand, place);
      case "is_null":
        if (typeof operand !== "boolean") throw wrong(place, `takes true or false, not ${kindOf(operand)}`);
        return this.#isNull(column, operand);
      default:
        throw wrong(place, "no such operator", operatorHint(operator));
    }
  }

  #isNull(column: TableColumn, isNull: boolean): string {
    return `${referenceOf(column)} IS ${isNull ? "" : "NOT "}NULL`;
  }

  #order(column: TableColumn, operator: keyof typeof comparisons, operand: unknown, place: string): string {
    if (column.type === "bool" || column.type === "json" || column.type === "binary")
      throw wrong(place, `${column.type} values have no order`, "Use eq, ne, in, not_in or is_null.");
    if (operand === null)
      throw wrong(place, "nothing is more or less than null", 'Use {"is_null": true} or {"is_null": false}.');
    return this.#compare(column, comparisons[operator], operand, place);
  }

  #between(column: TableColumn, operand: unknown, place: string): string {
    if (!Array.isArray(operand) || operand.length !== 2)
      throw wrong(place, `takes [from, to], not ${kindOf(operand)}`, "Both ends belong to it.");
    const [from, to] = operand as [unknown, unknown];
    return `(${this.#order(column, "gte", from, place)} AND ${this.#order(column, "lte", to, place)})`;
  }

  #compare(column: TableColumn, operator: Comparison, operand: unknown, place: string): string {
    const value = sqlOfJson(column, operand, place);
    const reference = referenceOf(column);
    if (column.type === "decimal") return compareDecimal(reference, operator, String(value));
    return `${reference} ${operator} ${this.#literal(column, value)}`;
  }

  /** What was checked to be digits, a date or a time stands in the statement; the rest is bound. */
  #literal({ type }: TableColumn, value: SqlValue): string {
    if (type === "int" || type === "bool") return `CAST(${quoteText(String(value))} AS INTEGER)`;
    if (type === "date" || type === "timestamp") return quoteText(String(value));
    this.params.push(value);
    return "?";
  }

  #in(column: TableColumn, isIn: boolean, operand: unknown, place: string): string {
    if (!Array.isArray(operand)) throw wrong(place, `takes a list, not ${kindOf(operand)}`);
    if (operand.length > tableLimits.inValues)
      throw wrong(place, `lists ${operand.length} values, more than ${tableLimits.inValues} (limit inValues)`);
    const values = operand.filter((item) => item !== null);
    const list = values.map((item, index) => sqlOfJson(column, item, `${place}[${index}]`));
    this.params.push(`[${list.map((value) => listed(column, value)).join(",")}]`);
    const element = column.type === "int" || column.type === "bool" ? "CAST(value AS INTEGER)" : "value";
    const reference = column.type === "decimal" ? decimalKeySql(referenceOf(column)).key : referenceOf(column);
    const read = column.type === "binary" ? "unhex(value)" : element;
    const test = `${reference} ${isIn ? "IN" : "NOT IN"} (SELECT ${read} FROM json_each(?))`;
    const hasNull = values.length < operand.length;
    if (isIn) return hasNull ? `(${test} OR ${this.#isNull(column, true)})` : test;
    // An empty list leaves nothing out; SQLite's NOT IN would keep records without a value then, and only then.
    return hasNull || list.length === 0 ? `(${test} AND ${this.#isNull(column, false)})` : test;
  }

  #like(column: TableColumn, isLike: boolean, operand: unknown, place: string): string {
    if (column.type !== "text") throw wrong(place, `the column "${column.name}" is ${column.type}, not text`);
    if (typeof operand !== "string") throw wrong(place, `takes text, not ${kindOf(operand)}`);
    const bytes = utf8Bytes(operand);
    if (bytes > likeBytes) {
      throw wrong(
        place,
        `the pattern has ${bytes} bytes; SQLite takes ${likeBytes} at most`,
        "Use a shorter part of it, eq for the whole value, or `search` where the table has full-text search.",
      );
    }
    this.params.push(operand);
    return `${referenceOf(column)} ${isLike ? "LIKE" : "NOT LIKE"} ? ESCAPE '\\'`;
  }
}

const comparisons = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;
type Comparison = "=" | "<>" | (typeof comparisons)[keyof typeof comparisons];

function referenceOf({ name }: TableColumn): string {
  return `${recordAlias}.${quoteName(name)}`;
}

/** Decimals are text: they are compared digit by digit, not as doubles. */
function compareDecimal(reference: string, operator: Comparison, decimal: string): string {
  const { magnitude, key } = decimalKey(decimal);
  const sql = decimalKeySql(reference);
  if (operator === "=" || operator === "<>") return `${sql.key} ${operator} '${key}'`;
  // Below zero the larger digits are the smaller number.
  const strict = operator.startsWith(">") ? ">" : "<";
  const within = magnitude > 0 ? operator : (flipped[operator] ?? operator);
  return `(${sql.magnitude} ${strict} ${magnitude} OR (${sql.magnitude} = ${magnitude} AND ${sql.key} ${within} '${key}'))`;
}

const flipped: Partial<Record<Comparison, Comparison>> = { ">": "<", ">=": "<=", "<": ">", "<=": ">=" };

/** A value of an `in` as JSON. */
function listed({ type }: TableColumn, value: SqlValue): string {
  if (value === Number.POSITIVE_INFINITY) return "1e999";
  if (value === Number.NEGATIVE_INFINITY) return "-1e999";
  if (type === "decimal") return JSON.stringify(decimalKey(String(value)).key);
  return JSON.stringify(value instanceof Uint8Array ? hexOfBytes(value) : value);
}

function operatorHint(near?: string): string {
  const offered = near === undefined ? undefined : didYouMean(nearNames(near, filterOperators));
  return offered ?? `Operators are ${filterOperators.join(", ")}.`;
}
