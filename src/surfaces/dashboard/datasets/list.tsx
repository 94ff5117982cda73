// All datasets: what each is, how large, who wrote it last. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { cutText } from "../../../core/markdown.ts";
import { pageOf } from "../../../core/paging.ts";
import { may } from "../../../features/access/access.ts";
import type { Dataset } from "../../../features/datasets/schema.ts";
import { describeVisibility } from "../../../features/visibility/visibility.ts";
import { listLimits } from "../../../limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton, Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, type Column, count, DataTable, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

const descriptionChars = 140;

export async function listPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const search = url.searchParams.get("q")?.trim() ?? "";
  const deleted = url.searchParams.get("deleted") ?? "";
  const found = sorted(matching(call, search), url.searchParams.get("sort"));
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { items, ...page } = pageOf(found, { limit: listLimits.toolEntries, cursor, key: ({ key }) => key });
  const writes = may(call.actor, "data:write");
  return teamPage(c, {
    title: "Datasets",
    section: "datasets",
    intro: "Files that the team's tools and queries read. Each upload under the same name is a new version.",
    tools: <Tools c={c} writes={writes} />,
    attempt,
    done: { deleted: <Deleted name={deleted} />, restored: <p>The dataset is back.</p> },
    children: (
      <>
        {call.catalogue.datasets.size === 0 && search === "" ? null : <Search search={search} url={url} />}
        <Live id="datasets" kinds={["dataset"]}>
          {items.length > 0 ? (
            <>
              <DataTable
                caption="Datasets"
                url={url}
                rows={items.map(({ dataset }) => dataset)}
                columns={columnsOf(c)}
              />
              <Pager url={url} page={page} what={page.total === 1 ? "dataset" : "datasets"} />
            </>
          ) : search === "" ? (
            <NoneYet c={c} writes={writes} />
          ) : (
            <Empty title={`No dataset matches “${search}”`}>
              <p>
                <a href={pathOf(c, "/datasets")}>Show all datasets</a>
              </p>
            </Empty>
          )}
        </Live>
      </>
    ),
  });
}

function Tools({ c, writes }: { c: PageContext; writes: boolean }) {
  return (
    <>
      {writes ? (
        <a class="button" href={pathOf(c, "/datasets/-/upload")}>
          Upload a file
        </a>
      ) : null}
      <a class="button quiet" href={pathOf(c, "/datasets/-/deleted")}>
        Deleted
      </a>
    </>
  );
}

function Search({ search, url }: { search: string; url: URL }) {
  const sort = url.searchParams.get("sort");
  return (
    <form class="filters" method="get">
      <Field
        name="q"
        label="Find"
        type="search"
        value={search}
        prefix="filter"
        placeholder="Name, description or field"
      />
      {sort === null ? null : <input type="hidden" name="sort" value={sort} />}
      <button type="submit" class="quiet">
        Find
      </button>
    </form>
  );
}

function NoneYet({ c, writes }: { c: PageContext; writes: boolean }) {
  return (
    <Empty title="The team has no datasets yet">
      {writes ? (
        <>
          <p>Upload a CSV, JSON or NDJSON file. Assistants can then query it by name.</p>
          <p>
            <a class="button" href={pathOf(c, "/datasets/-/upload")}>
              Upload the first file
            </a>
          </p>
        </>
      ) : (
        <p>Members can upload files. Ask an admin for the role member, or ask a member to upload.</p>
      )}
    </Empty>
  );
}

function Deleted({ name }: { name: string }) {
  return (
    <p>
      Deleted <bdi>{name}</bdi>.{" "}
      <ActionButton action="undelete" fields={{ dataset: name }} label={`Undo the deletion of ${name}`}>
        Undo
      </ActionButton>
    </p>
  );
}

function columnsOf(c: PageContext): readonly Column<Dataset>[] {
  const now = c.get("call").now();
  return [
    {
      label: "Name",
      sort: "name",
      cell: ({ name, description, visibility }) => (
        <>
          <a href={pathOf(c, `/datasets/${name}`)}>
            <bdi>{name}</bdi>
          </a>{" "}
          {visibility === undefined ? null : <Tag tone="warn">{describeVisibility(visibility)}</Tag>}
          {description === "" ? null : (
            <span class="sub">
              <bdi>{cutText(description, descriptionChars)}</bdi>
            </span>
          )}
        </>
      ),
    },
    {
      label: "Records",
      sort: "records",
      number: true,
      cell: ({ kind, record_count }) => (kind === "whole" ? "document" : count(record_count)),
    },
    { label: "Size", sort: "size", number: true, cell: (dataset) => bytes(dataset.bytes) },
    { label: "Version", number: true, wide: true, cell: ({ version }) => version },
    { label: "Updated", sort: "updated", wide: true, cell: ({ updated_at }) => <Ago at={updated_at} now={now} /> },
    { label: "By", wide: true, cell: ({ updated_by }) => <bdi>{updated_by}</bdi> },
  ];
}

/** Datasets that hold the words: in their name, their description, or the name of a field. */
function matching({ catalogue }: CallContext, search: string): Dataset[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return [...catalogue.datasets.values()].filter(({ name, description, schema }) => {
    const text = [name, description, ...schema.fields.map(({ path }) => path)].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** With a key by which they stand in the order that is asked for, for cursors: texts compare as the numbers in them do. */
function sorted(datasets: readonly Dataset[], sort: string | null): { key: string; dataset: Dataset }[] {
  const [, sign = "", by = "name"] = /^(-?)(name|records|size|updated)$/.exec(sort ?? "") ?? [];
  const numberOf: Readonly<Record<string, (dataset: Dataset) => number>> = {
    records: ({ record_count }) => record_count,
    size: (dataset) => dataset.bytes,
    updated: ({ updated_at }) => Date.parse(updated_at),
  };
  const number = numberOf[by];
  const keyed = datasets.map((dataset) => {
    const value = number?.(dataset) ?? 0;
    const place = String(sign === "-" ? Number.MAX_SAFE_INTEGER - value : value).padStart(16, "0");
    return { key: number === undefined ? dataset.name : `${place} ${dataset.name}`, dataset };
  });
  const byKey = keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  if (number !== undefined || sign !== "-") return byKey;
  // Names the other way round: by how far each is from the end.
  return byKey.reverse().map(({ dataset }, index) => ({ key: String(index).padStart(6, "0"), dataset }));
}

export const listActions: Readonly<Record<string, Action>> = {
  undelete: async (call, form) => {
    await useTool(call, "restore_dataset", given({ dataset: textField(form, "dataset") }), form);
    return { done: "restored" };
  },
};
