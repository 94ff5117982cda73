// The team itself over REST. Runs at the edge.
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { callerOf } from "../access/access.ts";
import { restoredTeamSchema } from "./schema.ts";
import { teamTools } from "./tools.ts";

export const teamRoutes = section("Team", [
  ...toolRoutes(teamTools, {
    get_team: { method: "GET", path: "/team", volatile: ["counts"] },
    update_team: { method: "PATCH", path: "/team", example: { request: { settings: { approval_threshold: 2 } } } },
    delete_team: { method: "DELETE", path: "/team" },
  }),
  defineRoute({
    operation: "restore_team",
    method: "POST",
    path: "/team/restore",
    summary: "Restore the team",
    description:
      "Brings a deleted team back before it is purged. The one address that a deleted team answers, to its owners.",
    permission: "owners:manage",
    answer: restoredTeamSchema,
    handler: (call) => call.stub.teams().restore(callerOf(call)),
  }),
]);
