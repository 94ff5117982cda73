// GET openapi.json: the API's own description. Runs at the edge.
import * as z from "zod";
import { type ApiRoute, defineRoute, section } from "../../route.ts";
import type { Json } from "./json-schemas.ts";
import { openApiDocument } from "./openapi.ts";

// Per isolate: the document is the same for every team but for the address of its server.
let written: Json | undefined;

/** `routes` is asked at the first request, since the list holds this route, too. */
export const documentRoutes = (routes: () => readonly ApiRoute[]) =>
  section("Access", [
    defineRoute({
      operation: "get_openapi",
      method: "GET",
      path: "/openapi.json",
      summary: "This document",
      description: "Every operation of the API as OpenAPI 3.1. /t/<team>/api shows it to read.",
      permission: "self:read",
      answer: z.looseObject({}),
      handler: async ({ resourceMetadataUrl, team }) => {
        written ??= openApiDocument(routes(), "");
        // The name that this request came by, which a page's own requests may go to.
        return { ...written, servers: [{ url: `${new URL(resourceMetadataUrl).origin}/t/${team}/api/v1` }] };
      },
    }),
  ]);
