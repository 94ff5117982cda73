// describe: what a column's values are like, exactly. Some columns at a time, so that memory stays bounded. Pure.
import { familyOf } from "../../engines/frame/expressions/types.ts";
import { comparer, reader, type Value } from "../../engines/frame/expressions/values.ts";
import { cellJson } from "../../engines/frame/output.ts";
import { type Cell, type Column, floatCell, typeText } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { FloatSums, quantile, ratio, Spreads, toNumber } from "./aggregates.ts";
import { columnAt, columnIndexes, eachRow, Held, type Rows } from "./reading.ts";

/** Bytes that the values of one row take while its column is described, about. */
const bytesOf = (column: Column): number => (isNumeric(column) ? 8 : 100);

const isNumeric = ({ type }: Column): boolean => type === "int" || type === "float";

/** One line a column, as JSON texts: its type, counts, and what goes with its type. Throws `not_found`, `too_large`. */
export function describeColumns(input: Rows, { columns }: { columns?: string[] | undefined }): string[] {
  const indexes =
    columns === undefined ? input.columns.map((_, index) => index) : columnIndexes(input.columns, columns);
  const lines: string[] = [];
  for (let start = 0; start < indexes.length; ) {
    let [end, bytes] = [start, 0];
    while (end < indexes.length && (end === start || bytes <= frameLimits.windowBytes)) {
      bytes += input.count * bytesOf(columnAt(input.columns, indexes[end] ?? 0));
      end += 1;
    }
    lines.push(...describeSome(input, indexes.slice(start, end)));
    start = end;
  }
  return lines;
}

function describeSome(input: Rows, indexes: readonly number[]): string[] {
  const held = new Held();
  const summaries = indexes.map((index) => {
    const column = columnAt(input.columns, index);
    return { index, ...(isNumeric(column) ? numbers(column, input.count) : others(column, held)) };
  });
  for (const { row } of eachRow(input)) for (const { index, add } of summaries) add(row[index] ?? null);
  return summaries.map(({ end }) => end());
}

interface Summary {
  add: (cell: Cell) => void;
  end: () => string;
}

/** Fields of a line in order; undefined is left out. */
type Fields = Record<string, string | undefined>;

