// pivot: the values of one column become columns. Pure.
import { AppError } from "../../core/errors.ts";
import { textOfValue } from "../../engines/frame/expressions/types.ts";
import { reader } from "../../engines/frame/expressions/values.ts";
import type { Cell, Column } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { tooManyRows } from "../frames/frames.ts";
import type { Aggregate } from "./aggregates.ts";
import { groupby, sortGroups } from "./grouping.ts";
import { rowKey } from "./keys.ts";
import {
  columnAt,
  columnIndex,
  columnIndexes,
  eachRow,
  freeName,
  Held,
  keyBytes,
  type Made,
  type Rows,
} from "./reading.ts";

export interface PivotArguments {
  index: string[];
  columns: string;
  values: string;
  aggregate: Aggregate;
}

const nameChars = 120;

/** One row for each combination of the index columns, one column for each value of `columns`, in it the aggregate of `values`. */
export function pivot(input: Rows, { index, columns, values, aggregate }: PivotArguments, maxRows: number): Made {
  const over = columnAt(input.columns, columnIndex(input.columns, columns));
  const headings = headingsOf(input, over);
  const by = columnIndexes(input.columns, index).map((place) => columnAt(input.columns, place));
  // Grouped by both first: what remains is to lay the groups out.
  const aggregations = { [freeName("value", [...index, columns])]: { column: values, op: aggregate } };
  const grouped = groupby(
    input,
    { by: [...index, columns], aggregations, sort: false, dropna: false },
    Number.POSITIVE_INFINITY,
  );
  const valueColumn = columnAt(grouped.columns, grouped.columns.length - 1);
  const names = namesOf(headings, over, index);
  const made = names.map((name): Column => ({ ...valueColumn, name }));
  return {
    columns: [...by, ...made],
    *rows() {
      const { rows, type } = laidOut(grouped, by, over, headings, maxRows);
      sortGroups(rows, by);
      for (const { keys, cells } of rows) yield [...keys, ...cells];
      const typed = made.map(({ name }): Column => ({ ...type, name }));
      return [...by, ...typed];
    },
  };
}

/** The values that become columns, in their order. Throws `too_large` for more than a frame can have. */
function headingsOf(input: Rows, over: Column): { keys: Cell[] }[] {
  const place = input.columns.indexOf(over);
  const key = rowKey(input.columns, [place]);
  const found = new Map<unknown, { keys: Cell[] }>();
  const held = new Held();
  for (const { row } of eachRow(input)) {
    const own = key(row);
    if (found.has(own)) continue;
    held.add(keyBytes(own));
    found.set(own, { keys: [row[place] ?? null] });
  }
  const { pivotColumns } = frameLimits;
  if (found.size > pivotColumns) {
    throw new AppError(
      "too_large",
      `The column ${JSON.stringify(over.name)} has ${found.size} different values; a pivot makes ${pivotColumns} columns at most (limit pivotColumns).`,
      {
        hint: "Pivot over a column with fewer values, or filter or derive a coarser one first.",
        details: { limit: "pivotColumns", value: pivotColumns, values: found.size },
      },
    );
  }
  const headings = [...found.values()];
  sortGroups(headings, [over]);
  return headings;
}

/** Values as names of columns: without control characters, not empty, no two alike. */
function namesOf(headings: readonly { keys: Cell[] }[], over: Column, taken: readonly string[]): string[] {
  const read = reader(over);
  const names = [...taken];
  for (const { keys } of headings) {
    const value = read(keys[0]);
    const text = value === null ? "null" : textOfValue(over, value);
    const plain = text
      .replaceAll(/\p{Cc}+/gu, " ")
      .trim()
      .slice(0, nameChars)
      .trim();
    names.push(freeName(plain === "" ? "(empty)" : plain, names));
  }
  return names.slice(taken.length);
}

function laidOut(
  grouped: Made,
  by: readonly Column[],
  over: Column,
  headings: readonly { keys: Cell[] }[],
  maxRows: number,
) {
  const headingKey = rowKey([over], [0]);
  const places = new Map(headings.map(({ keys }, place) => [headingKey(keys), place]));
  const key = rowKey(
    by,
    by.map((_, index) => index),
  );
  const rows = new Map<unknown, { keys: Cell[]; cells: Cell[] }>();
  const source = grouped.rows();
  const held = new Held();
  let next = source.next();
  for (; next.done !== true; next = source.next()) {
    const row = next.value;
    const own = by.length === 0 ? "" : key(row);
    let line = rows.get(own);
    if (line === undefined) {
      if (rows.size === maxRows) throw tooManyRows(maxRows);
      held.add(100 + keyBytes(own) + 8 * headings.length);
      line = { keys: row.slice(0, by.length), cells: headings.map(() => null) };
      rows.set(own, line);
    }
    const place = places.get(headingKey([row[by.length] ?? null]));
    if (place !== undefined) line.cells[place] = row[by.length + 1] ?? null;
  }
  const columns = next.value ?? grouped.columns;
  return { rows: [...rows.values()], type: columnAt(columns, columns.length - 1) };
}
