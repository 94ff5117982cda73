// What was sent by webhook and e-mail and what became of it, with a way to send it again. Runs at the edge.
import type { Page } from "../../../core/paging.ts";
import {
  type Delivery,
  type DeliveryState,
  deliveryStates,
  type Webhook,
} from "../../../features/notifications/schema.ts";
import { ActionButton, Field } from "../forms.tsx";
import { Ago, DataTable, Empty, Pager, Tag, type Tone, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

const tones: Record<DeliveryState, Tone> = { pending: "warn", delivered: "good", dead: "bad", cancelled: "plain" };

export function Deliveries(props: {
  c: PageContext;
  webhooks: readonly Webhook[];
  filter: { webhook: string | undefined; state: DeliveryState | undefined; cursor: string | undefined };
  page: Page<Delivery>;
}) {
  const { c, webhooks, filter, page } = props;
  const url = urlOf(c);
  // What is under way settles in seconds; the feed says nothing of it.
  const isMoving = filter.cursor === undefined && page.items.some(({ state }) => state === "pending");
  return (
    <section aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">Deliveries</h2>
      <form class="filters" method="get">
        <Field
          name="webhook"
          label="Webhook"
          value={filter.webhook ?? ""}
          prefix="filter"
          options={[{ value: "", label: "All, and e-mail" }, ...webhooks.map(({ name }) => name)]}
        />
        <Field
          name="state"
          label="State"
          value={filter.state ?? ""}
          prefix="filter"
          options={[{ value: "", label: "All" }, ...deliveryStates]}
        />
        <button type="submit" class="quiet">
          Show
        </button>
      </form>
      <div
        id="deliveries"
        {...(isMoving
          ? {
              "hx-get": url.pathname + url.search,
              "hx-trigger": "every 3s",
              "hx-select": "#deliveries",
              "hx-target": "#deliveries",
              "hx-swap": "outerMorph",
            }
          : {})}
      >
        {page.items.length === 0 ? (
          <Empty title="Nothing was sent">
            <p>Send a webhook a test message to see one here.</p>
          </Empty>
        ) : (
          <DeliveriesTable deliveries={page.items} now={c.get("call").now()} />
        )}
        {page.total === 0 ? null : (
          <Pager
            url={url}
            page={page}
            what={page.total === 1 ? "delivery" : "deliveries"}
            label="Pages of deliveries"
          />
        )}
      </div>
    </section>
  );
}

function DeliveriesTable({ deliveries, now }: { deliveries: readonly Delivery[]; now: number }) {
  return (
    <DataTable
      caption="Deliveries"
      rows={deliveries}
      columns={[
        { label: "When", cell: ({ created_at }) => <Ago at={created_at} now={now} /> },
        {
          label: "To",
          cell: ({ to, channel }) => (
            <>
              <bdi>{to}</bdi>
              <span class="beneath">{channel === "email" ? "by e-mail" : "webhook"}</span>
            </>
          ),
        },
        { label: "What", cell: ({ kind }) => kind },
        { label: "State", cell: ({ state }) => <Tag tone={tones[state]}>{state}</Tag> },
        { label: "Tries", number: true, wide: true, cell: ({ attempts }) => String(attempts) },
        {
          label: "Last answer",
          wide: true,
          cell: ({ last_status, last_error, next_attempt_at }) => (
            <>
              {last_status === null ? null : <code>{last_status}</code>} <bdi>{last_error}</bdi>
              {next_attempt_at === null ? null : (
                <span class="beneath">
                  next try <Ago at={next_attempt_at} now={now} />
                </span>
              )}
            </>
          ),
        },
        {
          label: "Again",
          cell: ({ id, state, to }) =>
            state === "dead" || state === "cancelled" ? (
              <ActionButton action="replay" fields={{ id }} label={`Send again to ${to}`}>
                Send again
              </ActionButton>
            ) : null,
        },
      ]}
    />
  );
}
