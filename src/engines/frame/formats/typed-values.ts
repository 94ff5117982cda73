// Cells as the values that Arrow and Parquet writers take, and their raw values as cells. Pure.

import { AppError } from "../../../core/errors.ts";
import { parseExact } from "../../../core/exact-json.ts";
import { bytesOfHex } from "../binary.ts";
import { dayNumber } from "../calendar.ts";
import { type Cell, type Column, fitsInt64, floatOf, type TimeUnit } from "../types.ts";
import { decimalOfUnscaled, unscaledOf } from "./numbers.ts";
import { countOfTime, dateOfDays, timeOfCount } from "./times.ts";

export type TypedValue = null | bigint | number | boolean | string | Uint8Array;

/** A cell as whole numbers (int64, dates as days, timestamps counted, decimals unscaled), doubles, texts or bytes. `unit`: what to count a timestamp in. */
export function typedValue(column: Column, cell: Cell, unit: TimeUnit = column.unit ?? "us"): TypedValue {
  if (cell === null) return null;
  switch (column.type) {
    case "int":
    case "int64":
      return BigInt(cell as number | string);
    case "float":
      return floatOf(cell);
    case "bool":
      return cell as boolean;
    case "date":
      return dayNumber(cell as string);
    case "timestamp": {
      const scaled = countOfTime(cell as string, column.unit ?? "us") * (unit === column.unit ? 1n : 1000n);
      if (!fitsInt64(scaled)) throw outOfRange(column, unit);
      return scaled;
    }
    case "decimal":
      return unscaledOf(cell as string);
    case "binary":
      return bytesOfHex(cell as string);
    case "json":
      return JSON.stringify(cell);
    case "text":
      return cell as string;
  }
}

function outOfRange({ name }: Column, unit: TimeUnit): AppError {
  return new AppError(
    "unsupported",
    `Column ${JSON.stringify(name)}: a time in it is too far from 1970 to be counted in ${unit}, as this format does.`,
    { hint: "Take CSV or JSON, which write it out." },
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textOfBytes(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AppError("file_malformed", "A text in the file is not valid UTF-8.", { hint: "Write the file again." });
  }
}

/** What a nested number becomes in JSON: whole numbers exact, NaN and infinities texts. */
export function nestedNumber(value: number | bigint): unknown {
  if (typeof value === "bigint") {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : parseExact(value.toString());
  }
  return Number.isFinite(value) ? value : String(value);
}

export function decimalText(unscaled: bigint | number, scale: number): string {
  return decimalOfUnscaled(BigInt(unscaled), scale);
}

/** A count of days or of time as text; throws for what no calendar has. */
export function dateText(days: number, name: string): string {
  return dateOfDays(days) ?? noSuchTime(name);
}

export function timestampText(count: bigint, unit: TimeUnit, isZoned: boolean, name: string): string {
  return timeOfCount(count, unit, isZoned) ?? noSuchTime(name);
}

function noSuchTime(name: string): never {
  throw new AppError("file_malformed", `Column ${JSON.stringify(name)}: a time in it is outside the years 1 to 9999.`, {
    hint: "Leave the column out with `columns`, or write it as text.",
  });
}

const perSecond: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };
const digitsOf: Readonly<Record<TimeUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/** A time of day as HH:MM:SS, with as many digits as the unit. */
export function clockText(count: bigint | number, unit: TimeUnit): string {
  const total = BigInt(count);
  const per = BigInt(perSecond[unit]);
  const seconds = Number(total / per);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return digitsOf[unit] === 0 ? clock : `${clock}.${(total % per).toString().padStart(digitsOf[unit], "0")}`;
}
