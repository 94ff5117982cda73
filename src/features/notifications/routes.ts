// Notifications and webhooks over REST. Mounted at /t/:team/api/v1/notifications, /webhooks and /deliveries. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { listDeliveries, listNotifications, markRead, saveWebhook } from "./calls.ts";
import {
  listDeliveriesSchema,
  listNotificationsSchema,
  markReadSchema,
  replayDeliverySchema,
  saveWebhookSchema,
  setSettingsSchema,
  webhookNameSchema,
  whichReadSchema,
} from "./schema.ts";

const limit = z.coerce.number().int().min(1).max(listLimits.maxEntries).optional();
const inboxQuerySchema = listNotificationsSchema
  .extend({
    limit,
    unread: z
      .enum(["true", "false"])
      .transform((text) => text === "true")
      .optional(),
  })
  .strict();
const deliveriesQuerySchema = listDeliveriesSchema.extend({ limit }).strict();
const webhookBodySchema = saveWebhookSchema.omit({ name: true }).strict();

export const notificationRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("notifications:own"), async (c) => {
    const query = parseWith(inboxQuerySchema, c.req.query(), "query");
    const { items, ...page } = await listNotifications(c.get("call"), query, listLimits.restEntries);
    return c.json({ notifications: items, ...page });
  })
  .post("/read", guarded("notifications:own"), async (c) => {
    const body = parseWith(markReadSchema.strict(), await jsonBody(c.req.raw), "read");
    return c.json(await markRead(c.get("call"), parseWith(whichReadSchema, body, "read")));
  })
  .get("/settings", guarded("notifications:own"), async (c) => {
    const call = c.get("call");
    return c.json(await call.stub.notifications().settings(call.actor.userId));
  })
  .put("/settings", guarded("notifications:own"), async (c) => {
    const call = c.get("call");
    const wanted = parseWith(setSettingsSchema.strict(), await jsonBody(c.req.raw), "settings");
    return c.json(await call.stub.notifications().setSettings(wanted, callerOf(call)));
  });

export const webhookRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("webhooks:manage"), async (c) => {
    return c.json({ webhooks: await c.get("call").stub.notifications().webhooks() });
  })
  .put("/:name", guarded("webhooks:manage"), async (c) => {
    const { name } = parseWith(saveWebhookSchema.pick({ name: true }), c.req.param(), "webhook");
    const input = parseWith(webhookBodySchema, await jsonBody(c.req.raw), "webhook");
    const saved = await saveWebhook(c.get("call"), { ...input, name });
    return c.json(saved, saved.outcome === "created" ? 201 : 200, { "cache-control": "no-store" });
  })
  .delete("/:name", guarded("webhooks:manage"), async (c) => {
    const call = c.get("call");
    const { name } = parseWith(webhookNameSchema, c.req.param(), "webhook");
    return c.json(await call.stub.notifications().deleteWebhook(name, callerOf(call)));
  })
  .post("/:name/test", guarded("webhooks:manage"), async (c) => {
    const call = c.get("call");
    const { name } = parseWith(webhookNameSchema, c.req.param(), "webhook");
    return c.json({ delivery: await call.stub.notifications().testWebhook(name, callerOf(call)) }, 202);
  });

export const deliveryRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("webhooks:manage"), async (c) => {
    const query = parseWith(deliveriesQuerySchema, c.req.query(), "query");
    const { items, ...page } = await listDeliveries(c.get("call"), query, listLimits.restEntries);
    return c.json({ deliveries: items, ...page });
  })
  .post("/:id/replay", guarded("webhooks:manage"), async (c) => {
    const call = c.get("call");
    const { id } = parseWith(replayDeliverySchema, c.req.param(), "delivery");
    return c.json({ delivery: await call.stub.notifications().replay(id, callerOf(call)) }, 202);
  });
