// Messages that a queue gave up on: looked at, sent again, dropped. Runs at the edge.
import { pageBefore, readBefore } from "../../../core/paging.ts";
import type { DeadLetter } from "../../../features/metrics/schema.ts";
import { listLimits } from "../../../limits.ts";
import { deploymentClient } from "../../../platform/deployment-client.ts";
import { dropDeadLetter, replayDeadLetter } from "../../rest/dead-letters.ts";
import { textField } from "../actions.ts";
import { ActionButton, Confirm, Field } from "../forms.tsx";
import { Ago, Code, DataTable, Empty, Pager, Tag } from "../parts.tsx";
import type { Attempt } from "../routes.ts";
import { type OperatorAction, type OperatorContext, operatorPage } from "./frame.tsx";

export async function deadLettersPage(c: OperatorContext, attempt?: Attempt): Promise<Response> {
  const url = new URL(c.req.url);
  const all = url.searchParams.get("show") === "all";
  const limit = listLimits.toolEntries;
  const filter = { all, before: readBefore(url.searchParams.get("cursor") ?? undefined), limit: limit + 1 };
  const { rows, total } = await deploymentClient(c.env).deadLetters(filter);
  const { items, ...page } = pageBefore(rows, { limit, total, key: (row) => row.seq });
  return operatorPage(c, {
    title: "Dead letters",
    here: "dead-letters",
    intro:
      "Messages of the background queue that failed again and again. Sending one again is safe: work that was done is not done twice.",
    attempt,
    done: { replayed: "It was sent again.", dropped: "It is gone." },
    children: (
      <>
        <form class="filters" method="get">
          <Field
            name="show"
            label="Show"
            value={all ? "all" : ""}
            prefix="filter"
            options={[
              { value: "", label: "What waits for a decision" },
              { value: "all", label: "Also what was sent again" },
            ]}
          />
          <button type="submit" class="quiet">
            Show
          </button>
        </form>
        {items.length === 0 ? (
          <Empty title="No dead letter">
            <p>Every message so far was handled.</p>
          </Empty>
        ) : (
          <>
            <LettersTable letters={items.map(({ letter }) => letter)} />
            <Pager url={url} page={page} what={page.total === 1 ? "dead letter" : "dead letters"} />
          </>
        )}
      </>
    ),
  });
}

function LettersTable({ letters }: { letters: readonly DeadLetter[] }) {
  const now = Date.now();
  return (
    <DataTable
      caption="Dead letters"
      rows={letters}
      columns={[
        { label: "Sent", cell: ({ sent_at }) => <Ago at={sent_at} now={now} /> },
        { label: "What", cell: ({ type }) => <code>{type}</code> },
        {
          label: "Team",
          cell: ({ team }) => (team === null ? "" : <a href={`/operator/teams/${team}`}>{team}</a>),
        },
        {
          label: "Message",
          cell: ({ message, id }) => (
            <details>
              <summary aria-label={`Show message ${id}`}>Show</summary>
              <Code text={JSON.stringify(message, null, 2)} label={`Message ${id}`} />
            </details>
          ),
        },
        {
          label: "State",
          cell: ({ replayed_at }) =>
            replayed_at === null ? <Tag tone="warn">waits</Tag> : <Tag tone="good">sent again</Tag>,
        },
        {
          label: "Do",
          cell: ({ id, type }) => (
            <div class="row">
              <ActionButton action="replay" fields={{ id }} label={`Send again: ${type} ${id}`}>
                Send again
              </ActionButton>
              <Confirm action="drop" label="Drop" about={`Drop ${type} ${id}`} button="Drop it" fields={{ id }}>
                <p>What it was for is not done.</p>
              </Confirm>
            </div>
          ),
        },
      ]}
    />
  );
}

export const deadLetterActions: Readonly<Record<string, OperatorAction>> = {
  replay: async (c, form) => {
    await replayDeadLetter(c.env, textField(form, "id") ?? "");
    return { done: "replayed" };
  },
  drop: async (c, form) => {
    await dropDeadLetter(c.env, textField(form, "id") ?? "");
    return { done: "dropped" };
  },
};
