// What the pages of one dataset have in common. Runs at the edge.
import type { Child } from "hono/jsx";
import { may } from "../../../features/access/access.ts";
import { findDataset } from "../../../features/datasets/datasets.ts";
import type { Dataset, DatasetSchema } from "../../../features/datasets/schema.ts";
import { pathOf } from "../actions.ts";
import { type TeamPage, teamPage } from "../page.tsx";
import { DataTable, Tabs } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

export type DatasetTab = "overview" | "versions";

/** The dataset that the page's address names. Throws `not_found`. */
export function datasetOf(c: PageContext): Dataset {
  return findDataset(c.get("call").catalogue, c.req.param("name") ?? "");
}

/** A page of a dataset, with the way to its others. */
export function pageOfDataset(
  c: PageContext,
  dataset: Dataset,
  page: Omit<TeamPage, "section" | "heading"> & { tab?: DatasetTab },
): Promise<Response> {
  const { tab, children, ...rest } = page;
  const base = pathOf(c, `/datasets/${dataset.name}`);
  return teamPage(c, {
    crumbs: [{ label: "Datasets", path: "/datasets" }],
    heading: <bdi>{dataset.name}</bdi>,
    tools: <DatasetTools c={c} dataset={dataset} />,
    ...rest,
    section: "datasets",
    children: (
      <>
        <Tabs
          label="Dataset"
          tabs={[
            { label: "Overview", href: base, here: tab === "overview" },
            { label: "Versions", href: `${base}/versions`, here: tab === "versions" },
          ]}
        />
        {children}
      </>
    ),
  });
}

function DatasetTools({ c, dataset: { name, kind } }: { c: PageContext; dataset: Dataset }) {
  return (
    <>
      <a class="button quiet" href={pathOf(c, `/playground?dataset=${encodeURIComponent(name)}`)}>
        Query
      </a>
      <a class="button quiet" download href={contentPath(c, name)}>
        Download {kind === "whole" ? "JSON" : "NDJSON"}
      </a>
      {may(c.get("call").actor, "data:write") ? (
        <a class="button" href={pathOf(c, `/datasets/-/upload?name=${encodeURIComponent(name)}`)}>
          Upload a new version
        </a>
      ) : null}
    </>
  );
}

/** Where a dataset's content is, that of a version where one is named. */
export function contentPath(c: PageContext, name: string, version?: number): string {
  const query = version === undefined ? "" : `?version=${version}`;
  return pathOf(c, `/api/v1/datasets/${name}/content${query}`);
}

/** A dataset's fields. */
export function SchemaTable({ schema, records }: { schema: DatasetSchema; records: number }) {
  const { fields, records_examined, fields_cut } = schema;
  if (fields.length === 0) return <p class="muted">No fields: there are no records, or they are empty.</p>;
  return (
    <>
      <DataTable
        caption="Fields"
        rows={fields}
        columns={[
          { label: "Field", cell: ({ path }) => <Data>{path}</Data> },
          { label: "Types", cell: ({ types }) => <span class="nowrap">{types.join(", ")}</span> },
          { label: "Present", number: true, cell: ({ present }) => `${Math.round(present * 1000) / 10}%` },
          {
            label: "Examples",
            cell: ({ examples }) => <Data>{examples.map((one) => JSON.stringify(one)).join(", ")}</Data>,
          },
        ]}
      />
      {records_examined < records ? (
        <p class="hint">
          Found out from {records_examined.toLocaleString("en-US")} of {records.toLocaleString("en-US")} records.
        </p>
      ) : null}
      {fields_cut ? <p class="hint">There are more fields than are kept.</p> : null}
    </>
  );
}

/** Longer texts out of the data may break into lines: a time in ISO 8601 does not. */
const shortChars = 24;

/** Text out of the data: in letters of one width, whatever direction it runs. */
export function Data({ children }: { children: Child }) {
  const isShort = typeof children === "string" && children.length <= shortChars;
  return <bdi class={isShort ? "data-text short" : "data-text"}>{children}</bdi>;
}
