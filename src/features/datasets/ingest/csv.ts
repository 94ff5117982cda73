// CSV (RFC 4180) with a header row: each further row becomes a JSON object. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { exceedsBytes } from "../../../core/utf8.ts";
import { type CsvCell, columnNames } from "../../../engines/records/csv-row.ts";
import { CsvRows } from "../../../engines/records/csv-rows.ts";
import {
  emptyInput,
  malformed,
  type RecordReader,
  type RecordTarget,
  recordTooLarge,
} from "../../../engines/records/reader.ts";
import { datasetLimits } from "../../../limits.ts";
import { type ColumnType, cellJson, fitsType, widenType } from "./csv-types.ts";

const quoteHint =
  'Put a cell that holds quotes, delimiters or line breaks in double quotes and write each quote in it twice: "a ""b""".';

/** Columns that an upload's notes name; a file with more of them is described by the first. */
const notedColumns = 20;
/** The least a cell takes in the output: null. */
const emptyCellChars = 4;

/**
 * Reads CSV. The delimiter (comma, semicolon, tab or bar) is the one the header holds most often. Lines end in LF or CRLF; blank lines
 * are skipped; a row must have as many cells as the header. A column's type is settled by the first datasetLimits.csvTypeRows rows,
 * see csv-types.ts; a later value that does not fit is kept as a string, and a note at the end says so. Errors name the line, from 1.
 */
export class CsvReader implements RecordReader {
  readonly #target: RecordTarget;
  readonly #rows = new CsvRows({
    row: (cells, line) => this.#takeRow(cells, line),
    malformed: (line, cause) => malformed(`Line ${line}`, cause, quoteHint, { line }),
    tooLong: (line) => recordTooLarge(`Line ${line}`, { line }),
    maxChars: datasetLimits.recordBytes,
  });
  #columns: string[] | undefined;
  /** What stands before each cell: the brace or comma and the key. */
  #keys: string[] = [];
  /** Characters of a record whose cells are all empty. */
  #emptyRecordChars = 0;
  #types: ColumnType[] = [];
  /** Rows that wait until the types are settled; undefined afterwards. */
  #waiting: { cells: CsvCell[]; line: number }[] | undefined = [];
  /** Characters that those rows take as records, about. */
  #waitingChars = 0;
  /** Columns with values of another type than theirs. */
  readonly #misfits = new Map<number, { line: number; cells: number }>();

  constructor(target: RecordTarget) {
    this.#target = target;
  }

  push(text: string): void {
    this.#rows.push(text);
  }

  end(): void {
    this.#rows.end();
    if (this.#columns === undefined) throw emptyInput();
    this.#settleTypes();
    this.#noteMisfits(this.#columns);
  }

  stop(): void {
    if (this.#columns === undefined) return;
    this.#settleTypes();
    this.#noteMisfits(this.#columns);
  }

  csv(): { delimiter: string; columns: readonly string[] } | undefined {
    const { delimiter } = this.#rows;
    return this.#columns === undefined || delimiter === undefined ? undefined : { delimiter, columns: this.#columns };
  }

  #takeRow(cells: CsvCell[], line: number): void {
    if (this.#columns === undefined) {
      this.#takeHeader(
        cells.map((cell) => cell ?? ""),
        line,
      );
    } else this.#takeCells(cells, line, this.#columns.length);
  }

  #takeHeader(cells: string[], line: number): void {
    if (cells.some((cell) => /\r(?!\n)/.test(cell))) {
      throw malformed(
        `Line ${line}`,
        "the lines end in carriage returns only",
        "Save the file with LF or CRLF line ends.",
        { line },
      );
    }
    requireColumnLimits(cells);
    this.#columns = columnNames(cells);
    this.#keys = this.#columns.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
    this.#emptyRecordChars = this.#keys.reduce((sum, key) => sum + key.length + emptyCellChars, 1);
    this.#types = this.#columns.map(() => "undecided");
  }

  #takeCells(cells: CsvCell[], line: number, columns: number): void {
    if (cells.length !== columns) {
      const cause = `the row has ${cells.length} ${cells.length === 1 ? "cell" : "cells"} where the header has ${columns}`;
      throw malformed(
        `Line ${line}`,
        cause,
        "Give every row as many cells as the header; quote cells that hold the delimiter.",
        { line },
      );
    }
    if (this.#waiting === undefined) {
      this.#emit(cells, line);
      return;
    }
    this.#waiting.push({ cells, line });
    this.#waitingChars += this.#emptyRecordChars;
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] ?? "";
      this.#waitingChars += cell.length;
      this.#types[index] = widenType(this.#types[index] ?? "undecided", cell);
    }
    if (this.#waiting.length === datasetLimits.csvTypeRows || this.#waitingChars > datasetLimits.csvTypeChars)
      this.#settleTypes();
  }

  #settleTypes(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { cells, line } of waiting) this.#emit(cells, line);
  }

  #emit(cells: readonly CsvCell[], line: number): void {
    let json = "";
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] ?? "";
      let type = this.#types[index] ?? "undecided";
      if (type === "undecided" && cell !== "") {
        type = widenType(type, cell);
        this.#types[index] = type;
      }
      const fits = fitsType(type, cell);
      if (!fits) this.#countMisfit(index, line);
      json += `${this.#keys[index] ?? ""}${cellJson(fits ? type : "text", cell)}`;
    }
    json += "}";
    if (exceedsBytes(json, datasetLimits.recordBytes)) throw recordTooLarge(`Line ${line}`, { line });
    this.#target.record(json);
  }

  #countMisfit(column: number, line: number): void {
    const known = this.#misfits.get(column);
    if (known === undefined) this.#misfits.set(column, { line, cells: 1 });
    else known.cells++;
  }

  #noteMisfits(columns: readonly string[]): void {
    const noted = [...this.#misfits].slice(0, notedColumns);
    for (const [column, { line, cells }] of noted) {
      const later = cells === 1 ? "1 later cell is none and was" : `${cells} later cells are none and were`;
      const name = JSON.stringify(columns[column] ?? "");
      this.#target.note(
        `Column ${name} began with ${this.#types[column]}s; ${later} kept as text (first on line ${line}).`,
      );
    }
    const more = this.#misfits.size - noted.length;
    if (more > 0) this.#target.note(`${more} more columns hold values of more than one type.`);
  }
}

function requireColumnLimits(cells: readonly string[]): void {
  const { csvColumns, csvColumnNameChars } = datasetLimits;
  if (cells.length > csvColumns) {
    throw new AppError(
      "too_large",
      `The header has ${cells.length} columns; a CSV file may have ${csvColumns} (limit csvColumns).`,
      {
        hint: "Leave columns out, or send the rows as NDJSON.",
        details: { limit: "csvColumns", value: csvColumns },
      },
    );
  }
  // As JSON, where a control character takes six: that is what every record repeats.
  const lengths = cells.map((cell) => JSON.stringify(cell).length - 2);
  const long = lengths.findIndex((length) => length > csvColumnNameChars);
  if (long < 0) return;
  const cause = `The name of column ${long + 1} has ${lengths[long]} characters as JSON; a name may have ${csvColumnNameChars} (limit csvColumnNameChars).`;
  throw new AppError("too_large", cause, {
    hint: "Shorten it. If the file has no header row, add one.",
    details: { limit: "csvColumnNameChars", value: csvColumnNameChars },
  });
}
