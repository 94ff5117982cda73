// What the texts of a CSV column are: types found out by looking at every one of them, and each text as the cell of such a type. Pure.
import { exceedsBytes } from "../../../core/utf8.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { bytesOfBase64, hexOfBytes } from "../binary.ts";
import { type Cell, type Column, fitsInt64, floatCell, fractionDigits, type LogicalType } from "../types.ts";
import { cellTooLong, doesNotFit } from "./errors.ts";
import { decimalCell, decimalDigits, floatOfText, isExactAsFloat, maxPrecision, numberKind } from "./numbers.ts";
import { isDateText, readTime, timeCell, unitOfDigits } from "./times.ts";

/** Texts that stand for "no value", as pandas has them, but for those of NaN, which is a number. */
export const naTexts: ReadonlySet<string> = new Set([
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "None",
  "n/a",
  "null",
]);

const boolText = /^(?:true|false)$/i;

/** Looks at a column's texts one after another; `column` then says what all of them are. */
export class TextColumn {
  #hasValues = false;
  #mayBe = { number: true, bool: true, date: true, time: true };
  #hasInt64 = false;
  #hasWide = false;
  #hasFloat = false;
  #hasExact = false;
  #hasSpecial = false;
  /** A whole number that a double would change. */
  #hasInexactInt = false;
  #isPlain = true;
  #whole = 0;
  #fraction = 0;
  #zoned: boolean | undefined;
  #timeDigits = 0;

  /** Looks at a text that is no null of every type. */
  add(text: string): void {
    if (naTexts.has(text)) return;
    this.#hasValues = true;
    const mayBe = this.#mayBe;
    if (mayBe.number) this.#addNumber(text);
    if (mayBe.bool && !boolText.test(text)) mayBe.bool = false;
    if (mayBe.date && !isDateText(text)) mayBe.date = false;
    if (mayBe.time) this.#addTime(text);
  }

  /** The column as a type that was asked for. */
  asked(name: string, type: LogicalType): Column {
    return askedColumn(name, type, this.column(name), { whole: this.#whole, fraction: this.#fraction });
  }

  column(name: string): Column {
    if (!this.#hasValues) return { name, type: "text" };
    if (this.#mayBe.number) return this.#numberColumn(name);
    if (this.#mayBe.bool) return { name, type: "bool" };
    if (this.#mayBe.date) return { name, type: "date" };
    if (!this.#mayBe.time) return { name, type: "text" };
    return {
      ...{ name, type: "timestamp", unit: unitOfDigits(this.#timeDigits) },
      ...(this.#zoned === true ? { timezone: "UTC" } : {}),
    };
  }

  #addNumber(text: string): void {
    const kind = numberKind(text);
    if (kind === undefined) {
      this.#mayBe.number = false;
      return;
    }
    if (kind === "int64") this.#hasInt64 = true;
    else if (kind === "wide") this.#hasWide = true;
    else if (kind === "exact") this.#hasExact = true;
    else if (kind === "special") this.#hasSpecial = true;
    else if (kind === "float") this.#hasFloat = true;
    if ((kind === "int64" || kind === "wide") && !this.#hasInexactInt) this.#hasInexactInt = !isExactAsFloat(text);
    if (!this.#isPlain) return;
    const digits = decimalDigits(text);
    if (digits === undefined || kind === "special") this.#isPlain = false;
    else {
      this.#whole = Math.max(this.#whole, digits.whole);
      this.#fraction = Math.max(this.#fraction, digits.fraction);
    }
  }

  #addTime(text: string): void {
    const time = readTime(text);
    this.#zoned ??= time?.isZoned;
    if (time === undefined || time.isZoned !== this.#zoned) this.#mayBe.time = false;
    else this.#timeDigits = Math.max(this.#timeDigits, time.fraction.length);
  }

  #numberColumn(name: string): Column {
    const isFloat = this.#hasFloat || this.#hasSpecial;
    if (!isFloat && !this.#hasExact && !this.#hasWide) return { name, type: this.#hasInt64 ? "int64" : "int" };
    if (!this.#hasExact && !this.#hasInexactInt && isFloat)
      return { name, type: "float", ...(this.#hasSpecial ? { special: true } : {}) };
    const precision = this.#whole + this.#fraction;
    if (!this.#isPlain || precision > maxPrecision) return { name, type: "text" };
    return { name, type: "decimal", precision: Math.max(precision, 1), scale: this.#fraction };
  }
}

/** A column of a type that was asked for; what is left open is found out from the texts that were looked at. */
export function askedColumn(
  name: string,
  type: LogicalType,
  seen: Column,
  digits: { whole: number; fraction: number },
): Column {
  switch (type) {
    case "timestamp":
      return seen.type === "timestamp" ? seen : { name, type, unit: "us" };
    case "decimal":
      return {
        name,
        type,
        precision: Math.min(maxPrecision, Math.max(1, digits.whole + digits.fraction)),
        scale: digits.fraction,
      };
    case "float":
      return { name, type, special: true };
    default:
      return { name, type };
  }
}

/**
 * A text as a cell of a column; null stays null, as do NA texts in columns that are no text. `where` opens the message of an error.
 * Throws `file_malformed`, `too_large`.
 */
export function textCell(column: Column, text: string | null, where: () => string): Cell {
  if (text === null) return null;
  if (column.type === "text") {
    if (exceedsBytes(text, frameLimits.cellBytes)) throw cellTooLong(where(), column.name);
    return text;
  }
  if (text === "" && column.type === "binary") return "";
  if (naTexts.has(text)) return null;
  const cell = typedCell(column, text);
  if (cell === undefined) throw doesNotFit(where(), column.name, column.type);
  return cell;
}

function typedCell(column: Column, text: string): Cell | undefined {
  switch (column.type) {
    case "int": {
      const value = Number(text);
      return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(value) ? value + 0 : undefined;
    }
    case "int64":
      return /^[+-]?\d+$/.test(text) && fitsInt64(BigInt(text)) ? BigInt(text).toString() : undefined;
    case "float":
      return floatTyped(text);
    case "bool":
      return boolText.test(text) ? text.length === 4 : boolDigit(text);
    case "date":
      return isDateText(text) ? text : undefined;
    case "timestamp":
      return timeTyped(column, text);
    case "decimal":
      return decimalCell(text, column.precision ?? maxPrecision, column.scale ?? 0);
    case "json":
      return jsonTyped(text);
    case "binary": {
      const bytes = bytesOfBase64(text);
      return bytes === undefined ? undefined : hexOfBytes(bytes);
    }
    default:
      return text;
  }
}

function floatTyped(text: string): Cell | undefined {
  const value = floatOfText(text.trim());
  return Number.isNaN(value) && !/nan/i.test(text) ? undefined : floatCell(value);
}

/** Only where bool was asked for. */
function boolDigit(text: string): boolean | undefined {
  if (text === "1") return true;
  return text === "0" ? false : undefined;
}

function timeTyped(column: Column, text: string): Cell | undefined {
  const unit = column.unit ?? "us";
  const time = readTime(isDateText(text) ? `${text}T00:00` : text);
  const isZoned = column.timezone !== undefined;
  if (time === undefined || time.fraction.length > fractionDigits[unit]) return undefined;
  if (time.isZoned !== isZoned) return undefined;
  return timeCell(time, unit, isZoned);
}

function jsonTyped(text: string): Cell | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
