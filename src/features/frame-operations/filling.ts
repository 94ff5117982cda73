// fill_null: values for what is missing. Pure.
import { AppError } from "../../core/errors.ts";
import { castValue } from "../../engines/frame/expressions/cast.ts";
import { isWhole } from "../../engines/frame/expressions/types.ts";
import { decimalOf, writer } from "../../engines/frame/expressions/values.ts";
import { type Cell, type Column, type Row, typeText } from "../../engines/frame/types.ts";
import { computationOf } from "./aggregates.ts";
import { columnAt, columnIndex, columnIndexes, eachRow, Held, type Made, type Rows } from "./reading.ts";

export const fillMethods = ["forward", "backward", "mean", "median"] as const;

export interface FillArguments {
  values?: Record<string, string | number | boolean> | undefined;
  method?: (typeof fillMethods)[number] | undefined;
  columns?: string[] | undefined;
  nan: boolean;
}

type Fill = (row: Row, number: number) => Row;

/** The rows with values where there were none: one a column, or by a method from the other values. `nan`: NaN counts as missing. */
export function fillNull(input: Rows, args: FillArguments): Made {
  const { values, method, columns, nan } = args;
  if ((values === undefined) === (method === undefined)) {
    throw new AppError("invalid_argument", "Give either values, by column, or a method.", {
      hint: 'E.g. {"values": {"amount": 0}} or {"method": "forward", "columns": ["price"]}.',
    });
  }
  const isMissing = (cell: Cell | undefined, column: Column): boolean =>
    cell === null || cell === undefined || (nan && cell === "NaN" && column.type === "float");
  if (values !== undefined) {
    if (columns !== undefined)
      throw new AppError("invalid_argument", "columns goes with a method; values names its own.");
    return byValue(input, values, isMissing);
  }
  const indexes =
    columns === undefined ? input.columns.map((_, index) => index) : columnIndexes(input.columns, columns);
  if (method === "mean" || method === "median")
    return byAverage(input, indexes, method, isMissing, columns !== undefined);
  return {
    columns: [...input.columns],
    *rows() {
      const fill =
        method === "backward" ? backward(input, indexes, isMissing) : forward(input.columns, indexes, isMissing);
      for (const { row, number } of eachRow(input)) yield fill(row, number);
    },
  };
}

type IsMissing = (cell: Cell | undefined, column: Column) => boolean;

function byValue(input: Rows, values: Record<string, string | number | boolean>, isMissing: IsMissing): Made {
  const fills = Object.entries(values).map(([name, value]) => {
    const index = columnIndex(input.columns, name);
    const column = columnAt(input.columns, index);
    return { index, column, cell: cellOf(column, value) };
  });
  const special = new Set(
    fills.filter(({ column, cell }) => column.type === "float" && typeof cell === "string").map(({ index }) => index),
  );
  return {
    columns: input.columns.map((column, index) => (special.has(index) ? { ...column, special: true } : column)),
    *rows() {
      for (const { row } of eachRow(input)) {
        let next = row;
        for (const { index, column, cell } of fills) {
          if (isMissing(row[index], column))
            next = next === row ? withCell([...row], index, cell) : withCell(next, index, cell);
        }
        yield next;
      }
    },
  };
}

function withCell(row: Row, index: number, cell: Cell): Row {
  row[index] = cell;
  return row;
}

/** True for digits that a decimal or whole number has no place for, and the time of day of what should be a day. */
function losesPart(column: Column, text: string): boolean {
  if (column.type === "date") return text.trim().length !== "2024-12-31".length;
  if (column.type === "decimal") return decimalOf(text.trim(), column.scale ?? 0) === undefined;
  return isWhole(column) && decimalOf(text.trim(), 0) === undefined;
}

/** A value as it comes in a call as a cell of this column. Throws `invalid_argument` for one that does not fit. */
function cellOf(column: Column, value: string | number | boolean): Cell {
  const kind = typeof value === "string" ? "text" : typeof value === "boolean" ? "bool" : "float";
  const fits =
    column.type === "json" || column.type === "binary"
      ? undefined
      : typeof value === "string" ||
          kind === column.type ||
          (kind === "float" && column.type !== "text" && column.type !== "bool")
        ? castValue({ type: kind }, column, value)
        : undefined;
  const isCut = isWhole(column) && typeof value === "number" && !Number.isSafeInteger(value);
  const isText = column.type === "bool" && kind === "text";
  const cell =
    fits === undefined || isCut || isText || losesPart(column, String(value)) ? undefined : writer(column)(fits);
  if (cell !== undefined && !(column.type === "int" && typeof fits === "bigint")) return cell;
  throw new AppError(
    "invalid_argument",
    `${JSON.stringify(value)} is no value for the column ${JSON.stringify(column.name)} (${typeText(column)}).`,
    {
      hint: "Give a value of the column's type; dates, decimals and whole numbers beyond 2^53 as text.",
    },
  );
}

