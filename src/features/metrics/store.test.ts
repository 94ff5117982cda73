// What the execution log shows of hidden things, also to whoever sent them. Runs in workerd.
import { expect, it } from "vitest";
import { aReport } from "../../../test/helpers/catalogue.ts";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import { logLimits } from "../../limits.ts";
import type { ExecutionFilter } from "./store.ts";

const anyExecution: ExecutionFilter = {
  ...{ tool: undefined, username: undefined, outcome: undefined, dataset: undefined },
  ...{ from: undefined, to: undefined, text: undefined, before: undefined, limit: 10 },
};

it("shows nobody arguments that name what they do not see, not even their own, nor arguments that were cut", async () => {
  const team = await freshTeam();
  const ada = await team.call("owner", "ada");
  await useTool(ada, "save_tool", { name: "salaries", description: "Nothing yet.", query: "1" });
  await useTool(ada, "set_visibility", { kind: "tool", name: "salaries", visibility: "owner" });
  const report = (id: string, parameters: string) => ({
    ...{ id, toolId: null, toolName: "save_tool", toolVersion: null, userId: ada.actor.userId, username: "ada" },
    ...{ client: null, parameters, dataset: null, datasetVersion: null, executedAt: Date.now(), durationMs: 1 },
    ...{ steps: null, success: true, ran: true, cached: false, errorCode: null, resultBytes: 1 },
  });
  const cut = `${"x".repeat(logLimits.parametersChars)}…`;
  const sent = ['{"name":"salaries"}', cut, '{"name":"other"}'];
  await ada.stub.metrics().record(sent.map((parameters, index) => report(`e${index}`, parameters)));
  const filter = { ...anyExecution, tool: "save_tool", username: "ada" };
  const seenAs = async (role: "owner" | "viewer") => {
    const { rows } = await team.client.metrics().list(filter, { ...ada.actor, role });
    return rows.map(({ execution }) => execution.parameters).reverse();
  };
  // The same person twice: once as herself, once through a token that is weaker.
  expect(await seenAs("owner")).toEqual(sent);
  expect(await seenAs("viewer")).toEqual([null, null, '{"name":"other"}']);
});

it("finds by outcome, dataset, time and text, and looks into nothing that is not shown", async () => {
  const team = await freshTeam();
  const ada = await team.call("owner", "ada");
  await useTool(ada, "save_tool", { name: "salaries", description: "Nothing yet.", query: "1" });
  await useTool(ada, "set_visibility", { kind: "tool", name: "salaries", visibility: "owner" });
  const at = (minute: number) => 1_800_000_000_000 + minute * 60_000;
  const said = (id: string, changes: Parameters<typeof aReport>[0]) => aReport({ id, toolId: null, ...changes });
  await ada.stub.metrics().record([
    said("plain", {
      toolName: "query_dataset",
      dataset: "orders",
      executedAt: at(0),
      parameters: '{"query":"say \\"Zürich\\""}',
    }),
    said("busy", {
      toolName: "query_dataset",
      success: false,
      errorCode: "busy",
      executedAt: at(1),
      client: "Cursor 1.0",
    }),
    said("failed", { toolName: "test_tool", success: false, errorCode: null, executedAt: at(2) }),
    said("secret", { toolName: "save_tool", executedAt: at(3), parameters: '{"name":"salaries","query":"zürich"}' }),
    said("cut", {
      toolName: "save_tool",
      executedAt: at(4),
      parameters: `zürich${"x".repeat(logLimits.parametersChars)}…`,
    }),
  ]);
  const idsFor = async (filter: Partial<ExecutionFilter>, role: "owner" | "admin" = "owner") => {
    const { rows } = await team.client.metrics().list({ ...anyExecution, ...filter }, { ...ada.actor, role });
    return rows.map(({ execution }) => execution.id).reverse();
  };
  expect(await idsFor({ outcome: "ok" })).toEqual(["plain", "secret", "cut"]);
  expect(await idsFor({ outcome: "failed" })).toEqual(["busy", "failed"]);
  expect(await idsFor({ outcome: "busy" })).toEqual(["busy"]);
  expect(await idsFor({ dataset: "orders" })).toEqual(["plain"]);
  expect(await idsFor({ from: at(1), to: at(2) })).toEqual(["busy", "failed"]);
  expect(await idsFor({ text: "cursor" })).toEqual(["busy"]);
  expect(await idsFor({ text: 'say "Z' })).toEqual(["plain"]);
  expect(await idsFor({ text: "QUERY_" })).toEqual(["plain", "busy"]);
  expect(await idsFor({ text: "salaries" })).toEqual(["secret"]);
  expect(await idsFor({ text: "rich" })).toEqual(["plain", "secret", "cut"]);
  expect(await idsFor({ text: "salaries" }, "admin")).toEqual([]);
  expect(await idsFor({ text: "rich" }, "admin")).toEqual(["plain"]);
});

it("searches a stretch of the log at a time, says how far it came, and goes on from there", async () => {
  const team = await freshTeam();
  const ada = await team.call("owner", "ada");
  const slices = Math.ceil((logLimits.searchRows + 5) / 500);
  await ada.stub.metrics().record([aReport({ toolName: "needle", executedAt: 1_800_000_000_000 })]);
  for (let slice = 0; slice < slices; slice++) {
    const reports = Array.from({ length: 500 }, () => aReport({ toolName: "hay", executedAt: 1_800_000_001_000 }));
    await ada.stub.metrics().record(reports);
  }
  const first = (await useTool(ada, "list_executions", { text: "needle" })).data;
  expect(first).toMatchObject({ returned: 0, total: 0, truncated: true, searched_to: "2027-01-15T08:00:01.000Z" });
  const second = (await useTool(ada, "list_executions", { text: "needle", cursor: first.next_cursor })).data;
  expect(second).toMatchObject({ returned: 1, total: 1, truncated: false, executions: [{ tool: "needle" }] });
  expect(second.searched_to).toBeUndefined();
});
