// The team itself over REST. Mounted at /t/:team/api/v1/team. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { updateTeam } from "./calls.ts";
import { deleteTeamSchema, transferSchema, updateTeamSchema } from "./schema.ts";

export const teamRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("people:read"), async (c) => c.json(await c.get("call").stub.teams().describe()))
  .patch("/", guarded("settings:manage"), async (c) => {
    const call = c.get("call");
    const input = parseWith(updateTeamSchema.strict(), await jsonBody(c.req.raw), "team");
    return c.json(await updateTeam(call, input));
  })
  .delete("/", guarded("owners:manage"), async (c) => {
    const call = c.get("call");
    const { confirm } = parseWith(deleteTeamSchema.strict(), await jsonBody(c.req.raw), "team");
    return c.json(await call.stub.teams().delete(confirm, callerOf(call)));
  })
  .post("/restore", guarded("owners:manage"), async (c) => {
    const call = c.get("call");
    return c.json(await call.stub.teams().restore(callerOf(call)));
  })
  .post("/transfer", guarded("owners:manage"), async (c) => {
    const call = c.get("call");
    const { username } = parseWith(transferSchema.strict(), await jsonBody(c.req.raw), "transfer");
    return c.json(await call.stub.people().transfer(username, callerOf(call)));
  });
