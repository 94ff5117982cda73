// One suggestion: the query, what varied in it, the tool drafted of it; proposed or put away here. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { getSuggestion } from "../../../features/learning/learning.ts";
import type { SuggestionDetail } from "../../../features/learning/schema.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { Field, Form } from "../forms.tsx";
import { Highlighted } from "../library/highlighted.tsx";
import { teamPage } from "../page.tsx";
import { count, DataTable, Live } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Failed } from "./discussion.tsx";
import { SuggestionState } from "./suggestions.tsx";

const idOf = (c: PageContext): string => c.req.param("id") ?? "";
/** Values of one place that are shown. */
const valuesShown = 5;

export const suggestionActions: Readonly<Record<string, Action>> = {
  propose: async (call, form, c) => {
    const fields = ["name", "description", "justification"];
    const input = Object.fromEntries(fields.map((name) => [name, textField(form, name)]));
    const { data } = await useTool(call, "propose_suggestion", { id: idOf(c), ...given(input) }, form);
    const { id } = data.proposal as { id: string };
    return { to: `/proposals/${id}`, done: "proposed" };
  },
  dismiss: async (call, form, c) => {
    await useTool(call, "dismiss_suggestion", given({ id: idOf(c), reason: textField(form, "reason") }), form);
    return { to: "/proposals/suggestions", done: "dismissed" };
  },
};

export async function suggestionPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const detail = await getSuggestion(call, idOf(c));
  const { suggestion, example } = detail;
  const { dataset, people, runs, state } = suggestion;
  const isOpen = state !== "proposed" && may(call.actor, "library:propose");
  return teamPage(c, {
    title: "Suggestion",
    section: "proposals",
    crumbs: [
      { label: "Proposals", path: "/proposals" },
      { label: "Suggestions", path: "/proposals/suggestions" },
    ],
    intro: (
      <>
        {count(people)} {people === 1 ? "person" : "people"} ran this query {count(runs)} times on{" "}
        <a href={pathOf(c, `/datasets/${encodeURIComponent(dataset)}`)}>
          <bdi>{dataset}</bdi>
        </a>
        .
      </>
    ),
    attempt,
    ownProblems: ["propose", "dismiss"],
    children: (
      <>
        <Live id="suggestion-state" kinds={["suggestion", "proposal"]}>
          <p>
            <SuggestionState state={state} />{" "}
            {suggestion.settled_by === null ? null : (
              <>
                by <bdi>{suggestion.settled_by}</bdi>
              </>
            )}
            {suggestion.proposal === null ? null : (
              <>
                : <a href={pathOf(c, `/proposals/${suggestion.proposal.id}`)}>the proposal</a> is{" "}
                {suggestion.proposal.state}
              </>
            )}
          </p>
        </Live>
        <section class="card" aria-labelledby="query-title">
          <h2 id="query-title">The query</h2>
          <Highlighted text={example} label="The query as someone wrote it" />
          <Places detail={detail} />
        </section>
        <Draft c={c} detail={detail} />
        {isOpen ? <Decide detail={detail} attempt={attempt} /> : null}
      </>
    ),
  });
}

function Places({ detail: { places } }: { detail: SuggestionDetail }) {
  if (places.length === 0) return null;
  return (
    <DataTable
      caption="What varied"
      rows={places}
      columns={[
        { label: "Place", number: true, cell: ({ place }) => `$p${place}` },
        {
          label: "Parameter of the draft",
          cell: ({ parameter }) => (parameter === null ? "kept as it is" : <code>{parameter}</code>),
        },
        {
          label: "Values",
          cell: ({ values }) =>
            values.slice(0, valuesShown).map(({ value, runs }, at) => (
              <>
                {at === 0 ? "" : ", "}
                <code>{JSON.stringify(value)}</code>{" "}
                <span class="muted">{runs === 1 ? "once" : `${count(runs)} times`}</span>
              </>
            )),
        },
      ]}
    />
  );
}

function Draft({
  c,
  detail: { draft, why_no_draft, suggestion, example },
}: {
  c: PageContext;
  detail: SuggestionDetail;
}) {
  if (draft === null) {
    const query = new URLSearchParams({ query: example, dataset: suggestion.dataset, input: suggestion.input });
    return (
      <section class="card" aria-labelledby="draft-title">
        <h2 id="draft-title">No draft</h2>
        <p>{why_no_draft}</p>
        <p>
          <a href={pathOf(c, `/library/tools/new?${query}`)}>Write the tool yourself</a>
        </p>
      </section>
    );
  }
  return (
    <section class="card" aria-labelledby="draft-title">
      <h2 id="draft-title">The tool drafted of it</h2>
      <p>It was run, and gave what the query gives.</p>
      <Highlighted text={draft.query} label="Query of the draft" />
      {draft.parameters.length === 0 ? null : (
        <DataTable
          caption="Parameters of the draft"
          rows={draft.parameters}
          columns={[
            { label: "Parameter", cell: ({ name }) => <code>{name}</code> },
            { label: "Type", cell: ({ type }) => type },
            {
              label: "Default",
              cell: (one) => (one.default === undefined ? "" : <code>{JSON.stringify(one.default)}</code>),
            },
          ]}
        />
      )}
      <p class="hint">
        {count(draft.tests.length)} {draft.tests.length === 1 ? "test comes" : "tests come"} with it.
        {draft.notes.map((note) => ` ${note}`)}
      </p>
    </section>
  );
}

function Decide({ detail, attempt }: { detail: SuggestionDetail; attempt: Attempt | undefined }) {
  const { draft, suggestion } = detail;
  const proposing = attempt?.action === "propose" ? attempt : undefined;
  const dismissing = attempt?.action === "dismiss" ? attempt : undefined;
  return (
    <div class="columns">
      {draft === null ? null : (
        <section class="card" aria-labelledby="propose-title">
          <h2 id="propose-title">Propose it</h2>
          {proposing === undefined ? null : <Failed attempt={proposing} />}
          <Form action="propose">
            <Field name="name" label="Name" value={draft.name} required attempt={proposing} />
            <Field
              name="description"
              label="Description"
              hint="What assistants choose it by."
              value={draft.description}
              rows={3}
              required
              attempt={proposing}
            />
            <Field
              name="justification"
              label="Why"
              hint="Left empty: how many people ran it how often."
              rows={2}
              attempt={proposing}
            />
            <button type="submit">Propose</button>
          </Form>
        </section>
      )}
      {suggestion.state === "dismissed" ? null : (
        <section class="card" aria-labelledby="dismiss-title">
          <h2 id="dismiss-title">Put it away</h2>
          {dismissing === undefined ? null : <Failed attempt={dismissing} />}
          <p>It comes back once it was run {count(suggestion.runs * 2)} times.</p>
          <Form action="dismiss">
            <Field name="reason" prefix="dismiss" label="Reason" maxlength={500} attempt={dismissing} />
            <button type="submit" class="quiet">
              Dismiss
            </button>
          </Form>
        </section>
      )}
    </div>
  );
}
