// Days of the Gregorian calendar as text, years 0 to 9999. Pure.

const dayMs = 86_400_000;
const pattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** True for YYYY-MM-DD of a day that there is. */
export function isCalendarDay(text: string): boolean {
  const match = pattern.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (month === 2 && isLeap ? 29 : (monthDays[month - 1] ?? 0));
}

/** Days since 1970-01-01 of a day. */
export function dayNumber(date: string): number {
  const time = new Date(0);
  // Not by Date.UTC, which takes the years before 100 for others.
  return time.setUTCFullYear(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / dayMs;
}
