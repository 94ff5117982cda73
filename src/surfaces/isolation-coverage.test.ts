// Every built-in tool and every route stands in the isolation proof's table of operations, and nothing else does. Runs in workerd.
import { expect, it } from "vitest";
import { routeOperations, routesElsewhere, siteOperations, toolOperations } from "../../test/isolation/operations.ts";
import { app } from "./app.ts";
import { builtInTools } from "./catalogue.ts";

it("tries every built-in tool", () => {
  expect(Object.keys(toolOperations).sort()).toEqual(builtInTools.map(({ name }) => name).sort());
});

it("tries every route", () => {
  // Middleware stands in the same list, under every method and with a star at its end.
  const routes = app.routes
    .filter(({ method, path }) => !(method === "ALL" && path.endsWith("*")))
    .map(({ method, path }) => `${method} ${path.replace(/(?<=.)\/$/, "")}`);
  const tried = [...Object.keys(routeOperations), ...Object.keys(siteOperations), ...Object.keys(routesElsewhere)];
  expect([...new Set(tried)].sort()).toEqual([...new Set(routes)].sort());
});
