// Where the team's notifications are posted to, and what became of each delivery. Runs at the edge.
import { listDeliveries } from "../../../features/notifications/calls.ts";
import { deliveryStates, type Webhook } from "../../../features/notifications/schema.ts";
import { listLimits } from "../../../limits.ts";
import { type Action, given, textField, useTool } from "../actions.ts";
import { ActionButton, Confirm } from "../forms.tsx";
import { Copy, count, DataTable, Empty, Live, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Deliveries } from "./deliveries.tsx";
import { settingsPage } from "./tabs.tsx";
import { readWebhookForm, WebhookForm } from "./webhook-form.tsx";

interface Saved {
  webhook: Webhook;
  secret?: string;
}

export async function webhooksPage(c: PageContext, attempt?: Attempt, saved?: Saved): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const filter = {
    webhook: url.searchParams.get("webhook") || undefined,
    state: deliveryStates.find((one) => one === url.searchParams.get("state")),
    cursor: url.searchParams.get("cursor") ?? undefined,
  };
  const webhooks = await call.stub.notifications().webhooks();
  // A webhook that was deleted has no deliveries to show.
  const known = webhooks.some(({ name }) => name === filter.webhook) ? filter.webhook : undefined;
  const deliveries = await listDeliveries(call, { ...filter, webhook: known }, listLimits.toolEntries);
  return settingsPage(c, {
    tab: "webhooks",
    title: "Webhooks",
    intro: "Post what happens to your own receiver, Slack, Teams or Discord.",
    attempt,
    ownProblems: ["create", "change"],
    done: {
      changed: "The webhook is changed.",
      deleted: "The webhook is deleted; what waited for it is cancelled.",
      tested: "A test message is on its way; see what becomes of it below.",
      replayed: "The delivery is on its way again.",
    },
    children: (
      <>
        {saved?.secret === undefined ? null : <SecretCard webhook={saved.webhook} secret={saved.secret} />}
        <Live id="webhooks" kinds={["notification", "team"]}>
          {webhooks.length === 0 ? (
            <Empty title="No webhook yet">
              <p>Save one below. Notifications then go there besides people's own inboxes.</p>
            </Empty>
          ) : (
            <WebhooksTable webhooks={webhooks} attempt={attempt} />
          )}
        </Live>
        <section class="card" aria-labelledby="new-title">
          <h2 id="new-title">A new webhook</h2>
          <WebhookForm attempt={attempt?.action === "create" ? attempt : undefined} />
        </section>
        <Deliveries c={c} webhooks={webhooks} filter={{ ...filter, webhook: known }} page={deliveries} />
      </>
    ),
  });
}

function SecretCard({ webhook: { name }, secret }: { webhook: Webhook; secret: string }) {
  return (
    <section class="card shown-once" aria-labelledby="secret-title" role="status">
      <h2 id="secret-title">
        The signing secret of <bdi>{name}</bdi>, shown this once
      </h2>
      <Copy id="secret" text={secret} label="signing secret" />
      <p>Your receiver checks with it that a delivery is from here.</p>
    </section>
  );
}

function WebhooksTable({ webhooks, attempt }: { webhooks: readonly Webhook[]; attempt?: Attempt | undefined }) {
  return (
    <DataTable
      caption="Webhooks"
      rows={webhooks}
      columns={[
        {
          label: "Webhook",
          cell: ({ name, url }) => (
            <>
              <bdi>{name}</bdi>
              <span class="beneath">
                <bdi>{url}</bdi>
              </span>
            </>
          ),
        },
        { label: "Format", wide: true, cell: ({ format }) => format },
        { label: "Told of", wide: true, cell: ({ kinds }) => (kinds === null ? "everything" : kinds.join(", ")) },
        {
          label: "State",
          cell: ({ is_active, dead }) => (
            <>
              {is_active ? <Tag tone="good">on</Tag> : <Tag>off</Tag>}{" "}
              {dead > 0 ? <Tag tone="bad">{count(dead)} given up on</Tag> : null}
            </>
          ),
        },
        { label: "Waiting", number: true, wide: true, cell: ({ waiting }) => count(waiting) },
        { label: "Change", cell: (webhook) => <Change webhook={webhook} attempt={attempt} /> },
      ]}
    />
  );
}

function Change({ webhook, attempt }: { webhook: Webhook; attempt?: Attempt | undefined }) {
  const { name } = webhook;
  const own = attempt?.action === "change" && attempt.form.get("name") === name ? attempt : undefined;
  return (
    <>
      <ActionButton action="test" fields={{ name }} label={`Test ${name}`}>
        Test
      </ActionButton>
      <details class="manage" open={own !== undefined} id={`change-${name}`}>
        <summary aria-label={`Change ${name}`}>Change</summary>
        <div class="inside">
          <WebhookForm webhook={webhook} attempt={own} />
          <div class="actions">
            <Confirm
              action="rotate"
              label="New secret"
              about={`New secret for ${name}`}
              button="Make a new secret"
              fields={{ name }}
            >
              <p>The old one ends at once: your receiver refuses deliveries until it has the new one.</p>
            </Confirm>
            <Confirm action="delete" label="Delete" about={`Delete ${name}`} button="Delete it" fields={{ name }}>
              <p>Its secret goes with it, and what waits for it is cancelled.</p>
            </Confirm>
          </div>
        </div>
      </details>
    </>
  );
}

const save =
  (fields: (form: URLSearchParams) => Record<string, unknown>): Action =>
  async (call, form, c) => {
    const { data } = await useTool(call, "save_webhook", fields(form), form);
    const saved = data as unknown as Saved;
    return saved.secret === undefined ? { done: "changed" } : webhooksPage(c, undefined, saved);
  };

const nameOf = (form: URLSearchParams): Record<string, unknown> => given({ name: textField(form, "name") });

export const webhookActions: Readonly<Record<string, Action>> = {
  create: save(readWebhookForm),
  change: save(readWebhookForm),
  rotate: save((form) => ({ ...nameOf(form), rotate_secret: true })),
  delete: async (call, form) => {
    await useTool(call, "delete_webhook", nameOf(form), form);
    return { done: "deleted" };
  },
  test: async (call, form) => {
    await useTool(call, "test_webhook", nameOf(form), form);
    return { done: "tested" };
  },
  replay: async (call, form) => {
    await useTool(call, "replay_delivery", given({ id: textField(form, "id") }), form);
    return { done: "replayed" };
  },
};
