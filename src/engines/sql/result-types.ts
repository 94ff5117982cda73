// Values that SQLite gave, as a frame's cells: each column's type from all of its values. Pure.

import { hexOfBytes } from "../frame/binary.ts";
import { isCalendarDay } from "../frame/calendar.ts";
import {
  type Cell,
  type Column,
  floatCell,
  fractionDigits,
  type Row,
  type TimeUnit,
  timeUnits,
} from "../frame/types.ts";

/** A value as it is read: whole numbers beyond ±(2^53 - 1) as their digits. */
export type Raw = null | number | string | ArrayBuffer;
/** What SQLite says a value is, by its first letter. */
export type Kind = "n" | "i" | "r" | "t" | "b";

/** Types that SQLite has no kind for: a column keeps one when its values allow it. */
type Kept = "bool" | "date" | "timestamp" | "decimal" | "json" | "int64";

const timePattern = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(Z?)$/;

/** What one column's values have in common, value by value. */
export class ColumnFacts {
  readonly #name: string;
  readonly #kinds = new Set<Kind>();
  #isLarge = false;
  #isSpecial = false;
  #digits = new Set<number>();
  #scale = 0;
  #whole = 1;
  /** Types of columns of that name that were read, as long as the values allow them. */
  #candidates: Column[];

