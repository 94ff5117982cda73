// Suggestions: queries that people repeat, to be made into tools or put away. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { listSuggestions } from "../../../features/learning/learning.ts";
import { type Suggestion, suggestionStates } from "../../../features/learning/schema.ts";
import { pathOf } from "../actions.ts";
import { Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, count, DataTable, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { ProposalTabs } from "./queue.tsx";

const perPage = 25;

const labels: Readonly<Record<Suggestion["state"], string>> = {
  suggested: "Waiting",
  proposed: "Proposed",
  dismissed: "Dismissed",
};

const done = { dismissed: "Dismissed. It comes back once it was run twice as often as now." };

export async function suggestionsPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const asked = url.searchParams.get("state");
  const state = suggestionStates.find((one) => one === asked) ?? "suggested";
  const dataset = url.searchParams.get("dataset")?.trim() || undefined;
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const list = await listSuggestions(call, { state, dataset, cursor, limit: perPage });
  return teamPage(c, {
    title: "Suggestions",
    section: "proposals",
    intro: "Queries that several people, or one often, ran on a dataset, and that no tool answers yet.",
    done,
    children: (
      <>
        <ProposalTabs c={c} here="suggestions" />
        <form
          class="filters"
          method="get"
          action={url.pathname}
          aria-label="Filter suggestions"
          hx-get={url.pathname}
          hx-trigger="change, submit"
          hx-target="#suggestions"
          hx-select="#suggestions"
          hx-swap="outerMorph"
          hx-push-url="true"
        >
          <Field
            name="state"
            label="State"
            value={state}
            options={suggestionStates.map((value) => ({ value, label: labels[value] }))}
          />
          <Field
            name="dataset"
            label="Dataset"
            value={dataset ?? ""}
            options={[
              { value: "", label: "All" },
              ...[...call.catalogue.datasets.keys()].map((name) => ({ value: name, label: name })),
            ]}
          />
          <button type="submit" class="quiet">
            Filter
          </button>
        </form>
        <Live id="suggestions" kinds={["suggestion"]}>
          {list.items.length === 0 ? (
            <None c={c} isFiltered={asked !== null || dataset !== undefined} />
          ) : (
            <>
              <SuggestionTable c={c} items={list.items} />
              <Pager url={url} page={list} what={list.total === 1 ? "suggestion" : "suggestions"} />
            </>
          )}
        </Live>
      </>
    ),
  });
}

function SuggestionTable({ c, items }: { c: PageContext; items: readonly Suggestion[] }) {
  const now = c.get("call").now();
  return (
    <DataTable
      caption="Suggestions"
      rows={items}
      columns={[
        {
          label: "Query",
          cell: ({ id, pattern }) => (
            <a href={pathOf(c, `/proposals/suggestions/${id}`)}>
              <code>{pattern.length > 160 ? `${pattern.slice(0, 160)}…` : pattern}</code>
            </a>
          ),
        },
        { label: "Dataset", cell: ({ dataset }) => <bdi>{dataset}</bdi> },
        { label: "People", number: true, cell: ({ people }) => count(people) },
        { label: "Runs", number: true, cell: ({ runs }) => count(runs) },
        { label: "State", wide: true, cell: ({ state }) => <SuggestionState state={state} /> },
        { label: "Last run", wide: true, cell: ({ last_seen_at }) => <Ago at={last_seen_at} now={now} /> },
      ]}
    />
  );
}

export function SuggestionState({ state }: Pick<Suggestion, "state">) {
  return (
    <Tag tone={state === "suggested" ? "warn" : state === "proposed" ? "good" : "plain"}>
      {labels[state].toLowerCase()}
    </Tag>
  );
}

function None({ c, isFiltered }: { c: PageContext; isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No suggestion fits these filters">
        <p>
          <a href={pathOf(c, "/proposals/suggestions")}>Those that wait</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No suggestions">
      <p>
        They appear by themselves once a query is repeated.
        {may(c.get("call").actor, "settings:manage") ? (
          <>
            {" "}
            How often that takes is in the <a href={pathOf(c, "/settings")}>settings</a>.
          </>
        ) : null}
      </p>
    </Empty>
  );
}
