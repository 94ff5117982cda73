// A dataset's versions: what each was, and the way back. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import type { VersionSummary } from "../../../features/datasets/schema.ts";
import { datasetLimits } from "../../../limits.ts";
import { type Action, numberField, pathOf, useTool } from "../actions.ts";
import { ActionButton, Field } from "../forms.tsx";
import { Ago, bytes, type Column, count, DataTable, Live, Tag } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { contentPath, datasetOf, pageOfDataset } from "./shared.tsx";

export async function versionsPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const dataset = datasetOf(c);
  const { versions } = await call.stub.datasets().history(dataset.name, call.actor);
  return pageOfDataset(c, dataset, {
    title: `Versions of ${dataset.name}`,
    tab: "versions",
    intro: `The newest ${datasetLimits.keptVersions} replaced versions are kept for ${datasetLimits.keptDays} days.`,
    attempt,
    done: { restored: <p>That content is current again, as a new version.</p> },
    children: (
      <Live id="versions" kinds={["dataset"]}>
        <DataTable caption="Versions" rows={versions} columns={columnsOf(c, versions)} />
        {versions.length > 1 ? (
          <CompareForm c={c} name={dataset.name} versions={versions} />
        ) : (
          <p class="muted">There is one version. An upload under the same name makes the next.</p>
        )}
      </Live>
    ),
  });
}

function columnsOf(c: PageContext, versions: readonly VersionSummary[]): readonly Column<VersionSummary>[] {
  const call = c.get("call");
  const name = datasetOf(c).name;
  const writes = may(call.actor, "data:write");
  const older = (version: number) => versions.find((one) => one.version < version);
  return [
    {
      label: "Version",
      cell: ({ version, current, same_content_as: same }) => (
        <>
          {version} {current ? <Tag tone="good">current</Tag> : null}
          {same === undefined ? null : <span class="sub">same content as {same}</span>}
        </>
      ),
    },
    {
      label: "Records",
      number: true,
      cell: ({ kind, record_count }) => (kind === "whole" ? "document" : count(record_count)),
    },
    { label: "Size", number: true, wide: true, cell: (version) => bytes(version.bytes) },
    {
      label: "Made",
      cell: ({ written_at, written_by }) => (
        <>
          <Ago at={written_at} now={call.now()} />{" "}
          <span class="sub">
            by <bdi>{written_by}</bdi>
          </span>
        </>
      ),
    },
    {
      label: "Kept until",
      wide: true,
      cell: ({ kept_until: until }) => (until === undefined ? "" : <Ago at={until} now={call.now()} />),
    },
    {
      label: "Do",
      cell: ({ version, current }) => (
        <span class="version-actions">
          {older(version) === undefined ? null : (
            <a
              href={pathOf(c, `/datasets/${name}/compare?from=${older(version)?.version}&to=${version}`)}
              aria-label={`What changed in version ${version}`}
            >
              What changed
            </a>
          )}
          <a download href={contentPath(c, name, version)} aria-label={`Download version ${version}`}>
            Download
          </a>
          {current || !writes ? null : (
            <ActionButton action="restore" fields={{ version }} label={`Restore version ${version}`}>
              Restore
            </ActionButton>
          )}
        </span>
      ),
    },
  ];
}

/** Any two versions, and the field to match their records by. */
export function CompareForm(props: {
  c: PageContext;
  name: string;
  versions: readonly Pick<VersionSummary, "version">[];
  from?: number;
  to?: number;
  by?: string | undefined;
}) {
  const { c, name, versions, from = versions[1]?.version, to = versions[0]?.version, by } = props;
  const options = versions.map(({ version }) => ({ value: String(version), label: `Version ${version}` }));
  return (
    <form class="filters" method="get" action={pathOf(c, `/datasets/${name}/compare`)} aria-label="Compare versions">
      <Field name="from" label="From" options={options} value={from} prefix="compare" />
      <Field name="to" label="To" options={options} value={to} prefix="compare" />
      <Field name="by" label="Match records by" placeholder="automatic" value={by} prefix="compare" code />
      <button type="submit" class="quiet">
        Compare
      </button>
    </form>
  );
}

export const versionActions: Readonly<Record<string, Action>> = {
  restore: async (call, form, c) => {
    const { name } = datasetOf(c);
    await useTool(call, "restore_dataset", { dataset: name, version: numberField(form, "version") }, form);
    return { done: "restored" };
  },
};
