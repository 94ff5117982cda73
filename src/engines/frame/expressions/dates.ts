// Dates and timestamps as texts: checked, taken apart, counted, formatted. The calendar is the Gregorian one, times are UTC. Pure.
import { dayNumber, isCalendarDay } from "../calendar.ts";
import { fractionDigits, type TimeUnit } from "../types.ts";

const timestampPattern =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const dayMs = 86_400_000;

/** The text when it is a day that there is. */
export function dateOf(text: string): string | undefined {
  return isCalendarDay(text) ? text : undefined;
}

/** The day of that number; undefined outside the years 0 to 9999. */
export function textOfDay(day: number): string | undefined {
  const time = new Date(day * dayMs);
  const year = time.getUTCFullYear();
  return year >= 0 && year <= 9999 ? time.toISOString().slice(0, 10) : undefined;
}

/** A point in time that a text names: in UTC when it has a zone, else as it stands. `seconds`: YYYY-MM-DDTHH:MM:SS. */
export interface TimeText {
  seconds: string;
  fraction: string;
  hasZone: boolean;
}

/** The point in time that a text names (a day is its midnight); undefined when it is none. */
export function timeOf(text: string): TimeText | undefined {
  const day = dateOf(text);
  if (day !== undefined) return { seconds: `${day}T00:00:00`, fraction: "", hasZone: false };
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const [, date = "", hours = "", minutes = "", seconds = "00", fraction = "", zone] = match;
  if (dateOf(date) === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59)
    return undefined;
  const local = `${date}T${hours}:${minutes}:${seconds}`;
  if (zone === undefined) return { seconds: local, fraction, hasZone: false };
  const shifted = new Date(Date.parse(`${local}Z`) - offsetMinutes(zone) * 60_000);
  const year = shifted.getUTCFullYear();
  if (year < 0 || year > 9999) return undefined;
  return { seconds: shifted.toISOString().slice(0, 19), fraction, hasZone: true };
}

function offsetMinutes(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const digits = zone.slice(1).replace(":", "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || "0");
  return zone.startsWith("-") ? -minutes : minutes;
}

/** The unit that holds a fraction of that many digits. */
export function unitFor(digits: number): TimeUnit {
  return digits === 0 ? "s" : digits <= 3 ? "ms" : digits <= 6 ? "us" : "ns";
}

/** As a timestamp column keeps it. */
export function timestampText({ seconds, fraction }: TimeText, unit: TimeUnit, isUtc: boolean): string {
  const digits = fraction.slice(0, fractionDigits[unit]).padEnd(fractionDigits[unit], "0");
  return `${seconds}${digits === "" ? "" : `.${digits}`}${isUtc ? "Z" : ""}`;
}

/** Milliseconds since 1970 of a date or timestamp as columns keep it; what is finer is cut off. */
export function millisecondsOf(text: string): number {
  return (
    dayNumber(text) * dayMs +
    secondsOfDay(text) * 1000 +
    Number(text.slice(20).replace("Z", "").slice(0, 3).padEnd(3, "0"))
  );
}

function secondsOfDay(text: string): number {
  if (text.length < 19) return 0;
  return Number(text.slice(11, 13)) * 3600 + Number(text.slice(14, 16)) * 60 + Number(text.slice(17, 19));
}

const parts: Readonly<Record<string, (text: string) => number>> = {
  year: (text) => Number(text.slice(0, 4)),
  quarter: (text) => Math.ceil(Number(text.slice(5, 7)) / 3),
  month: (text) => Number(text.slice(5, 7)),
  day: (text) => Number(text.slice(8, 10)),
  hour: (text) => Number(text.slice(11, 13)),
  minute: (text) => Number(text.slice(14, 16)),
  second: (text) => Number(text.slice(17, 19)),
  dayofweek: (text) => (((dayNumber(text) + 3) % 7) + 7) % 7,
  dayofyear: (text) => dayNumber(text) - dayNumber(`${text.slice(0, 4)}-01-01`) + 1,
};

export const partNames: readonly string[] = Object.keys(parts);

/** A part of a date or timestamp. dayofweek: Monday is 0. */
export function partOf(name: string): ((text: string) => number) | undefined {
  return Object.hasOwn(parts, name) ? parts[name] : undefined;
}

/** How many boundaries of the unit lie between two dates or timestamps: from 23:59 to 00:01 is one day. */
const counts: Readonly<Record<string, (text: string) => number>> = {
  year: (text) => Number(text.slice(0, 4)),
  quarter: (text) => Number(text.slice(0, 4)) * 4 + Math.ceil(Number(text.slice(5, 7)) / 3),
  month: (text) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7)),
  // 1970-01-01 was a Thursday; weeks begin on Monday.
  week: (text) => Math.floor((dayNumber(text) + 3) / 7),
  day: dayNumber,
  hour: (text) => Math.floor(millisecondsOf(text) / 3_600_000),
  minute: (text) => Math.floor(millisecondsOf(text) / 60_000),
  second: (text) => Math.floor(millisecondsOf(text) / 1000),
  millisecond: millisecondsOf,
};

