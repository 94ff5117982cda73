// NDJSON: one JSON value a line; blank lines are skipped, the last line needs no end. Runs everywhere.
import { exceedsBytes } from "../../core/utf8.ts";
import { datasetLimits } from "../../limits.ts";
import { findJsonFault, type JsonFault, mayHoldSurrogate, nestsTooDeep } from "./json-fault.ts";
import { emptyInput, malformed, type RecordReader, type RecordTarget, recordTooLarge } from "./reader.ts";

/** Reads NDJSON. Errors name the line, from 1, and the column, from 1, in characters. */
export function ndjsonReader(target: RecordTarget): RecordReader {
  let held: string[] = [];
  let heldChars = 0;
  let line = 1;
  let records = 0;

  const take = (raw: string): void => {
    let start = 0;
    let end = raw.length;
    while (start < end && isBlank(raw.charCodeAt(start))) start++;
    while (end > start && isBlank(raw.charCodeAt(end - 1))) end--;
    if (start < end) {
      const text = raw.slice(start, end);
      if (exceedsBytes(text, datasetLimits.recordBytes)) throw recordTooLarge(`Line ${line}`, { line });
      target.record(text, parseLine(text, line, start));
      records++;
    }
    line++;
  };

  return {
    push: (text) => {
      let from = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
        const piece = text.slice(from, end);
        from = end + 1;
        take(heldChars === 0 ? piece : held.join("") + piece);
        held = [];
        heldChars = 0;
      }
      if (from === text.length) return;
      held.push(text.slice(from));
      heldChars += text.length - from;
      if (heldChars > datasetLimits.recordBytes) throw recordTooLarge(`Line ${line}`, { line });
    },
    end: () => {
      if (heldChars > 0) take(held.join(""));
      if (records === 0) throw emptyInput();
    },
  };
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

function parseLine(text: string, line: number, indent: number): unknown {
  let value: unknown;
  let fault: JsonFault | undefined;
  try {
    value = JSON.parse(text);
    if (nestsTooDeep(text) || mayHoldSurrogate(text)) fault = findJsonFault(text);
  } catch {
    // The reason is told in our own words.
    fault = findJsonFault(text) ?? { index: 0, cause: "this is not JSON", early: false };
  }
  if (fault === undefined) return value;
  const column = indent + fault.index + 1;
  const hint = fault.early
    ? "NDJSON holds one complete JSON value a line; upload a JSON array or document as application/json."
    : "NDJSON holds exactly one JSON value a line; correct this line and upload again.";
  throw malformed(`Line ${line}, column ${column}`, fault.cause, hint, { line, column });
}
