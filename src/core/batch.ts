// Entries of one request that succeed or fail each on its own. Runs everywhere.
import { describeError, type ErrorDescription } from "./errors.ts";

/** An entry's outcome; an error is data here, so that the others go on. */
export type EntryOutcome<Value> = { name: string; value: Value } | { name: string; error: ErrorDescription };

/** Runs `work` on each entry in turn; what throws becomes that entry's outcome. */
export function eachOnItsOwn<Entry extends { name: string }, Value>(
  entries: readonly Entry[],
  work: (entry: Entry) => Value,
): EntryOutcome<Value>[] {
  return entries.map((entry) => {
    const { name } = entry;
    try {
      return { name, value: work(entry) };
    } catch (error) {
      return { name, error: describeError(error) };
    }
  });
}
