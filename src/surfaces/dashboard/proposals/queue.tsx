// The queue of proposals: open ones first, narrowed by what the address says, and kept current. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { isOpen } from "../../../features/approvals/approvals.ts";
import { listProposals } from "../../../features/approvals/calls.ts";
import {
  type ProposalSummary,
  proposalKinds,
  type StateFilter,
  stateFilters,
} from "../../../features/approvals/schema.ts";
import { listSuggestions } from "../../../features/learning/learning.ts";
import { pathOf } from "../actions.ts";
import { Check, Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, count, Empty, Live, Pager, Tabs, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { Needs, State, titleOf } from "./words.tsx";

/** Proposals of one page of a list. */
const perPage = 25;
/** Settled ones below the open ones, while nobody asked for more. */
const settledShown = 10;

type Listed = Awaited<ReturnType<typeof listProposals>>;

interface Filters {
  state: StateFilter | undefined;
  kind: ProposalSummary["kind"] | undefined;
  author: string | undefined;
  mine_to_vote: boolean | undefined;
}

/** What the address asks for; what it says that is no filter is as if it were not there. */
function filtersOf(url: URL): Filters {
  const given = (name: string): string | undefined => url.searchParams.get(name)?.trim() || undefined;
  return {
    state: stateFilters.find((state) => state === given("state")),
    kind: proposalKinds.find((kind) => kind === given("kind")),
    author: given("author")?.slice(0, 100),
    mine_to_vote: given("mine") === "vote" ? true : undefined,
  };
}

export async function queuePage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const filters = filtersOf(url);
  const cursor = url.searchParams.get("cursor") ?? undefined;
  // Only open ones wait for a vote, so then there is one list.
  const isSplit = filters.state === undefined && filters.mine_to_vote === undefined;
  const [list, settled, suggestions] = await Promise.all([
    listProposals(
      call,
      { ...filters, ...(isSplit ? { state: "open" as const } : {}), cursor, limit: perPage },
      perPage,
    ),
    isSplit && cursor === undefined
      ? listProposals(call, { ...filters, state: "settled", limit: settledShown }, settledShown)
      : undefined,
    listSuggestions(call, { limit: 1 }),
  ]);
  return teamPage(c, {
    title: "Proposals",
    section: "proposals",
    intro: "Changes of tools and functions that the team votes on before they are in use.",
    tools: may(call.actor, "library:propose") ? (
      <a class="button" href={pathOf(c, "/library/tools/new")}>
        Propose a tool
      </a>
    ) : undefined,
    children: (
      <>
        <ProposalTabs c={c} here="proposals" suggestions={suggestions.total} />
        <FilterForm url={url} filters={filters} mayVote={may(call.actor, "library:propose")} />
        <Live id="queue" kinds={["proposal"]}>
          <Section c={c} id="listed" title={titleFor(filters)} list={list} url={url} filters={filters} />
          {settled === undefined || settled.total === 0 ? null : (
            <>
              <Section c={c} id="settled" title="Settled lately" list={settled} url={undefined} filters={filters} />
              {settled.total > settled.items.length ? (
                <p>
                  <a href={settledHref(c, url)}>All {count(settled.total)} settled proposals</a>
                </p>
              ) : null}
            </>
          )}
        </Live>
      </>
    ),
  });
}

/** The two lists of this area. */
export function ProposalTabs(props: { c: PageContext; here: "proposals" | "suggestions"; suggestions?: number }) {
  const { c, here, suggestions } = props;
  return (
    <Tabs
      label="Proposals and suggestions"
      tabs={[
        { label: "Proposals", href: pathOf(c, "/proposals"), here: here === "proposals" },
        {
          label: "Suggestions",
          href: pathOf(c, "/proposals/suggestions"),
          here: here === "suggestions",
          ...(suggestions === undefined ? {} : { count: suggestions }),
        },
      ]}
    />
  );
}

function titleFor({ state, mine_to_vote }: Filters): string {
  if (mine_to_vote === true) return "For your vote";
  if (state === undefined || state === "open") return "Open";
  return state === "settled" ? "Settled" : `In state ${state}`;
}

function settledHref(c: PageContext, url: URL): string {
  const query = new URLSearchParams(url.search);
  query.delete("cursor");
  query.set("state", "settled");
  return `${pathOf(c, "/proposals")}?${query}`;
}

