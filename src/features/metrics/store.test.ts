// What the execution log shows of hidden things, also to whoever sent them. Runs in workerd.
import { expect, it } from "vitest";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import { logLimits } from "../../limits.ts";

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
  const filter = { tool: "save_tool", username: "ada", failed: undefined, before: undefined, limit: 10 };
  const seenAs = async (role: "owner" | "viewer") => {
    const { rows } = await team.client.metrics().list(filter, { ...ada.actor, role });
    return rows.map(({ execution }) => execution.parameters).reverse();
  };
  // The same person twice: once as herself, once through a token that is weaker.
  expect(await seenAs("owner")).toEqual(sent);
  expect(await seenAs("viewer")).toEqual([null, null, '{"name":"other"}']);
});
