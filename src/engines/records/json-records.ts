// JSON: a top-level array is cut into its elements as it streams by; any other value is one document. Runs everywhere.
import { AppError } from "../../core/errors.ts";
import { exceedsBytes, utf8Bytes } from "../../core/utf8.ts";
import { datasetLimits, jqLimits } from "../../limits.ts";
import { arrayLevels, objectLevels } from "../jq/types.ts";
import { findJsonFault, mayHoldSurrogate, tooDeepCause } from "./json-fault.ts";
import { emptyInput, malformed, type RecordReader, type RecordTarget, recordTooLarge } from "./reader.ts";

type State = "start" | "whole" | "first" | "next" | "element" | "after" | "done";

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const tryAgain = "Correct the JSON and upload it again.";

/**
 * Reads one JSON document. Elements of a top-level array keep their text as written (numbers exact), except that line breaks
 * between tokens become a blank. Errors name the byte, from 0.
 */
export class JsonRecordReader implements RecordReader {
  readonly #target: RecordTarget;
  readonly #wholeLimit: { limit: string; value: number };
  #state: State = "start";
  #held: string[] = [];
  #heldChars = 0;
  /** Where the value under way began: a piece of text, the index in it, and the piece's place in the input. */
  #began = { text: "", index: 0, offset: 0 };
  #inString = false;
  #escaped = false;
  /** The closing character each open bracket waits for. */
  readonly #closers = new Uint8Array(jqLimits.valueDepth);
  #depth = 0;
  /** What the open brackets take of jqLimits.valueDepth. */
  #levels = 0;

  /** `wholeLimit`: bytes that a document which is no array may have. */
  constructor(
    target: RecordTarget,
    wholeLimit: { limit: string; value: number } = { limit: "wholeInputBytes", value: jqLimits.wholeInputBytes },
  ) {
    this.#target = target;
    this.#wholeLimit = wholeLimit;
  }

  push(text: string, offset: number): void {
    let at = 0;
    while (at < text.length) {
      if (this.#state === "whole") {
        this.#hold(text.slice(at));
        return;
      }
      if (this.#state === "element") {
        const end = this.#scan(text, at, offset);
        if (end === text.length) {
          this.#hold(text.slice(at));
          return;
        }
        this.#finishElement(text.slice(at, end));
        at = end;
      }
      if (!isBlank(text.charCodeAt(at))) at = this.#between(text, at, offset);
      else at++;
    }
  }

  end(offset: number): void {
    switch (this.#state) {
      case "start":
        throw emptyInput();
      case "whole":
        this.#target.whole(...this.#checked(this.#held.join("")));
        return;
      case "element":
        this.#checked(this.#held.join(""));
        break;
      case "done":
        return;
      default:
    }
    throw malformed(
      `Byte ${offset}`,
      'the input ends before the "]" that closes the array',
      "The file may be cut short; upload it whole.",
      {
        offset,
      },
    );
  }

  /** Handles one character between values; returns where to go on. */
  #between(text: string, at: number, offset: number): number {
    const code = text.charCodeAt(at);
    if (this.#state === "start" && code === openBracket) {
      this.#state = "first";
      return at + 1;
    }
    if (this.#state === "after" && code === comma) {
      this.#state = "next";
      return at + 1;
    }
    if (code === closeBracket && (this.#state === "after" || this.#state === "first")) {
      this.#state = "done";
      return at + 1;
    }
    if (
      this.#state === "start" ||
      ((this.#state === "first" || this.#state === "next") && code !== comma && code !== closeBracket)
    ) {
      this.#state = this.#state === "start" ? "whole" : "element";
      this.#began = { text, index: at, offset };
      return at;
    }
    throw this.#misplaced(text, at, offset, code);
  }

  #misplaced(text: string, at: number, offset: number, code: number): AppError {
    const byte = offset + utf8Bytes(text.slice(0, at));
    const where = `Byte ${byte}`;
    if (this.#state === "done") {
      return malformed(
        where,
        "there is more text after the end of the array",
        "Send one JSON array, or several values as NDJSON.",
        {
          offset: byte,
        },
      );
    }
    const found = code === comma ? '","' : '"]"';
    const cause =
      this.#state === "first"
        ? `expected a value or "]", found ${found}`
        : `expected a value after the comma, found ${found}`;
    return malformed(where, cause, tryAgain, { offset: byte });
  }

  /** Scans an element from `start`; returns the index of the comma or bracket that ends it, or the text's length. */
  #scan(text: string, start: number, offset: number): number {
    let inString = this.#inString;
    let escaped = this.#escaped;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (inString) {
        if (escaped) escaped = false;
        else if (code === backslash) escaped = true;
        else if (code === quote) inString = false;
      } else if (code === quote) inString = true;
      else if (code === openBracket || code === openBrace) this.#descend(code, text, at, offset);
      else if (code === closeBracket || code === closeBrace) {
        if (this.#depth === 0 && code === closeBracket) break;
        this.#ascend(code, text, at, offset);
      } else if (code === comma && this.#depth === 0) break;
    }
    this.#inString = inString;
    this.#escaped = escaped;
    return at;
  }

