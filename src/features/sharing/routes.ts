// Export and import over REST, and the keys a team trusts. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { identifierSchema } from "../../core/names.ts";
import { parseWith } from "../../core/parse.ts";
import { libraryLimits } from "../../limits.ts";
import { bodyText } from "../../platform/request-body.ts";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { exportFiles } from "./calls.ts";
import { bundleStream, exportLibrary } from "./exporting.ts";
import { importLibrary } from "./importing.ts";
import { textTooLong } from "./library-text.ts";
import { planImport } from "./planning.ts";
import {
  type ExportFormat,
  type ExportLibrary,
  exportQuerySchema,
  type ImportStrategy,
  importPlanSchema,
  importQuerySchema,
  importReportSchema,
  planQuerySchema,
} from "./schema.ts";
import { sharingTools } from "./tools.ts";

const mediaTypes = { json: "application/json", yaml: "application/yaml" } as const;
const library = { types: Object.values(mediaTypes), description: "An export, or a library in YAML or JSON." };
const importing = { permission: "library:write", what: "import functions and tools" } as const;

export const shareRoutes = [
  ...section("Library", [
    ...[
      exported("export_library", "all", "json"),
      exported("export_library_yaml", "all", "yaml"),
      exported("export_tools", "tools", "json"),
      exported("export_tools_yaml", "tools", "yaml"),
      exported("export_functions", "functions", "json"),
      exported("export_functions_yaml", "functions", "yaml"),
    ],
    defineRoute({
      ...importing,
      operation: "plan_import",
      method: "POST",
      path: "/library/plan",
      summary: "Plan an import",
      description: "What importing a library would do, entry by entry, and who made and signed it. Changes nothing.",
      writes: false,
      query: planQuerySchema,
      body: library,
      answer: importPlanSchema,
      handler: async (call, { query: { strategy = "skip", names }, request }) =>
        (await planImport(call, { content: await textOf(request), strategy, ...namesOf(names) })).plan,
    }),
    imported("import_library", "/library/import", "skip"),
    imported("apply_library", "/library", "overwrite"),
  ]),
  ...section(
    "Signing keys",
    toolRoutes(sharingTools, {
      list_signers: { method: "GET", path: "/signers" },
      trust_signer: { method: "POST", path: "/signers" },
      distrust_signer: { method: "DELETE", path: "/signers/:fingerprint", shows: "list_signers" },
    }),
  ),
];

function exported(operation: string, what: NonNullable<ExportLibrary["what"]>, format: ExportFormat) {
  const entries = { tools: "approved tools and what they call", functions: "functions", all: "tools and functions" };
  return defineRoute({
    operation,
    method: "GET",
    path: `/library/${exportFiles[what]}.${format}`,
    summary: `Export ${what === "all" ? "the library" : what} as ${format.toUpperCase()}`,
    description: `The team's ${entries[what]}, as another team imports them.`,
    permission: "data:read",
    what: "export functions and tools",
    query: exportQuerySchema,
    answer: { types: [mediaTypes[format]], description: "The export." },
    handler: async (call: CallContext, { query: { sign = false, names } }) => {
      const bundle = await exportLibrary(call, { what, sign, ...namesOf(names) });
      const headers = {
        "content-type": mediaTypes[format],
        "content-disposition": `attachment; filename="${call.team}-${exportFiles[what]}.${format}"`,
        "cache-control": "no-store",
      };
      return new Response(bundleStream(bundle, format), { headers });
    },
  });
}

function imported(operation: string, path: string, preset: ImportStrategy) {
  return defineRoute({
    ...importing,
    operation,
    method: "POST",
    path,
    summary: preset === "skip" ? "Import a library" : "Apply a library",
    description: `Imports functions and tools of an export or a YAML file, all that is right in it; where the team has something else under a name, it is ${preset === "skip" ? "left alone" : "replaced"} unless strategy says otherwise.`,
    query: importQuerySchema,
    body: library,
    answer: importReportSchema,
    handler: async (call: CallContext, { query: { strategy = preset, expected_plan, path: file, names }, request }) => {
      const input = { content: await textOf(request), strategy, ...namesOf(names) };
      return await importLibrary(call, input, { expectedPlan: expected_plan, path: file });
    },
  });
}

const textOf = (request: Request): Promise<string> => bodyText(request, libraryLimits.yamlBytes, textTooLong);

/** `a,b` of a query string as names; left out, all of them. */
function namesOf(names: string | undefined): { names?: string[] } {
  if (names === undefined) return {};
  return { names: parseWith(z.array(identifierSchema).min(1), names.split(","), "names") };
}
