// Suggestions and tool performance over REST. Mounted at /t/:team/api/v1/suggestions and …/performance. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { getSuggestion, listSuggestions, type Propose, proposeSuggestion, toolPerformance } from "./learning.ts";
import {
  dismissSuggestionSchema,
  listSuggestionsSchema,
  performanceInputSchema,
  proposeSuggestionSchema,
  suggestionIdSchema,
} from "./schema.ts";

const listQuerySchema = listSuggestionsSchema
  .extend({ limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).default(listLimits.restEntries) })
  .strict();
const performanceQuerySchema = performanceInputSchema
  .extend({ days: z.coerce.number().int().min(1).max(90).optional() })
  .strict();

const reads = guarded("data:read");
const proposes = guarded("library:propose");

/** `propose` is how a proposal is opened. */
export function suggestionRoutes(propose: Propose) {
  return new Hono<TeamRoutes>()
    .get("/", reads, async (c) => {
      const { items, ...page } = await listSuggestions(
        c.get("call"),
        parseWith(listQuerySchema, c.req.query(), "query"),
      );
      return c.json({ suggestions: items, ...page });
    })
    .get("/:id", reads, async (c) => {
      const { id } = parseWith(suggestionIdSchema, c.req.param(), "suggestion");
      return c.json(await getSuggestion(c.get("call"), id));
    })
    .post("/:id/propose", proposes, async (c) => {
      const { id } = parseWith(suggestionIdSchema, c.req.param(), "suggestion");
      const body = parseWith(
        proposeSuggestionSchema.omit({ id: true }).strict(),
        await jsonBody(c.req.raw),
        "suggestion",
      );
      return c.json(await proposeSuggestion(c.get("call"), { id, ...body }, propose), 201);
    })
    .post("/:id/dismiss", proposes, async (c) => {
      const call = c.get("call");
      const { id } = parseWith(suggestionIdSchema, c.req.param(), "suggestion");
      const body = parseWith(
        dismissSuggestionSchema.omit({ id: true }).strict(),
        await jsonBody(c.req.raw),
        "suggestion",
      );
      return c.json({ suggestion: await call.stub.learning().dismiss(id, callerOf(call), body.reason) });
    });
}

export const performanceRoutes = new Hono<TeamRoutes>().get("/", reads, async (c) =>
  c.json(await toolPerformance(c.get("call"), parseWith(performanceQuerySchema, c.req.query(), "query"))),
);
