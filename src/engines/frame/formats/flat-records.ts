// Lines of flat JSON records, such as the dataset reader makes of CSV, as cells again: numbers by the digits they are written with. Pure.
import type { CsvCell } from "../../records/csv-row.ts";
import type { TextReader } from "./source.ts";

interface Target {
  header: (cells: readonly string[]) => void;
  row: (cells: readonly CsvCell[], line: number) => void;
}

const quote = 0x22;
const backslash = 0x5c;

/** Reads records that all have the members of the first, in its order; others are read the slow way. */
export class FlatRecords implements TextReader {
  readonly #target: Target;
  #held = "";
  #line = 0;
  #names: string[] | undefined;
  /** What stands before each value. */
  #keys: string[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#take(this.#held + text.slice(from, end));
      this.#held = "";
      from = end + 1;
    }
    this.#held += text.slice(from);
  }

  end(): void {
    if (this.#held !== "") this.#take(this.#held);
  }

  #take(json: string): void {
    if (json === "") return;
    this.#line++;
    if (this.#names === undefined) {
      this.#names = Object.keys(JSON.parse(json));
      this.#keys = this.#names.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
      this.#target.header(this.#names);
    }
    this.#target.row(this.#split(json) ?? slowCells(json, this.#names), this.#line);
  }

  #split(json: string): CsvCell[] | undefined {
    const cells: CsvCell[] = [];
    let at = 0;
    for (const key of this.#keys) {
      if (!json.startsWith(key, at)) return undefined;
      at += key.length;
      const isText = json.charCodeAt(at) === quote;
      const end = isText ? textEnd(json, at) : plainEnd(json, at);
      if (end < 0) return undefined;
      const value = json.slice(at, end);
      cells.push(isText ? textOf(value) : value === "null" ? null : value);
      at = end;
    }
    return json.charAt(at) === "}" && at === json.length - 1 ? cells : undefined;
  }
}

/** The place behind the quote that closes the text at `start`. */
function textEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return -1;
}

/** The place behind a number, true, false or null. */
function plainEnd(json: string, start: number): number {
  const comma = json.indexOf(",", start);
  return comma < 0 ? json.length - 1 : comma;
}

function textOf(value: string): string {
  return value.includes("\\") ? JSON.parse(value) : value.slice(1, -1);
}

function slowCells(json: string, names: readonly string[]): CsvCell[] {
  const keepSource = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" || typeof value === "boolean" ? (context?.source ?? String(value)) : value;
  const record: Record<string, unknown> = JSON.parse(json, keepSource);
  return names.map((name) => {
    const value = Object.hasOwn(record, name) ? record[name] : null;
    if (value === null || value === undefined) return null;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}
