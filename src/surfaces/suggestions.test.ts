// Suggestions and performance over REST, from the queries of three people to a proposal. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { aReport } from "../../test/helpers/catalogue.ts";
import { type FreshTeam, freshTeam, useTool } from "../../test/helpers/team.ts";
import type { Role } from "../features/access/access.ts";
import { app } from "./app.ts";

async function request(team: FreshTeam, method: string, path: string, options: { body?: unknown; role?: Role } = {}) {
  const ctx = createExecutionContext();
  const { body, role = "member" } = options;
  const headers = { authorization: `Bearer ${await team.token(role)}`, "content-type": "application/json" };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await app.fetch(new Request(`http://localhost/t/${team.slug}/api/v1${path}`, init), env, ctx);
  const json = await response.json<Record<string, unknown>>();
  await waitOnExecutionContext(ctx);
  return { status: response.status, json };
}

it("lists, shows, proposes and dismisses, for those who may", async () => {
  const team = await freshTeam();
  await useTool(await team.call(), "create_dataset", { name: "sales", format: "json", content: '[{"n":1},{"n":2}]' });
  for (const least of [0, 1]) {
    for (const username of ["ada", "bob", "cleo"]) {
      const context = await team.call("member", username);
      const query = least === 0 ? "map(.n) | add" : `map(select(.n > ${least})) | length`;
      await useTool(context, "query_dataset", { dataset: "sales", query });
      const { pattern } = context.execution;
      if (pattern === undefined) throw new Error("no pattern");
      const { userId } = context.actor;
      await team.client.metrics().record([aReport({ toolId: null, userId, executedAt: Date.now(), pattern })]);
    }
  }
  const listed = await request(team, "GET", "/suggestions?limit=1");
  expect(listed).toMatchObject({ status: 200, json: { returned: 1, total: 2, truncated: true } });
  const rest = await request(team, "GET", `/suggestions?cursor=${listed.json.next_cursor}`);
  const [first, second] = [listed, rest].map(({ json }) => (json.suggestions as { id: string; pattern: string }[])[0]);
  expect([first?.pattern, second?.pattern]).toEqual(["map(select(.n > $p1)) | length", "map(.n) | add"]);
  const shown = await request(team, "GET", `/suggestions/${second?.id}`);
  expect(shown.json).toMatchObject({ draft: { query: "map(.n) | add", parameters: [] }, why_no_draft: null });
  const viewed = await request(team, "POST", `/suggestions/${second?.id}/propose`, { body: {}, role: "viewer" });
  expect(viewed).toMatchObject({ status: 403, json: { code: "forbidden" } });
  const proposed = await request(team, "POST", `/suggestions/${second?.id}/propose`, { body: { name: "total" } });
  expect(proposed).toMatchObject({
    status: 201,
    json: { proposal: { name: "total", state: "pending", source: "learned" } },
  });
  const dismissed = await request(team, "POST", `/suggestions/${first?.id}/dismiss`, { body: { reason: "rare" } });
  expect(dismissed).toMatchObject({ status: 200, json: { suggestion: { state: "dismissed", settled_by: "ada" } } });
  expect(await request(team, "GET", "/suggestions")).toMatchObject({
    status: 200,
    json: { suggestions: [], total: 0 },
  });
  expect(await request(team, "GET", "/suggestions/none")).toMatchObject({ status: 404, json: { code: "not_found" } });
  expect(await request(team, "GET", "/performance?days=7")).toEqual({
    status: 200,
    json: { days: 7, tools: [], total: 0 },
  });
});