  constructor(name: string, inputs: readonly Column[]) {
    this.#name = name;
    this.#candidates = inputs.filter(
      (input) => input.name.toLowerCase() === name.toLowerCase() && isKeptType(input.type),
    );
  }

  add(kind: Kind, value: Raw): void {
    if (kind === "n" || value === null) return;
    this.#kinds.add(kind);
    if (kind === "i" && typeof value === "string") this.#isLarge = true;
    if (kind === "r" && typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      this.#isSpecial = true;
    if (this.#candidates.length > 0)
      this.#candidates = this.#candidates.filter((column) => this.#allows(column, kind, value));
  }

  #allows(column: Column, kind: Kind, value: Raw): boolean {
    switch (column.type as Kept) {
      case "bool":
        return kind === "i" && (value === 0 || value === 1);
      case "int64":
        return kind === "i";
      case "date":
        return kind === "t" && isCalendarDay(String(value));
      case "timestamp":
        return kind === "t" && this.#noteTime(column, String(value));
      case "decimal":
        return this.#noteDecimal(column, kind, value);
      case "json":
        return kind === "t" && isJson(String(value));
    }
  }

  #noteTime(column: Column, text: string): boolean {
    const found = timePattern.exec(text);
    if (found === null || !isCalendarDay(found[1] ?? "")) return false;
    this.#digits.add(found[5]?.length ?? 0);
    return (found[6] === "Z") === (column.timezone !== undefined);
  }

  #noteDecimal(column: Column, kind: Kind, value: Raw): boolean {
    const text = decimalText(column, kind, value);
    const found = /^-?(\d+)(?:\.(\d+))?$/.exec(text ?? "");
    if (found === null) return false;
    this.#whole = Math.max(this.#whole, found[1]?.length ?? 1);
    this.#scale = Math.max(this.#scale, found[2]?.length ?? 0);
    return true;
  }

  /** The column's type by all its values. */
  column(): Column {
    const name = this.#name;
    const kept = this.#candidates[0];
    if (kept !== undefined) return this.#kept(name, kept);
    if (this.#kinds.size === 0) return { name, type: "text" };
    if (this.#kinds.size === 1) return this.#ofOneKind(name);
    const isNumber = !this.#kinds.has("t") && !this.#kinds.has("b") && !this.#isLarge;
    if (isNumber) return this.#isSpecial ? { name, type: "float", special: true } : { name, type: "float" };
    return { name, type: "json" };
  }

  #ofOneKind(name: string): Column {
    if (this.#kinds.has("i")) return { name, type: this.#isLarge ? "int64" : "int" };
    if (this.#kinds.has("r")) return this.#isSpecial ? { name, type: "float", special: true } : { name, type: "float" };
    return { name, type: this.#kinds.has("b") ? "binary" : "text" };
  }

  #kept(name: string, kept: Column): Column {
    if (kept.type === "timestamp") {
      const digits = Math.max(0, ...this.#digits);
      const unit = this.#digits.size === 0 ? (kept.unit ?? "us") : unitOf(digits);
      return { name, type: "timestamp", unit, ...(kept.timezone === undefined ? {} : { timezone: kept.timezone }) };
    }
    if (kept.type !== "decimal") return { name, type: kept.type };
    const scale = this.#kinds.size === 0 ? (kept.scale ?? 0) : this.#scale;
    return {
      name,
      type: "decimal",
      precision: Math.max(this.#whole + scale, kept.scale === scale ? (kept.precision ?? 1) : 1),
      scale,
    };
  }

  /** True when values of several kinds stand in it: a column of JSON values keeps each as it is. */
  get isMixed(): boolean {
    return this.#candidates.length === 0 && this.#kinds.size > 1 && this.column().type === "json";
  }
}

const unitOf = (digits: number): TimeUnit => timeUnits.find((unit) => fractionDigits[unit] >= digits) ?? "ns";

function isKeptType(type: Column["type"]): type is Kept {
  return (
    type === "bool" ||
    type === "date" ||
    type === "timestamp" ||
    type === "decimal" ||
    type === "json" ||
    type === "int64"
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A decimal's digits. Frames give decimals to SQL as floating point, which has 15 digits for certain. */
function decimalText(column: Column, kind: Kind, value: Raw): string | undefined {
  if (kind === "t" && typeof value === "string") return value;
  if (kind === "i") return String(value);
  if (kind !== "r" || typeof value !== "number" || column.scale === undefined || !Number.isFinite(value))
    return undefined;
  if (Math.abs(value) >= 1e15) return undefined;
  const text = value.toFixed(column.scale);
  return Number(text) === value && text.replace(/\D/g, "").replace(/^0+/, "").length <= 15 ? text : undefined;
}

/**
 * A value as the cell of a column of this type; undefined when it does not fit, which happens when a query gives other values each time.
 */
export function cellOf(column: Column, kind: Kind, value: Raw): Cell | undefined {
  if (kind === "n" || value === null) return null;
  switch (column.type) {
    case "int":
      return kind === "i" && typeof value === "number" ? value : undefined;
    case "int64":
      return kind === "i" ? String(value) : undefined;
    case "float":
      return floatValue(column, kind, value);
    case "bool":
      return kind === "i" && (value === 0 || value === 1) ? value === 1 : undefined;
    case "date":
      return kind === "t" && isCalendarDay(String(value)) ? String(value) : undefined;
    case "timestamp":
      return timestampCell(column, kind, value);
    case "decimal":
      return decimalCell(column, kind, value);
    case "json":
      return jsonCell(kind, value);
    case "binary":
      return kind === "b" && value instanceof ArrayBuffer ? hexOfBytes(new Uint8Array(value)) : undefined;
    case "text":
      return kind === "t" && typeof value === "string" ? value.toWellFormed() : undefined;
  }
}

function floatValue(column: Column, kind: Kind, value: Raw): Cell | undefined {
  if (typeof value !== "number" || (kind !== "r" && kind !== "i")) return undefined;
  const cell = floatCell(value);
  return typeof cell === "string" && column.special !== true ? undefined : cell;
}

function timestampCell(column: Column, kind: Kind, value: Raw): Cell | undefined {
  const found = kind === "t" ? timePattern.exec(String(value)) : null;
  if (found === null || !isCalendarDay(found[1] ?? "") || (found[6] === "Z") !== (column.timezone !== undefined))
    return undefined;
  const digits = fractionDigits[column.unit ?? "us"];
  const fraction = found[5] ?? "";
  if (fraction.length > digits) return undefined;
  const seconds = String(value).slice(0, 19);
  return `${seconds}${digits === 0 ? "" : `.${fraction.padEnd(digits, "0")}`}${found[6] ?? ""}`;
}

function decimalCell(column: Column, kind: Kind, value: Raw): Cell | undefined {
  const text = decimalText(column, kind, value);
  const found = /^(-?\d+)(?:\.(\d+))?$/.exec(text ?? "");
  const scale = column.scale ?? 0;
  if (found === null || (found[2]?.length ?? 0) > scale) return undefined;
  return scale === 0 ? (found[1] ?? "0") : `${found[1]}.${(found[2] ?? "").padEnd(scale, "0")}`;
}

/** In a column of JSON text the value that it is; in one of several kinds each as JSON has it. */
function jsonCell(kind: Kind, value: Raw): Cell | undefined {
  if (kind === "b" && value instanceof ArrayBuffer) return hexOfBytes(new Uint8Array(value));
  if (kind === "r" && typeof value === "number") return floatCell(value);
  return value instanceof ArrayBuffer ? undefined : value;
}

/** The cells of a row; undefined where a value does not fit its column. `jsonColumns` are those whose text is JSON. */
export function rowOf(
  columns: readonly Column[],
  kinds: string,
  values: readonly Raw[],
  jsonColumns: ReadonlySet<number>,
): Row | { misfit: Column } {
  const row: Row = [];
  for (const [index, column] of columns.entries()) {
    const kind = (kinds[index] ?? "n") as Kind;
    const value = values[index] ?? null;
    const cell = kind === "t" && jsonColumns.has(index) ? parsed(String(value)) : cellOf(column, kind, value);
    if (cell === undefined) return { misfit: column };
    row.push(cell);
  }
  return row;
}

function parsed(text: string): Cell | undefined {
  try {
    return JSON.parse(text) as Cell;
  } catch {
    return undefined;
  }
}
