// Dates, times and decimals as text: what is one, its one form in tables, and what it is compared by. Pure.
import { isCalendarDay } from "../../engines/frame/calendar.ts";
import { tableLimits } from "../../workspace-limits.ts";

const timestampPattern =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,30}))?)?(?:([Zz])|([+-])(\d{2}):?(\d{2}))$/;
const decimalPattern = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/**
 * The one form of an ISO 8601 time with a zone, in UTC: `YYYY-MM-DDTHH:MM:SS`, exactly `digits` of fraction, `Z`. Undefined for what is none, has
 * no zone, says more than so many digits hold, or lies outside the years 0 to 9999 in UTC.
 */
export function timestampOf(text: string, digits: number): string | undefined {
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const [, day = "", hour, minute, second = "00", fraction = "", , sign, offsetHour = "0", offsetMinute = "0"] = match;
  if (!isCalendarDay(day) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59 || /[1-9]/.test(fraction.slice(digits))) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1);
  const time = new Date(Date.parse(`${day}T${hour}:${minute}:${second}Z`) - offset * 60_000).toISOString();
  if (!/^\d{4}-/.test(time)) return undefined;
  const kept = fraction.slice(0, digits).padEnd(digits, "0");
  return `${time.slice(0, 19)}${digits === 0 ? "" : `.${kept}`}Z`;
}

/**
 * The one form of a decimal number: no plus sign, leading zeros or exponent, the digits behind the point as given. Undefined for what is none or
 * has too many digits.
 */
export function decimalOf(text: string): string | undefined {
  const match = decimalPattern.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const shift = Number(exponent);
  if (whole.length + fraction.length + Math.abs(shift) > tableLimits.decimalDigits) return undefined;
  const digits = whole + fraction;
  const point = whole.length + shift;
  const front =
    point <= 0
      ? "0"
      : digits
          .slice(0, point)
          .padEnd(point, "0")
          .replace(/^0+(?=\d)/, "");
  const back = point < 0 ? "0".repeat(-point) + digits : digits.slice(Math.max(point, 0));
  const number = back === "" ? front : `${front}.${back}`;
  return sign === "-" && /[1-9]/.test(number) ? `-${number}` : number;
}

/** What two decimals in their one form are compared by: the number of characters before the point, below zero negated, then the key. */
export function decimalKey(decimal: string): { magnitude: number; key: string } {
  const isNegative = decimal.startsWith("-");
  const length = decimal.split(".")[0]?.length ?? 0;
  return {
    magnitude: isNegative ? -length : length,
    key: decimal.includes(".") ? decimal.replace(/\.?0*$/, "") : decimal,
  };
}

/** The SQL of `decimalKey` for a column's reference. */
export function decimalKeySql(reference: string): { magnitude: string; key: string } {
  const length = `(instr(${reference} || '.', '.') - 1)`;
  return {
    magnitude: `CASE WHEN ${reference} LIKE '-%' THEN -${length} ELSE ${length} END`,
    key: `CASE WHEN instr(${reference}, '.') > 0 THEN rtrim(rtrim(${reference}, '0'), '.') ELSE ${reference} END`,
  };
}
