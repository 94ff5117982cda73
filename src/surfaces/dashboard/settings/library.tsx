// The library as files: exported, imported after a look at what that would do, and whose signatures are trusted. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { exportFiles, listSigners } from "../../../features/sharing/calls.ts";
import type { ImportPlan, ImportReport } from "../../../features/sharing/schema.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { DataTable } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { ImportForm, PlanCard, ReportCard } from "./import-plan.tsx";
import { SignersCard } from "./signers.tsx";
import { settingsPage } from "./tabs.tsx";

/** What an import came to so far: a plan of what was sent, or what was done. */
export type Imported = { plan: ImportPlan; form: URLSearchParams } | { report: ImportReport };

const parts = [
  { what: "all", label: "Tools and functions" },
  { what: "tools", label: "Tools, and the functions they reach" },
  { what: "functions", label: "Functions" },
] as const;

export async function libraryPage(c: PageContext, attempt?: Attempt, imported?: Imported): Promise<Response> {
  const call = c.get("call");
  const signers = await listSigners(call);
  const failed = attempt?.action === "plan" || attempt?.action === "import" ? attempt : undefined;
  const entered = imported !== undefined && "plan" in imported ? imported.form : failed?.form;
  return settingsPage(c, {
    tab: "library",
    title: "Export and import",
    intro: "What one team has approved goes to another as a file.",
    attempt,
    ownProblems: ["plan", "import", "trust"],
    done: {
      trusted: "Imports signed with that key are shown under the name you gave it.",
      distrusted: "That key is no longer trusted. What was imported stays.",
    },
    children: (
      <>
        {imported !== undefined && "report" in imported ? <ReportCard report={imported.report} /> : null}
        {imported !== undefined && "plan" in imported ? <PlanCard plan={imported.plan} form={imported.form} /> : null}
        <ExportCard c={c} />
        {may(call.actor, "library:write") ? <ImportForm entered={entered} attempt={failed} /> : null}
        <SignersCard c={c} signers={signers} attempt={attempt?.action === "trust" ? attempt : undefined} />
      </>
    ),
  });
}

function ExportCard({ c }: { c: PageContext }) {
  const link = (what: keyof typeof exportFiles, format: string, query = "") => (
    <a href={pathOf(c, `/api/v1/library/${exportFiles[what]}.${format}${query}`)} download>
      {format === "json" ? "JSON" : "YAML"}
    </a>
  );
  const signs = may(c.get("call").actor, "library:write");
  return (
    <section class="card" aria-labelledby="export-title">
      <h2 id="export-title">Export</h2>
      <p>Everything that is approved and that you see. Datasets do not come along.</p>
      <DataTable
        caption="Exports"
        rows={parts}
        columns={[
          { label: "What", cell: ({ label }) => label },
          {
            label: "File",
            cell: ({ what }) => (
              <>
                {link(what, "yaml")} · {link(what, "json")}
              </>
            ),
          },
          ...(signs
            ? [
                {
                  label: "Signed with the team's key",
                  cell: ({ what }: (typeof parts)[number]) => (
                    <>
                      {link(what, "yaml", "?sign=true")} · {link(what, "json", "?sign=true")}
                    </>
                  ),
                },
              ]
            : []),
        ]}
      />
    </section>
  );
}

function importOf(form: URLSearchParams): Record<string, unknown> {
  const names = (form.get("names") ?? "").split(/[\s,]+/).filter((name) => name !== "");
  return given({
    content: form.get("content") ?? "",
    strategy: textField(form, "strategy"),
    names: names.length === 0 ? undefined : names,
  });
}

export const libraryActions: Readonly<Record<string, Action>> = {
  plan: async (call, form, c) => {
    const { data } = await useTool(call, "plan_import", importOf(form));
    return libraryPage(c, undefined, { plan: data as unknown as ImportPlan, form });
  },
  import: async (call, form, c) => {
    const args = { ...importOf(form), ...given({ expected_plan: textField(form, "expected_plan") }) };
    const { data } = await useTool(call, "import_library", args, form);
    return libraryPage(c, undefined, { report: data as unknown as ImportReport });
  },
  trust: async (call, form) => {
    const args = given({ public_key: textField(form, "public_key"), name: textField(form, "name") });
    await useTool(call, "trust_signer", args, form);
    return { done: "trusted" };
  },
  distrust: async (call, form) => {
    await useTool(call, "distrust_signer", given({ fingerprint: textField(form, "fingerprint") }), form);
    return { done: "distrusted" };
  },
};
