// Export, import and trust as MCP tools. Runs at the edge.
import * as z from "zod";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { errorText } from "../../core/error-text.ts";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { sharingLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import { exportUrl, listSigners, trustSigner } from "./calls.ts";
import { bundlePieces, exportLibrary } from "./exporting.ts";
import { importLibrary } from "./importing.ts";
import { describeOrigin } from "./origin.ts";
import { planImport } from "./planning.ts";
import {
  distrustSignerSchema,
  exportLibrarySchema,
  type ImportPlan,
  type ImportReport,
  importLibrarySchema,
  importPlanSchema,
  importReportSchema,
  type PlannedEntry,
  planImportSchema,
  signerSchema,
  signersSchema,
  trustSignerSchema,
} from "./schema.ts";

export const sharingTools: readonly BuiltInTool[] = [
  defineTool({
    name: "export_library",
    title: "Export the library",
    description:
      "Approved tools and functions as one JSON or YAML file for another team, with all they call. plan_import there shows what it would do.",
    input: exportLibrarySchema,
    output: z.object({
      functions: z.array(z.string()),
      tools: z.array(z.string()),
      bytes: z.int(),
      url: z.string().describe("The same over REST, at any size; with a token of this team."),
      content: z.string().optional().describe("Left out when it is too large for a result."),
      fingerprint: z.string().optional().describe("Of the key it is signed with."),
    }),
    // A first signed export makes the team's key.
    hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
    permission: "data:read",
    toolset: "workflow",
    handler: async (context, input) => {
      const format = input.format ?? "json";
      const bundle = await exportLibrary(context, input);
      const content = [...bundlePieces(bundle, format)].join("");
      const bytes = utf8Bytes(content);
      const url = exportUrl(context, input, format);
      const functions = bundle.functions.map(({ name }) => name);
      const tools = bundle.tools.map(({ name }) => name);
      const fingerprint = bundle.signature?.fingerprint;
      const fits = bytes <= sharingLimits.toolExportBytes;
      const text = [
        `${counted(tools.length, "tool")} and ${counted(functions.length, "function")}, ${bytes} bytes, ${fingerprint === undefined ? "unsigned" : `signed with the team's key ${fingerprint}`}.`,
        `Tools: ${listed(tools)}. Functions: ${listed(functions)}.`,
        fits
          ? `\`\`\`${format}\n${content.trimEnd()}\n\`\`\``
          : `It is too large for a result (limit toolExportBytes, ${sharingLimits.toolExportBytes}). GET ${url} with a token of this team, or pass names.`,
      ].join("\n");
      const data = {
        ...{ functions, tools, bytes, url },
        ...(fits ? { content } : {}),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      };
      return { text, data };
    },
  }),

  defineTool({
    name: "plan_import",
    title: "Plan an import",
    description:
      "What importing a library would do, entry by entry: create, update, same, conflict, missing dependency; who made and signed it. Changes nothing.",
    input: planImportSchema,
    output: importPlanSchema.extend({
      returned: z.int(),
      total: z.int(),
      truncated: z.boolean().describe("Entries that stay the same are left out first."),
    }),
    hints: readsOnly,
    permission: "library:write",
    toolset: "workflow",
    handler: async (context, input) => {
      const { plan } = await planImport(context, input);
      const entries = shownEntries(plan.entries);
      const page = {
        returned: entries.length,
        total: plan.entries.length,
        truncated: entries.length < plan.entries.length,
      };
      return { text: describePlan(plan, entries), data: { ...plan, entries, ...page } };
    },
  }),

  defineTool({
    name: "import_library",
    title: "Import a library",
    description:
      "Imports tools and functions from an export or a YAML file; plan_import shows what it will do. Conflicts are left alone unless strategy says otherwise.",
    input: importLibrarySchema,
    output: importReportSchema,
    hints: replaces,
    permission: "library:write",
    toolset: "workflow",
    handler: async (context, { expected_plan, ...input }) => {
      const data = await importLibrary(context, input, { expectedPlan: expected_plan });
      return { text: describeReport(data), data };
    },
  }),

  defineTool({
    name: "list_signers",
    title: "List signing keys",
    description: "This team's signing key and the other teams' keys it trusts.",
    input: z.object({}),
    output: signersSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "admin",
    handler: async (context) => {
      const data = await listSigners(context);
      const own =
        data.own === null
          ? "This team has no signing key yet; its first signed export makes one."
          : `This team signs with ${data.own.fingerprint}; public key ${data.own.public_key}, since ${data.own.created_at}.`;
      // Admins name the keys, so the names are not ours to vouch for.
      const trusted =
        data.trusted.length === 0
          ? "It trusts no other key."
          : fenceUntrusted(
              markdownTable(data.trusted, ["name", "fingerprint", "added_by", "added_at"]),
              "trusted keys",
            );
      return { text: `${own}\n${trusted}`, data };
    },
  }),

  defineTool({
    name: "trust_signer",
    title: "Trust a signing key",
    description:
      "Imports signed with this key are shown under the name you give it. Get the key from that team itself (list_signers there).",
    input: trustSignerSchema,
    output: signerSchema,
    hints: { ...replaces, destructive: false },
    permission: "settings:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await trustSigner(context, input);
      return { text: `Imports signed with ${data.fingerprint} are now shown as ${JSON.stringify(data.name)}.`, data };
    },
  }),

  defineTool({
    name: "distrust_signer",
    title: "Stop trusting a signing key",
    description: "Imports signed with this key are shown as of an unknown key again. What was imported stays.",
    input: distrustSignerSchema,
    output: signerSchema,
    hints: replaces,
    permission: "settings:manage",
    toolset: "admin",
    handler: async (context, { fingerprint }) => {
      const data = await context.stub.sharing().distrust(fingerprint, callerOf(context));
      return { text: `${JSON.stringify(data.name)} (${data.fingerprint}) is no longer trusted.`, data };
    },
  }),
];

