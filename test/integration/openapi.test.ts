// The API's OpenAPI document as it is served: valid by a validator that is not ours, and true of what it says. Runs in Node.
import { Validator } from "@seriousme/openapi-schema-validator";
import { beforeAll, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";

interface Operation {
  operationId: string;
  tags: string[];
  description: string;
  parameters: { $ref?: string; name?: string; in?: string; required?: boolean }[];
  responses: Record<string, object>;
}

interface Document {
  openapi: string;
  servers: { url: string }[];
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const server = inject("server");
let team: Awaited<ReturnType<typeof createTeam>>;
let document: Document;

beforeAll(async () => {
  team = await createTeam(server, `openapi-${crypto.randomUUID().slice(0, 8)}`);
  document = (await (await rest(team, "/openapi.json")).json()) as Document;
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
  );

it("is valid OpenAPI 3.1", async () => {
  expect(document.openapi).toBe("3.1.0");
  expect(await new Validator().validate(JSON.parse(JSON.stringify(document)))).toEqual({ valid: true });
});

it("is the team's: its server answers at the addresses that the document has", async () => {
  expect(document.servers).toEqual([{ url: `${team.origin}/t/${team.team}/api/v1` }]);
  for (const path of ["/whoami", "/members", "/tables", "/library/tools"]) {
    expect(document.paths[path]?.get?.operationId).toBeDefined();
    const headers = { authorization: `Bearer ${team.token}` };
    expect((await fetch(`${document.servers[0]?.url}${path}`, { headers })).status).toBe(200);
  }
});

it("says of each operation what it takes, needs and answers, in words that are there", () => {
  const known = new Set(document.tags.map(({ name }) => name));
  const wrong = operations().flatMap(({ path, operationId, tags, description, parameters, responses }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const said = parameters.filter((one) => one.in === "path").map(({ name }) => name);
    const faults = [
      ...(inPath.join() === said.join() ? [] : ["its path's parameters"]),
      ...(tags.every((tag) => known.has(tag)) ? [] : ["its tag"]),
      ...(/Needs the role \w+/.test(description) ? [] : ["what it needs"]),
      ...(Object.keys(responses).some((status) => status.startsWith("2")) && "4XX" in responses ? [] : ["its answers"]),
    ];
    return faults.map((fault) => `${operationId}: ${fault}`);
  });
  expect(wrong).toEqual([]);
  expect(document.tags.filter(({ description }) => description === undefined)).toEqual([]);
});

it("refers only to what it has, and has no schema that nothing refers to", () => {
  const text = JSON.stringify(document);
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? ""));
  expect([...referred].sort()).toEqual(Object.keys(document.components.schemas).sort());
});
