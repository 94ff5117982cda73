// The calendar jq asks its host for: gmtime, timegm and strptime in UTC. Pure; runs at the edge.

/** C's `struct tm` without zone: month from 0, year from 1900, weekday from Sunday = 0, day of the year from 0. */
export interface TimeFields {
  sec: number;
  min: number;
  hour: number;
  mday: number;
  mon: number;
  year: number;
  wday: number;
  yday: number;
}

const secondsPerDay = 86_400;
const daysPerEra = 146_097;
const int32Max = 2_147_483_647;
const monthStarts = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

const floorMod = (value: number, by: number): number => value - Math.floor(value / by) * by;

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function monthStart(year: number, month: number): number {
  return (monthStarts[month] ?? 0) + (month > 1 && isLeapYear(year) ? 1 : 0);
}

/** Days from 1970-01-01 to the first of a month; years count from 0 and may be negative (proleptic Gregorian). */
function daysToMonth(year: number, month: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return year * 365 + leapDays + monthStart(year, month) - 719_527;
}

function yearOfDay(days: number): number {
  let year = 1970 + Math.floor((days * 400) / daysPerEra);
  while (daysToMonth(year, 0) > days) year -= 1;
  while (daysToMonth(year + 1, 0) <= days) year += 1;
  return year;
}

/** Broken-down UTC time of whole seconds since 1970; undefined where C's 32-bit year would overflow. */
export function gmtime(seconds: number): TimeFields | undefined {
  const days = Math.floor(seconds / secondsPerDay);
  const rest = floorMod(seconds, secondsPerDay);
  const year = yearOfDay(days);
  if (!Number.isSafeInteger(seconds) || Math.abs(year - 1900) > int32Max) return undefined;
  const yday = days - daysToMonth(year, 0);
  let mon = 11;
  while (monthStart(year, mon) > yday) mon -= 1;
  return {
    sec: rest % 60,
    min: Math.floor(rest / 60) % 60,
    hour: Math.floor(rest / 3600),
    mday: yday - monthStart(year, mon) + 1,
    mon,
    year: year - 1900,
    wday: floorMod(days + 4, 7),
    yday,
  };
}

/** Seconds since 1970 of a broken-down UTC time; fields out of their range carry over, weekday and day of the year are ignored. */
export function timegm(fields: Readonly<TimeFields>): number {
  const year = fields.year + 1900 + Math.floor(fields.mon / 12);
  const days = daysToMonth(year, floorMod(fields.mon, 12)) + fields.mday - 1;
  return days * secondsPerDay + fields.hour * 3600 + fields.min * 60 + fields.sec;
}

/** What a format has read so far: the fields and which of them were given. */
interface ParseState {
  text: string;
  at: number;
  fields: TimeFields;
  given: Set<"wday" | "yday" | "mon" | "mday" | "date" | "twelve" | "pm">;
  century: number | undefined;
  yearOfCentury: number | undefined;
  week: { number: number; startsOn: 0 | 1 } | undefined;
}

const compositeFormats: Record<string, string> = {
  c: "%a %b %e %H:%M:%S %Y",
  D: "%m/%d/%y",
  x: "%m/%d/%y",
  F: "%Y-%m-%d",
  r: "%I:%M:%S %p",
  R: "%H:%M",
  T: "%H:%M:%S",
  X: "%H:%M:%S",
};

function skipSpace(state: ParseState): void {
  while (/[ \t-\r]/.test(state.text.charAt(state.at))) state.at += 1;
}

function readNumber(state: ParseState, min: number, max: number, digits: number): number | undefined {
  skipSpace(state);
  let length = 0;
  while (length < digits && /[0-9]/.test(state.text.charAt(state.at + length))) length += 1;
  if (length === 0) return undefined;
  const value = Number(state.text.slice(state.at, state.at + length));
  if (value < min || value > max) return undefined;
  state.at += length;
  return value;
}

