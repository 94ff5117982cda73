// The makers of REST routes for this product: core's form bound to our call context. Runs at the edge.
import type { CallContext } from "./context.ts";
import { type AnyRoute, routeDefiner } from "./core/define-route.ts";
import { listLimits } from "./limits.ts";

export type ApiRoute = AnyRoute<CallContext>;
export const { toolRoute, toolRoutes, defineRoute, section } = routeDefiner<CallContext>();

/** Of a tool that lists: as many entries as a list over REST has when nobody says how many. */
export const restList = { preset: { limit: listLimits.restEntries } } as const;
export { reply } from "./core/define-route.ts";