function lineOf(fields: Fields): string {
  const shown = Object.entries(fields).filter(([, json]) => json !== undefined);
  return `{${shown.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

const numberJson = (value: number | null): string =>
  cellJson({ name: "", type: "float" }, value === null ? null : floatCell(value));

function head(column: Column, count: number, nulls: number, distinct: number): Fields {
  return {
    column: JSON.stringify(column.name),
    type: JSON.stringify(typeText(column)),
    count: String(count),
    nulls: String(nulls),
    distinct: String(distinct),
  };
}

/** int and float: all values are kept as doubles, and sorted. NaN is counted and left out of the rest. */
function numbers(column: Column, rows: number): Summary {
  const values = new Float64Array(rows);
  const spread = new Spreads();
  const sum = new FloatSums();
  let [count, nulls, nan] = [0, 0, 0];
  let total = 0n;
  return {
    add: (cell) => {
      if (cell === null) nulls += 1;
      else if (cell === "NaN") nan += 1;
      else {
        const value = Number(cell);
        values[count++] = value;
        spread.add(0, value);
        if (column.type === "int") total += BigInt(value);
        else sum.add(0, value);
      }
    },
    end: () => {
      const sorted = values.subarray(0, count).sort();
      const runs = runsOf(sorted);
      const mean =
        count === 0 ? null : column.type === "int" ? ratio(total, BigInt(count)) : (sum.total(0) ?? 0) / count;
      return lineOf({
        ...head(column, count + nan, nulls, runs.distinct + (nan > 0 ? 1 : 0)),
        nan: nan === 0 ? undefined : String(nan),
        ...quantities(sorted, mean, spread.variance(0)),
        top: topJson([...runs.top, ...(nan > 0 ? [{ json: '"NaN"', count: nan }] : [])]),
      });
    },
  };
}

function quantities(sorted: Float64Array, mean: number | null, variance: number | null): Fields {
  return {
    min: numberJson(sorted[0] ?? null),
    max: numberJson(sorted.at(-1) ?? null),
    mean: numberJson(mean),
    std: numberJson(variance === null ? null : Math.sqrt(variance)),
    "25%": numberJson(quantile(sorted, 0.25)),
    "50%": numberJson(quantile(sorted, 0.5)),
    "75%": numberJson(quantile(sorted, 0.75)),
  };
}

interface Top {
  json: string;
  count: number;
}

/** The most frequent first; of equally frequent ones those that come first. */
function topJson(all: readonly Top[]): string {
  const top = [...all].sort((a, b) => b.count - a.count).slice(0, frameLimits.topValues);
  return `[${top.map(({ json, count }) => `{"value":${json},"count":${count}}`).join(",")}]`;
}

function runsOf(sorted: Float64Array): { distinct: number; top: Top[] } {
  let distinct = 0;
  let top: { value: number; count: number }[] = [];
  for (let start = 0; start < sorted.length; ) {
    const value = sorted[start] ?? 0;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === value) end += 1;
    distinct += 1;
    if (top.length < frameLimits.topValues || end - start > (top.at(-1)?.count ?? 0)) {
      top = [...top, { value, count: end - start }].sort((a, b) => b.count - a.count).slice(0, frameLimits.topValues);
    }
    start = end;
  }
  return { distinct, top: top.map(({ value, count }) => ({ json: numberJson(value), count })) };
}

/** All other types: different values are counted. */
function others(column: Column, held: Held): Summary {
  const counts = new Map<unknown, { count: number; cell: Cell }>();
  let nulls = 0;
  const isJson = column.type === "json";
  return {
    add: (cell) => {
      if (cell === null) {
        nulls += 1;
        return;
      }
      const key = isJson ? JSON.stringify(cell) : cell;
      const known = counts.get(key);
      if (known !== undefined) known.count += 1;
      else {
        held.add(typeof key === "string" ? 96 + key.length : 80);
        counts.set(key, { count: 1, cell });
      }
    },
    end: () => {
      const all = [...counts.values()];
      const count = all.reduce((sum, one) => sum + one.count, 0);
      return lineOf({
        ...head(column, count, nulls, counts.size),
        ...(column.type === "int64" || column.type === "decimal" ? exactNumbers(column, all) : ends(column, all)),
        top: topJson(mostFrequent(column, all)),
      });
    },
  };
}

type Counted = { count: number; cell: Cell };

function mostFrequent(column: Column, all: readonly Counted[]): Top[] {
  const compare = comparer(column);
  const read = reader(column);
  const by = (a: Counted, b: Counted) => b.count - a.count || compare(read(a.cell), read(b.cell));
  let top: Counted[] = [];
  for (const one of all) {
    const last = top.at(-1);
    if (top.length < frameLimits.topValues || last === undefined || by(one, last) < 0)
      top = [...top, one].sort(by).slice(0, frameLimits.topValues);
  }
  return top.map(({ cell, count }) => ({ json: cellJson(column, cell), count }));
}

/** Least and greatest are exact; mean, std and quantiles are floats. */
function exactNumbers(column: Column, all: readonly Counted[]): Fields {
  const read = reader(column);
  const compare = comparer(column);
  const convert = toNumber(column);
  const sorted = all
    .map(({ cell, count }) => ({ cell, count, value: read(cell) }))
    .sort((a, b) => compare(a.value, b.value));
  const count = sorted.reduce((sum, one) => sum + one.count, 0);
  const values = new Float64Array(count);
  const spread = new Spreads();
  let at = 0;
  let total = 0n;
  for (const one of sorted) {
    const value = convert(one.value);
    values.fill(value, at, at + one.count);
    at += one.count;
    for (let times = 0; times < one.count; times++) spread.add(0, value);
    total += whole(one.value) * BigInt(one.count);
  }
  const mean = count === 0 ? null : ratio(total, BigInt(count) * 10n ** BigInt(column.scale ?? 0));
  return {
    ...quantities(values, mean, spread.variance(0)),
    min: cellJson(column, sorted[0]?.cell ?? null),
    max: cellJson(column, sorted.at(-1)?.cell ?? null),
  };
}

function whole(value: Value): bigint {
  return typeof value === "bigint" ? value : BigInt(Number(value));
}

/** Of what has an order, the ends of it; of text, the lengths too. */
function ends(column: Column, all: readonly Counted[]): Fields {
  const family = familyOf(column);
  if (family === "json" || family === "binary") return {};
  const compare = comparer(column);
  let [least, greatest]: (Cell | undefined)[] = [undefined, undefined];
  let [shortest, longest] = [Number.POSITIVE_INFINITY, 0];
  for (const { cell } of all) {
    if (least === undefined || compare(cell, least) < 0) least = cell;
    if (greatest === undefined || compare(cell, greatest) > 0) greatest = cell;
    if (family !== "text") continue;
    const length = [...String(cell)].length;
    shortest = Math.min(shortest, length);
    longest = Math.max(longest, length);
  }
  const hasLengths = family === "text" && all.length > 0;
  return {
    min: shownEnd(column, least),
    max: shownEnd(column, greatest),
    min_length: hasLengths ? String(shortest) : undefined,
    max_length: hasLengths ? String(longest) : undefined,
  };
}

function shownEnd(column: Column, cell: Cell | undefined): string {
  return cell === undefined ? "null" : cellJson(column, cell);
}