/** From the last value above. */
function forward(columns: readonly Column[], indexes: readonly number[], isMissing: IsMissing): Fill {
  const last = new Map<number, Cell>();
  return (row) => {
    const next = [...row];
    for (const index of indexes) {
      const cell = row[index] ?? null;
      if (!isMissing(cell, columnAt(columns, index))) last.set(index, cell);
      else if (last.has(index)) next[index] = last.get(index) ?? null;
    }
    return next;
  };
}

/** From the next value below, which was noted for each gap on a first reading. */
function backward(input: Rows, indexes: readonly number[], isMissing: IsMissing): Fill {
  const held = new Held();
  /** By column: the value that ends each gap, in order, and the number of the row it is in. */
  const ends = new Map(indexes.map((index) => [index, [] as { at: number; cell: Cell }[]]));
  const open = new Set<number>();
  for (const { row, number } of eachRow(input)) {
    for (const index of indexes) {
      const cell = row[index] ?? null;
      if (isMissing(cell, columnAt(input.columns, index))) open.add(index);
      else if (open.delete(index)) {
        ends.get(index)?.push({ at: number, cell });
        held.add(64 + (typeof cell === "string" ? cell.length : 0));
      }
    }
  }
  const place = new Map<number, number>();
  return (row, number) => {
    const next = [...row];
    for (const index of indexes) {
      if (!isMissing(row[index], columnAt(input.columns, index))) continue;
      const list = ends.get(index) ?? [];
      let at = place.get(index) ?? 0;
      while ((list[at]?.at ?? Number.POSITIVE_INFINITY) < number) at += 1;
      place.set(index, at);
      next[index] = list[at]?.cell ?? row[index] ?? null;
    }
    return next;
  };
}

/**
 * Columns of int become floats: an average of whole numbers is none itself. Columns of other types stay, unless they were named: then they are
 * refused, those of 64-bit integers and decimals too, since not all their values are floats.
 */
function byAverage(
  input: Rows,
  named: readonly number[],
  method: "mean" | "median",
  isMissing: IsMissing,
  isStrict: boolean,
): Made {
  const hasAverage = (index: number) => ["int", "float"].includes(columnAt(input.columns, index).type);
  const indexes = isStrict ? named : named.filter(hasAverage);
  const wrong = indexes.find((index) => !hasAverage(index));
  if (wrong !== undefined) {
    const column = columnAt(input.columns, wrong);
    throw new AppError(
      "invalid_argument",
      `The column ${JSON.stringify(column.name)} is ${typeText(column)}; ${method} fills columns of int and float.`,
      { hint: "derive a float of it first: CAST(x AS float)." },
    );
  }
  const columns = [...input.columns];
  for (const index of indexes) {
    const { name, special } = columnAt(input.columns, index);
    columns[index] = { name, type: "float", ...(special === true ? { special: true } : {}) };
  }
  return {
    columns,
    *rows() {
      const averages = averagesOf(input, indexes, method);
      for (const { row } of eachRow(input)) {
        const next = [...row];
        for (const [index, average] of averages) {
          // What there is no average for stays as it was.
          if (isMissing(row[index], columnAt(input.columns, index))) next[index] = average ?? row[index] ?? null;
        }
        yield next;
      }
    },
  };
}

function averagesOf(input: Rows, indexes: readonly number[], method: "mean" | "median"): Map<number, Cell> {
  const held = new Held();
  const parts = indexes.map((index) => ({
    index,
    computation: computationOf(method, columnAt(input.columns, index), held),
  }));
  for (const { row } of eachRow(input)) {
    for (const { index, computation } of parts) computation.add(0, row[index] ?? null);
  }
  return new Map(parts.map(({ index, computation }) => [index, computation.end(1).cell(0)]));
}