export const unitNames: readonly string[] = Object.keys(counts);

export function counterOf(unit: string): ((text: string) => number) | undefined {
  return Object.hasOwn(counts, unit) ? counts[unit] : undefined;
}

/** The first day of the unit that the day lies in; undefined for a unit that is none of days. */
export function startOf(unit: string, text: string): string | undefined {
  const day = text.slice(0, 10);
  if (unit === "day") return day;
  if (unit === "month") return `${day.slice(0, 7)}-01`;
  if (unit === "year") return `${day.slice(0, 4)}-01-01`;
  if (unit === "quarter") {
    const month = Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1;
    return `${day.slice(0, 4)}-${String(month).padStart(2, "0")}-01`;
  }
  if (unit === "week") return textOfDay(dayNumber(day) - ((((dayNumber(day) + 3) % 7) + 7) % 7));
  return undefined;
}

const months = "January February March April May June July August September October November December".split(" ");
const days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");
const two = (value: number): string => String(value).padStart(2, "0");
const part = (name: string, text: string): number => parts[name]?.(text) ?? 0;

const codes: Readonly<Record<string, (text: string) => string>> = {
  Y: (text) => text.slice(0, 4),
  y: (text) => text.slice(2, 4),
  m: (text) => text.slice(5, 7),
  d: (text) => text.slice(8, 10),
  H: (text) => two(part("hour", text)),
  I: (text) => two(part("hour", text) % 12 || 12),
  p: (text) => (part("hour", text) < 12 ? "AM" : "PM"),
  M: (text) => two(part("minute", text)),
  S: (text) => two(part("second", text)),
  f: (text) => text.slice(20).replace("Z", "").padEnd(6, "0").slice(0, 6),
  j: (text) => String(part("dayofyear", text)).padStart(3, "0"),
  w: (text) => String((part("dayofweek", text) + 1) % 7),
  u: (text) => String(part("dayofweek", text) + 1),
  a: (text) => (days[part("dayofweek", text)] ?? "").slice(0, 3),
  A: (text) => days[part("dayofweek", text)] ?? "",
  b: (text) => (months[part("month", text) - 1] ?? "").slice(0, 3),
  B: (text) => months[part("month", text) - 1] ?? "",
  F: (text) => text.slice(0, 10),
  T: (text) => `${two(part("hour", text))}:${two(part("minute", text))}:${two(part("second", text))}`,
  "%": () => "%",
};

export const formatCodes: readonly string[] = Object.keys(codes).map((code) => `%${code}`);

/** A code of the format that is none of `formatCodes`, if there is one. */
export function unknownCode(format: string): string | undefined {
  return [...format.matchAll(/%(.?)/gsu)].find(([, code = ""]) => !Object.hasOwn(codes, code))?.[0];
}

export function formatTime(text: string, format: string): string {
  return format.replaceAll(/%(.)/gsu, (whole, code: string) => codes[code]?.(text) ?? whole);
}
