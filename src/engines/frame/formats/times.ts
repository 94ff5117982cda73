// Dates and timestamps as frames keep them, from text and from counts since 1970, and back. Pure.
import { dayNumber, isCalendarDay } from "../calendar.ts";
import { fractionDigits, type TimeUnit } from "../types.ts";

const timestampPattern =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;
const dayMs = 86_400_000;

/** True for YYYY-MM-DD of a day there is, from year 1 to 9999. */
export function isDateText(text: string): boolean {
  return isCalendarDay(text) && !text.startsWith("0000");
}

/** What a timestamp's text says. */
export interface ReadTime {
  /** UTC, or local where there is no zone: Unix milliseconds of the whole second. */
  secondMs: number;
  /** Digits behind the second's point. */
  fraction: string;
  isZoned: boolean;
}

/** Reads an ISO 8601 timestamp: date, T or a blank, hours and minutes, and as it likes seconds, up to nine digits of a fraction, a zone. Undefined for others. */
export function readTime(text: string): ReadTime | undefined {
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const [, day = "", hour, minute, second = "0", fraction = "", zone] = match;
  if (!isDateText(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const shift = zone === undefined || zone === "Z" ? 0 : offsetMs(zone);
  if (shift === undefined) return undefined;
  const midnight = dayNumber(day) * dayMs;
  const secondMs = midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 - shift;
  if (secondMs < firstSecondMs || secondMs > lastSecondMs) return undefined;
  return { secondMs, fraction, isZoned: zone !== undefined };
}

function offsetMs(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", "") || "0");
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** The unit that holds so many digits of a fraction. */
export function unitOfDigits(digits: number): TimeUnit {
  if (digits === 0) return "s";
  if (digits <= 3) return "ms";
  return digits <= 6 ? "us" : "ns";
}

/** A timestamp as a frame keeps it. The fraction must not have more digits than the unit. */
export function timeCell({ secondMs, fraction }: Omit<ReadTime, "isZoned">, unit: TimeUnit, isZoned: boolean): string {
  const digits = fractionDigits[unit];
  const seconds = new Date(secondMs).toISOString().slice(0, 19);
  return `${seconds}${digits === 0 ? "" : `.${fraction.padEnd(digits, "0")}`}${isZoned ? "Z" : ""}`;
}

const firstSecondMs = dayNumber("0001-01-01") * dayMs;
const lastSecondMs = dayNumber("9999-12-31") * dayMs + dayMs - 1000;

/** The date that many days after 1970-01-01; undefined outside the years 1 to 9999. */
export function dateOfDays(days: number): string | undefined {
  const ms = days * dayMs;
  if (!(ms >= firstSecondMs && ms <= lastSecondMs)) return undefined;
  return new Date(ms).toISOString().slice(0, 10);
}

const perSecond: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };

/** The timestamp that many units after 1970-01-01T00:00:00; undefined outside the years 1 to 9999. */
export function timeOfCount(count: bigint, unit: TimeUnit, isZoned: boolean): string | undefined {
  const per = perSecond[unit];
  const rest = ((count % per) + per) % per;
  const secondMs = Number((count - rest) / per) * 1000;
  if (!(secondMs >= firstSecondMs && secondMs <= lastSecondMs)) return undefined;
  const digits = fractionDigits[unit];
  return timeCell({ secondMs, fraction: digits === 0 ? "" : rest.toString().padStart(digits, "0") }, unit, isZoned);
}

/** Units since 1970-01-01T00:00:00 of a timestamp as a frame keeps it in this unit. */
export function countOfTime(cell: string, unit: TimeUnit): bigint {
  const seconds = BigInt(Date.parse(`${cell.slice(0, 19)}Z`) / 1000);
  const fraction = cell.slice(20, 20 + fractionDigits[unit]);
  return seconds * perSecond[unit] + BigInt(fraction === "" ? 0 : fraction);
}
