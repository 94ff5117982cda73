// Numbers as text: what each can be without losing a digit, and decimals. Pure.
import { fitsInt64 } from "../types.ts";

/** Digits that a decimal may have: what 128 bits hold. */
export const maxPrecision = 38;

const integerText = /^-?(?:0|[1-9]\d*)$/;
const plainText = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)$/;
const numberText = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const specialText = /^[+-]?(?:inf|infinity|nan)$/i;

/**
 * What a text is as a number: int (within ±(2^53 - 1)), int64, wide (a whole number of more bits), float (a double holds it), exact (plain, with
 * more digits than a double holds), special (NaN, infinities, -0). Undefined: none, as are texts with leading zeros or a plus, which are ids.
 */
export type NumberKind = "int" | "int64" | "wide" | "float" | "exact" | "special";

export function numberKind(text: string): NumberKind | undefined {
  if (integerText.test(text)) {
    if (text === "-0") return "special";
    if (text.length < 16 || Number.isSafeInteger(Number(text))) return "int";
    return fitsInt64(BigInt(text)) ? "int64" : "wide";
  }
  if (!numberText.test(text)) return specialText.test(text) ? "special" : undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  if (value === 0) return text.startsWith("-") ? "special" : "float";
  return significantDigits(text) > 17 && plainText.test(text) ? "exact" : "float";
}

function significantDigits(text: string): number {
  return text
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+/, "")
    .replace(/0+$/, "").length;
}

/** The double that a number's text stands for; NaN and infinities by any of their names. */
export function floatOfText(text: string): number {
  if (!specialText.test(text)) return Number(text);
  if (/nan/i.test(text)) return Number.NaN;
  return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** True when a double holds a whole number's text exactly. */
export function isExactAsFloat(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && BigInt(value) === BigInt(text);
}

/** Digits before and behind the point of a plain number's text; undefined for others. */
export function decimalDigits(text: string): { whole: number; fraction: number } | undefined {
  if (!plainText.test(text)) return undefined;
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  return { whole: whole.replace(/^0+/, "").length, fraction: fraction.length };
}

/** A plain number's text as a decimal column keeps it; undefined when it does not fit. */
export function decimalCell(text: string, precision: number, scale: number): string | undefined {
  const digits = decimalDigits(text);
  if (digits === undefined || digits.whole > precision - scale) return undefined;
  const isNegative = text.startsWith("-");
  const [whole = "", fraction = ""] = text.slice(isNegative ? 1 : 0).split(".");
  // Zeros at the end are all that may be left out.
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  const kept = fraction.slice(0, scale).padEnd(scale, "0");
  const body = `${whole === "" ? "0" : whole}${scale === 0 ? "" : `.${kept}`}`;
  return isNegative && /[1-9]/.test(body) ? `-${body}` : body;
}

/** A decimal as a column keeps it, out of its digits without the point. */
export function decimalOfUnscaled(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  const sign = unscaled < 0n ? "-" : "";
  if (scale <= 0) return `${sign}${digits}${digits === "0" ? "" : "0".repeat(-scale)}`;
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** The digits of a decimal cell without its point. */
export function unscaledOf(cell: string): bigint {
  return BigInt(cell.replace(".", ""));
}
