// One table: its columns, and its rows filtered, searched, sorted and paged. Runs at the edge.
import { describeError, type ErrorDescription, isAppError } from "../../../core/errors.ts";
import { may } from "../../../features/access/access.ts";
import type { Rows } from "../../../features/results/schema.ts";
import type { DescribedTable } from "../../../features/tables/schema.ts";
import { readerOf } from "../../../features/workspace/workspace.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton, Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, count, DataTable, Empty, Live, Pager, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Downloads, RowsTable, rowsAPage } from "./shared.tsx";

const operators = [
  { value: "eq", label: "is" },
  { value: "ne", label: "is not" },
  { value: "gt", label: "is more than" },
  { value: "gte", label: "is at least" },
  { value: "lt", label: "is less than" },
  { value: "lte", label: "is at most" },
  { value: "like", label: "is like (% for anything)" },
  { value: "is_null", label: "is null" },
];

export async function tablePage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const table = await call.workspace.tables().describe(c.req.param("name") ?? "", readerOf(call));
  const found = await rowsOf(c, table, url);
  return teamPage(c, {
    title: table.name,
    heading: <bdi>{table.name}</bdi>,
    section: "tables",
    crumbs: [{ label: "Tables", path: "/tables" }],
    ...(table.description === "" ? {} : { intro: <bdi>{table.description}</bdi> }),
    tools: (
      <a
        class="button quiet"
        href={pathOf(c, `/playground?lang=sql&q=${encodeURIComponent(`SELECT * FROM ${table.name} LIMIT 20`)}`)}
      >
        Query with SQL
      </a>
    ),
    attempt,
    children: (
      <>
        <Live id="table" kinds={["table"]}>
          <Facts table={table} now={call.now()} />
          <h2 id="rows-title">Rows</h2>
          <Filters table={table} url={url} />
          {"error" in found ? (
            <p class="warning" role="alert">
              {found.error.message} {found.error.hint}
            </p>
          ) : found.rows.length === 0 ? (
            <Empty title={isFiltered(url) ? "No row matches" : "The table has no rows"}>
              <p>
                {isFiltered(url) ? (
                  <a href={url.pathname}>Show all rows</a>
                ) : (
                  "insert_record and import_table add rows."
                )}
              </p>
            </Empty>
          ) : (
            <>
              <RowsTable caption={`Rows of ${table.name}`} data={found} url={url} />
              <Pager url={url} page={found} what={found.total === 1 ? "row" : "rows"} />
            </>
          )}
          <Downloads c={c} path={`/tables/${table.name}`} />
          <Columns table={table} />
        </Live>
        {may(call.actor, "data:write") ? <Drop table={table} /> : null}
      </>
    ),
  });
}

const isFiltered = (url: URL): boolean =>
  ["column", "search"].some((name) => (url.searchParams.get(name) ?? "") !== "");

async function rowsOf(c: PageContext, table: DescribedTable, url: URL): Promise<Rows | { error: ErrorDescription }> {
  const query = url.searchParams;
  const sort = query.get("sort");
  const args = given({
    table_name: table.name,
    filters: filtersOf(table, query),
    order_by: sort === null ? undefined : sort.startsWith("-") ? `${sort.slice(1)} desc` : sort,
    search: query.get("search")?.trim() || undefined,
    cursor: query.get("cursor") ?? undefined,
    limit: rowsAPage,
  });
  try {
    const { data } = await useTool(c.get("call"), "query_records", args);
    return data as Rows;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: describeError(error) };
  }
}

function filtersOf(table: DescribedTable, query: URLSearchParams): Record<string, unknown> | undefined {
  const column = table.columns.find(({ name }) => name === query.get("column"));
  if (column === undefined) return undefined;
  const operator = operators.find(({ value }) => value === query.get("is"))?.value ?? "eq";
  return {
    [column.name]: { [operator]: operator === "is_null" ? true : typedValue(column.type, query.get("value") ?? "") },
  };
}

/** What was typed, as the column's type has it; what does not fit is refused by the tool, in its own words. */
function typedValue(type: string, text: string): unknown {
  if (type === "bool") return text === "true" || (text === "false" ? false : text);
  if (type !== "int" && type !== "float") return text;
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) || (type === "int" && !Number.isSafeInteger(number))
    ? text
    : number;
}

function Facts({ table, now }: { table: DescribedTable; now: number }) {
  return (
    <>
      <dl class="stats">
        <div>
          <dt>Rows</dt>
          <dd>{count(table.rows)}</dd>
        </div>
        <div>
          <dt>Columns</dt>
          <dd>{table.columns.length}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{bytes(table.bytes)}</dd>
        </div>
      </dl>
      <p class="muted">
        Last changed by <bdi>{table.updated_by}</bdi>, <Ago at={table.updated_at} now={now} />.
        {table.sources.length === 0
          ? null
          : ` Rows from ${table.sources.map(({ dataset, version }) => `${dataset} version ${version}`).join(", ")}.`}
      </p>
    </>
  );
}

function Filters({ table, url }: { table: DescribedTable; url: URL }) {
  const query = url.searchParams;
  const sort = query.get("sort");
  return (
    <form class="filters" method="get" aria-label="Filter the rows">
      {table.full_text.length === 0 ? null : (
        <Field name="search" label="Search words" type="search" value={query.get("search") ?? ""} prefix="filter" />
      )}
      <Field
        name="column"
        label="Column"
        value={query.get("column") ?? ""}
        options={[{ value: "", label: "Any" }, ...table.columns.map(({ name }) => name)]}
        prefix="filter"
      />
      <Field name="is" label="Condition" value={query.get("is") ?? "eq"} options={operators} prefix="filter" />
      <Field name="value" label="Value" value={query.get("value") ?? ""} prefix="filter" />
      {sort === null ? null : <input type="hidden" name="sort" value={sort} />}
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  );
}

function Columns({ table }: { table: DescribedTable }) {
  return (
    <section aria-labelledby="columns-title">
      <h2 id="columns-title">Columns</h2>
      <DataTable
        caption="Columns"
        rows={table.columns}
        columns={[
          { label: "Column", cell: ({ name }) => <bdi class="data-text">{name}</bdi> },
          { label: "Type", cell: ({ type, unit }) => (unit === undefined ? type : `${type} (${unit})`) },
          { label: "Rules", cell: (column) => rulesOf(column).join("; ") },
          { label: "Description", wide: true, cell: ({ description }) => <bdi>{description ?? ""}</bdi> },
        ]}
      />
    </section>
  );
}

function rulesOf({ primary_key, nullable, unique, check, references }: DescribedTable["columns"][number]): string[] {
  return [
    ...(primary_key ? ["primary key"] : []),
    ...(nullable || primary_key ? [] : ["not null"]),
    ...(unique ? ["unique"] : []),
    ...(check === undefined ? [] : [`check ${check}`]),
    ...(references === undefined ? [] : [`refers to ${references.table}.${references.column}`]),
  ];
}

function Drop({ table }: { table: DescribedTable }) {
  return (
    <section class="card" aria-labelledby="drop-title">
      <h2 id="drop-title">Drop</h2>
      <p>Its rows go with it. Both can be brought back for 7 days.</p>
      <ActionButton action="drop" kind="danger">
        Drop {table.name}
      </ActionButton>
    </section>
  );
}

export const tableActions: Readonly<Record<string, Action>> = {
  drop: async (call, form, c) => {
    const args = { table_name: c.req.param("name"), confirm: textField(form, "confirm") };
    await useTool(call, "drop_table", given(args), form);
    return { to: "/tables", done: "dropped" };
  },
};
