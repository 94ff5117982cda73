// Deleted datasets that can be brought back. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { listDeleted } from "../../../features/datasets/calls.ts";
import type { DeletedDataset } from "../../../features/datasets/schema.ts";
import { datasetLimits, listLimits } from "../../../limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, type Column, count, DataTable, Empty, Live, Pager, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

export async function deletedPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { datasets, ...page } = await listDeleted(call, { limit: listLimits.toolEntries, cursor });
  return teamPage(c, {
    title: "Deleted datasets",
    section: "datasets",
    crumbs: [{ label: "Datasets", path: "/datasets" }],
    intro: `A deleted dataset is kept with its versions for ${datasetLimits.keptDays} days. Then its content is removed for good.`,
    attempt,
    children: (
      <Live id="deleted" kinds={["dataset"]}>
        {datasets.length === 0 ? (
          <Empty title="No deleted dataset can be brought back">
            <p>
              <a href={pathOf(c, "/datasets")}>Go to the datasets</a>
            </p>
          </Empty>
        ) : (
          <>
            <DataTable
              caption="Deleted datasets"
              rows={datasets}
              columns={columnsOf(call.now(), may(call.actor, "data:write"))}
            />
            <Pager url={url} page={page} what={page.total === 1 ? "deleted dataset" : "deleted datasets"} />
          </>
        )}
      </Live>
    ),
  });
}

function columnsOf(now: number, writes: boolean): readonly Column<DeletedDataset>[] {
  return [
    { label: "Name", cell: ({ name }) => <bdi>{name}</bdi> },
    {
      label: "Records",
      number: true,
      cell: ({ kind, record_count }) => (kind === "whole" ? "document" : count(record_count)),
    },
    { label: "Size", number: true, wide: true, cell: (dataset) => bytes(dataset.bytes) },
    { label: "Versions", number: true, wide: true, cell: ({ versions }) => versions },
    { label: "Deleted", cell: ({ deleted_at }) => <Ago at={deleted_at} now={now} /> },
    { label: "By", wide: true, cell: ({ deleted_by }) => <bdi>{deleted_by}</bdi> },
    { label: "Kept until", cell: ({ restorable_until }) => <Ago at={restorable_until} now={now} /> },
    ...(writes
      ? [
          {
            label: "Undo",
            cell: ({ name }: DeletedDataset) => (
              <ActionButton action="undelete" fields={{ dataset: name }} label={`Bring back ${name}`}>
                Bring back
              </ActionButton>
            ),
          },
        ]
      : []),
  ];
}

export const deletedActions: Readonly<Record<string, Action>> = {
  undelete: async (call, form) => {
    const name = textField(form, "dataset");
    await useTool(call, "restore_dataset", given({ dataset: name }), form);
    return { to: `/datasets/${name}`, done: "restored" };
  },
};
