// Proposals to change the library, and the votes on them. Runs in the team object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Conflict, ProposalContent, ProposalTest, SettledHow, Validation } from "./schema.ts";
import { proposalActions, proposalKinds, proposalStates } from "./schema.ts";

export const proposals = sqliteTable(
  "proposals",
  {
    id: text("id").primaryKey(),
    kind: text("kind", { enum: proposalKinds }).notNull(),
    /** The function's or tool's name. */
    name: text("name").notNull(),
    action: text("action", { enum: proposalActions }).notNull(),
    state: text("state", { enum: proposalStates }).notNull(),
    /** The whole of what is proposed; null to deactivate or restore. */
    content: text("content_json", { mode: "json" }).$type<ProposalContent>(),
    /** The version it was written against; null: there was none. */
    baseVersion: integer("base_version"),
    baseContent: text("base_content_json", { mode: "json" }).$type<ProposalContent>(),
    justification: text("justification").notNull(),
    tests: text("tests_json", { mode: "json" }).$type<ProposalTest[]>().notNull(),
    /** Library functions it calls directly, found by parsing. */
    requiredFunctions: text("required_functions_json", { mode: "json" }).$type<string[]>().notNull(),
    validation: text("validation_json", { mode: "json" }).$type<Validation>().notNull(),
    /** The base moved on and the two do not go together. */
    conflict: text("conflict_json", { mode: "json" }).$type<Conflict>(),
    /** learned: drafted from queries that people repeat. */
    source: text("source", { enum: ["manual", "learned"] }).notNull(),
    suggestionId: text("suggestion_id"),
    authorId: text("author_id").notNull(),
    author: text("author").notNull(),
    /** Goes up with every edit of what is proposed; votes are on one edition. */
    edition: integer("edition").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
    /** When this edition was opened: what auto-approval and expiry count from. */
    openedAt: integer("opened_at", { mode: "timestamp_ms" }).notNull(),
    settledAt: integer("settled_at", { mode: "timestamp_ms" }),
    settledBy: text("settled_by"),
    settledHow: text("settled_how").$type<SettledHow>(),
    /** The version that applying it made. */
    appliedVersion: integer("applied_version"),
    appliedAt: integer("applied_at", { mode: "timestamp_ms" }),
    /** Why it failed or was superseded, in words. */
    outcome: text("outcome"),
  },
  (table) => [
    index("proposals_state").on(table.state, table.openedAt),
    index("proposals_subject").on(table.kind, table.name),
    index("proposals_author").on(table.authorId),
  ],
);

export const approvalVotes = sqliteTable(
  "approval_votes",
  {
    proposalId: text("proposal_id")
      .notNull()
      .references(() => proposals.id),
    userId: text("user_id").notNull(),
    /** As it was then. */
    username: text("username").notNull(),
    vote: text("vote", { enum: ["approve", "reject"] }).notNull(),
    comment: text("comment"),
    votedAt: integer("voted_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.proposalId, table.userId] })],
);

export const proposalComments = sqliteTable(
  "proposal_comments",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    proposalId: text("proposal_id")
      .notNull()
      .references(() => proposals.id),
    userId: text("user_id").notNull(),
    /** As it was then. */
    username: text("username").notNull(),
    comment: text("comment").notNull(),
    /** What the proposal was at when it was said. */
    edition: integer("edition").notNull(),
    commentedAt: integer("commented_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [index("proposal_comments_proposal").on(table.proposalId, table.id)],
);
