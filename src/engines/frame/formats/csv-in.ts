// CSV as a table: types found out in one full reading, rows in another. Also records that once were CSV. Pure.
import { AppError } from "../../../core/errors.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import type { CsvCell } from "../../records/csv-row.ts";
import { type CsvDialect, CsvRows } from "../../records/csv-rows.ts";
import type { Column, Row } from "../types.ts";
import { malformedFile } from "./errors.ts";
import { FlatRecords } from "./flat-records.ts";
import { frameNames, renamedNote } from "./names.ts";
import {
  askedType,
  type ColumnChoice,
  chosenColumns,
  feed,
  noColumns,
  type OpenBytes,
  type OpenedTable,
  type TextReader,
} from "./source.ts";
import { TextColumn, textCell } from "./text-columns.ts";

export interface CsvOptions extends ColumnChoice {
  dialect?: CsvDialect | undefined;
  /** true: the first row has the names; false: it has none; a list: the file has none, these are they. */
  header?: boolean | readonly string[] | undefined;
  /** Texts that are null in every column, besides those that are null in all but text columns. */
  naValues?: readonly string[] | undefined;
}

/** Takes a table's rows of cells, wherever they come from. */
interface CellTarget {
  header: (cells: readonly string[]) => void;
  row: (cells: readonly CsvCell[], line: number) => void;
}

/** Makes a reader of text that tells a target of its rows. */
type CellReader = (target: CellTarget) => TextReader;

const csvHint =
  'Put a cell that holds quotes, delimiters or line breaks in quotes and write each quote in it twice: "a ""b""".';

/** Looks at CSV. Throws `file_malformed`, `unsupported`, `not_found` for columns that are not there, `too_large`. */
export function openCsv(open: OpenBytes, options: CsvOptions = {}): Promise<OpenedTable> {
  return openCells(open, (target) => csvReader(target, options), options);
}

/** Looks at lines of flat JSON records, such as CSV was stored as: their texts are read as CSV's cells are. */
export function openFlatRecords(
  open: OpenBytes,
  options: Omit<CsvOptions, "dialect" | "header"> = {},
): Promise<OpenedTable> {
  return openCells(open, (target) => new FlatRecords(target), options);
}

function csvReader(target: CellTarget, { dialect, header = true }: CsvOptions): TextReader {
  let width = 0;
  const begin = (names: readonly string[]): void => {
    width = names.length;
    target.header(names);
  };
  if (typeof header === "object") begin(header);
  const rows = new CsvRows(
    {
      row: (cells, line) => {
        if (width === 0) {
          if (header === true) {
            requireLineEnds(cells, line);
            begin(cells.map((cell) => cell ?? ""));
            return;
          }
          begin(cells.map(() => ""));
        }
        if (cells.length !== width) throw wrongWidth(line, cells.length, width);
        target.row(cells, line);
      },
      // With one column alone, nothing on a line is its value.
      blank: (line) => {
        if (width === 1) target.row([null], line);
      },
      malformed: (line, cause) => malformedFile(`Line ${line}: ${cause}.`, csvHint, { line }),
      tooLong: rowTooLong,
      maxChars: 2 * frameLimits.rowBytes,
    },
    dialect,
  );
  return { push: (text) => rows.push(text), end: () => rows.end() };
}

function requireLineEnds(cells: readonly CsvCell[], line: number): void {
  if (!cells.some((cell) => cell !== null && /\r(?!\n)/.test(cell))) return;
  throw malformedFile(
    `Line ${line}: the lines end in carriage returns only.`,
    "Save the file with LF or CRLF line ends.",
    {
      line,
    },
  );
}

function wrongWidth(line: number, cells: number, width: number): AppError {
  const cause = `the row has ${cells} ${cells === 1 ? "cell" : "cells"} where the header has ${width}`;
  return malformedFile(
    `Line ${line}: ${cause}.`,
    "Quote cells that hold the delimiter, or say which delimiter it is.",
    { line },
  );
}

function rowTooLong(line: number): AppError {
  const limit = frameLimits.rowBytes;
  return new AppError("too_large", `Line ${line}: this row is longer than ${limit} bytes (limit rowBytes).`, {
    hint: "If no row is that long, look for a quote that is not closed.",
    details: { limit: "rowBytes", value: limit, line },
  });
}

async function openCells(open: OpenBytes, reader: CellReader, options: CsvOptions): Promise<OpenedTable> {
  const na = new Set(options.naValues ?? []);
  let given: readonly string[] = [];
  let names: string[] = [];
  let chosen: number[] = [];
  let seen: TextColumn[] = [];
  let total = 0;
  const scan = reader({
    header: (cells) => {
      given = cells;
      names = frameNames(cells);
      chosen = chosenColumns(names, given, options);
      seen = chosen.map(() => new TextColumn());
    },
    row: (cells) => {
      total++;
      for (let at = 0; at < chosen.length; at++) {
        const cell = cells[chosen[at] ?? 0];
        if (cell !== null && cell !== undefined && !na.has(cell)) seen[at]?.add(cell);
      }
    },
  });
  for await (const _ of feed(open, scan));
  if (names.length === 0) throw noColumns();
  const columns = seen.map((column, at) => {
    const index = chosen[at] ?? 0;
    const name = names[index] ?? "";
    const asked = askedType(options, name, given[index] ?? "");
    return asked === undefined ? column.column(name) : column.asked(name, asked);
  });
  const isNamed = given.some((name) => name.trim() !== "");
  const note = isNamed ? renamedNote(given, names) : undefined;
  const rows = (offset: number, limit: number) => readCells(open, reader, { columns, chosen, na, offset, limit });
  return { columns, total, notes: note === undefined ? [] : [note], rows };
}

async function* readCells(
  open: OpenBytes,
  reader: CellReader,
  plan: { columns: Column[]; chosen: readonly number[]; na: ReadonlySet<string>; offset: number; limit: number },
): AsyncGenerator<Row[]> {
  const { columns, chosen, na, offset, limit } = plan;
  let batch: Row[] = [];
  let at = 0;
  const takes = reader({
    header: () => undefined,
    row: (cells, line) => {
      const index = at++;
      if (index < offset || index >= offset + limit) return;
      const where = () => `Line ${line}`;
      batch.push(
        columns.map((column, place) => {
          const cell = cells[chosen[place] ?? 0] ?? null;
          return cell === null || na.has(cell) ? null : textCell(column, cell, where);
        }),
      );
    },
  });
  for await (const _ of feed(open, takes)) {
    if (batch.length > 0) {
      yield batch;
      batch = [];
    }
    if (at >= offset + limit) return;
  }
}
