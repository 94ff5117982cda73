// Hands deliveries that are due to webhooks and to the mail: takes some by lease, tries each once, reports. Runs at the edge.
import { undefinedOn } from "../../core/errors.ts";
import type { SecretSeal } from "../../platform/secrets.ts";
import type { TeamClient } from "../../platform/team-client.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { openWebhook } from "./calls.ts";
import { type Mail, mail } from "./delivering/email.ts";
import { bodyOf } from "./delivering/formats.ts";
import type { Outcome } from "./delivering/outcome.ts";
import { type Posting, post } from "./delivering/post.ts";
import { sign, signatureHeader } from "./delivering/signature.ts";
import type { Leased, Settled } from "./delivery-store.ts";
import type { DeliveryPolicy } from "./notifications.ts";

export interface Delivering {
  stub: Pick<TeamClient, "notifications">;
  secrets: SecretSeal;
  policy: DeliveryPolicy;
  mail: Mail | undefined;
  fetch: typeof fetch;
  now: () => number;
  /** Asks for another message like this one. */
  again: () => Promise<void>;
}

/** Delivers what is due in a team, as far as one message may; a second message at the same time takes other deliveries. */
export async function deliver(deps: Delivering): Promise<void> {
  for (let batch = 0; batch < notificationLimits.batches; batch++) {
    // A team that is gone has nothing to deliver.
    const leased = (await undefinedOn(["not_found"], deps.stub.notifications().lease())) ?? [];
    if (leased.length === 0) return;
    await deps.stub.notifications().settle(await tryAll(deps, leased));
  }
  await deps.again();
}

async function tryAll(deps: Delivering, leased: readonly Leased[]): Promise<Settled[]> {
  const { policy, now } = deps;
  const posting: Posting = { ...policy, fetch: deps.fetch, now, known: new Map() };
  const queue = [...leased];
  const settled: Settled[] = [];
  const work = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      settled.push({ id: one.id, lease: one.lease, ...(await tryOne(deps, posting, one)) });
    }
  };
  await Promise.all(Array.from({ length: notificationLimits.atOnce }, work));
  return settled;
}

async function tryOne(deps: Delivering, posting: Posting, { id, payload, to }: Leased): Promise<Outcome> {
  if ("address" in to) return mail(deps.mail, to.address, payload);
  const opened = await openWebhook(deps.secrets, to.webhook, to.sealed);
  if (opened === undefined) {
    return { outcome: "dead", error: "The webhook's address and secret cannot be read any more: save it anew." };
  }
  const body = bodyOf(to.format, payload, id);
  return post(posting, opened.url, body, {
    "content-type": "application/json",
    "user-agent": "Super-Data-Webhooks",
    "x-super-data-delivery": id,
    "x-super-data-event": payload.type,
    [signatureHeader.toLowerCase()]: await sign(opened.secret, body, deps.now()),
  });
}