  #descend(code: number, text: string, at: number, offset: number): void {
    // The array around the elements is not part of any record, so it does not count.
    if (this.#levels >= jqLimits.valueDepth) {
      const byte = offset + utf8Bytes(text.slice(0, at));
      throw malformed(`Byte ${byte}`, tooDeepCause, "Flatten the value and upload it again.", { offset: byte });
    }
    this.#closers[this.#depth++] = code === openBrace ? closeBrace : closeBracket;
    this.#levels += code === openBrace ? objectLevels : arrayLevels;
  }

  #ascend(code: number, text: string, at: number, offset: number): void {
    const waits = this.#depth === 0 ? undefined : this.#closers[this.#depth - 1];
    if (waits !== code) {
      const byte = offset + utf8Bytes(text.slice(0, at));
      const expected = waits === undefined ? '"," or "]"' : `"${String.fromCharCode(waits)}"`;
      throw malformed(`Byte ${byte}`, `expected ${expected}, found "${String.fromCharCode(code)}"`, tryAgain, {
        offset: byte,
      });
    }
    this.#depth--;
    this.#levels -= code === closeBrace ? objectLevels : arrayLevels;
  }

  #hold(piece: string): void {
    this.#held.push(piece);
    this.#heldChars += piece.length;
    if (this.#state === "whole") {
      if (this.#heldChars > this.#wholeLimit.value) throw wholeTooLarge(this.#wholeLimit);
    } else if (this.#heldChars > datasetLimits.recordBytes) {
      throw this.#elementTooLarge();
    }
  }

  #finishElement(piece: string): void {
    const raw = this.#heldChars === 0 ? piece : this.#held.join("") + piece;
    this.#state = "after";
    const [text, value] = this.#checked(raw);
    if (exceedsBytes(text, datasetLimits.recordBytes)) throw this.#elementTooLarge();
    // Valid JSON has no raw line break inside a string, so every one stands between tokens.
    this.#target.record(/[\r\n]/.test(text) ? text.replace(/[\r\n][ \t\r\n]*/g, " ") : text, value);
    this.#held = [];
    this.#heldChars = 0;
  }

  /** The text without blanks around it, and its value. Throws `dataset_malformed` at the byte of its first fault. */
  #checked(raw: string): [string, unknown] {
    const text = trimEnd(raw);
    if (this.#state === "whole" && exceedsBytes(text, this.#wholeLimit.value)) throw wholeTooLarge(this.#wholeLimit);
    let value: unknown;
    let fault = this.#state === "whole" || mayHoldSurrogate(text) ? findJsonFault(text) : undefined;
    try {
      value = JSON.parse(text);
    } catch {
      fault ??= findJsonFault(text);
    }
    if (fault === undefined) return [text, value];
    const offset = this.#startOffset() + utf8Bytes(text.slice(0, fault.index));
    const several = this.#state === "whole" && fault.cause.startsWith("expected nothing more");
    throw malformed(
      `Byte ${offset}`,
      fault.cause,
      several ? "Send several values as one array, or as NDJSON (lines: true in read_json)." : tryAgain,
      { offset },
    );
  }

  #startOffset(): number {
    return this.#began.offset + utf8Bytes(this.#began.text.slice(0, this.#began.index));
  }

  #elementTooLarge(): AppError {
    const offset = this.#startOffset();
    return recordTooLarge(`Byte ${offset}`, { offset });
  }
}

function isBlank(code: number): boolean {
  return code === blank || code === lineFeed || code === carriageReturn || code === tab;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

function wholeTooLarge({ limit, value }: { limit: string; value: number }): AppError {
  return new AppError(
    "too_large",
    `A JSON document that is not an array may have ${value} bytes (limit ${limit}); this one has more.`,
    {
      hint: "Send the records in it as a JSON array or as NDJSON: those may be as large as a dataset.",
      details: { limit, value },
    },
  );
}
