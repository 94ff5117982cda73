// Proposals and suggestions: the queue, one page each, and what is done about them. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { editActions, editPage } from "./edit-page.tsx";
import { proposalActions, proposalPage } from "./proposal-page.tsx";
import { queuePage } from "./queue.tsx";
import { suggestionActions, suggestionPage } from "./suggestion-page.tsx";
import { suggestionsPage } from "./suggestions.tsx";

const reads = guarded("data:read", "read proposals");
const proposes = guarded("library:propose");

export const proposalsRoutes = new Hono<DashboardRoutes>()
  .get("/", reads, (c) => queuePage(c))
  .get("/suggestions", reads, (c) => suggestionsPage(c))
  .get("/suggestions/:id", reads, (c) => suggestionPage(c))
  .post("/suggestions/:id", proposes, formActions(suggestionActions, suggestionPage))
  .get("/:id", reads, (c) => proposalPage(c))
  .post("/:id", proposes, formActions(proposalActions, proposalPage))
  .get("/:id/edit", proposes, (c) => editPage(c))
  .post("/:id/edit", proposes, formActions(editActions, editPage));
