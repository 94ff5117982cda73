// The fuzzer in short, on a server of its own: a fixed seed against every endpoint. By hand: npm run fuzz -- --count 10000.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { routeOperations, routesElsewhere, siteOperations, toolOperations } from "../isolation/operations.ts";
import { Random } from "../isolation/random.ts";
import { withServer } from "../isolation/server.ts";
import { fuzz, logFaults } from "./fuzzer.ts";
import { fault } from "./judge.ts";
import { spoiledRequest } from "./requests.ts";
import { siteEndpoints } from "./site.ts";

it("answers everything, however wrong it is, and never with a failure", { timeout: 240_000 }, async () => {
  const persistDir = mkdtempSync(join(tmpdir(), "super-data-fuzz-"));
  const report = await withServer(persistDir, (server) => fuzz({ ...server, seed: 1, count: 24 }));
  rmSync(persistDir, { recursive: true, force: true });
  expect(report.faults).toEqual([]);
  const tools = Object.keys(toolOperations).length;
  expect(report.endpoints).toBeGreaterThan(tools + Object.keys(routeOperations).length + siteEndpoints.length);
  expect(report.requests).toBe(report.endpoints * 24);
});

it("has an endpoint for every route that the isolation proof names", () => {
  const site = new Set(siteEndpoints.map(({ method, path }) => `${method} ${path}`.replaceAll("fuzz-made", ":team")));
  const named = [...Object.keys(siteOperations), ...Object.keys(routesElsewhere)].filter(
    (route) => !route.endsWith("/mcp"),
  );
  const missing = named.filter(
    (route) => !site.has(route) && !site.has(route.replace("ALL", "POST")) && !site.has(route.replace("ALL", "GET")),
  );
  expect(missing).toEqual([]);
});

const endpoint = { name: "x", method: "GET", path: "/t/:team/api/v1/x", auth: "team", errors: "problem" } as const;
const request = { method: "GET", path: "/t/a/api/v1/x", headers: {}, body: undefined };
const answer = { status: 404, type: "text/plain", headers: {}, body: "", isStream: false };
const problem = { type: "urn:x", title: "x", status: 404, code: "not_found", detail: "x", request_id: "r" };
const problemAnswer = { ...answer, type: "application/problem+json", body: JSON.stringify(problem) };

it.each([
  [{ ...answer, status: 500 }, "it failed with 500"],
  [{ ...answer, status: 503 }, "it failed with 503"],
  [
    { ...answer, status: 503, headers: { "retry-after": "5" }, body: '{"code":"busy"}', type: "application/json" },
    "its 503 is no problem body but application/json",
  ],
  [answer, "its 404 is no problem body but text/plain"],
  [{ ...answer, body: "TypeError: x is not a function" }, "it shows its inside: TypeError"],
  [{ ...answer, body: "at run (worker.js:12:34)" }, "it shows its inside: at run (worker.js:12:34"],
  [{ ...problemAnswer, status: 403 }, "its problem body says 404, the answer 403"],
  [{ ...problemAnswer, body: "{" }, "its problem body is not JSON"],
  [problemAnswer, undefined],
])("judges %j", (judged, wanted) => {
  expect(fault(endpoint, request, judged)).toBe(wanted);
});

it("reads the server's log for what nobody foresaw", () => {
  const lines = ['{"event":"unexpected_error"}', "[ERROR] Uncaught AppError: no", "[wrangler:info] GET / 200 OK (1ms)"];
  expect(logFaults(lines).map((found) => found.answer)).toEqual([lines[0]]);
});

it("sends the same for the same seed", () => {
  const tokens = { team: "sdp_x", operator: "op", slug: "a" };
  const made = (seed: number): unknown[] => {
    const random = new Random(seed);
    return Array.from({ length: 50 }, () =>
      spoiledRequest(random, { ...endpoint, json: { a: [1, { b: "c" }] } }, tokens),
    );
  };
  expect(made(5)).toEqual(made(5));
  expect(made(5)).not.toEqual(made(6));
});
