// /metrics of a team and of the deployment: who may read it, and that a strict reader can. Driven as HTTP, in workerd.
import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { readExposition } from "../../../test/helpers/prometheus.ts";
import type { NewToken } from "../../features/access/schema.ts";
import { app } from "../app.ts";
import { handleBackground } from "../background/consumer.ts";

async function send(
  path: string,
  token?: string,
  init: RequestInit = {},
): Promise<{ response: Response; text: string }> {
  const ctx = createExecutionContext();
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  const response = await app.fetch(new Request(`http://localhost${path}`, { ...init, headers }), env, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  return { response, text };
}

async function newTeam(): Promise<{ slug: string; tokens: Record<string, string> }> {
  const slug = `metrics-${crypto.randomUUID().slice(0, 12)}`;
  await send(`/operator/teams/${slug}`, env.OPERATOR_TOKEN, { method: "PUT", body: "{}" });
  const tokens: Record<string, string> = {};
  for (const role of ["owner", "admin", "member"]) {
    const body = JSON.stringify({ username: role, role });
    const { text } = await send(`/operator/teams/${slug}/tokens`, env.OPERATOR_TOKEN, { method: "POST", body });
    tokens[role] = (JSON.parse(text) as NewToken).token;
  }
  return { slug, tokens };
}

it("shows a team's metrics to its admins alone", async () => {
  const [{ slug, tokens }, other] = [await newTeam(), await newTeam()];
  const statuses = [];
  for (const token of [undefined, tokens.member, other.tokens.owner, tokens.admin, tokens.owner]) {
    statuses.push((await send(`/t/${slug}/metrics`, token)).response.status);
  }
  expect(statuses).toEqual([401, 403, 401, 200, 200]);
  const { response, text } = await send(`/t/${slug}/metrics`, tokens.admin);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const families = readExposition(text);
  const teams = new Set([...families.values()].flatMap(({ samples }) => samples.map(({ labels }) => labels.team)));
  expect([...teams]).toEqual([slug]);
  const calls = families
    .get("super_data_calls_total")
    ?.samples.map(({ labels: { team: _, ...rest }, value }) => ({ ...rest, value }));
  expect(calls).toEqual([
    // The two that were refused at the door: nobody's token and another team's.
    { tool: "request:refused", outcome: "unauthorized", value: 1 },
    { tool: "rest:GET /metrics", outcome: "forbidden", value: 1 },
    { tool: "rest:GET /metrics", outcome: "ok", value: 2 },
  ]);
  expect(families.get("super_data_people")?.samples[0]?.value).toBe(3);
});

it("shows every team to the operator alone, without their tools' names, and the queue", async () => {
  const [a, b] = [await newTeam(), await newTeam()];
  await send(`/t/${a.slug}/api/v1/datasets`, a.tokens.owner);
  const message = { id: "m", timestamp: new Date(Date.now() - 2_000), attempts: 1, body: { type: "unknown" } };
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await handleBackground(createMessageBatch("super-data-background", [message]), env, createExecutionContext());
  quiet.mockRestore();
  for (const token of [undefined, "nonsense", a.tokens.owner]) {
    expect((await send("/metrics", token)).response.status).toBe(401);
  }
  const { response, text } = await send("/metrics", env.OPERATOR_TOKEN);
  expect(response.status).toBe(200);
  const families = readExposition(text);
  const up = families.get("super_data_team_up")?.samples ?? [];
  expect(up.filter(({ labels }) => [a.slug, b.slug].includes(labels.team ?? "")).map(({ value }) => value)).toEqual([
    1, 1,
  ]);
  expect(families.get("super_data_teams")?.samples[0]?.value).toBe(up.length);
  const calls = families.get("super_data_calls_total")?.samples.filter(({ labels }) => labels.team === a.slug);
  expect(calls).toEqual([{ name: "super_data_calls_total", labels: { team: a.slug, outcome: "ok" }, value: 1 }]);
  expect(text).not.toContain("tool=");
  expect(families.get("super_data_queue_messages_total")?.samples).toContainEqual({
    name: "super_data_queue_messages_total",
    labels: { queue: "super-data-background", outcome: "handled" },
    value: 1,
  });
  expect(families.get("super_data_queue_lag_seconds")?.samples.at(-2)?.value).toBeGreaterThanOrEqual(2);
  expect(families.has("super_data_queue_backlog_messages")).toBe(true);
});

it("goes on behind a team", async () => {
  const { slug } = await newTeam();
  const { text } = await send(`/metrics?after=${slug}`, env.OPERATOR_TOKEN);
  const shown =
    readExposition(text)
      .get("super_data_team_up")
      ?.samples.map(({ labels }) => labels.team ?? "") ?? [];
  expect(shown.every((team) => team > slug)).toBe(true);
  expect((await send("/metrics?after=No!", env.OPERATOR_TOKEN)).response.status).toBe(400);
});
