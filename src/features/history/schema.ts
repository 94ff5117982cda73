// The past of functions and tools, the same for both kinds: fields described once. Runs everywhere.
import * as z from "zod";
import { toolVersionSchema } from "../jq-tools/schema.ts";

export const entryKinds = ["function", "tool"] as const;
export type EntryKind = (typeof entryKinds)[number];
export const entryKindSchema = z.enum(entryKinds);

/** Who made a version, when and why. */
export const versionSchema = toolVersionSchema;
export type Version = z.infer<typeof versionSchema>;

/** A version with all that its author wrote, by field. */
export type WholeVersion = Version & { content: Readonly<Record<string, unknown>> };

/** The texts that a blame can be asked of, the first of each kind when none is named. */
export const blameFields = {
  function: ["definition", "description", "parameters"],
  tool: ["query", "description", "parameters", "datasets"],
} as const satisfies Record<EntryKind, readonly string[]>;
export const blameFieldSchema = z.enum(["definition", "query", "description", "parameters", "datasets"]);

/** What changed between two versions, field by field. */
export const comparisonSchema = z.object({
  kind: entryKindSchema,
  name: z.string(),
  from: versionSchema.nullable().describe("Null: there was nothing before the first version."),
  to: versionSchema,
  changes: z.array(z.object({ field: z.string(), diff: z.string().describe("Unified: - was there, + is there.") })),
  truncated: z.boolean().describe("True when diffs were cut at historyLimits.diffChars."),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** Each line of a field as it is now, and the version that brought it. */
export const blameSchema = z.object({
  kind: entryKindSchema,
  name: z.string(),
  field: z.string(),
  lines: z.array(
    z.object({
      line: z.int(),
      text: z.string(),
      version: z.int().nullable().describe("Null: older than what was looked back over."),
    }),
  ),
  versions: z.array(versionSchema).describe("Those that lines name, newest first."),
});
export type Blame = z.infer<typeof blameSchema>;

/** A function or tool that was taken out of use. */
export const deactivatedSchema = z.object({
  kind: entryKindSchema,
  name: z.string(),
  description: z.string(),
  version: z.int(),
  deactivated_by: z.string(),
  deactivated_at: z.string(),
  reason: z.string().nullable(),
});
export type Deactivated = z.infer<typeof deactivatedSchema>;
