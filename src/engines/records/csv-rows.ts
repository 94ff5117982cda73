// CSV text, in pieces cut anywhere, into rows of cells: the one CSV reader there is. Pure.
import type { AppError } from "../../core/errors.ts";
import { type CsvCell, detectDelimiter, lineOf, splitRow } from "./csv-row.ts";

export interface CsvDialect {
  /** Left out: the one of `,` `;` tab `|` that the first row holds most often. */
  delimiter?: string | undefined;
  /** One character; empty for a file without quotes. */
  quote?: string | undefined;
  /** Lines that begin with this character are left out. */
  comment?: string | undefined;
  /** Physical lines left out at the start. */
  skipLines?: number | undefined;
}

/** Who takes the rows, and what errors of theirs are. Lines are counted from 1. */
export interface CsvTarget {
  row: (cells: CsvCell[], line: number) => void;
  /** A line with nothing on it; left out: skipped. */
  blank?: (line: number) => void;
  malformed: (line: number, cause: string) => AppError;
  tooLong: (line: number) => AppError;
  /** Characters that a row may have. */
  maxChars: number;
}

/** A push parser of CSV (RFC 4180). Rows end in LF or CRLF, the last needs no end. Throws what the target makes of faults. */
export class CsvRows {
  readonly #target: CsvTarget;
  readonly #quote: string;
  readonly #comment: string | undefined;
  #delimiter: string | undefined;
  #skip: number;
  #held: string[] = [];
  #heldChars = 0;
  #inQuotes = false;
  /** The line under way is a comment or skipped, where quotes mean nothing. */
  #isPlain = false;
  /** The next quote of the piece under way, or its length; behind the place looked at when it must be looked for. */
  #mark = -1;
  #line = 1;

  constructor(target: CsvTarget, { delimiter, quote = '"', comment, skipLines = 0 }: CsvDialect = {}) {
    this.#target = target;
    this.#quote = quote;
    this.#comment = comment === "" ? undefined : comment;
    this.#delimiter = delimiter;
    this.#skip = skipLines;
  }

  push(text: string): void {
    let from = 0;
    this.#mark = -1;
    while (from < text.length) {
      if (this.#heldChars === 0)
        this.#isPlain = this.#skip > 0 || (this.#comment !== undefined && text.startsWith(this.#comment, from));
      const end = this.#rowEnd(text, from);
      if (end < 0) break;
      const piece = text.slice(from, end);
      from = end + 1;
      const row = this.#heldChars === 0 ? piece : this.#held.join("") + piece;
      this.#held = [];
      this.#heldChars = 0;
      this.#take(row);
    }
    if (from >= text.length) return;
    this.#held.push(text.slice(from));
    this.#heldChars += text.length - from;
    if (this.#heldChars > this.#target.maxChars) throw this.#target.tooLong(this.#line);
  }

  /** The delimiter, once a row was read. */
  get delimiter(): string | undefined {
    return this.#delimiter;
  }

  end(): void {
    if (this.#heldChars > 0) this.#take(this.#held.join(""));
  }

  /** The next line feed outside quotes, or -1. Doubled quotes leave the state as it was, so counting quotes is enough. */
  #rowEnd(text: string, from: number): number {
    if (this.#isPlain || this.#quote === "") return text.indexOf("\n", from);
    let at = from;
    for (;;) {
      if (this.#mark < at) {
        const next = text.indexOf(this.#quote, at);
        this.#mark = next < 0 ? text.length : next;
      }
      const feed = this.#inQuotes ? -1 : text.indexOf("\n", at);
      if (feed >= 0 && feed < this.#mark) return feed;
      if (this.#mark === text.length) return -1;
      this.#inQuotes = !this.#inQuotes;
      at = this.#mark + 1;
    }
  }

  #take(raw: string): void {
    const line = this.#line;
    if (this.#isPlain) {
      this.#line++;
      if (this.#skip > 0) this.#skip--;
      return;
    }
    const row = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    this.#line += 1 + (this.#quote !== "" && row.includes(this.#quote) ? lineOf(row, row.length) : 0);
    if (row === "") {
      this.#target.blank?.(line);
      return;
    }
    this.#delimiter ??= detectDelimiter(row, this.#quote);
    const cells = splitRow(row, this.#delimiter, this.#quote);
    if (!Array.isArray(cells)) throw this.#target.malformed(line + cells.line, cells.cause);
    this.#target.row(cells, line);
  }
}