const stateLabels: Readonly<Record<StateFilter, string>> = {
  open: "Open",
  settled: "Settled",
  pending: "Open to votes",
  approved: "Approved, being applied",
  applied: "In use",
  rejected: "Rejected",
  withdrawn: "Withdrawn",
  expired: "Expired",
  superseded: "Overtaken",
  failed: "Failed",
};

/** A GET form: what it asks for is in the address. With scripts a choice counts at once. */
function FilterForm({ url, filters, mayVote }: { url: URL; filters: Filters; mayVote: boolean }) {
  const states: readonly StateFilter[] = ["open", "settled", ...stateFilters.slice(0, -2)];
  return (
    <form
      class="filters"
      method="get"
      action={url.pathname}
      aria-label="Filter proposals"
      hx-get={url.pathname}
      hx-trigger="change, submit"
      hx-target="#queue"
      hx-select="#queue"
      hx-swap="outerMorph"
      hx-push-url="true"
    >
      <Field
        name="state"
        label="State"
        value={filters.state ?? ""}
        options={[
          { value: "", label: "Open first" },
          ...states.map((state) => ({ value: state, label: stateLabels[state] })),
        ]}
      />
      <Field
        name="kind"
        label="Kind"
        value={filters.kind ?? ""}
        options={[{ value: "", label: "Both" }, ...proposalKinds.map((kind) => ({ value: kind, label: `${kind}s` }))]}
      />
      <Field name="author" label="Author" value={filters.author} maxlength={100} />
      {mayVote ? (
        <Check name="mine" value="vote" label="Waits for my vote" checked={filters.mine_to_vote === true} />
      ) : null}
      <button type="submit" class="quiet">
        Filter
      </button>
    </form>
  );
}

function Section(props: {
  c: PageContext;
  id: string;
  title: string;
  list: Listed;
  /** Of a list that has further pages. */
  url: URL | undefined;
  filters: Filters;
}) {
  const { c, id, title, list, url, filters } = props;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {list.items.length === 0 ? (
        <None c={c} filters={filters} />
      ) : (
        <>
          <ProposalList c={c} title={title} items={list.items} />
          {url === undefined ? null : (
            <Pager
              url={url}
              page={list}
              what={list.total === 1 ? "proposal" : "proposals"}
              label={`Pages of ${title}`}
            />
          )}
        </>
      )}
    </section>
  );
}

function None({ c, filters }: { c: PageContext; filters: Filters }) {
  if (filters.mine_to_vote === true) {
    return (
      <Empty title="Nothing waits for your vote">
        <p>
          <a href={pathOf(c, "/proposals")}>All proposals</a>
        </p>
      </Empty>
    );
  }
  if (Object.values(filters).some((value) => value !== undefined)) {
    return (
      <Empty title="No proposal fits these filters">
        <p>
          <a href={pathOf(c, "/proposals")}>Take the filters away</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No open proposals">
      <p>
        Members propose tools and functions in the <a href={pathOf(c, "/library")}>library</a>, in the{" "}
        <a href={pathOf(c, "/playground")}>playground</a>, or through their assistants with <code>propose_tool</code>.
      </p>
    </Empty>
  );
}

function ProposalList({ c, title, items }: { c: PageContext; title: string; items: readonly ProposalSummary[] }) {
  const now = c.get("call").now();
  return (
    <ul class="card queue" aria-label={title}>
      {items.map((one) => (
        <li>
          <p>
            <a class="what" href={pathOf(c, `/proposals/${one.id}`)}>
              <bdi>{titleOf(one)}</bdi>
            </a>{" "}
            <State state={one.state} />
          </p>
          <p class="why">
            <bdi>{one.justification.length > 200 ? `${one.justification.slice(0, 200)}…` : one.justification}</bdi>
          </p>
          <p class="hint">
            <bdi>{one.author}</bdi>, <Ago at={one.created_at} now={now} /> ·{" "}
            {isOpen(one.state) ? <Needs proposal={one} now={now} /> : <Ended one={one} />}
            {one.comments === 0 ? null : ` · ${count(one.comments)} ${one.comments === 1 ? "comment" : "comments"}`}
          </p>
        </li>
      ))}
    </ul>
  );
}

function Ended({ one }: { one: ProposalSummary }) {
  const { approve, reject } = one.tally;
  const version = one.applied_version === null ? "" : `version ${one.applied_version}; `;
  return <>{`${version}${approve} for, ${reject} against`}</>;
}
