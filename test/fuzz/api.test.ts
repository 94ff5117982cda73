// The OpenAPI document held against the server: requests that it allows, and every answer as it says. By hand, with schemathesis: npm run fuzz:api.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Random } from "../isolation/random.ts";
import { withServer } from "../isolation/server.ts";
import { ApiDocument, type Json } from "./api-document.ts";
import { apiTeam, endings } from "./api-team.ts";
import { logFaults } from "./fuzzer.ts";
import { generatedRequest } from "./generated.ts";

const seed = Number(process.env.FUZZ_API_SEED ?? 1);
const requestsEach = Number(process.env.FUZZ_API_COUNT ?? 8);

it("answers as its document says, and never with a failure", { timeout: 240_000 }, async () => {
  const persistDir = mkdtempSync(join(tmpdir(), "super-data-fuzz-api-"));
  const { faults, done, tried } = await withServer(persistDir, async (server) => {
    const { url, token } = await apiTeam(server, "fuzz-api");
    const authorization = `Bearer ${token}`;
    const described = await fetch(`${url}/openapi.json`, { headers: { authorization } });
    const document = new ApiDocument((await described.json()) as Json);
    const faults: string[] = [];
    const done = new Set<string>();
    const operations = document.operations.filter(({ id }) => !endings.includes(id));
    const one = async (random: Random, operation: (typeof operations)[number]): Promise<void> => {
      const { method, path, headers, body } = generatedRequest(random, document, operation);
      const sent = { method, headers: { ...headers, authorization }, ...(body === undefined ? {} : { body }) };
      const answer = await fetch(url + path, { ...sent, redirect: "manual" });
      const said = { status: answer.status, type: answer.headers.get("content-type") ?? "", body: await answer.text() };
      if (answer.ok) done.add(operation.id);
      const what = answer.status >= 500 ? `${operation.id}: ${said.body}` : document.fault(operation, said);
      if (what !== undefined) faults.push(`${what}\n  ${method} ${path} ${body ?? ""}\n  ${said.body.slice(0, 500)}`);
    };
    for (const [index, operation] of operations.entries()) {
      const random = new Random(seed * 10_000 + index);
      for (let count = 0; count < requestsEach; count++) await one(random, operation);
    }
    return { faults: [...faults, ...logFaults(server.lines)], done, tried: operations.length };
  });
  rmSync(persistDir, { recursive: true, force: true });
  expect(faults).toEqual([]);
  expect(tried).toBeGreaterThan(150);
  // Of the requests so many must be good that answers of success are held against the document, too.
  expect(done.size).toBeGreaterThan(60);
});

const document = new ApiDocument({
  openapi: "3.1.0",
  paths: {
    "/things/{id}": {
      get: {
        operationId: "get_thing",
        responses: {
          200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } },
          204: { description: "Nothing." },
          default: { content: { "application/problem+json": { schema: { type: "object" } } } },
        },
      },
    },
    "/things/best": { get: { operationId: "get_best", responses: { 200: { content: { "text/csv": {} } } } } },
  },
  components: { schemas: { Thing: { type: "object", required: ["id"], properties: { id: { type: "integer" } } } } },
});
const json = "application/json";

it.each([
  ["/things/1", { status: 200, type: json, body: '{"id":1}' }, undefined],
  [
    "/things/1",
    { status: 200, type: json, body: '{"id":"1"}' },
    'get_thing: its 200 is not as documented: /id must be integer {"type":"integer"}',
  ],
  ["/things/1", { status: 200, type: json, body: "{" }, "get_thing: its 200 is not JSON"],
  [
    "/things/1",
    { status: 200, type: "text/csv", body: "" },
    "get_thing: its 200 is of the type text/csv, which is not documented",
  ],
  ["/things/1", { status: 204, type: "", body: "" }, undefined],
  ["/things/1", { status: 204, type: "", body: "x" }, "get_thing: its 204 has a body that is not documented"],
  ["/things/1", { status: 404, type: "application/problem+json", body: "{}" }, undefined],
  ["/things/best", { status: 200, type: "text/csv; charset=utf-8", body: "a" }, undefined],
  ["/things/best", { status: 404, type: json, body: "{}" }, "get_best: its 404 is not documented"],
])("judges an answer of %s: %j", (path, answer, wanted) => {
  const operation = document.find("GET", path);
  expect(operation && document.fault(operation, answer)).toBe(wanted);
});
