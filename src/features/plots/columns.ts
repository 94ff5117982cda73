// Which columns a chart draws, checked against what its kind can show. Pure.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { type Cell, type Column, type LogicalType, typeText } from "../../engines/frame/types.ts";
import type { PlotKind, XScale } from "../../engines/plot/types.ts";
import type { PlotSpec } from "./schema.ts";

/** A column and its place in each row. */
export interface Placed {
  column: Column;
  index: number;
}

export interface Chosen {
  x: Placed;
  /** Empty: rows are counted. */
  y: Placed[];
  group: Placed | undefined;
  xScale: XScale;
}

const numeric: ReadonlySet<LogicalType> = new Set(["int", "int64", "float", "decimal"]);
const temporal: ReadonlySet<LogicalType> = new Set(["date", "timestamp"]);
const nameable: ReadonlySet<LogicalType> = new Set([...numeric, ...temporal, "text", "bool"]);

/** Kinds whose x is a name for each bar or slice, whatever its type. */
const ofNames: ReadonlySet<PlotKind> = new Set(["bar", "pie"]);
/** Kinds whose x is measured. */
const ofMeasures: ReadonlySet<PlotKind> = new Set(["scatter", "histogram"]);

/** The columns that the arguments name. Throws `not_found` for one that is not there, `invalid_argument` for one whose type the chart cannot show. */
export function chooseColumns(columns: readonly Column[], { kind, x, y, group }: PlotSpec): Chosen {
  const names = y === undefined ? [] : Array.isArray(y) ? y : [y];
  refuseMisfits(kind, names, group);
  const chosenX = placed(columns, x, "x");
  const isMeasured = ofMeasures.has(kind);
  requireType(columns, chosenX, isMeasured ? new Set([...numeric, ...temporal]) : nameable, `x of a ${kind}`);
  const chosenY = names.map((name) => placed(columns, name, "y"));
  for (const one of chosenY) requireType(columns, one, numeric, "y");
  const chosenGroup = group === undefined ? undefined : placed(columns, group, "group");
  if (chosenGroup !== undefined) requireType(columns, chosenGroup, nameable, "group");
  return { x: chosenX, y: chosenY, group: chosenGroup, xScale: scaleOf(kind, chosenX.column.type) };
}

function refuseMisfits(kind: PlotKind, y: readonly string[], group: string | undefined): void {
  const problem =
    kind === "histogram" && y.length > 0
      ? "A histogram counts the values of x: it takes no y."
      : kind === "scatter" && y.length === 0
        ? "A scatter needs y."
        : kind === "pie" && (y.length > 1 || group !== undefined)
          ? "A pie takes one y and no group."
          : group !== undefined && y.length > 1
            ? "With group there is one y only: each value of the group is a series."
            : undefined;
  if (problem === undefined) return;
  throw new AppError("invalid_argument", problem, { hint: "Correct the arguments, or choose another kind." });
}

function placed(columns: readonly Column[], name: string, argument: string): Placed {
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  if (column !== undefined) return { column, index };
  const all = columns.map((one) => one.name);
  const near = nearNames(name, all);
  throw new AppError("not_found", `${argument}: there is no column "${name}".`, {
    hint: didYouMean(near) ?? `Columns: ${all.join(", ")}.`,
    details: { near, columns: all },
  });
}

function requireType(
  columns: readonly Column[],
  { column }: Placed,
  types: ReadonlySet<LogicalType>,
  what: string,
): void {
  if (types.has(column.type)) return;
  const fitting = columns.filter(({ type }) => types.has(type)).map(({ name }) => name);
  throw new AppError("invalid_argument", `${what}: the column "${column.name}" is ${typeText(column)}.`, {
    hint:
      fitting.length === 0
        ? "No column has a type that fits; derive makes one."
        : `Columns that fit: ${fitting.join(", ")}.`,
    details: { column: column.name, type: column.type, fitting },
  });
}

function scaleOf(kind: PlotKind, type: LogicalType): XScale {
  if (ofNames.has(kind)) return "category";
  return numeric.has(type) ? "number" : temporal.has(type) ? "time" : "category";
}

/** The cell as a number, Unix milliseconds for a time; undefined for none and for what no axis has a place for. */
export function numberOf({ type }: Column, cell: Cell): number | undefined {
  if (cell === null) return undefined;
  const value = temporal.has(type) ? timeOf(String(cell)) : Number(cell);
  return Number.isFinite(value) ? value : undefined;
}

/** Without a zone it is taken as UTC: what counts is how the times lie to each other. */
function timeOf(text: string): number {
  const isLocal = text.includes("T") && !text.endsWith("Z");
  return Date.parse(isLocal ? `${text}Z` : text);
}

/** The cell as the name of a bar, a slice or a series. */
export function nameOf(cell: Cell): string {
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}
