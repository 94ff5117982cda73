// The rules of notifications, webhooks and deliveries: what is refused and in which words. Pure; runs everywhere.
import { AppError } from "../../core/errors.ts";
import { didYouMean } from "../../core/near-names.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { readHosts } from "./delivering/public-address.ts";
import type { NotificationSettings } from "./schema.ts";

/** What the operator has set about what leaves the deployment. */
export interface DeliveryPolicy {
  /** Hosts, as they stand in a URL, that webhooks may have whatever they are. */
  allowedHosts: string[];
  /** URL of the DNS-over-HTTPS resolver, JSON form. */
  resolver: string;
  sendsEmail: boolean;
}

/** Reads WEBHOOK_ALLOWED_HOSTS, WEBHOOK_DNS, and whether EMAIL and EMAIL_FROM are there. */
export function readPolicy(env: object): DeliveryPolicy {
  const resolver: unknown = Reflect.get(env, "WEBHOOK_DNS");
  const from: unknown = Reflect.get(env, "EMAIL_FROM");
  const mailer: unknown = Reflect.get(env, "EMAIL");
  return {
    allowedHosts: readHosts(Reflect.get(env, "WEBHOOK_ALLOWED_HOSTS")),
    resolver: typeof resolver === "string" && resolver !== "" ? resolver : "https://cloudflare-dns.com/dns-query",
    sendsEmail: typeof from === "string" && from !== "" && typeof mailer === "object" && mailer !== null,
  };
}

/** What someone wants who has never said so. */
export const defaultSettings: NotificationSettings = { muted: [], email: "off" };

/** Throws `unsupported` unless this person can be mailed here. */
export function requireMailable(policy: DeliveryPolicy, address: string | null): void {
  if (!policy.sendsEmail) {
    throw new AppError("unsupported", "This deployment sends no e-mail.", {
      hint: "Its operator adds a send_email binding named EMAIL and the variable EMAIL_FROM; until then set email to off.",
    });
  }
  if (address === null) {
    throw new AppError("unsupported", "You have no e-mail address in this team.", {
      hint: "Sign in with an identity provider that says a verified address, or set email to off.",
    });
  }
}

/** The error of a name that no webhook has; `near` are names like it. */
export function noSuchWebhook(near: readonly string[]): AppError {
  return new AppError("not_found", "There is no webhook of that name.", {
    hint: didYouMean(near) ?? "list_webhooks shows them.",
  });
}

export function tooManyWebhooks(): AppError {
  return new AppError(
    "too_large",
    `A team has at most ${notificationLimits.webhooks} webhooks (notificationLimits.webhooks).`,
    {
      hint: "Delete one with delete_webhook, or give one more kinds.",
      details: { limit: "notificationLimits.webhooks", value: notificationLimits.webhooks },
    },
  );
}

/** The error of an address that webhooks may not have. */
export function addressRefused(fault: string): AppError {
  return new AppError("invalid_argument", `save_webhook: url: ${fault}`, {
    hint: "Use an https address on the public internet. For a receiver in a private network the operator sets WEBHOOK_ALLOWED_HOSTS.",
  });
}

export function webhookChanged(): AppError {
  return new AppError("conflict", "This webhook was changed by someone else meanwhile.", {
    hint: "Look at it with list_webhooks and call again.",
  });
}

/** The error of a sealed secret that the deployment's key does not open any more. */
export function secretLost(name: string): AppError {
  return new AppError("conflict", `The address and secret of the webhook "${name}" cannot be read any more.`, {
    hint: "The deployment's key has changed since, or the team was restored elsewhere. Save it with url and rotate_secret: true.",
  });
}

/** The address as it is shown: what stands behind the host may be a token. */
export function shownAddress(url: URL): string {
  return url.pathname === "/" && url.search === "" ? `${url.origin}/` : `${url.origin}/…`;
}
