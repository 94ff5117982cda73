// Notifications, webhooks and deliveries over RPC. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError } from "../../core/errors.ts";
import { nearNames } from "../../core/near-names.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import type { Caller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import { readTeam } from "../teams/store.ts";
import {
  cancelDeliveries,
  type DeliveryFilter,
  findDelivery,
  type Leased,
  leaseDeliveries,
  nextDeliveryAt,
  reviveDelivery,
  type Settled,
  selectDeliveries,
  settleDeliveries,
} from "./delivery-store.ts";
import { dropFromDigests } from "./digest-store.ts";
import { writeDeliveries } from "./notice-store.ts";
import {
  type DeliveryPolicy,
  noSuchWebhook,
  requireMailable,
  tooManyWebhooks,
  webhookChanged,
} from "./notifications.ts";
import {
  type Delivery,
  type DeliveryPayload,
  noticeKinds,
  type SetSettings,
  type SettingsAnswer,
  type Webhook,
} from "./schema.ts";
import { type InboxFilter, markRead, type Reader, selectInbox, selectSettings, writeSettings } from "./store.ts";
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  selectWebhooks,
  updateWebhook,
  type WebhookRow,
  webhookNames,
} from "./webhook-store.ts";

/** What is written of a webhook; what is left out stays as it is. */
export interface WebhookChange {
  name: string;
  /** Of a new one. */
  id: string;
  /** What was sealed of it when the change was made up; null: it was not there. */
  was: string | null;
  address?: { shown: string; sealed: string };
  rotated: boolean;
  format?: WebhookRow["format"] | undefined;
  kinds?: WebhookRow["kinds"] | undefined;
  isActive?: boolean | undefined;
}

