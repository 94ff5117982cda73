// Mailing a notification or a digest through the deployment's binding. Runs at the edge.
import type { DeliveryPayload } from "../schema.ts";
import type { Outcome } from "./outcome.ts";

/** The part of the platform's e-mail binding that is used. */
export interface Mailer {
  send: (message: { from: string; to: string; subject: string; text: string }) => Promise<unknown>;
}
export interface Mail {
  mailer: Mailer;
  from: string;
}

/** How to mail: the binding EMAIL and the sender EMAIL_FROM. Undefined where the operator has not set both. */
export function readMail(env: object): Mail | undefined {
  const mailer: unknown = Reflect.get(env, "EMAIL");
  const from: unknown = Reflect.get(env, "EMAIL_FROM");
  if (typeof from !== "string" || from === "" || typeof mailer !== "object" || mailer === null) return undefined;
  return { mailer: mailer as Mailer, from };
}

/** Codes of the platform's errors that no later try changes: the recipient or the message itself is refused. */
const hopeless: ReadonlySet<string> = new Set([
  "E_RECIPIENT_SUPPRESSED",
  "E_VALIDATION_ERROR",
  "E_FIELD_MISSING",
  "E_RECIPIENT_NOT_ALLOWED",
]);

/** Mails one delivery. Never throws. */
export async function mail(mailTo: Mail | undefined, to: string | null, payload: DeliveryPayload): Promise<Outcome> {
  if (mailTo === undefined) return { outcome: "dead", error: "This deployment sends no e-mail (EMAIL, EMAIL_FROM)." };
  if (to === null) return { outcome: "dead", error: "The person has no e-mail address, or left the team." };
  try {
    await mailTo.mailer.send({ from: mailTo.from, to, ...letter(payload) });
    return { outcome: "delivered" };
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    const known = typeof code === "string" && /^E_[A-Z_]{1,60}$/.test(code) ? code : undefined;
    const text = known === undefined ? "The mail was not taken." : `The mail was not taken: ${known}.`;
    return { outcome: known !== undefined && hopeless.has(known) ? "dead" : "retry", error: text };
  }
}

function letter({ team, title, body, actor, type }: DeliveryPayload): { subject: string; text: string } {
  const about = type === "digest" ? [] : ["", `${actor} · ${type}`];
  const lines = [title, ...(body === "" ? [] : ["", body]), ...about];
  const end = `You get this as a member of the team ${team}. The tool set_notification_settings changes what is mailed to you.`;
  return { subject: `[${team}] ${title}`, text: [...lines, "", "-- ", end].join("\n") };
}
