// What the tools and routes of notifications and webhooks both do. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { newId, randomSecret } from "../../core/ids.ts";
import { type Page, pageBefore, readBefore } from "../../core/paging.ts";
import type { SecretSeal } from "../../platform/secrets.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import { checkAddress } from "./delivering/public-address.ts";
import { resolve } from "./delivering/resolve.ts";
import { addressRefused, type DeliveryPolicy, secretLost, shownAddress } from "./notifications.ts";
import type { Delivery, DeliveryState, Notification, SaveWebhook, savedWebhookSchema } from "./schema.ts";

interface PageInput {
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** A page of the caller's own notifications, newest first. Throws `cursor_invalid`. */
export async function listNotifications(
  call: CallContext,
  input: PageInput & { unread?: boolean | undefined },
  preset: number,
): Promise<Page<Notification> & { unread: number }> {
  const limit = input.limit ?? preset;
  const filter = { unread: input.unread === true, before: readBefore(input.cursor), limit: limit + 1 };
  const { rows, total, unread } = await call.stub.notifications().inbox(call.actor, filter);
  return { ...pageBefore(rows, { limit, total, key: (row) => row.id }), unread };
}

/** Marks the caller's own as read: those named, or all up to one. */
export function markRead(
  call: CallContext,
  input: { ids?: number[] | undefined; up_to?: number | undefined },
): Promise<{ marked: number; unread: number }> {
  const which = input.ids === undefined ? { upTo: input.up_to ?? 0 } : { ids: input.ids };
  return call.stub.notifications().markRead(which, callerOf(call));
}

/** A page of deliveries, newest first. Throws `cursor_invalid`, `not_found`. */
export async function listDeliveries(
  call: CallContext,
  input: PageInput & { webhook?: string | undefined; state?: DeliveryState | undefined },
  preset: number,
): Promise<Page<Delivery>> {
  const limit = input.limit ?? preset;
  const { webhook, state } = input;
  const filter = { webhook, state, before: readBefore(input.cursor), limit: limit + 1 };
  const { rows, total } = await call.stub.notifications().deliveries(filter);
  const page = pageBefore(rows, { limit, total, key: (row) => row.seq });
  return { ...page, items: page.items.map((row) => row.delivery) };
}

/** What is sealed of a webhook: no part of it may be read from storage alone. */
const sealedSchema = z.object({ url: z.string(), secret: z.string() });
type Sealed = z.infer<typeof sealedSchema>;

/** What a webhook's sealed text says; undefined when this deployment's key does not open it. */
export async function openWebhook(secrets: SecretSeal, id: string, sealed: string): Promise<Sealed | undefined> {
  const text = await secrets.open(`webhook ${id}`, sealed);
  return text === undefined ? undefined : sealedSchema.parse(JSON.parse(text));
}

/**
 * Creates a webhook or changes it; a new secret is in the answer and nowhere else. Throws `invalid_argument` for an address it may not have,
 * `conflict`, `too_large`.
 */
export async function saveWebhook(
  call: CallContext,
  input: SaveWebhook,
  ask: typeof fetch = fetch,
): Promise<z.input<typeof savedWebhookSchema>> {
  const { name, format, kinds, is_active: isActive } = input;
  const { known, policy } = await call.stub.notifications().prepareWebhook(name);
  const id = known?.id ?? newId("whk");
  const wanted = input.url === undefined ? undefined : await admitted(input.url, policy, ask);
  if (known === null && wanted === undefined) {
    throw new AppError("invalid_argument", "save_webhook: url: a new webhook needs one.", {
      hint: "Pass the address that it posts to; list_webhooks shows the webhooks there are.",
    });
  }
  const rotated = known !== null && input.rotate_secret === true;
  const change = { name, id, was: known?.sealed ?? null, rotated, format, kinds, isActive };
  if (wanted === undefined && !rotated) {
    return call.stub.notifications().saveWebhook(change, callerOf(call));
  }
  const old = known === null ? undefined : await openWebhook(call.secrets, id, known.sealed);
  const secret = known === null || rotated ? `whsec_${randomSecret()}` : old?.secret;
  const url = wanted ?? (old === undefined ? undefined : new URL(old.url));
  if (secret === undefined || url === undefined) throw secretLost(name);
  // The same again changes nothing: sealing anew would look like a change.
  if (old !== undefined && !rotated && old.url === url.href) {
    return call.stub.notifications().saveWebhook(change, callerOf(call));
  }
  const sealed = await call.secrets.seal(`webhook ${id}`, JSON.stringify({ url: url.href, secret } satisfies Sealed));
  const address = { shown: shownAddress(url), sealed };
  const saved = await call.stub.notifications().saveWebhook({ ...change, address }, callerOf(call));
  return { ...saved, ...(old?.secret === secret ? {} : { secret }) };
}

/** The address when webhooks may have it. A name that cannot be looked up now is looked up again at each delivery. */
async function admitted(text: string, policy: DeliveryPolicy, ask: typeof fetch): Promise<URL> {
  const checked = checkAddress(text, policy.allowedHosts);
  if ("fault" in checked) throw addressRefused(checked.fault);
  if (checked.isExempt) return checked.url;
  const signal = AbortSignal.timeout(notificationLimits.lookUpMs);
  const resolved = await resolve(checked.url.hostname, { fetch: ask, resolver: policy.resolver }, signal);
  if (resolved.is === "private") throw addressRefused("its host's name stands for an address of a private network");
  return checked.url;
}