/** Reads a full name or its first three letters, whichever fits longest; answers its place in the list. */
function readName(state: ParseState, names: readonly string[]): number | undefined {
  const rest = state.text.slice(state.at, state.at + 9).toLowerCase();
  const index = names.findIndex((name) => rest.startsWith(name.slice(0, 3)));
  const name = names[index];
  if (name === undefined) return undefined;
  state.at += rest.startsWith(name) ? name.length : 3;
  return index;
}

function readZone(state: ParseState): boolean {
  skipSpace(state);
  const match = /^(?:Z|[+-]\d\d(?::?\d\d)?)/.exec(state.text.slice(state.at, state.at + 6));
  if (match === null) return false;
  state.at += match[0].length;
  return true;
}

function setNumber(value: number | undefined, set: (value: number) => void): boolean {
  if (value === undefined) return false;
  set(value);
  return true;
}

type Directive = (state: ParseState) => boolean;

const day: Directive = (s) =>
  setNumber(readNumber(s, 1, 31, 2), (value) => {
    s.fields.mday = value;
    s.given.add("mday").add("date");
  });
const hour24: Directive = (s) =>
  setNumber(readNumber(s, 0, 23, 2), (value) => {
    s.fields.hour = value;
    s.given.delete("twelve");
  });
const hour12: Directive = (s) =>
  setNumber(readNumber(s, 1, 12, 2), (value) => {
    s.fields.hour = value % 12;
    s.given.add("twelve");
  });
const weekdayName: Directive = (s) =>
  setNumber(readName(s, weekdays), (value) => {
    s.fields.wday = value;
    s.given.add("wday");
  });
const monthName: Directive = (s) =>
  setNumber(readName(s, months), (value) => {
    s.fields.mon = value;
    s.given.add("mon").add("date");
  });
const space: Directive = (s) => {
  skipSpace(s);
  return true;
};
const week =
  (startsOn: 0 | 1): Directive =>
  (s) =>
    setNumber(readNumber(s, 0, 53, 2), (value) => {
      s.week = { number: value, startsOn };
    });
const ignored =
  (min: number, max: number, digits: number): Directive =>
  (s) =>
    readNumber(s, min, max, digits) !== undefined;

const directives: Record<string, Directive> = {
  a: weekdayName,
  A: weekdayName,
  b: monthName,
  B: monthName,
  h: monthName,
  d: day,
  e: day,
  H: hour24,
  k: hour24,
  I: hour12,
  l: hour12,
  n: space,
  t: space,
  U: week(0),
  W: week(1),
  V: ignored(0, 53, 2),
  g: ignored(0, 99, 2),
  G: ignored(0, 9999, 4),
  z: readZone,
  C: (s) =>
    setNumber(readNumber(s, 0, 99, 2), (value) => {
      s.century = value;
      s.given.add("date");
    }),
  j: (s) =>
    setNumber(readNumber(s, 1, 366, 3), (value) => {
      s.fields.yday = value - 1;
      s.given.add("yday");
    }),
  m: (s) =>
    setNumber(readNumber(s, 1, 12, 2), (value) => {
      s.fields.mon = value - 1;
      s.given.add("mon").add("date");
    }),
  M: (s) =>
    setNumber(readNumber(s, 0, 59, 2), (value) => {
      s.fields.min = value;
    }),
  p: (s) => {
    const half = /^[ap]m/i.exec(s.text.slice(s.at, s.at + 2))?.[0].toLowerCase();
    if (half === undefined) return false;
    s.at += 2;
    if (half === "pm") s.given.add("pm");
    else s.given.delete("pm");
    return true;
  },
  s: (s) => {
    const fields = gmtime(readNumber(s, 0, Number.MAX_SAFE_INTEGER, 16) ?? Number.NaN);
    if (fields !== undefined) Object.assign(s.fields, fields);
    return fields !== undefined;
  },
  S: (s) =>
    setNumber(readNumber(s, 0, 61, 2), (value) => {
      s.fields.sec = value;
    }),
  u: (s) =>
    setNumber(readNumber(s, 1, 7, 1), (value) => {
      s.fields.wday = value % 7;
      s.given.add("wday");
    }),
  w: (s) =>
    setNumber(readNumber(s, 0, 6, 1), (value) => {
      s.fields.wday = value;
      s.given.add("wday");
    }),
  y: (s) =>
    setNumber(readNumber(s, 0, 99, 2), (value) => {
      s.yearOfCentury = value;
      s.fields.year = value >= 69 ? value : value + 100;
      s.given.add("date");
    }),
  Y: (s) =>
    setNumber(readNumber(s, 0, 9999, 4), (value) => {
      s.fields.year = value - 1900;
      s.century = undefined;
      s.yearOfCentury = undefined;
      s.given.add("date");
    }),
  // The C library reads a zone's name without using it; jq's times are UTC.
  Z: (s) => {
    s.at += /^[A-Za-z]*/.exec(s.text.slice(s.at, s.at + 32))?.[0].length ?? 0;
    return true;
  },
};

