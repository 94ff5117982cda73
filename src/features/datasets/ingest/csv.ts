// CSV (RFC 4180) with a header row: each further row becomes a JSON object. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { exceedsBytes } from "../../../core/utf8.ts";
import { datasetLimits } from "../../../limits.ts";
import { columnNames, detectDelimiter, lineOf, splitRow } from "./csv-row.ts";
import { type ColumnType, cellJson, widenType } from "./csv-types.ts";
import { emptyInput, malformed, type RecordReader, type RecordTarget, recordTooLarge } from "./reader.ts";

const quoteHint =
  'Put a cell that holds quotes, delimiters or line breaks in double quotes and write each quote in it twice: "a ""b""".';

/**
 * Reads CSV. The delimiter (comma, semicolon, tab or bar) is the one the header holds most often. Lines end in LF or CRLF; blank lines
 * are skipped; a row must have as many cells as the header. A column's type is settled by the first datasetLimits.csvTypeRows rows,
 * see csv-types.ts. Errors name the line, from 1.
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
  #types: ColumnType[] = [];
  /** Rows that wait until the types are settled; undefined afterwards. */
  #waiting: { cells: string[]; line: number }[] | undefined = [];
  #waitingChars = 0;

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
      json += `${this.#keys[index] ?? ""}${cellJson(type, cell)}`;
    }
    json += "}";
    if (exceedsBytes(json, datasetLimits.recordBytes)) throw recordTooLarge(`Line ${line}`, { line });
    this.#target.record(json);
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
  const long = cells.findIndex((cell) => cell.length > csvColumnNameChars);
  if (long < 0) return;
  const cause = `The name of column ${long + 1} has ${cells[long]?.length} characters; a name may have ${csvColumnNameChars} (limit csvColumnNameChars).`;
  throw new AppError("too_large", cause, {
    hint: "Shorten it. If the file has no header row, add one.",
    details: { limit: "csvColumnNameChars", value: csvColumnNameChars },
  });
}
