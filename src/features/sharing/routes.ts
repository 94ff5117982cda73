// Export and import over REST, and the keys a team trusts. Mounted at /t/:team/api/v1/library and /signers. Runs at the edge.
import { type Context, Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { identifierSchema } from "../../core/names.ts";
import { parseWith } from "../../core/parse.ts";
import { libraryLimits } from "../../limits.ts";
import { bodyText, jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { exportFiles, listSigners, trustSigner } from "./calls.ts";
import { bundleStream, exportLibrary } from "./exporting.ts";
import { importLibrary } from "./importing.ts";
import { textTooLong } from "./library-text.ts";
import { planImport } from "./planning.ts";
import {
  distrustSignerSchema,
  type ExportFormat,
  type ExportLibrary,
  exportQuerySchema,
  type ImportStrategy,
  importQuerySchema,
  trustSignerSchema,
} from "./schema.ts";

const exports = guarded("data:read", "export functions and tools");
const imports = guarded("library:write", "import functions and tools");

export const shareRoutes = new Hono<TeamRoutes>()
  .post("/", imports, (c) => importFrom(c, "overwrite"))
  .post("/import", imports, (c) => importFrom(c, "skip"))
  .get("/approved_tools.json", exports, (c) => exportTo(c, "tools", "json"))
  .get("/approved_tools.yaml", exports, (c) => exportTo(c, "tools", "yaml"))
  .get("/functions.json", exports, (c) => exportTo(c, "functions", "json"))
  .get("/functions.yaml", exports, (c) => exportTo(c, "functions", "yaml"))
  .get("/library.json", exports, (c) => exportTo(c, "all", "json"))
  .get("/library.yaml", exports, (c) => exportTo(c, "all", "yaml"));

export const signerRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("data:read", "see whom the team trusts"), async (c) => c.json(await listSigners(c.get("call"))))
  .post("/", guarded("settings:manage", "trust other teams' keys"), async (c) => {
    const input = parseWith(trustSignerSchema.strict(), await jsonBody(c.req.raw), "signer");
    return c.json(await trustSigner(c.get("call"), input));
  })
  .delete("/:fingerprint", guarded("settings:manage", "stop trusting keys"), async (c) => {
    const call = c.get("call");
    const { fingerprint } = parseWith(distrustSignerSchema, c.req.param(), "signer");
    return c.json(await call.stub.sharing().distrust(fingerprint, callerOf(call)));
  });

async function importFrom(c: Context<TeamRoutes>, preset: ImportStrategy): Promise<Response> {
  const call = c.get("call");
  const {
    strategy = preset,
    plan,
    expected_plan,
    path,
    ...rest
  } = parseWith(importQuerySchema, c.req.query(), "library");
  const content = await bodyText(c.req.raw, libraryLimits.yamlBytes, textTooLong);
  const input = { content, strategy, ...namesOf(rest) };
  if (plan === "true") return c.json((await planImport(call, input)).plan);
  return c.json(await importLibrary(call, input, { expectedPlan: expected_plan, path }));
}

async function exportTo(
  c: Context<TeamRoutes>,
  what: NonNullable<ExportLibrary["what"]>,
  format: ExportFormat,
): Promise<Response> {
  const call = c.get("call");
  const { sign, ...rest } = parseWith(exportQuerySchema, c.req.query(), "library");
  const bundle = await exportLibrary(call, { what, sign: sign === "true", ...namesOf(rest) });
  return c.body(bundleStream(bundle, format), 200, {
    "content-type": format === "json" ? "application/json" : "application/yaml",
    "content-disposition": `attachment; filename="${call.team}-${exportFiles[what]}.${format}"`,
    "cache-control": "no-store",
  });
}

/** `a,b` of a query string as names; left out, all of them. */
function namesOf({ names }: { names?: string | undefined }): { names?: string[] } {
  if (names === undefined) return {};
  return { names: parseWith(identifierSchema.array().min(1), names.split(","), "names") };
}
