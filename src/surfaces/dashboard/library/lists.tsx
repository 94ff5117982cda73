// The library's lists: tools, functions, and what was taken out of use. Runs at the edge.
import type { Child } from "hono/jsx";
import { pageOf } from "../../../core/paging.ts";
import type { Deactivated } from "../../../features/history/schema.ts";
import { findDependants, toolUses } from "../../../features/jq-functions/jq-functions.ts";
import type { JqFunction } from "../../../features/jq-functions/schema.ts";
import type { JqTool } from "../../../features/jq-tools/schema.ts";
import type { ToolPerformance } from "../../../features/learning/schema.ts";
import { listLimits } from "../../../limits.ts";
import { learningLimits } from "../../../workflow-limits.ts";
import { given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, type Column, count, DataTable, Empty, Live, Pager, Tabs, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { type Rights, rightsOf, signatureOf } from "./entries.ts";
import { EntryTags } from "./entry-page.tsx";
import { entryPath, newEntryPath } from "./places.ts";
import { matchesWords, wordsOf } from "./words.ts";

type Place = "tools" | "functions" | "out-of-use" | "graph";

/** The frame of the pages about the library as a whole. */
export function libraryPage(
  c: PageContext,
  place: Place,
  page: { title: string; intro: Child; rights: Rights; children: Child; attempt?: Attempt | undefined },
): Promise<Response> {
  const { tools, functions } = c.get("call").catalogue;
  const { rights, title, intro, attempt } = page;
  const mayAdd = rights.saves || rights.proposes;
  return teamPage(c, {
    title,
    section: "library",
    heading: "Library",
    intro,
    attempt,
    done: { restored: "It is in use again." },
    tools: (
      <>
        {mayAdd ? (
          <>
            <a class="button" href={pathOf(c, newEntryPath("tool"))}>
              New tool
            </a>
            <a class="button quiet" href={pathOf(c, newEntryPath("function"))}>
              New function
            </a>
          </>
        ) : null}
        {rights.saves ? (
          <a class="button quiet" href={pathOf(c, "/settings/library")}>
            Import
          </a>
        ) : null}
        <a class="button quiet" href={pathOf(c, "/api/v1/library/library.yaml")} download hx-boost="false">
          Export
        </a>
      </>
    ),
    children: (
      <>
        <Tabs
          label="Parts of the library"
          tabs={[
            { label: "Tools", href: pathOf(c, "/library"), here: place === "tools", count: tools.size },
            {
              label: "Functions",
              href: pathOf(c, "/library/functions"),
              here: place === "functions",
              count: functions.size,
            },
            { label: "Out of use", href: pathOf(c, "/library/out-of-use"), here: place === "out-of-use" },
            { label: "Graph", href: pathOf(c, "/library/graph"), here: place === "graph" },
          ]}
        />
        {page.children}
      </>
    ),
  });
}

interface ListedTool {
  tool: JqTool;
  calls: number;
  lastUsed: string | undefined;
  recent: ToolPerformance | undefined;
}

const toolOrders: Readonly<Record<string, (a: ListedTool, b: ListedTool) => number>> = {
  name: (a, b) => (a.tool.name < b.tool.name ? -1 : 1),
  calls: (a, b) => a.calls - b.calls,
  used: (a, b) => ((a.lastUsed ?? "") < (b.lastUsed ?? "") ? -1 : 1),
  changed: (a, b) => (a.tool.updated_at < b.tool.updated_at ? -1 : 1),
};

/** The team's tools, found by words and by dataset. */
export async function toolsPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const days = learningLimits.performanceDays;
  const [usages, performance, rights] = await Promise.all([
    call.stub.metrics().usages(call.actor),
    call.stub.learning().performance({ days }, call.actor),
    rightsOf(call),
  ]);
  const usageOf = new Map(usages.map((usage) => [usage.tool_id, usage]));
  const recentOf = new Map(performance.map((one) => [one.tool, one]));
  const all = [...call.catalogue.tools.values()].map((tool): ListedTool => {
    const usage = usageOf.get(tool.id);
    const recent = recentOf.get(tool.name);
    return { tool, calls: usage?.usage_count ?? 0, lastUsed: usage?.last_used_at, recent };
  });
  const url = urlOf(c);
  const dataset = url.searchParams.get("dataset") ?? "";
  const words = wordsOf(url.searchParams.get("q"));
  const shown = all
    .filter(({ tool }) => dataset === "" || tool.datasets.includes(dataset))
    .filter(({ tool }) => matchesWords(words, tool.name, tool.description, ...tool.datasets));
  return libraryPage(c, "tools", {
    title: "Tools",
    rights,
    intro: "Queries with a name. Every client of the team can call them.",
    children: (
      <>
        <Filters url={url} label="Find tools">
          <div class="field">
            <label for="f-dataset">Dataset</label>
            <select id="f-dataset" name="dataset">
              <option value="">All</option>
              {[...new Set(all.flatMap(({ tool }) => tool.datasets))].sort().map((name) => (
                <option value={name} selected={name === dataset}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        </Filters>
        <Live id="tools" kinds={["tool"]}>
          {shown.length === 0 ? (
            <NothingFound
              isEmpty={all.length === 0}
              what="tools"
              path={pathOf(c, newEntryPath("tool"))}
              rights={rights}
            />
          ) : (
            <ToolTable c={c} url={url} tools={ordered(shown, url)} />
          )}
        </Live>
      </>
    ),
  });
}

function ordered(tools: readonly ListedTool[], url: URL): ListedTool[] {
  const sort = url.searchParams.get("sort") ?? "name";
  const order = toolOrders[sort.replace(/^-/, "")] ?? toolOrders.name;
  const sorted = [...tools].sort(order);
  return sort.startsWith("-") ? sorted.reverse() : sorted;
}

function ToolTable({ c, url, tools }: { c: PageContext; url: URL; tools: readonly ListedTool[] }) {
  const now = c.get("call").now();
  const { items, ...page } = paged(tools, url);
  const columns: Column<ListedTool>[] = [
    {
      label: "Tool",
      sort: "name",
      cell: ({ tool }) => (
        <EntryCell href={pathOf(c, entryPath("tool", tool.name))} name={tool.name} description={tool.description}>
          <EntryTags entry={{ kind: "tool", item: tool }} />
        </EntryCell>
      ),
    },
    { label: "Datasets", wide: true, cell: ({ tool }) => <bdi>{tool.datasets.join(", ")}</bdi> },
    { label: "Calls", sort: "calls", number: true, cell: ({ calls }) => count(calls) },
    {
      label: "Last used",
      sort: "used",
      wide: true,
      cell: ({ lastUsed }) => (lastUsed === undefined ? "never" : <Ago at={lastUsed} now={now} />),
    },
    {
      label: "p95",
      number: true,
      wide: true,
      cell: ({ recent }) => (recent?.ms == null ? "" : `${count(recent.ms.p95)} ms`),
    },
    {
      label: "Failing",
      number: true,
      wide: true,
      cell: ({ recent }) => (recent === undefined ? "" : `${Math.round(recent.failure_share * 100)}%`),
    },
    { label: "Changed", sort: "changed", wide: true, cell: ({ tool }) => <Ago at={tool.updated_at} now={now} /> },
  ];
  return (
    <>
      <DataTable caption="Tools of the team" columns={columns} rows={items} url={url} />
      <Pager url={url} page={page} what={page.total === 1 ? "tool" : "tools"} />
    </>
  );
}

/** A page of what is there in full; its cursor is where the next one begins. */
function paged<Item>(items: readonly Item[], url: URL) {
  const places = items.map((item, at) => ({ item, key: String(at).padStart(8, "0") }));
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { items: shown, ...page } = pageOf(places, { limit: listLimits.restEntries, cursor, key: ({ key }) => key });
  return { items: shown.map(({ item }) => item), ...page };
}

function EntryCell(props: { href: string; name: string; description: string; children?: Child }) {
  return (
    <>
      <a href={props.href}>
        <bdi>{props.name}</bdi>
      </a>{" "}
      {props.children}
      {props.description === "" ? null : (
        <div class="hint described">
          <bdi>{props.description}</bdi>
        </div>
      )}
    </>
  );
}

function Filters({ url, label, children }: { url: URL; label: string; children?: Child }) {
  return (
    <form class="filters" method="get" action={url.pathname} aria-label={label}>
      <div class="field grow">
        <label for="f-q">Words in name or description</label>
        <input id="f-q" type="search" name="q" value={url.searchParams.get("q") ?? ""} autocomplete="off" />
      </div>
      {children}
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  );
}

function NothingFound(props: { isEmpty: boolean; what: string; path: string; rights: Rights }) {
  const { isEmpty, what, path, rights } = props;
  const mayAdd = rights.saves || rights.proposes;
  if (!isEmpty) return <Empty title={`No ${what} like this.`}>{<p>Try other words, or fewer.</p>}</Empty>;
  return (
    <Empty title={`No ${what} yet.`}>
      <p>{what === "tools" ? "A tool gives a query a name." : "A function is jq that tools and queries share."}</p>
      {mayAdd ? (
        <p>
          <a class="button" href={path}>
            {rights.saves ? "Write the first" : "Propose the first"}
          </a>
        </p>
      ) : null}
    </Empty>
  );
}

interface ListedFunction {
  item: JqFunction;
  tools: number;
  functions: number;
}

/** The team's functions. */
export async function functionsPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const rights = await rightsOf(call);
  const url = urlOf(c);
  const words = wordsOf(url.searchParams.get("q"));
  const { functions } = call.catalogue;
  const uses = toolUses(call.catalogue);
  const shown = [...functions.values()]
    .filter((item) => matchesWords(words, item.name, item.description))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((item): ListedFunction => {
      const found = findDependants(functions, uses, item.name);
      return { item, tools: found.tools.length, functions: found.functions.length };
    });
  const { items, ...page } = paged(shown, url);
  return libraryPage(c, "functions", {
    title: "Functions",
    rights,
    intro: "jq that tools, other functions and queries call by name.",
    children: (
      <>
        <Filters url={url} label="Find functions" />
        <Live id="functions" kinds={["function", "tool"]}>
          {items.length === 0 ? (
            <NothingFound
              isEmpty={functions.size === 0}
              what="functions"
              path={pathOf(c, newEntryPath("function"))}
              rights={rights}
            />
          ) : (
            <>
              <FunctionTable c={c} functions={items} />
              <Pager url={url} page={page} what={page.total === 1 ? "function" : "functions"} />
            </>
          )}
        </Live>
      </>
    ),
  });
}

function FunctionTable({ c, functions }: { c: PageContext; functions: readonly ListedFunction[] }) {
  const now = c.get("call").now();
  return (
    <DataTable
      caption="Functions of the team"
      rows={functions}
      columns={[
        {
          label: "Function",
          cell: ({ item }) => (
            <EntryCell
              href={pathOf(c, entryPath("function", item.name))}
              name={signatureOf(item)}
              description={item.description}
            >
              <EntryTags entry={{ kind: "function", item }} />
            </EntryCell>
          ),
        },
        { label: "Calls", wide: true, cell: ({ item }) => <bdi>{item.depends_on.join(", ")}</bdi> },
        { label: "Used by tools", number: true, cell: ({ tools }) => count(tools) },
        { label: "By functions", number: true, wide: true, cell: (one) => count(one.functions) },
        { label: "Changed", wide: true, cell: ({ item }) => <Ago at={item.updated_at} now={now} /> },
      ]}
    />
  );
}

/** What was taken out of use, to be brought back. */
export async function outOfUsePage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const [{ items, ...page }, rights] = await Promise.all([
    call.stub.history().deactivated({ limit: listLimits.restEntries, cursor }, call.actor),
    rightsOf(call),
  ]);
  return libraryPage(c, "out-of-use", {
    title: "Out of use",
    rights,
    attempt,
    intro: "Tools and functions that were taken out of use. Their definitions and histories are kept.",
    children: (
      <Live id="out-of-use" kinds={["tool", "function"]}>
        {items.length === 0 ? (
          <Empty title="Nothing is out of use.">
            <p>What is deactivated stands here and can be brought back.</p>
          </Empty>
        ) : (
          <>
            <OutOfUseTable c={c} items={items} rights={rights} />
            <Pager url={url} page={page} what="out of use" />
          </>
        )}
      </Live>
    ),
  });
}

function OutOfUseTable({ c, items, rights }: { c: PageContext; items: readonly Deactivated[]; rights: Rights }) {
  const now = c.get("call").now();
  return (
    <DataTable
      caption="Out of use"
      rows={items}
      columns={[
        {
          label: "Name",
          cell: ({ kind, name, description }) => (
            <EntryCell href={pathOf(c, entryPath(kind, name))} name={name} description={description} />
          ),
        },
        { label: "Kind", cell: ({ kind }) => kind },
        {
          label: "Taken out",
          wide: true,
          cell: ({ deactivated_at, deactivated_by, reason }) => (
            <>
              <Ago at={deactivated_at} now={now} /> by <bdi>{deactivated_by}</bdi>
              {reason === null ? null : (
                <div class="hint">
                  <bdi>{reason}</bdi>
                </div>
              )}
            </>
          ),
        },
        ...(rights.saves
          ? [
              {
                label: "",
                cell: ({ kind, name }: Deactivated) => (
                  <ActionButton action="restore" fields={{ kind, name }} label={`Bring back ${name}`}>
                    Bring back
                  </ActionButton>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

/** Brings back what a button of that page names. */
export const restoreEntry = async (call: Parameters<typeof useTool>[0], form: URLSearchParams) => {
  const tool = form.get("kind") === "function" ? "restore_function" : "restore_tool";
  await useTool(call, tool, given({ name: textField(form, "name") }), form);
  return { done: "restored" };
};
