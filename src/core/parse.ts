// Zod at the doors: one way to turn a failed parse into an AppError. Runs everywhere.
import type { z } from "zod";
import { AppError } from "./errors.ts";

/**
 * Parses `value`; on failure throws `invalid_argument` that lists every problem as `path: what is wrong`.
 * `what` names the thing parsed ("query_dataset", "upload") and opens the message.
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const path = issue.path.map(String).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  throw new AppError("invalid_argument", `${what}: ${problems.join("; ")}`, {
    hint: "Correct the arguments named above and call again.",
    details: { problems },
  });
}
