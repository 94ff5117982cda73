// The team's people pages: members, invitations, tokens, connected apps. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { appActions, appsPage } from "./apps.tsx";
import { invitationActions, invitationsPage } from "./invitations.tsx";
import { memberActions, membersPage } from "./members.tsx";
import { tokenActions, tokensPage } from "./tokens.tsx";

export const peopleRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("people:read"), (c) => membersPage(c))
  .post("/", guarded("people:read"), formActions(memberActions, membersPage))
  .get("/invitations", guarded("people:manage"), (c) => invitationsPage(c))
  .post("/invitations", guarded("people:manage"), formActions(invitationActions, invitationsPage))
  .get("/tokens", guarded("tokens:own"), (c) => tokensPage(c))
  .post("/tokens", guarded("tokens:own"), formActions(tokenActions, tokensPage))
  .get("/apps", guarded("tokens:own"), (c) => appsPage(c))
  .post("/apps", guarded("tokens:own"), formActions(appActions, appsPage));
