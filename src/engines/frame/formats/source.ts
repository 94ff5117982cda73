// What every reader of a file has in common: bytes that can be read again, columns found, rows from an offset on. Pure.
import { AppError, isAppError } from "../../../core/errors.ts";
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { Utf8Reader } from "../../records/utf8.ts";
import type { Column, LogicalType, Row } from "../types.ts";

/** Bytes from their beginning, each time it is called: types are found out in one reading, rows come in another. */
export type OpenBytes = () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

/** A file that was looked at: its columns (those asked for), how many rows it has, and what its owner should know. */
export interface OpenedTable {
  columns: Column[];
  total: number;
  notes: string[];
  /** Rows from `offset` on, `limit` at most, some at a time. Throws for a value that does not fit. */
  rows: (offset: number, limit: number) => AsyncGenerator<Row[]>;
}

/** What to read of a file, in every format. */
export interface ColumnChoice {
  /** Columns to keep, in this order; left out: all. */
  columns?: readonly string[] | undefined;
  /** Types by column, instead of those found out. */
  types?: Readonly<Record<string, LogicalType>> | undefined;
}

/** Text is parsed in pieces this small, so that what it grows to stays small too. */
const pieceBytes = 64 * 1024;

export interface TextReader {
  push: (text: string, offset: number) => void;
  end: (offset: number) => void;
}

/** Reads bytes as UTF-8 into a reader; yields after each piece, so that what it found can be taken away. */
export async function* feed(open: OpenBytes, reader: TextReader): AsyncGenerator<void> {
  const utf8 = new Utf8Reader();
  let isFirst = true;
  for await (const chunk of await open()) {
    if (isFirst) requireNoUtf16(chunk);
    isFirst = false;
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      named(() => {
        const { text, offset } = utf8.decode(chunk.subarray(at, at + pieceBytes));
        if (text !== "") reader.push(text, offset);
      });
      yield;
    }
  }
  named(() => reader.end(utf8.end()));
  yield;
}

/** The readers are those of datasets: what they call malformed is a file here. */
function named(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isAppError(error) || error.code !== "dataset_malformed") throw error;
    const { message, hint, details } = error;
    throw new AppError("file_malformed", message, {
      ...(hint === undefined ? {} : { hint }),
      ...(details === undefined ? {} : { details }),
    });
  }
}

function requireNoUtf16(bytes: Uint8Array): void {
  const [a, b] = bytes;
  if (!((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))) return;
  throw new AppError("unsupported", "The file is UTF-16; text is read as UTF-8 alone.", {
    hint: "Save it as UTF-8 (in Excel: CSV UTF-8) and send it again.",
  });
}

/** The index of each column to keep, by its name in the frame or in the file. Throws `not_found`, `too_large`. */
export function chosenColumns(names: readonly string[], given: readonly string[], choice: ColumnChoice): number[] {
  const indexOf = (name: string): number => {
    const index = names.indexOf(name);
    const found = index >= 0 ? index : given.indexOf(name);
    if (found < 0) throw noColumn(name, names);
    return found;
  };
  for (const name of Object.keys(choice.types ?? {})) indexOf(name);
  const chosen =
    choice.columns === undefined ? names.map((_, index) => index) : [...new Set(choice.columns.map(indexOf))];
  if (chosen.length > frameLimits.columns) throw tooManyColumns(chosen.length);
  return chosen;
}

/** The type that was asked for a column, by its name in the frame or in the file. */
export function askedType({ types }: ColumnChoice, name: string, given: string): LogicalType | undefined {
  if (types === undefined) return undefined;
  if (Object.hasOwn(types, name)) return types[name];
  return Object.hasOwn(types, given) ? types[given] : undefined;
}

function noColumn(name: string, names: readonly string[]): AppError {
  const shown = names.slice(0, 20).map((known) => known.slice(0, 60));
  const more = names.length - shown.length;
  const all = `The columns are ${shown.join(", ")}${more === 0 ? "" : ` and ${more} more`}.`;
  return new AppError("not_found", `There is no column ${JSON.stringify(name)} in the file.`, {
    hint: didYouMean(nearNames(name, names)) ?? all,
    details: { columns: shown, ...(more === 0 ? {} : { more }) },
  });
}

export function tooManyColumns(count: number): AppError {
  const limit = frameLimits.columns;
  return new AppError("too_large", `The file has ${count} columns; a frame has ${limit} at most (limit columns).`, {
    hint: "Name the ones you need in `columns`.",
    details: { limit: "columns", value: limit, columns: count },
  });
}

/** The error for a file in which there is nothing. */
export function noColumns(): AppError {
  return new AppError("file_malformed", "There is nothing in it that could be a column.", {
    hint: "Send a header row, or at least one record.",
  });
}
