// The tools for notifications and webhooks. Run at the edge.
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { listDeliveries, listNotifications, markRead, saveWebhook } from "./calls.ts";
import {
  type Delivery,
  deletedWebhookSchema,
  deliveriesSchema,
  getSettingsSchema,
  listDeliveriesSchema,
  listNotificationsSchema,
  listWebhooksSchema,
  markedReadSchema,
  markReadSchema,
  type Notification,
  notificationsSchema,
  replayDeliverySchema,
  replayedSchema,
  type SettingsAnswer,
  savedWebhookSchema,
  saveWebhookSchema,
  setSettingsSchema,
  settingsAnswerSchema,
  testedWebhookSchema,
  type Webhook,
  webhookNameSchema,
  webhooksSchema,
  whichReadSchema,
} from "./schema.ts";

const inboxTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_notifications",
    title: "List notifications",
    description: "What you are told of in this team: proposals, votes, changes of the library; newest first.",
    input: listNotificationsSchema,
    output: notificationsSchema,
    hints: readsOnly,
    permission: "notifications:own",
    toolset: "workflow",
    handler: async (context, input) => {
      const { items, unread, ...page } = await listNotifications(context, input, listLimits.toolEntries);
      const lines = items.length === 0 ? [] : [fenceUntrusted(items.map(describe).join("\n"), "notifications")];
      const text = [`${page.returned} of ${page.total} notifications, ${unread} unread`, ...lines, ...moreLines(page)];
      return { text: text.join("\n"), data: { notifications: items, unread, ...page } };
    },
  }),
  defineTool({
    name: "mark_notifications_read",
    title: "Mark notifications read",
    description: "Marks your notifications read: some by ids, or all up to one you have seen.",
    input: markReadSchema,
    output: markedReadSchema,
    hints: { ...replaces, destructive: false },
    permission: "notifications:own",
    toolset: "workflow",
    handler: async (context, input) => {
      const data = await markRead(context, parseWith(whichReadSchema, input, "mark_notifications_read"));
      return { text: `${data.marked} marked read, ${data.unread} left unread.`, data };
    },
  }),
  defineTool({
    name: "get_notification_settings",
    title: "Get notification settings",
    description: "Which kinds of notification you have muted, and what is mailed to you.",
    input: getSettingsSchema,
    output: settingsAnswerSchema,
    hints: readsOnly,
    permission: "notifications:own",
    toolset: "workflow",
    handler: async (context) => {
      const data = await context.stub.notifications().settings(context.actor.userId);
      return { text: describeSettings(data), data };
    },
  }),
  defineTool({
    name: "set_notification_settings",
    title: "Set notification settings",
    description: "Mutes kinds of notification for you, and sets what is mailed to you. What you leave out stays.",
    input: setSettingsSchema,
    output: settingsAnswerSchema,
    hints: replaces,
    permission: "notifications:own",
    toolset: "workflow",
    handler: async (context, input) => {
      const data = await context.stub.notifications().setSettings(input, callerOf(context));
      return { text: describeSettings(data), data };
    },
  }),
];

const webhookColumns = ["name", "url", "format", "kinds", "is_active", "waiting", "dead", "created_by"];
const deliveryColumns = ["id", "to", "kind", "state", "attempts", "last_status", "last_error", "next_attempt_at"];

const webhookTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_webhooks",
    title: "List webhooks",
    description: "Where this team's notifications are posted to, and how much waits or was given up on.",
    input: listWebhooksSchema,
    output: webhooksSchema,
    hints: readsOnly,
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context) => {
      const webhooks = await context.stub.notifications().webhooks();
      const table = webhooks.length === 0 ? [] : [markdownTable(webhooks, webhookColumns)];
      return { text: [`${webhooks.length} webhooks`, ...table].join("\n"), data: { webhooks } };
    },
  }),
  defineTool({
    name: "save_webhook",
    title: "Save a webhook",
    description:
      "Creates a webhook that posts notifications to your own receiver, Slack, Teams or Discord, or changes one. A new one's signing secret is shown once.",
    input: saveWebhookSchema,
    output: savedWebhookSchema,
    hints: { ...replaces, openWorld: true },
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await saveWebhook(context, input);
      const secret = data.secret === undefined ? [] : [`Its signing secret, shown this once: ${data.secret}`];
      return { text: [describeWebhook(data.outcome, data.webhook), ...secret].join("\n"), data };
    },
  }),
  defineTool({
    name: "delete_webhook",
    title: "Delete a webhook",
    description: "Removes a webhook and its secret; what waits for it is cancelled.",
    input: webhookNameSchema,
    output: deletedWebhookSchema,
    hints: replaces,
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context, { name }) => {
      const data = await context.stub.notifications().deleteWebhook(name, callerOf(context));
      return { text: `Webhook ${name} is deleted; ${data.cancelled} deliveries cancelled.`, data };
    },
  }),
  defineTool({
    name: "test_webhook",
    title: "Test a webhook",
    description: "Sends a webhook a test message; list_deliveries shows what becomes of it.",
    input: webhookNameSchema,
    output: testedWebhookSchema,
    hints: { ...adds, openWorld: true },
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context, { name }) => {
      const delivery = await context.stub.notifications().testWebhook(name, callerOf(context));
      return { text: `Delivery ${delivery} is on its way.`, data: { delivery } };
    },
  }),
  defineTool({
    name: "list_deliveries",
    title: "List deliveries",
    description: "What was sent by webhook and e-mail and what became of it, newest first; state dead: given up on.",
    input: listDeliveriesSchema,
    output: deliveriesSchema,
    hints: readsOnly,
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listDeliveries(context, input, listLimits.toolEntries);
      const table = items.length === 0 ? [] : [markdownTable(items, deliveryColumns)];
      const text = [`${page.returned} of ${page.total} deliveries`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { deliveries: items, ...page } };
    },
  }),
  defineTool({
    name: "replay_delivery",
    title: "Replay a delivery",
    description: "Sends a dead or cancelled delivery again, under its old id.",
    input: replayDeliverySchema,
    output: replayedSchema,
    hints: { ...adds, openWorld: true },
    permission: "webhooks:manage",
    toolset: "admin",
    handler: async (context, { id }) => {
      const delivery: Delivery = await context.stub.notifications().replay(id, callerOf(context));
      return { text: `Delivery ${id} is on its way again.`, data: { delivery } };
    },
  }),
];

export const notificationTools: readonly BuiltInTool[] = [...inboxTools, ...webhookTools];

function describe({ id, kind, title, body, actor, created_at, read }: Notification): string {
  const head = `${id}${read ? "" : " (unread)"} ${created_at} ${kind} by ${actor}: ${title}`;
  return body === "" ? head : `${head}\n  ${body.replaceAll("\n", "\n  ")}`;
}

function describeSettings({ muted, email, email_address, email_available }: SettingsAnswer): string {
  const quiet = muted.length === 0 ? "Nothing is muted." : `Muted: ${muted.join(", ")}.`;
  const where = email === "off" ? "" : ` to ${email_address ?? "no address"}`;
  const mail = email_available ? `E-mail: ${email}${where}.` : `E-mail: ${email}; this deployment sends none.`;
  return `${quiet} ${mail}`;
}

function describeWebhook(outcome: string, { name, url, format, kinds, is_active }: Webhook): string {
  const what = kinds === null ? "all kinds" : kinds.join(", ");
  return `Webhook ${name} is ${outcome}: ${format} to ${url}, ${what}${is_active ? "" : ", switched off"}.`;
}
