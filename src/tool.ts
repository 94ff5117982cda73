// `defineTool` for this product: core's form bound to our call context and our way of reading arguments. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "./context.ts";
import { type AnyTool, toolDefiner } from "./core/define-tool.ts";
import { parseWith } from "./core/parse.ts";
import { idempotencyLimits } from "./limits.ts";

/** A key under which a write runs once, as a tool's argument and as the header Idempotency-Key. */
export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(idempotencyLimits.keyChars)
  .refine((key) => /^[\x20-\x7e]*$/.test(key), "use printable ASCII characters")
  .describe("Repeat a call with the same key and it runs once.");

export type BuiltInTool = AnyTool<CallContext>;
export const defineTool = toolDefiner<CallContext>(parseWith, idempotencyKeySchema.optional());
