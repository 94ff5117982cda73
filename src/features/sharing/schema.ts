// What travels between teams and what an import says of it: fields described once, for MCP, REST and the files. Runs everywhere.
import * as z from "zod";
import { identifierSchema } from "../../core/names.ts";
import { type saveFunctionSchema, yamlFunctionSchema } from "../jq-functions/schema.ts";
import { yamlToolSchema } from "../jq-tools/schema.ts";

/** Opens every export, so that a reader knows what it holds. */
export const bundleFormat = "super-data-library";
export const bundleVersion = 1;

export const entryKindSchema = z.enum(["function", "tool"]);
export type EntryKind = z.infer<typeof entryKindSchema>;

/** What an export says of an entry besides what its author wrote. */
const exportedFields = {
  version: z.int().min(1).optional(),
  updated_at: z.iso.datetime().optional(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "use the SHA-256 that the export wrote, or leave it out")
    .optional()
    .describe("Of its content, as lower-case hex."),
  earlier: z
    .array(z.string().regex(/^[0-9a-f]{16}$/, "use what the export wrote, or leave earlier out"))
    .max(100)
    .optional()
    .describe("The first 16 digits of the hashes of its earlier versions, newest first."),
};

export const bundleFunctionSchema = yamlFunctionSchema.extend(exportedFields).strict();
export type BundleFunction = z.infer<typeof bundleFunctionSchema>;
export const bundleToolSchema = yamlToolSchema.extend(exportedFields).strict();
export type BundleTool = z.infer<typeof bundleToolSchema>;

/** Who made an export, in its own words: believed as far as its signature is. */
export const madeBySchema = z
  .object({
    team: z.string().max(100),
    origin: z.string().max(300).describe("The server's address."),
    exported_by: z.string().max(200),
    exported_at: z.iso.datetime(),
  })
  .strict();
export type MadeBy = z.infer<typeof madeBySchema>;

export const fingerprintSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "use the 64 hex digits that export_library or plan_import show")
  .describe("SHA-256 of a public key, as lower-case hex.");
export const publicKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "use the 43 base64url characters of an Ed25519 public key")
  .describe("Ed25519, 32 bytes as base64url.");

export const signatureSchema = z
  .object({
    algorithm: z.literal("ed25519"),
    public_key: publicKeySchema,
    fingerprint: fingerprintSchema,
    value: z.string().regex(/^[A-Za-z0-9_-]{86}$/, "use the 86 base64url characters of the signature"),
  })
  .strict();
export type Signature = z.infer<typeof signatureSchema>;

/** All of a bundle but its entries. A hand-written file has none of it. */
export const bundleHeadSchema = z.object({
  format: z.literal(bundleFormat).optional(),
  format_version: z
    .literal(bundleVersion, `this server reads format_version ${bundleVersion}; export it anew, or update the server`)
    .optional(),
  made_by: madeBySchema.optional(),
  signature: signatureSchema.optional(),
});
export type BundleHead = z.infer<typeof bundleHeadSchema>;

export const exportWhat = ["tools", "functions", "all"] as const;
export const exportFormats = ["json", "yaml"] as const;
export type ExportFormat = (typeof exportFormats)[number];

const namesSchema = z.array(identifierSchema).min(1).max(2_000);

export const exportLibrarySchema = z.object({
  what: z.enum(exportWhat).optional().describe("Default all. Functions that tools reach always come along."),
  names: namesSchema.optional().describe("Only these tools and functions, and what they call."),
  format: z.enum(exportFormats).optional().describe("Default json."),
  sign: z.boolean().optional().describe("Signs it with the team's key; members and above."),
});
export type ExportLibrary = z.infer<typeof exportLibrarySchema>;

export const importStrategies = ["skip", "overwrite", "rename", "newest"] as const;
export type ImportStrategy = (typeof importStrategies)[number];

const strategySchema = z
  .enum(importStrategies)
  .describe(
    "For conflicts. skip: leave what the team has; overwrite: take the file's; rename: add the file's under a new name; newest: whichever changed last.",
  );

export const planImportSchema = z.object({
  content: z.string().min(1).describe("An export, or a library in YAML or JSON."),
  strategy: strategySchema.optional().describe("For conflicts; default skip. Also overwrite, rename, newest."),
  names: namesSchema.optional().describe("Only these entries, and what they call."),
});
export type PlanImport = z.infer<typeof planImportSchema>;

const planTokenSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "use the plan that plan_import gave")
  .describe("plan of plan_import: nothing is imported when the team or the file is no longer as planned.");

export const importLibrarySchema = planImportSchema.extend({
  strategy: strategySchema.optional().describe("As in plan_import; default skip."),
  expected_plan: planTokenSchema.optional(),
});

