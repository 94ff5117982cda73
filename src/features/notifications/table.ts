// Inboxes, what people and teams want to hear of, webhooks, and what is being delivered. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Visibility } from "../access/access.ts";
import { type DeliveryPayload, deliveryStates, type NoticeKind, webhookFormats } from "./schema.ts";

/** One row per person who is told. */
export const notifications = sqliteTable(
  "notifications",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    userId: text("user_id").notNull(),
    kind: text("kind").$type<NoticeKind>().notNull(),
    subjectKind: text("subject_kind").notNull(),
    subjectName: text("subject_name").notNull(),
    title: text("title").notNull(),
    body: text("body").notNull(),
    /** Who did it. */
    actor: text("actor").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    readAt: integer("read_at", { mode: "timestamp_ms" }),
    /** Went into a digest that was sent, or needs none. */
    digested: integer("digested", { mode: "boolean" }).notNull(),
    /** Who may learn of it: a credential may be weaker than its person. Null: everyone in the team. */
    visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
  },
  (table) => [index("notifications_user").on(table.userId, table.seq), index("notifications_time").on(table.createdAt)],
);

/** What one person wants; no row: the defaults. */
export const notificationSettings = sqliteTable("notification_settings", {
  userId: text("user_id").primaryKey(),
  /** Kinds that do not reach them. */
  muted: text("muted_json", { mode: "json" }).$type<NoticeKind[]>().notNull(),
  email: text("email", { enum: ["off", "immediate", "daily"] }).notNull(),
  digestSentAt: integer("digest_sent_at", { mode: "timestamp_ms" }),
});

export const webhooks = sqliteTable("webhooks", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  /** As it is shown: path and query may hold a token, so the whole of it is only in `secret`. */
  url: text("url").notNull(),
  format: text("format", { enum: webhookFormats }).notNull(),
  /** Kinds it is told of; null: all. */
  kinds: text("kinds_json", { mode: "json" }).$type<NoticeKind[]>(),
  /** Its address and the key of its signatures, sealed together. */
  secret: text("secret_sealed").notNull(),
  isActive: integer("is_active", { mode: "boolean" }).notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
});

/** What is on its way by webhook or e-mail, and what became of it. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    id: text("id").primaryKey(),
    channel: text("channel", { enum: ["webhook", "email"] }).notNull(),
    /** Of a webhook: its id. Of an e-mail: the person's. */
    target: text("target").notNull(),
    kind: text("kind").$type<NoticeKind | "test" | "digest">().notNull(),
    payload: text("payload_json", { mode: "json" }).$type<DeliveryPayload>().notNull(),
    state: text("state", { enum: deliveryStates }).notNull(),
    attempts: integer("attempts").notNull(),
    nextAttemptAt: integer("next_attempt_at", { mode: "timestamp_ms" }),
    /** Until then a consumer that took it is at it. */
    leasedUntil: integer("leased_until", { mode: "timestamp_ms" }),
    lastStatus: integer("last_status"),
    lastError: text("last_error"),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    finishedAt: integer("finished_at", { mode: "timestamp_ms" }),
  },
  (table) => [
    index("deliveries_due").on(table.state, table.nextAttemptAt),
    index("deliveries_target").on(table.target, table.createdAt),
  ],
);
