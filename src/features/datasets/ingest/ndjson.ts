// NDJSON: one JSON value a line; blank lines are skipped, the last line needs no end. Runs at the edge.
import { exceedsBytes } from "../../../core/utf8.ts";
import { datasetLimits } from "../../../limits.ts";
import { findJsonFault, nestsTooDeep } from "./json-fault.ts";
import { emptyInput, malformed, type RecordReader, type RecordTarget, recordTooLarge } from "./reader.ts";

const blanks = /^[ \t\r]+|[ \t\r]+$/g;

/** Reads NDJSON. Errors name the line, from 1, and the column, from 1, in characters. */
export function ndjsonReader(target: RecordTarget): RecordReader {
  let held: string[] = [];
  let heldChars = 0;
  let line = 1;
  let records = 0;

  const take = (raw: string): void => {
    // A charCode test is enough to see that a line needs no trimming, which is the usual case.
    const text = raw.charCodeAt(0) > 0x20 && raw.charCodeAt(raw.length - 1) > 0x20 ? raw : raw.replace(blanks, "");
    if (text !== "") {
      if (exceedsBytes(text, datasetLimits.recordBytes)) throw recordTooLarge(`Line ${line}`, { line });
      target.record(text, parseLine(text, line, raw.indexOf(text)));
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

function parseLine(text: string, line: number, indent: number): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (!nestsTooDeep(text)) return value;
  } catch {
    // The reason is found below, in our own words.
  }
  const fault = findJsonFault(text) ?? { index: 0, cause: "this is not JSON", early: false };
  const column = indent + fault.index + 1;
  const hint = fault.early
    ? "NDJSON holds one complete JSON value a line; upload a JSON array or document as application/json."
    : "NDJSON holds exactly one JSON value a line; correct this line and upload again.";
  throw malformed(`Line ${line}, column ${column}`, fault.cause, hint, { line, column });
}
