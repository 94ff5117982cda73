// What the values of a JSON column are: types found out by looking at every one of them, and each value as the cell of such a type. Pure.
import { isRawNumber } from "../../../core/exact-json.ts";
import { exceedsBytes } from "../../../core/utf8.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { type Cell, type Column, fitsInt64, floatCell, type Json, type LogicalType } from "../types.ts";
import { cellTooLong, doesNotFit } from "./errors.ts";
import { decimalCell, decimalDigits, isExactAsFloat, maxPrecision } from "./numbers.ts";
import { askedColumn, textCell } from "./text-columns.ts";
import { isDateText, readTime, unitOfDigits } from "./times.ts";

const specials: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity"]);

/** The text of a number kept as text by `parseExact`. */
function rawText(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * Looks at a column's values one after another; `column` then says what all of them are. Values of several kinds make a json column, so that
 * each stays what it is. Texts become dates or timestamps only where all are written just as a frame writes them.
 */
export class JsonColumn {
  #kinds = {
    int: false,
    int64: false,
    wide: false,
    float: false,
    exact: false,
    bool: false,
    text: false,
    nested: false,
  };
  #isOdd = false;
  #hasSpecial = false;
  #allSpecial = true;
  #hasInexactInt = false;
  #isPlain = true;
  #whole = 0;
  #fraction = 0;
  #areDates = true;
  #areTimes = true;
  #timeForm: string | undefined;

  add(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.#addNumber(value);
        return;
      case "string":
        this.#addText(value);
        return;
      case "boolean":
        this.#kinds.bool = true;
        return;
      default:
        if (value === null || value === undefined) return;
        if (isRawNumber(value)) this.#addRaw(rawText(value));
        else this.#kinds.nested = true;
    }
  }

  column(name: string): Column {
    const { int, int64, wide, float, exact, bool, text, nested } = this.#kinds;
    const isNumber = int || int64 || wide || float || exact;
    if (nested || this.#isOdd || Number(isNumber) + Number(bool) > 1) return { name, type: "json" };
    if (bool) return { name, type: text ? "json" : "bool" };
    if (isNumber) return text && !this.#allSpecial ? { name, type: "json" } : this.#numberColumn(name, text);
    if (!text) return { name, type: "text" };
    if (this.#areDates) return { name, type: "date" };
    return this.#areTimes ? this.#timeColumn(name) : { name, type: "text" };
  }

  #addNumber(value: number): void {
    const kinds = this.#kinds;
    if (Object.is(value, -0)) {
      kinds.float = true;
      this.#hasSpecial = true;
      this.#isPlain = false;
    } else if (Number.isSafeInteger(value)) {
      kinds.int = true;
      if (this.#isPlain) this.#whole = Math.max(this.#whole, String(Math.abs(value)).length);
    } else if (Number.isInteger(value)) {
      // A double holds it, whatever it was written as.
      if (fitsInt64(BigInt(value))) kinds.int64 = true;
      else kinds.float = true;
      this.#notePlain(BigInt(value).toString());
    } else {
      kinds.float = true;
      this.#notePlain(String(value));
    }
  }

  #addRaw(text: string): void {
    const kinds = this.#kinds;
    this.#notePlain(text);
    if (/^-?\d+$/.test(text)) {
      if (fitsInt64(BigInt(text))) kinds.int64 = true;
      else kinds.wide = true;
      this.#hasInexactInt = this.#hasInexactInt || !isExactAsFloat(text);
    } else if (decimalDigits(text) !== undefined) kinds.exact = true;
    else this.#isOdd = true;
  }

  #notePlain(text: string): void {
    if (!this.#isPlain) return;
    const digits = decimalDigits(text);
    if (digits === undefined) this.#isPlain = false;
    else {
      this.#whole = Math.max(this.#whole, digits.whole);
      this.#fraction = Math.max(this.#fraction, digits.fraction);
    }
  }

  #addText(value: string): void {
    this.#kinds.text = true;
    // Should a decimal be asked for.
    this.#notePlain(value);
    if (this.#allSpecial && !specials.has(value)) this.#allSpecial = false;
    if (this.#areDates && !isDateText(value)) this.#areDates = false;
    if (this.#areTimes) this.#areTimes = this.#isTimeAsBefore(value);
  }

  /** All timestamps of a column must have one form, which a frame writes again just so. */
  #isTimeAsBefore(value: string): boolean {
    if (value.length > 30 || value[10] !== "T") return false;
    const time = readTime(value);
    if (time === undefined || (time.isZoned && !value.endsWith("Z")) || value.length < 19) return false;
    if (![0, 3, 6, 9].includes(time.fraction.length)) return false;
    const form = `${time.fraction.length}${time.isZoned ? "Z" : ""}`;
    this.#timeForm ??= form;
    return form === this.#timeForm;
  }

  #timeColumn(name: string): Column {
    const form = this.#timeForm ?? "0";
    const unit = unitOfDigits(Number.parseInt(form, 10));
    return { name, type: "timestamp", unit, ...(form.endsWith("Z") ? { timezone: "UTC" } : {}) };
  }

  #numberColumn(name: string, hasSpecialTexts: boolean): Column {
    const { int64, wide, float, exact } = this.#kinds;
    const isFloat = float || hasSpecialTexts;
    if (!isFloat && !wide && !exact) return { name, type: int64 ? "int64" : "int" };
    if (isFloat && !wide && !exact && !this.#hasInexactInt)
      return { name, type: "float", ...(this.#hasSpecial || hasSpecialTexts ? { special: true } : {}) };
    const precision = this.#whole + this.#fraction;
    if (!this.#isPlain || hasSpecialTexts || precision > maxPrecision) return { name, type: "json" };
    return { name, type: "decimal", precision: Math.max(precision, 1), scale: this.#fraction };
  }

  /** The column as a type that was asked for. */
  asked(name: string, type: LogicalType): Column {
    return askedColumn(name, type, this.column(name), { whole: this.#whole, fraction: this.#fraction });
  }
}

/** A value as a cell of a column. `where` opens the message of an error. Throws `file_malformed`, `too_large`. */
export function jsonCell(column: Column, value: unknown, where: () => string): Cell {
  if (value === null || value === undefined) return null;
  const cell = typedCell(column, value, where);
  if (cell === undefined) throw doesNotFit(where(), column.name, column.type);
  return cell;
}

function typedCell(column: Column, value: unknown, where: () => string): Cell | undefined {
  const { type } = column;
  if (type === "json") return nestedCell(column, value, where);
  if (typeof value === "string") {
    if (type === "date") return isDateText(value) ? value : undefined;
    return type === "float" && specials.has(value) ? value : textCell(column, value, where);
  }
  if (typeof value === "boolean") return type === "bool" ? value : type === "text" ? String(value) : undefined;
  if (typeof value === "number") return numberCell(column, value);
  if (isRawNumber(value)) return rawNumberCell(column, rawText(value));
  return type === "text" ? textCell(column, JSON.stringify(value), where) : undefined;
}

function nestedCell(column: Column, value: unknown, where: () => string): Cell {
  const json = JSON.stringify(value);
  if (exceedsBytes(json, frameLimits.cellBytes)) throw cellTooLong(where(), column.name);
  // Numbers beyond a double stay as they are written: they are text in the chunk.
  return value as Json;
}

function numberCell({ type, precision = maxPrecision, scale = 0 }: Column, value: number): Cell | undefined {
  switch (type) {
    case "int":
      return Number.isSafeInteger(value) ? value : undefined;
    case "int64":
      return Number.isInteger(value) && fitsInt64(BigInt(value)) ? BigInt(value).toString() : undefined;
    case "float":
      return floatCell(value);
    case "decimal":
      return decimalCell(Number.isInteger(value) ? BigInt(value).toString() : String(value), precision, scale);
    case "text":
      return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value).toString() : String(value);
    case "bool":
      return value === 1 ? true : value === 0 ? false : undefined;
    default:
      return undefined;
  }
}

function rawNumberCell({ type, precision = maxPrecision, scale = 0 }: Column, text: string): Cell | undefined {
  switch (type) {
    case "int64":
      return /^-?\d+$/.test(text) && fitsInt64(BigInt(text)) ? BigInt(text).toString() : undefined;
    case "float":
      // Asked for, or held exactly.
      return floatCell(Number(text));
    case "decimal":
      return decimalCell(text, precision, scale);
    case "text":
      return text;
    default:
      return undefined;
  }
}