const listedNames = 30;

function listed(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length - listedNames;
  return more > 0 ? `${names.slice(0, listedNames).join(", ")} and ${more} more` : names.join(", ");
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** What changes or fails before what stays; as many as a list shows. */
function shownEntries(entries: readonly PlannedEntry[]): PlannedEntry[] {
  const stays = entries.filter(({ action }) => action === "same");
  const others = entries.filter(({ action }) => action !== "same");
  if (entries.length <= listLimits.maxEntries) return [...entries];
  return [...others, ...stays].slice(0, listLimits.maxEntries);
}

function describePlan(plan: ImportPlan, entries: readonly PlannedEntry[]): string {
  const counts = Object.entries(plan.counts).map(([action, count]) => `${count} ${action.replaceAll("_", " ")}`);
  const changing = entries.filter(({ action }) => action !== "same");
  const left = plan.entries.length - (plan.counts.same ?? 0) - changing.length;
  // The file's names and texts, and the team's, are content.
  const body = [
    ...changing.map(describeEntry),
    ...plan.warnings.map(({ name, message }) => `Note on ${name}: ${message}.`),
  ];
  return [
    `${counts.join(", ")} (strategy ${plan.strategy}). Nothing was changed.`,
    fenceOrigin(plan),
    ...(body.length === 0 ? [] : [fenceUntrusted(body.join("\n"), "the plan")]),
    ...(left > 0 ? [`${left} more entries are not shown; pass names to plan some of them.`] : []),
    plan.refusal === undefined
      ? `To import exactly this: import_library with the same arguments and expected_plan ${plan.plan}.`
      : `You may not import it: ${plan.refusal.message} ${plan.refusal.hint ?? ""}`.trimEnd(),
  ].join("\n");
}

const fenceOrigin = ({ origin }: Pick<ImportPlan, "origin">): string =>
  origin.made_by === undefined ? describeOrigin(origin) : fenceUntrusted(describeOrigin(origin), "who made it");

function describeEntry({ kind, name, action, as, why, line, diff, error }: PlannedEntry): string {
  const renamed = as === undefined ? "" : ` as ${as}`;
  const reason = why === undefined ? "" : `: ${why}`;
  const fault = error === undefined ? "" : `, line ${line}: ${errorText(error)}`;
  const shown = diff === undefined || diff === "" ? "" : `\n${diff}`;
  return `- ${action.replaceAll("_", " ")} ${kind} ${name}${renamed}${reason}${fault}${shown}`;
}

function describeReport(report: ImportReport): string {
  const { created, updated, renamed, unchanged, skipped, failed, warnings } = report;
  const counts = Object.entries({ created, updated, renamed, unchanged, skipped, failed })
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${list.length} ${what}`);
  const lines = [
    ...renamed.map(({ kind, name, as }) => `- ${kind} ${name} is here as ${as}`),
    ...skipped.map(({ kind, name, why }) => `- left ${kind} ${name}: ${why}`),
    ...failed.map(({ kind, name, line, message, hint }) =>
      `- failed ${kind} ${name}, line ${line}: ${message} ${hint ?? ""}`.trimEnd(),
    ),
    ...warnings.map(({ name, message }) => `- note on ${name}: ${message}`),
  ];
  const more = lines.length - listLimits.maxEntries;
  const shown =
    more > 0 ? [...lines.slice(0, listLimits.maxEntries), `and ${more} more lines, all of them in the data`] : lines;
  return [
    `${counts.join(", ")}.`,
    fenceOrigin(report),
    ...(shown.length === 0 ? [] : [fenceUntrusted(shown.join("\n"), "the report")]),
  ].join("\n");
}
