// Each write to datasets, functions and tools leaves its entry in the audit log, and nothing else does. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { auditLog, type FreshTeam, freshTeam, useTool } from "../../test/helpers/team.ts";
import { app } from "./app.ts";

async function request(team: FreshTeam, method: string, path: string, body?: string): Promise<Record<string, string>> {
  const ctx = createExecutionContext();
  const headers = { authorization: `Bearer ${await team.token("admin")}`, "content-type": "application/x-ndjson" };
  const url = `http://localhost/t/${team.slug}/api/v1${path}`;
  const response = await app.fetch(new Request(url, { method, headers, body: body ?? null }), env, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  expect(response.status, text).toBeLessThan(300);
  return text === "" ? {} : JSON.parse(text);
}

/** What the log says since `from`: action, target, and what changed from what to what. */
async function since(team: FreshTeam, from: number): Promise<unknown[]> {
  const entries = await auditLog(team.slug);
  return entries
    .slice(from)
    .map(({ username, action, target, before, after }) => [username, action, target, before, after]);
}

it("tells of every version of a function and a tool, with what it was before", async () => {
  const team = await freshTeam();
  const context = await team.call("admin");
  const from = (await auditLog(team.slug)).length;
  const use = (name: string, args: unknown) => useTool(context, name, args);
  await use("save_function", { name: "half", definition: "def half: . / 2;" });
  await use("save_function", { name: "half", definition: "def half: . / 2;" });
  await use("save_function", { name: "half", definition: "def half: . * 0.5;", reason: "faster" });
  await request(team, "DELETE", "/library/functions/half");
  await request(team, "POST", "/library/functions/half/restore");
  const [first, second] = ["def half: . / 2;", "def half: . * 0.5;"].map((definition) => ({
    description: "",
    definition,
    parameters: [],
  }));
  const [v1, v2] = [
    { version: 1, is_active: true, ...first },
    { version: 2, is_active: true, ...second },
  ];
  const saved = "directly";
  expect(await since(team, from)).toEqual([
    ["ada", "function.create", "function half", null, { ...v1, saved }],
    ["ada", "function.update", "function half", v1, { ...v2, reason: "faster", saved }],
    ["ada", "function.deactivate", "function half", v2, { ...v2, version: 3, is_active: false, saved }],
    ["ada", "function.restore", "function half", { ...v2, version: 3, is_active: false }, { ...v2, version: 4, saved }],
  ]);
});

it("tells of every change of a tool", async () => {
  const team = await freshTeam();
  await team.call("admin");
  const from = (await auditLog(team.slug)).length;
  const use = async (name: string, args: unknown) => useTool(await team.call("admin"), name, args);
  await use("save_tool", { name: "one", description: "d", query: "1" });
  await use("test_tool", { name: "one", query: "3" });
  await use("save_tool", { name: "one", query: "2" });
  await use("rollback_tool", { name: "one", version: 1 });
  await use("deactivate_tool", { name: "one", reason: "unused" });
  await use("restore_tool", { name: "one" });
  const saved = "directly";
  const content = {
    description: "d",
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    input: "whole",
    null_input: false,
    pinned: false,
    weight: 0,
  };
  const state = (version: number, query: string, more: object = {}) => ({
    version,
    is_active: true,
    query,
    ...content,
    ...more,
  });
  expect(await since(team, from)).toEqual([
    ["ada", "tool.create", "tool one", null, state(1, "1", { saved })],
    ["ada", "tool.update", "tool one", state(1, "1"), state(2, "2", { saved })],
    ["ada", "tool.rollback", "tool one", state(2, "2"), state(3, "1", { reason: "back to version 1", saved })],
    ["ada", "tool.deactivate", "tool one", state(3, "1"), state(4, "1", { is_active: false, reason: "unused", saved })],
    ["ada", "tool.restore", "tool one", state(4, "1", { is_active: false }), state(5, "1", { saved })],
  ]);
});

it("tells of each item that an import saved", async () => {
  const team = await freshTeam();
  await team.call("admin");
  const from = (await auditLog(team.slug)).length;
  const yaml =
    "functions:\n  - name: f\n    definition: 'def f: 1;'\n  - name: bad\n    definition: 'def bad: nope;'\ntools:\n  - name: t\n    description: d\n    query: f\n";
  await request(team, "POST", "/library", yaml);
  await request(team, "POST", "/library", yaml);
  expect((await auditLog(team.slug)).slice(from).map(({ action, target }) => `${action} ${target}`)).toEqual([
    "function.create function f",
    "tool.create tool t",
    "library.import library library",
  ]);
});

it("tells of datasets and uploads, never of the data", async () => {
  const team = await freshTeam();
  await team.call("admin");
  const from = (await auditLog(team.slug)).length;
  await request(team, "PUT", "/datasets/d?description=old", '{"secret":"planted"}\n');
  await request(team, "PUT", "/datasets/d", '{"secret":"planted again"}\n');
  const upload = await request(team, "POST", "/datasets/d/uploads", '{"format":"ndjson"}');
  await request(team, "PUT", `/datasets/d/uploads/${upload.upload_id}/parts/1`, '{"secret":1}\n');
  await request(team, "POST", `/datasets/d/uploads/${upload.upload_id}/complete`);
  await request(team, "POST", `/datasets/d/uploads/${upload.upload_id}/complete`);
  const aborted = await request(team, "POST", "/datasets/e/uploads", '{"format":"csv"}');
  await request(team, "DELETE", `/datasets/e/uploads/${aborted.upload_id}`);
  await request(team, "DELETE", "/datasets/d");
  const state = (version: number, bytes: number, description: string) => ({
    version,
    bytes,
    description,
    etag: expect.any(String),
    kind: "records",
    format: "ndjson",
    record_count: 1,
  });
  const entries = await since(team, from);
  expect(entries).toEqual([
    ["ada", "dataset.create", "dataset d", null, state(1, 21, "old")],
    ["ada", "dataset.replace", "dataset d", state(1, 21, "old"), state(2, 27, "old")],
    ["ada", "upload.begin", "dataset d", null, { upload_id: upload.upload_id, format: "ndjson" }],
    ["ada", "dataset.replace", "dataset d", state(2, 27, "old"), state(3, 13, "old")],
    ["ada", "upload.begin", "dataset e", null, { upload_id: aborted.upload_id, format: "csv" }],
    ["ada", "upload.abort", "dataset e", { upload_id: aborted.upload_id, format: "csv" }, null],
    ["ada", "dataset.delete", "dataset d", state(3, 13, "old"), null],
  ]);
  expect(JSON.stringify(entries)).not.toContain("planted");
});
