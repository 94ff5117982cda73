// CSV (RFC 4180) with a header row: each further row becomes a JSON object. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { exceedsBytes } from "../../../core/utf8.ts";
import { datasetLimits } from "../../../limits.ts";
import { columnNames, detectDelimiter, lineOf, splitRow } from "./csv-row.ts";
import { type ColumnType, cellJson, fitsType, widenType } from "./csv-types.ts";
import { emptyInput, malformed, type RecordReader, type RecordTarget, recordTooLarge } from "./reader.ts";

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
  #held: string[] = [];
  #heldChars = 0;
  #inQuotes = false;
  /** The next quote of the piece under way, or its length; behind the place looked at when it must be looked for. */
  #mark = 0;
  /** The line on which the row under way began. */
  #line = 1;
  #delimiter = ",";
  #columns: string[] | undefined;
  /** What stands before each cell: the brace or comma and the key. */
  #keys: string[] = [];
  /** Characters of a record whose cells are all empty. */
  #emptyRecordChars = 0;
  #types: ColumnType[] = [];
  /** Rows that wait until the types are settled; undefined afterwards. */
  #waiting: { cells: string[]; line: number }[] | undefined = [];
  /** Characters that those rows take as records, about. */
  #waitingChars = 0;
  /** Columns with values of another type than theirs. */
  readonly #misfits = new Map<number, { line: number; cells: number }>();

  constructor(target: RecordTarget) {
    this.#target = target;
  }

  push(text: string): void {
    let from = 0;
    this.#mark = 0;
    for (let end = this.#rowEnd(text, 0); end >= 0; end = this.#rowEnd(text, from)) {
      const piece = text.slice(from, end);
      from = end + 1;
      this.#takeRow(this.#heldChars === 0 ? piece : this.#held.join("") + piece);
      this.#held = [];
      this.#heldChars = 0;
    }
    if (from === text.length) return;
    this.#held.push(text.slice(from));
    this.#heldChars += text.length - from;
    if (this.#heldChars > datasetLimits.recordBytes) throw this.#tooLarge();
  }

  end(): void {
    if (this.#heldChars > 0) this.#takeRow(this.#held.join(""));
    if (this.#columns === undefined) throw emptyInput();
    this.#settleTypes();
    this.#noteMisfits(this.#columns);
  }

  /** The next line feed outside quotes, or -1. Doubled quotes leave the state as it was, so counting quotes is enough. */
  #rowEnd(text: string, from: number): number {
    let at = from;
    let mark = this.#mark;
    for (;;) {
      if (mark < at || (mark === 0 && text.charAt(0) !== '"')) mark = text.indexOf('"', at);
      if (mark < 0) mark = text.length;
      this.#mark = mark;
      const feed = this.#inQuotes ? -1 : text.indexOf("\n", at);
      if (feed >= 0 && feed < mark) return feed;
      if (mark === text.length) return -1;
      this.#inQuotes = !this.#inQuotes;
      at = mark + 1;
    }
  }

  #takeRow(raw: string): void {
    const row = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const line = this.#line;
    this.#line += 1 + (row.includes('"') ? lineOf(row, row.length) : 0);
    if (row === "") return;
    if (this.#columns === undefined) this.#delimiter = detectDelimiter(row);
    const cells = splitRow(row, this.#delimiter);
    if (!Array.isArray(cells)) {
      throw malformed(`Line ${line + cells.line}`, cells.cause, quoteHint, { line: line + cells.line });
    }
    if (this.#columns === undefined) this.#takeHeader(cells, line);
    else this.#takeCells(cells, line, this.#columns.length);
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

  #takeCells(cells: string[], line: number, columns: number): void {
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

  #emit(cells: readonly string[], line: number): void {
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

  #tooLarge(): AppError {
    return recordTooLarge(`Line ${this.#line}`, { line: this.#line });
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
