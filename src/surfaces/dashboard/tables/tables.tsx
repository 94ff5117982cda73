// All tables, and dropped ones that can be brought back. Runs at the edge.
import { cutText } from "../../../core/markdown.ts";
import { may } from "../../../features/access/access.ts";
import { listCalled } from "../../../features/tables/calls.ts";
import type { ShownTable } from "../../../features/tables/schema.ts";
import { listLimits } from "../../../limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, type Column, count, DataTable, Empty, Live, Pager, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { KindTabs } from "./shared.tsx";

const descriptionChars = 140;

export async function tablesPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { data } = await listCalled(call, { limit: listLimits.toolEntries, cursor });
  const writes = may(call.actor, "data:write");
  return teamPage(c, {
    title: "Tables",
    section: "tables",
    intro: "Tables are kept and changed row by row, with SQL. Frames are results, kept for a day or until unpinned.",
    attempt,
    done: {
      restored: <p>The table is back with its rows.</p>,
      dropped: <p>The table is dropped. It is listed below.</p>,
    },
    children: (
      <>
        <KindTabs c={c} here="tables" />
        <Live id="tables" kinds={["table"]}>
          {data.tables.length === 0 ? (
            <Empty title="The team has no tables yet">
              <p>
                Ask an assistant to import a dataset into a table (import_table), or to create one (create_table). Files
                are uploaded <a href={pathOf(c, "/datasets")}>as datasets</a> first.
              </p>
            </Empty>
          ) : (
            <>
              <DataTable caption="Tables" rows={data.tables} columns={columnsOf(c)} />
              <Pager url={url} page={data} what={data.total === 1 ? "table" : "tables"} />
            </>
          )}
          <Dropped dropped={data.dropped} now={call.now()} writes={writes} />
        </Live>
      </>
    ),
  });
}

function columnsOf(c: PageContext): readonly Column<ShownTable>[] {
  return [
    {
      label: "Name",
      cell: ({ name, description }) => (
        <>
          <a href={pathOf(c, `/tables/${name}`)}>
            <bdi>{name}</bdi>
          </a>
          {description === "" ? null : (
            <span class="sub">
              <bdi>{cutText(description, descriptionChars)}</bdi>
            </span>
          )}
        </>
      ),
    },
    { label: "Rows", number: true, cell: ({ rows }) => count(rows) },
    { label: "Columns", number: true, wide: true, cell: ({ columns }) => columns.length },
    { label: "Size", number: true, wide: true, cell: (table) => bytes(table.bytes) },
    { label: "Changed", cell: ({ updated_at }) => <Ago at={updated_at} now={c.get("call").now()} /> },
    { label: "By", wide: true, cell: ({ updated_by }) => <bdi>{updated_by}</bdi> },
  ];
}

function Dropped(props: {
  dropped: readonly { name: string; restorable_until: string }[];
  now: number;
  writes: boolean;
}) {
  const { dropped, now, writes } = props;
  if (dropped.length === 0) return null;
  return (
    <section aria-labelledby="dropped-title">
      <h2 id="dropped-title">Dropped</h2>
      <DataTable
        caption="Dropped tables"
        rows={dropped}
        columns={[
          { label: "Name", cell: ({ name }) => <bdi>{name}</bdi> },
          { label: "Kept until", cell: ({ restorable_until }) => <Ago at={restorable_until} now={now} /> },
          ...(writes
            ? [
                {
                  label: "Undo",
                  cell: ({ name }: { name: string }) => (
                    <ActionButton action="restore" fields={{ table: name }} label={`Bring back ${name}`}>
                      Bring back
                    </ActionButton>
                  ),
                },
              ]
            : []),
        ]}
      />
    </section>
  );
}

export const tablesActions: Readonly<Record<string, Action>> = {
  restore: async (call, form) => {
    await useTool(call, "restore_table", given({ table_name: textField(form, "table") }), form);
    return { done: "restored" };
  },
};