/** An address of more than some 16 KB is refused before it gets here. */
const someNames = z
  .string()
  .max(8_000)
  .regex(/^[A-Za-z0-9_,]+$/, "use names with commas between")
  .optional()
  .describe("Only these, with commas between, and what they call.");

/** The query string of a plan over REST. */
export const planQuerySchema = z.object({ strategy: strategySchema.optional(), names: someNames });

/** The query string of an import over REST. */
export const importQuerySchema = planQuerySchema.extend({
  expected_plan: planTokenSchema.optional(),
  path: z.string().min(1).max(300).optional().describe("How the file is called in the team's history."),
});

export const exportQuerySchema = z.object({
  names: someNames,
  sign: z.boolean().optional().describe("Signs it with the team's key; members and above."),
});

export const importActions = [
  "create",
  "update",
  "same",
  "rename",
  "conflict",
  "skip",
  "missing_dependency",
  "invalid",
] as const;
export type ImportAction = (typeof importActions)[number];

/** How far the maker of what is imported is known. A signature that does not fit is refused, so it is not among these. */
export const originStates = ["unsigned", "this_team", "trusted", "unknown_key"] as const;

export const originSchema = z.object({
  state: z.enum(originStates),
  signer: z.string().optional().describe("The name this team gave the key it trusts."),
  fingerprint: z.string().optional(),
  made_by: madeBySchema.optional().describe("In the file's own words; believe it as far as state goes."),
});
export type Origin = z.infer<typeof originSchema>;

const importedEntrySchema = z.object({ kind: entryKindSchema, name: z.string() });

const placedErrorSchema = importedEntrySchema.extend({
  line: z.int(),
  column: z.int().optional(),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});
export type PlacedError = z.infer<typeof placedErrorSchema>;

const importWarningSchema = importedEntrySchema.extend({ message: z.string() });

const plannedEntrySchema = importedEntrySchema.extend({
  action: z.enum(importActions),
  as: z.string().optional().describe("The name it gets, where that is another one."),
  why: z.string().optional(),
  conflict: z.boolean().optional().describe("The team has something else under this name."),
  version_here: z.int().optional(),
  version_there: z.int().optional(),
  calls: z.array(z.string()).describe("Functions it calls, as they will be named."),
  diff: z.string().optional().describe("From what the team has to what the file says."),
  line: z.int(),
  error: placedErrorSchema.omit({ kind: true, name: true, line: true }).optional(),
});
export type PlannedEntry = z.infer<typeof plannedEntrySchema>;

export const importPlanSchema = z.object({
  plan: z.string().describe("Pass it as expected_plan to import exactly this."),
  strategy: z.enum(importStrategies),
  origin: originSchema,
  may_import: z.boolean(),
  refusal: z.object({ message: z.string(), hint: z.string().optional() }).optional(),
  counts: z.partialRecord(z.enum(importActions), z.int()),
  entries: z.array(plannedEntrySchema).describe("In the order they are imported: functions before what calls them."),
  warnings: z.array(importWarningSchema),
});
export type ImportPlan = z.infer<typeof importPlanSchema>;

/** What an import did with each entry; a failure says where in the file. */
export const importReportSchema = z.object({
  created: z.array(importedEntrySchema),
  unchanged: z.array(importedEntrySchema),
  updated: z.array(importedEntrySchema),
  renamed: z.array(importedEntrySchema.extend({ as: z.string() })),
  skipped: z.array(importedEntrySchema.extend({ why: z.string() })),
  failed: z.array(placedErrorSchema),
  warnings: z.array(importWarningSchema),
  origin: originSchema,
});
export type ImportReport = z.infer<typeof importReportSchema>;

export const trustSignerSchema = z.object({
  public_key: publicKeySchema,
  name: z.string().trim().min(1).max(100).describe("What to call whoever signs with it, e.g. the team's name."),
});
export const distrustSignerSchema = z.object({ fingerprint: fingerprintSchema });

export const signerSchema = z.object({
  fingerprint: z.string(),
  public_key: z.string(),
  name: z.string(),
  added_by: z.string(),
  added_at: z.string(),
});
export type Signer = z.infer<typeof signerSchema>;

export const signersSchema = z.object({
  own: z
    .object({ fingerprint: z.string(), public_key: z.string(), created_at: z.string() })
    .nullable()
    .describe("This team's own key; none before its first signed export."),
  trusted: z.array(signerSchema),
});
export type Signers = z.infer<typeof signersSchema>;

/** A function's entry without what only an export says. */
export type FunctionInput = z.infer<typeof saveFunctionSchema>;
