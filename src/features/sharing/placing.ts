// Where in a file an error is. Runs at the edge.
import type { ErrorDescription } from "../../core/errors.ts";
import type { LibraryEntry } from "./library-text.ts";
import type { PlacedError } from "./schema.ts";

/** An entry's error with its place in the file; `rewritten`: its jq was changed on the way, so that only lines are still as in the file. */
export function placeError(entry: LibraryEntry, error: ErrorDescription, rewritten = false): PlacedError {
  const { code, message, hint, details } = error;
  const line = details?.line;
  const column = details?.column;
  const inCode = typeof line === "number" && typeof column === "number" ? entry.locate({ line, column }) : undefined;
  const place = rewritten && inCode !== undefined ? { line: inCode.place.line } : inCode?.place;
  return {
    kind: entry.kind,
    name: entry.name,
    ...(place ?? { line: entry.place.line }),
    code,
    message: inCode === undefined ? message : message.replace(placeInCode, inCode.exact ? "" : "$1 of its jq: "),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The place in the file stands beside the message; one within the jq would be taken for it unless it says so. */
const placeInCode = /^(line \d+, column \d+): /;
