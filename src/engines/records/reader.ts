// What the readers of the three formats have in common: text in, records out, errors with a place. Runs everywhere.
import { AppError, type ErrorDetails } from "../../core/errors.ts";
import { datasetLimits } from "../../limits.ts";

/** Takes what a reader finds. `value` is the parsed record where the reader had to parse it anyway. */
export interface RecordTarget {
  record: (json: string, value?: unknown) => void;
  /** The whole input is one JSON document. */
  whole: (json: string, value: unknown) => void;
  /** Something the uploader should know about content that was taken; it may hold names from the data. */
  note: (text: string) => void;
}

/** A push parser. Text comes in pieces cut anywhere between characters; `offset` is the first character's place in the input's bytes. */
export interface RecordReader {
  push: (text: string, offset: number) => void;
  end: (offset: number) => void;
  /** No more will be pushed although the input goes on: gives out the records that are complete and were held back. */
  stop?: () => void;
  /** Of CSV: how the file is written, once its header was read. */
  csv?: () => { delimiter: string; columns: readonly string[] } | undefined;
}

/** Input that is not what its format says. `where` opens the message: `Line 3`, `Byte 17`. */
export function malformed(where: string, cause: string, hint: string, details: ErrorDetails): AppError {
  return new AppError("dataset_malformed", `${where}: ${cause}.`, { hint, details });
}

/** The error for an upload that holds nothing. */
export function emptyInput(): AppError {
  return new AppError("dataset_malformed", "The upload is empty: there is nothing in it but blanks.", {
    hint: "Send at least one value; for a dataset without records send [] as JSON.",
  });
}

/** The error for a record over datasetLimits.recordBytes; `where` as for `malformed`. */
export function recordTooLarge(where: string, details: ErrorDetails): AppError {
  const limit = datasetLimits.recordBytes;
  return new AppError(
    "too_large",
    `${where}: this record is larger than ${limit} bytes, the limit of one record (limit recordBytes).`,
    {
      hint: "Split it into several records. If no record is that large, look for a quote or bracket that is not closed.",
      details: { limit: "recordBytes", value: limit, ...details },
    },
  );
}
