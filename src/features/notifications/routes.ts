// Notifications and webhooks over REST. Runs at the edge.
import { defineRoute, reply, restList, section, toolRoutes } from "../../route.ts";
import { saveWebhook } from "./calls.ts";
import { savedWebhookSchema, saveWebhookSchema } from "./schema.ts";
import { notificationTools } from "./tools.ts";

export const notificationRoutes = [
  ...section(
    "Notifications",
    toolRoutes(notificationTools, {
      list_notifications: { method: "GET", path: "/notifications", ...restList },
      mark_notifications_read: { method: "POST", path: "/notifications/read", example: { request: { up_to: 120 } } },
      get_notification_settings: { method: "GET", path: "/notifications/settings" },
      set_notification_settings: {
        method: "PUT",
        path: "/notifications/settings",
        example: { request: { muted: ["proposal.voted"], email: "daily" } },
      },
    }),
  ),
  ...section("Webhooks", [
    ...toolRoutes(notificationTools, {
      list_webhooks: { method: "GET", path: "/webhooks", volatile: ["waiting", "dead"] },
      delete_webhook: { method: "DELETE", path: "/webhooks/:name", shows: "list_webhooks" },
      test_webhook: { method: "POST", path: "/webhooks/:name/test", status: 202 },
      list_deliveries: { method: "GET", path: "/deliveries", ...restList },
      replay_delivery: { method: "POST", path: "/deliveries/:id/replay", status: 202 },
    }),
    defineRoute({
      operation: "save_webhook",
      method: "PUT",
      path: "/webhooks/:name",
      summary: "Save a webhook",
      description:
        "Creates a webhook that posts notifications to your own receiver, Slack, Teams or Discord, or changes one. A new one's signing secret is shown once. Answers 201 for a new one.",
      permission: "webhooks:manage",
      params: saveWebhookSchema.pick({ name: true }),
      body: saveWebhookSchema.omit({ name: true }),
      answer: savedWebhookSchema,
      unstored: true,
      shows: "list_webhooks",
      mayCreate: true,
      example: { request: { url: "https://hooks.example.com/super-data", kinds: ["proposal.submitted"] } },
      handler: async (call, { params, body }) => {
        const saved = await saveWebhook(call, { ...body, name: params.name });
        return reply(saved, { status: saved.outcome === "created" ? 201 : 200 });
      },
    }),
  ]),
];
