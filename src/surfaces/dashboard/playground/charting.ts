// Which chart shows a result, chosen from its data unless a person chose; and why there is none. Pure.
import { describeError, isAppError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/exact-json.ts";
import { tableOfRecords } from "../../../engines/frame/formats/json-in.ts";
import type { Cell, Column, Row } from "../../../engines/frame/types.ts";
import type { Chart, PlotKind } from "../../../engines/plot/types.ts";
import { drawRows } from "../../../features/plots/plots.ts";
import type { PlotSpec } from "../../../features/plots/schema.ts";
import { frameLimits, playgroundLimits } from "../../../workspace-limits.ts";
import type { ChartWish } from "./state.ts";

/** What a column can do in a chart. order: whole numbers that count something through, e.g. years. */
type Role = "time" | "order" | "number" | "name" | "none";

interface ChartColumn {
  column: Column;
  role: Role;
  /** Different values, counted up to one more than a chart names. */
  distinct: number;
}

interface ChartTable {
  columns: ChartColumn[];
  rows: Row[];
}

/** What is drawn and by what; or why nothing is. */
export interface ChartResult {
  /** What there is to choose from; empty where nothing can be drawn at all. */
  columns: { name: string; role: Role }[];
  /** What was drawn, or was to be. */
  spec?: PlotSpec;
  drawn?: { chart: Chart; rows: number; leftOut: number };
  why?: string;
  /** What to do about that. */
  hint?: string;
  notes: string[];
}

/** The number of a row, where a chart needs something to go along. */
export const rowNumber = "row number";

/** The chart of these rows, as wished as far as that goes. `isPart`: there are more rows than these. */
export function chartOfRows(all: readonly unknown[], wish: ChartWish, isPart = false): ChartResult {
  const notes = isPart ? [`Drawn from the first ${all.length.toLocaleString("en-US")} rows: there are more.`] : [];
  const table = tableOf(all);
  if ("why" in table) return { columns: [], why: table.why, hint: table.hint, notes };
  const columns = table.columns.map(({ column, role }) => ({ name: column.name, role }));
  const names = new Set(columns.map(({ name }) => name));
  const gone = [wish.x, wish.y, wish.group].filter((name) => name !== undefined && !names.has(name));
  if (gone.length > 0) notes.push(`The result has no column ${gone.join(", ")} now, so the chart was chosen anew.`);
  const spec = gone.length > 0 ? chooseChart(table) : specOf(table, wish);
  if ("why" in spec) return { columns, why: spec.why, hint: spec.hint, notes };
  try {
    const drawn = drawRows({ columns: table.columns.map(({ column }) => column), rows: table.rows }, spec);
    return { columns, spec, drawn, notes };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { message, hint } = describeError(error);
    return { columns, spec, why: message, ...(hint === undefined ? {} : { hint }), notes };
  }
}

interface Refusal {
  why: string;
  hint: string;
}

const hintForRows = "Have the query give one record a row, e.g. `.[] | {name, amount}`.";

/** The result as a table with typed columns. */
function tableOf(all: readonly unknown[]): ChartTable | Refusal {
  const rows = spreadRecord(all);
  if (rows.length === 0) return { why: "There are no rows, so there is nothing to draw.", hint: "Widen the query." };
  if (rows.length === 1) return { why: "There is one row; a chart compares several.", hint: hintForRows };
  try {
    const table = tableOfRecords(rows);
    return describeTable(
      table.columns,
      Array.from({ length: rows.length }, (_, index) => table.row(index)),
    );
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { why: error.message, hint: hintForRows };
  }
}

/** One record of numbers is as good as a row for each: `{"Europe": 3, "Asia": 5}`. */
function spreadRecord(rows: readonly unknown[]): readonly unknown[] {
  const [only] = rows;
  if (rows.length !== 1 || !isRecord(only)) return rows;
  const entries = Object.entries(only);
  const isCounts = entries.length > 1 && entries.every(([, value]) => typeof value === "number");
  return isCounts ? entries.map(([name, value]) => ({ name, value })) : rows;
}

function describeTable(columns: readonly Column[], rows: Row[]): ChartTable {
  const described = columns.map((column, index) => describeColumn(column, rows, index));
  const table = { columns: described, rows };
  if (columns.some(({ name }) => name === rowNumber) || columns.length === frameLimits.columns) return table;
  const number: ChartColumn = { column: { name: rowNumber, type: "int" }, role: "none", distinct: rows.length };
  return { columns: [...described, number], rows: rows.map((row, index) => [...row, index + 1]) };
}

const numeric: ReadonlySet<string> = new Set(["int", "int64", "float", "decimal"]);
const ordinal = /^(year|quarter|month|week|day|hour|weekday|minute)s?$/i;
const idLike = /(^|_)(id|key|zip)$/i;
/** Numbers that people ask for, the likeliest first. */
const asked = [/amount|revenue|sales|turnover/i, /total|sum|value/i, /./];
/** Texts that name a row to people, before those that name it to machines. */
const calling = [/name|title|product|label/i, /^(?!.*(id|sku|code|key)$)/i, /./];

function describeColumn(column: Column, rows: Row[], index: number): ChartColumn {
  const { name, type } = column;
  const distinct = countDistinct(rows, index);
  if (type === "date" || type === "timestamp") return { column, role: "time", distinct };
  if (numeric.has(type)) {
    const role = type === "int" && ordinal.test(name) ? "order" : idLike.test(name) ? "none" : "number";
    return { column, role, distinct };
  }
  if (type === "bool") return { column, role: "name", distinct };
  if (type !== "text") return { column, role: "none", distinct };
  return readTimes(rows, index)
    ? { column: { name, type: "timestamp", unit: "ms", timezone: "UTC" }, role: "time", distinct }
    : { column, role: "name", distinct };
}

function countDistinct(rows: readonly Row[], index: number): number {
  const seen = new Set<Cell>();
  for (const row of rows) {
    const cell = row[index] ?? null;
    if (cell !== null) seen.add(typeof cell === "object" ? JSON.stringify(cell) : cell);
    if (seen.size > playgroundLimits.categories) break;
  }
  return seen.size;
}

const timeForm = /^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?$/;

/** Times in forms that frames keep as text, months among them, are written as UTC; true where all values of the column are such. */
function readTimes(rows: Row[], index: number): boolean {
  const times: (string | null)[] = [];
  for (const row of rows) {
    const cell = row[index] ?? null;
    if (cell === null) times.push(null);
    else if (typeof cell !== "string" || !timeForm.test(cell)) return false;
    else {
      const isLocal = cell.length > 10 && !/(Z|[+-]\d{2}:?\d{2})$/.test(cell);
      const at = Date.parse(`${cell.replace(" ", "T")}${isLocal ? "Z" : ""}`);
      if (Number.isNaN(at)) return false;
      times.push(new Date(at).toISOString());
    }
  }
  if (times.every((time) => time === null)) return false;
  for (const [at, row] of rows.entries()) row[index] = times[at] ?? null;
  return true;
}

/** What was wished, completed from the data. */
function specOf(table: ChartTable, wish: ChartWish): PlotSpec | Refusal {
  const { kind, x, y, group, agg } = wish;
  if (kind === undefined && x === undefined && y === undefined && group === undefined) {
    const chosen = chooseChart(table);
    return "why" in chosen || agg === undefined ? chosen : { ...chosen, agg };
  }
  const by = rolesOf(table);
  const auto = chooseChart(table);
  const shown: PlotKind = kind ?? ("why" in auto ? "bar" : auto.kind);
  // What was chosen for one kind need not fit the next.
  const along = fits(table, x, shown) ? x : alongOf(shown, by, table);
  if (along === undefined) return nothingFits(table);
  const up = y ?? upOf(shown, by, along);
  return {
    kind: shown,
    x: along,
    ...(up === undefined || shown === "histogram" ? {} : { y: up }),
    ...(group === undefined || shown === "pie" ? {} : { group }),
    ...(agg === undefined ? {} : { agg }),
  };
}

function fits({ columns }: ChartTable, x: string | undefined, kind: PlotKind): boolean {
  const found = columns.find(({ column }) => column.name === x)?.column;
  if (found === undefined) return false;
  const isMeasured = kind === "scatter" || kind === "histogram";
  return !isMeasured || numeric.has(found.type) || found.type === "date" || found.type === "timestamp";
}

type Roles = Record<Exclude<Role, "none">, ChartColumn[]>;

function rolesOf({ columns }: ChartTable): Roles {
  const of = (role: Role) => columns.filter((column) => column.role === role);
  return {
    time: of("time"),
    order: of("order"),
    number: inOrder(of("number"), asked),
    name: inOrder(of("name"), calling),
  };
}

function inOrder(columns: readonly ChartColumn[], forms: readonly RegExp[]): ChartColumn[] {
  const rank = ({ column }: ChartColumn): number => forms.findIndex((form) => form.test(column.name));
  return columns.toSorted((a, b) => rank(a) - rank(b));
}

const nameOf = (column: ChartColumn | undefined): string | undefined => column?.column.name;

function alongOf(kind: PlotKind, by: Roles, { columns }: ChartTable): string | undefined {
  const counted = columns.find(({ column }) => column.name === rowNumber);
  switch (kind) {
    case "bar":
    case "pie":
      return nameOf(fewest(by.name) ?? by.order[0] ?? by.time[0] ?? counted);
    case "line":
    case "area":
      return nameOf(by.time[0] ?? by.order[0] ?? counted ?? by.number[0]);
    case "scatter":
    case "histogram":
      return nameOf(by.number[0] ?? by.order[0] ?? by.time[0]);
  }
}

function upOf(kind: PlotKind, by: Roles, along: string): string | undefined {
  if (kind === "histogram") return undefined;
  return nameOf([...by.number, ...by.order].find(({ column }) => column.name !== along));
}

/** The column with the fewest names, and at least two of them. */
function fewest(columns: readonly ChartColumn[]): ChartColumn | undefined {
  const several = columns.filter(({ distinct }) => distinct > 1);
  return several.reduce<ChartColumn | undefined>(
    (best, column) => (best === undefined || column.distinct < best.distinct ? column : best),
    undefined,
  );
}

/**
 * The chart that suits the data: numbers over time are a line, numbers by name bars, two numbers a scatter, one number a histogram, names
 * alone bars of how often each comes. A second column of few names tells series apart where rows share a place.
 */
function chooseChart(table: ChartTable): PlotSpec | Refusal {
  const by = rolesOf(table);
  const [number, second] = by.number;
  const along = by.time[0] ?? (number === undefined ? undefined : by.order[0]);
  if (along !== undefined && along.distinct > 1)
    return { kind: "line", x: along.column.name, ...yOf(number), ...groupOf(table, along, by.name) };
  const readable = by.name.filter(({ distinct }) => distinct <= playgroundLimits.categories && distinct > 0);
  // The column that the rows are named by, if there is one; else the first of few names.
  const names = readable.find(({ distinct }) => distinct === table.rows.length) ?? readable[0];
  if (names !== undefined && (number !== undefined || names.distinct > 1))
    return { kind: "bar", x: names.column.name, ...yOf(number), ...groupOf(table, names, by.name) };
  if (number !== undefined && second !== undefined)
    return { kind: "scatter", x: number.column.name, y: second.column.name };
  if (number !== undefined) return { kind: "histogram", x: number.column.name };
  return nothingFits(table);
}

const yOf = (number: ChartColumn | undefined) => (number === undefined ? {} : { y: number.column.name });

/** Series, where several rows stand at one place. */
function groupOf({ rows }: ChartTable, along: ChartColumn, names: readonly ChartColumn[]): { group?: string } {
  const isShared = along.distinct < Math.min(rows.length, playgroundLimits.categories + 1);
  const group = names.find(
    (column) => column !== along && column.distinct > 1 && column.distinct <= frameLimits.plotSeries,
  );
  return isShared && group !== undefined ? { group: group.column.name } : {};
}

function nothingFits({ columns }: ChartTable): Refusal {
  const shown = columns.filter(({ column }) => column.name !== rowNumber);
  const many = shown.find(({ role, distinct }) => role === "name" && distinct > playgroundLimits.categories);
  if (many !== undefined) {
    return {
      why: `${many.column.name} has more than ${playgroundLimits.categories} different values and there is no number to draw.`,
      hint: "Count or sum by fewer values in the query, or choose the columns here.",
    };
  }
  return {
    why: `No column holds numbers, times or short texts: ${shown.map(({ column }) => `${column.name} (${column.type})`).join(", ")}.`,
    hint: hintForRows,
  };
}
