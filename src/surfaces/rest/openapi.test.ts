// What the OpenAPI document says of an operation. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { send } from "../../../test/helpers/people.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { defineRoute, restList, section, toolRoutes } from "../../route.ts";
import { defineTool } from "../../tool.ts";
import { openApiDocument } from "./openapi.ts";

const thing = { permission: "data:write", toolset: "tables", hints: replaces } as const;
const unused = async () => ({ text: "", data: {} });
const tools = [
  defineTool({
    ...thing,
    name: "list_things",
    title: "List things",
    description: "All things.",
    hints: readsOnly,
    permission: "data:read",
    input: z.object({
      limit: z.int().optional().describe("Default 50."),
      match: z.record(z.string(), z.unknown()).optional().describe("What they hold."),
    }),
    output: z.object({ things: z.array(z.string()) }),
    handler: async () => ({ text: "", data: { things: [] } }),
  }),
  defineTool({
    ...thing,
    name: "save_thing",
    title: "Save a thing",
    description: "Saves it.",
    input: z.object({ name: z.string(), size: z.int(), format: z.string().optional() }),
    output: z.object({}),
    handler: unused,
  }),
];
const routes = section("Things", [
  ...toolRoutes(tools, {
    list_things: { method: "GET", path: "/things", ...restList },
    save_thing: { method: "PUT", path: "/things/:name", without: ["format"], example: { request: { size: 1 } } },
  }),
  defineRoute({
    operation: "get_thing",
    method: "GET",
    path: "/things/:name",
    summary: "Read a thing",
    description: "One thing.",
    permission: "data:read",
    params: z.object({ name: z.string() }),
    answer: { types: ["text/csv"], description: "Its rows." },
    errors: ["range_not_satisfiable"],
    headers: [{ name: "Range", description: "Part of it." }],
    handler: async () => new Response("a"),
  }),
]);
const document = openApiDocument(routes, "https://data.test/t/x/api/v1");
const paths = document.paths as Record<string, Record<string, unknown>>;
const problems = {
  "4XX": { $ref: "#/components/responses/Problem" },
  "5XX": { $ref: "#/components/responses/Problem" },
};
const etag = { headers: { ETag: { $ref: "#/components/headers/ETag" } } };

describe("an operation", () => {
  it("that reads says its query string, with the defaults that hold over REST, and its answer", () => {
    expect(paths["/things"]?.get).toEqual({
      operationId: "list_things",
      tags: ["Things"],
      summary: "List things",
      description: "All things.\n\nNeeds the role viewer and the scope `data:read`. Permission: `data:read`.",
      "x-permission": "data:read",
      parameters: [
        {
          name: "limit",
          in: "query",
          schema: { type: "integer", minimum: -9007199254740991, maximum: 9007199254740991, default: 100 },
        },
        {
          name: "match",
          in: "query",
          description: "What they hold.",
          content: {
            "application/json": {
              schema: { type: "object", propertyNames: { type: "string" }, additionalProperties: {} },
            },
          },
        },
        { $ref: "#/components/parameters/If-None-Match" },
      ],
      responses: {
        "200": {
          description: "Done.",
          ...etag,
          content: {
            "application/json": {
              schema: {
                type: "object",
                properties: { things: { type: "array", items: { type: "string" } } },
                required: ["things"],
              },
            },
          },
        },
        "304": { $ref: "#/components/responses/NotModified" },
        ...problems,
      },
    });
  });

  it("that changes says its body without what is elsewhere, and its conditions", () => {
    expect(paths["/things/{name}"]?.put).toMatchObject({
      parameters: [
        { name: "name", in: "path", required: true, schema: { type: "string" } },
        { $ref: "#/components/parameters/If-Match" },
        { $ref: "#/components/parameters/If-None-Match-Any" },
        { $ref: "#/components/parameters/Idempotency-Key" },
      ],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              type: "object",
              properties: { size: { type: "integer" } },
              required: ["size"],
              additionalProperties: false,
            },
            example: { size: 1 },
          },
        },
      },
      responses: { "200": { description: "Done." } },
    });
  });

  it("of bytes says their types, its headers and its own errors", () => {
    expect(paths["/things/{name}"]?.get).toMatchObject({
      description:
        "One thing.\n\nNeeds the role viewer and the scope `data:read`. Permission: `data:read`.\n\nErrors of its own: `range_not_satisfiable`.",
      parameters: [
        { name: "name", in: "path" },
        { $ref: "#/components/parameters/If-None-Match" },
        { name: "Range", in: "header", description: "Part of it.", schema: { type: "string" } },
      ],
      responses: { "200": { description: "Its rows.", ...etag, content: { "text/csv": {} } } },
    });
  });
});

it("is refused to be written of a route that contradicts itself", () => {
  expect(() => toolRoutes(tools, { none: { method: "GET", path: "/x" } })).toThrow("there is no tool none here");
  expect(() => toolRoutes(tools, { list_things: { method: "GET", path: "/:id" } })).toThrow(
    "list_things has no argument id",
  );
  expect(() =>
    defineRoute({ ...thing, operation: "x", method: "GET", path: "/:id", summary: "", handler: async () => undefined }),
  ).toThrow("x: params are , the path has id");
});

it("is answered with the team's own server, and not again while it is known", async () => {
  const team = await freshTeam();
  const token = await team.token("viewer");
  const address = `/t/${team.slug}/api/v1/openapi.json`;
  const first = await send("GET", address, { token });
  expect([first.status, first.body.openapi, first.body.servers]).toEqual([
    200,
    "3.1.0",
    [{ url: `http://localhost/t/${team.slug}/api/v1` }],
  ]);
  const known = { "if-none-match": first.headers.get("etag") ?? "" };
  expect((await send("GET", address, { token, headers: known })).status).toBe(304);
});
