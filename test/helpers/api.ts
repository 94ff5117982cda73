// Routes of the API under test, driven as HTTP for a call that is made already. Runs in workerd.
import { Hono } from "hono";
import type { CallContext, TeamRoutes } from "../../src/context.ts";
import { describeError } from "../../src/core/errors.ts";
import type { ApiRoute } from "../../src/route.ts";
import { mountRoutes } from "../../src/surfaces/rest/mount.ts";

/** These routes alone, for one caller; a refusal is its description with status 400. */
export function apiOf(call: CallContext, routes: readonly ApiRoute[]): Hono<TeamRoutes> {
  return new Hono<TeamRoutes>()
    .use(async (c, next) => {
      c.set("call", call);
      await next();
    })
    .route("/", mountRoutes(routes))
    .onError((error, c) => c.json(describeError(error), 400));
}