/** One team's inboxes and webhooks. */
export class NotificationsRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #policy: DeliveryPolicy;

  constructor(deps: TeamDeps, policy: DeliveryPolicy) {
    super();
    this.#deps = deps;
    this.#policy = policy;
  }

  inbox(reader: Reader, filter: InboxFilter): ReturnType<typeof selectInbox> {
    return selectInbox(this.#deps.db, reader, filter);
  }

  markRead(which: { ids: number[] } | { upTo: number }, by: Caller): { marked: number; unread: number } {
    const { db, now } = this.#deps;
    return this.#deps.record(by, () => ({ result: markRead(db, by.actor, which, now()), audit: [] }));
  }

  settings(userId: string): SettingsAnswer {
    const known = selectSettings(this.#deps.db, userId);
    return {
      muted: known?.settings.muted ?? [],
      email: known?.settings.email ?? "off",
      kinds: [...noticeKinds],
      email_address: known?.address ?? null,
      email_available: this.#policy.sendsEmail,
    };
  }

  /** Throws `unsupported` for a service account, and for mail that cannot be sent. */
  setSettings(wanted: SetSettings, by: Caller): SettingsAnswer {
    const { db, now } = this.#deps;
    const { userId } = by.actor;
    const known = selectSettings(db, userId);
    if (known === undefined) {
      throw new AppError("unsupported", "Only people get notifications.", { hint: "Call as a person of the team." });
    }
    const email = wanted.email ?? known.settings.email;
    if (wanted.email !== undefined && email !== "off") requireMailable(this.#policy, known.address);
    const muted = wanted.muted === undefined ? known.settings.muted : [...new Set(wanted.muted)].sort();
    this.#deps.record(by, () => {
      // The first digest tells of what comes from now on, and comes a day from now.
      const begins = email === "daily" && known.settings.email !== "daily";
      if (begins) dropFromDigests(db, userId);
      writeSettings(db, { userId, muted, email, digestSentAt: begins ? new Date(now()) : known.digestSentAt });
      return { result: undefined, audit: [] };
    });
    return this.settings(userId);
  }

  webhooks(): Webhook[] {
    return selectWebhooks(this.#deps.db);
  }

  /** What the edge needs to make up a change: the webhook as it is, sealed, and what addresses are allowed. */
  prepareWebhook(name: string): { known: { id: string; sealed: string } | null; policy: DeliveryPolicy } {
    const row = findWebhook(this.#deps.db, name);
    return { known: row === undefined ? null : { id: row.id, sealed: row.secret }, policy: this.#policy };
  }

  /** Throws `conflict` when it changed since `prepareWebhook`, `too_large` for one too many. */
  saveWebhook(change: WebhookChange, by: Caller): { outcome: "created" | "updated" | "unchanged"; webhook: Webhook } {
    const { db } = this.#deps;
    const caller = requireNow(db, by, "webhooks:manage");
    const known = findWebhook(db, change.name);
    if ((known?.secret ?? null) !== change.was) throw webhookChanged();
    const outcome = known === undefined ? this.#create(change, caller) : this.#update(known, change, caller);
    return { outcome, webhook: this.#webhook(change.name) };
  }

  #create(change: WebhookChange, by: Caller): "created" {
    const { db, now } = this.#deps;
    if (change.address === undefined) throw new Error("a new webhook has an address");
    if (webhookNames(db).length >= notificationLimits.webhooks) throw tooManyWebhooks();
    const createdAt = new Date(now());
    const row: WebhookRow = {
      id: change.id,
      name: change.name,
      url: change.address.shown,
      secret: change.address.sealed,
      format: change.format ?? "json",
      kinds: change.kinds ?? null,
      isActive: change.isActive ?? true,
      createdBy: by.actor.username,
      createdAt,
      updatedAt: createdAt,
    };
    return this.#deps.record(by, () => {
      insertWebhook(db, row);
      return { result: "created", audit: [{ ...about("webhook.create", row), after: facts(row) }] };
    });
  }

  #update(known: WebhookRow, change: WebhookChange, by: Caller): "updated" | "unchanged" {
    const { db, now } = this.#deps;
    const { address, format, kinds, isActive } = change;
    const row: WebhookRow = {
      ...known,
      ...(address === undefined ? {} : { url: address.shown, secret: address.sealed }),
      format: format ?? known.format,
      kinds: kinds === undefined ? known.kinds : kinds,
      isActive: isActive ?? known.isActive,
    };
    if (JSON.stringify(row) === JSON.stringify(known)) return "unchanged";
    return this.#deps.record(by, () => {
      updateWebhook(db, known.id, { ...row, updatedAt: new Date(now()) });
      if (known.isActive && !row.isActive) cancelDeliveries(db, known.id, "The webhook was switched off.", now());
      // An address is only its beginning here, so two of them may look alike.
      const after = {
        ...facts(row),
        ...(address === undefined ? {} : { address_replaced: true }),
        ...(change.rotated ? { signing_rotated: true } : {}),
      };
      return { result: "updated", audit: [{ ...about("webhook.update", row), before: facts(known), after }] };
    });
  }

  /** Removes it, and ends what waits for it. Throws `not_found`. */
  deleteWebhook(name: string, by: Caller): { deleted: string; cancelled: number } {
    const { db, now } = this.#deps;
    const caller = requireNow(db, by, "webhooks:manage");
    const row = this.#require(name);
    return this.#deps.record(caller, () => {
      const cancelled = cancelDeliveries(db, row.id, "The webhook was deleted.", now());
      deleteWebhook(db, row.id);
      return {
        result: { deleted: name, cancelled },
        audit: [{ ...about("webhook.delete", row), before: facts(row) }],
      };
    });
  }

  /** Puts a test on its way, also to a webhook that is switched off. Returns the delivery's id. Throws `not_found`. */
  testWebhook(name: string, by: Caller): string {
    const { db, now } = this.#deps;
    const caller = requireNow(db, by, "webhooks:manage");
    const row = this.#require(name);
    const { slug } = readTeam(db);
    const payload: DeliveryPayload = {
      type: "test",
      team: slug,
      created_at: new Date(now()).toISOString(),
      actor: by.actor.username,
      subject: { kind: "webhook", name },
      title: `A test of the webhook ${name}`,
      body: "If you read this, deliveries arrive.",
      data: {},
    };
    return this.#deps.record(caller, () => {
      const made = { channel: "webhook" as const, target: row.id, kind: "test" as const, payload };
      const [delivery = ""] = writeDeliveries(this.#deps, [made], now());
      return { result: delivery, audit: [{ ...about("webhook.test", row), after: { delivery } }] };
    });
  }

  /** The newest deliveries that match. Throws `not_found` for a webhook that is not there. */
  deliveries(filter: DeliveryFilter): ReturnType<typeof selectDeliveries> {
    const webhook = filter.webhook === undefined ? undefined : this.#require(filter.webhook).id;
    return selectDeliveries(this.#deps.db, { ...filter, webhook });
  }

  /** Sends a dead or cancelled delivery again. Throws `not_found`, and `conflict` for one that arrived, is on its way or has lost its webhook. */
  replay(id: string, by: Caller): Delivery {
    const { db, now } = this.#deps;
    const caller = requireNow(db, by, "webhooks:manage");
    const delivery = findDelivery(db, id);
    if (delivery === undefined) {
      throw new AppError("not_found", "There is no delivery of that id.", { hint: "list_deliveries shows them." });
    }
    this.#requireReplayable(delivery);
    return this.#deps.record(caller, () => {
      reviveDelivery(db, id, now());
      this.#deps.later({ type: "deliver", team: readTeam(db).slug });
      this.#deps.wakeAt(now() + notificationLimits.sweepMs);
      const { to, kind, state } = delivery;
      const audit = { action: "delivery.replay", target: { kind: "delivery", name: id }, before: { to, kind, state } };
      return { result: this.#delivery(id), audit: [audit] };
    });
  }

  #requireReplayable({ state, channel, to }: Delivery): void {
    if (state === "delivered" || state === "pending") {
      throw new AppError("conflict", `This delivery is ${state}.`, {
        hint: "Only dead and cancelled ones are sent again: list_deliveries with state dead.",
      });
    }
    if (channel === "webhook" && findWebhook(this.#deps.db, to) === undefined) {
      throw new AppError("conflict", "The webhook of this delivery was deleted.", {
        hint: "Save a webhook anew; what was sent to the old one stays in the log.",
      });
    }
  }

  /** What is due, for the consumer: nothing for a team that is deleted. */
  lease(): Leased[] {
    const { db, atomically, now } = this.#deps;
    if (readTeam(db).deletedAt !== null) return [];
    const leased = atomically(() => leaseDeliveries(db, now()));
    this.#wakeForNext();
    return leased;
  }

  /** What became of the tries. Further ones are the alarm's to ask for: one alarm, however many messages there were. */
  settle(settled: Settled[]): number {
    const { db, atomically, now } = this.#deps;
    const believed = atomically(() => settleDeliveries(db, settled, now(), Math.random));
    this.#wakeForNext();
    return believed;
  }

  #wakeForNext(): void {
    const next = nextDeliveryAt(this.#deps.db);
    if (next !== undefined) this.#deps.wakeAt(next);
  }

  #require(name: string): WebhookRow {
    const row = findWebhook(this.#deps.db, name);
    if (row !== undefined) return row;
    throw noSuchWebhook(nearNames(name, webhookNames(this.#deps.db)));
  }

  #webhook(name: string): Webhook {
    const found = this.webhooks().find((one) => one.name === name);
    if (found === undefined) throw new Error("the webhook that was saved is not there");
    return found;
  }

  #delivery(id: string): Delivery {
    const found = findDelivery(this.#deps.db, id);
    if (found === undefined) throw new Error("the delivery that was replayed is not there");
    return found;
  }
}

const about = (action: string, { name }: WebhookRow) => ({ action, target: { kind: "webhook", name } });

/** A webhook as the audit log shows it: its address without what may be a token. */
const facts = ({ url, format, kinds, isActive }: WebhookRow) => ({ url, format, kinds, is_active: isActive });
