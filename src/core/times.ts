// Moments as arguments name them. Runs everywhere.
import * as z from "zod";

/** ISO 8601, a date alone for its first moment in UTC; becomes Unix milliseconds. */
export const timeSchema = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], "use ISO 8601, e.g. 2026-01-31 or 2026-01-31T12:00:00Z")
  .transform((text) => Date.parse(text));