function readFormat(state: ParseState, format: string): boolean {
  for (let i = 0; i < format.length; i += 1) {
    const char = format.charAt(i);
    if (/[ \t-\r]/.test(char)) {
      skipSpace(state);
    } else if (char !== "%") {
      if (state.text.charAt(state.at) !== char) return false;
      state.at += 1;
    } else {
      i += 1;
      if (/[EO_0^#-]/.test(format.charAt(i))) i += 1;
      if (!readDirective(state, format.charAt(i))) return false;
    }
  }
  return true;
}

function readDirective(state: ParseState, name: string): boolean {
  if (name === "%") {
    if (state.text.charAt(state.at) !== "%") return false;
    state.at += 1;
    return true;
  }
  const composite = compositeFormats[name];
  if (composite !== undefined) return readFormat(state, composite);
  return directives[name]?.(state) ?? false;
}

/** Fills in what follows from the fields given: month and day from the day of the year, weekday, day of the year, week numbers. */
function completeDate(state: ParseState): void {
  const { fields, given } = state;
  if (given.has("twelve") && given.has("pm")) fields.hour += 12;
  if (state.century !== undefined) fields.year = (state.century - 19) * 100 + (state.yearOfCentury ?? 0);
  const year = fields.year + 1900;
  if (given.has("date") && !given.has("wday")) {
    if (given.has("yday") && !(given.has("mon") && given.has("mday"))) setMonthAndDay(state, year, fields.yday);
    fields.wday = floorMod(daysToMonth(year, fields.mon) + fields.mday - 1 + 4, 7);
  }
  if (given.has("date") && !given.has("yday")) fields.yday = monthStart(year, fields.mon) + fields.mday - 1;
  if (state.week !== undefined && given.has("wday")) {
    const { number, startsOn } = state.week;
    const offset = floorMod(daysToMonth(year, 0) + 4 - startsOn, 7);
    const yday = floorMod(7 - offset, 7) + (number - 1) * 7 + floorMod(fields.wday - startsOn, 7);
    if (!given.has("yday")) fields.yday = yday;
    setMonthAndDay(state, year, yday);
  }
}

function setMonthAndDay(state: ParseState, year: number, yday: number): void {
  let mon = 11;
  while (mon > 0 && monthStart(year, mon) > yday) mon -= 1;
  if (!state.given.has("mon")) state.fields.mon = mon;
  if (!state.given.has("mday")) state.fields.mday = yday - monthStart(year, mon) + 1;
}

/**
 * POSIX strptime with the C library's extensions, in the C locale: reads `text` by `format` over the fields `start`.
 * Answers the fields and how many characters were read, or undefined where the text does not fit the format.
 */
export function strptime(
  text: string,
  format: string,
  start: Readonly<TimeFields>,
): { fields: TimeFields; length: number } | undefined {
  const state: ParseState = {
    text,
    at: 0,
    fields: { ...start },
    given: new Set(),
    century: undefined,
    yearOfCentury: undefined,
    week: undefined,
  };
  if (!readFormat(state, format)) return undefined;
  completeDate(state);
  return { fields: state.fields, length: state.at };
}
