// What people are told of, and how it reaches them: fields described once. Runs everywhere.
import * as z from "zod";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import type { Visibility } from "../access/access.ts";

export const noticeKinds = [
  "proposal.submitted",
  "proposal.edited",
  "proposal.voted",
  "proposal.commented",
  "proposal.applied",
  "proposal.rejected",
  "proposal.withdrawn",
  "proposal.expired",
  "proposal.conflicted",
  "proposal.failed",
  "proposal.superseded",
  "library.changed",
  "suggestion.made",
  "backup.failed",
  "team.restored",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export const webhookFormats = ["json", "slack", "teams", "discord"] as const;
export type WebhookFormat = (typeof webhookFormats)[number];

export const deliveryStates = ["pending", "delivered", "dead", "cancelled"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** Something that a write has done and people should hear of. */
export interface Notice {
  kind: NoticeKind;
  subject: { kind: "proposal" | "function" | "tool" | "suggestion" | "backup" | "team"; name: string };
  /** One line, plain text. */
  title: string;
  body?: string;
  /** Whose inboxes: everyone's, those who may vote, admins' and owners', or these people's (user ids). Never the inbox of who did it. */
  to: "team" | "voters" | "admins" | readonly string[];
  /** Who may learn of it at all; left out: everyone in the team. */
  visibility?: Visibility;
  /** Further facts, for webhooks. */
  data?: Record<string, unknown>;
}

/** What a delivery carries; a webhook of the format json is sent it as it is, with the delivery's id. */
export type DeliveryPayload = {
  type: NoticeKind | "test" | "digest";
  team: string;
  created_at: string;
  /** Username of who did it. */
  actor: string;
  subject: { kind: string; name: string };
  title: string;
  body: string;
  data: Record<string, unknown>;
  /** `data` was longer than is sent. */
  data_cut?: boolean;
};

/** The part of a list that is asked for, over MCP. */
const page = {
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
};

export const notificationSchema = z.object({
  id: z.int(),
  kind: z.enum(noticeKinds),
  subject: z.object({ kind: z.string(), name: z.string() }),
  title: z.string(),
  body: z.string(),
  actor: z.string(),
  created_at: z.string(),
  read: z.boolean(),
});
export type Notification = z.infer<typeof notificationSchema>;

export const listNotificationsSchema = z.object({
  unread: z.boolean().optional().describe("true: only unread ones."),
  ...page,
});
export const notificationsSchema = z.object({
  notifications: z.array(notificationSchema),
  unread: z.int().describe("Unread ones in all."),
  ...pageFields,
});

export const markReadSchema = z.object({
  ids: z.array(z.int().min(1)).min(1).max(listLimits.maxEntries).optional().describe("These, by id."),
  up_to: z
    .int()
    .min(1)
    .optional()
    .describe("This id and all older ones: what you have seen, and nothing that came since."),
});
export const markedReadSchema = z.object({ marked: z.int(), unread: z.int().describe("Left unread.") });

/** Exactly one of the two. */
export const whichReadSchema = markReadSchema.refine(
  ({ ids, up_to }) => (ids === undefined) !== (up_to === undefined),
  "give ids or up_to, one of the two",
);

export const emailModes = ["off", "immediate", "daily"] as const;
const settingsFields = {
  muted: z.array(z.enum(noticeKinds)).max(noticeKinds.length).describe("Kinds that do not reach you at all."),
  email: z.enum(emailModes).describe("off, immediate (a mail each), or daily (one digest of what is unread)."),
};
export const getSettingsSchema = z.object({});
export const setSettingsSchema = z.object({
  muted: settingsFields.muted.optional(),
  email: settingsFields.email.optional(),
});
export type SetSettings = z.output<typeof setSettingsSchema>;
export interface NotificationSettings {
  muted: NoticeKind[];
  email: (typeof emailModes)[number];
}
export const settingsAnswerSchema = z.object({
  ...settingsFields,
  kinds: z.array(z.string()).describe("Every kind there is."),
  email_address: z.string().nullable().describe("Where mails go."),
  email_available: z.boolean().describe("false: this deployment sends no e-mail."),
});
export type SettingsAnswer = z.infer<typeof settingsAnswerSchema>;

const webhookName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,59}$/, "use 1 to 60 of a-z, 0-9, - and _, beginning with a letter or digit");

export const webhookSchema = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string().describe("What stands behind the host is not shown: it may hold a token."),
  format: z.enum(webhookFormats),
  kinds: z.array(z.enum(noticeKinds)).nullable().describe("null: all kinds."),
  is_active: z.boolean(),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  waiting: z.int().describe("Deliveries on their way."),
  dead: z.int().describe("Deliveries given up on that the log still holds; replay_delivery sends one again."),
});
export type Webhook = z.infer<typeof webhookSchema>;

export const listWebhooksSchema = z.object({});
export const webhooksSchema = z.object({ webhooks: z.array(webhookSchema) });

export const saveWebhookSchema = z.object({
  name: webhookName.describe("Creates it, or changes the one of this name."),
  url: z
    .string()
    .min(1)
    .max(notificationLimits.urlChars)
    .optional()
    .describe("Where it posts to: https, on the public internet. Needed for a new one."),
  format: z
    .enum(webhookFormats)
    .optional()
    .describe("json for your own receiver, else the chat it posts to. Default json."),
  kinds: z
    .array(z.enum(noticeKinds))
    .min(1)
    .max(noticeKinds.length)
    .nullable()
    .optional()
    .describe("Only these; null: all."),
  is_active: z.boolean().optional().describe("false: nothing is sent, and what was waiting is cancelled."),
  rotate_secret: z.boolean().optional().describe("true: makes a new signing secret; the old one ends at once."),
});
export type SaveWebhook = z.output<typeof saveWebhookSchema>;
export const savedWebhookSchema = z.object({
  outcome: z.enum(["created", "updated", "unchanged"]),
  webhook: webhookSchema,
  secret: z.string().optional().describe("Signs its deliveries. Shown this once."),
});

export const webhookNameSchema = z.object({ name: z.string().min(1).max(60) });
export const deletedWebhookSchema = z.object({ deleted: z.string(), cancelled: z.int().describe("Deliveries.") });
export const testedWebhookSchema = z.object({
  delivery: z.string().describe("list_deliveries shows what becomes of it."),
});

export const deliverySchema = z.object({
  id: z.string(),
  channel: z.enum(["webhook", "email"]),
  to: z.string().describe("The webhook's name, or the person's username."),
  kind: z.string(),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  last_status: z.int().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
  next_attempt_at: z.string().nullable(),
  finished_at: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export const listDeliveriesSchema = z.object({
  webhook: z.string().min(1).max(60).optional().describe("Only of this webhook."),
  state: z.enum(deliveryStates).optional(),
  ...page,
});
export const deliveriesSchema = z.object({ deliveries: z.array(deliverySchema), ...pageFields });

export const replayDeliverySchema = z.object({ id: z.string().min(1).max(100) });
export const replayedSchema = z.object({ delivery: deliverySchema });
