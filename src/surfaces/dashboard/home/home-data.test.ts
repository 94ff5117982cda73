// What the home page makes of logs and lists: failures of the last day, the newest of a kind, programs told from browsers, first steps. Runs in workerd.
import { expect, it } from "vitest";
import type { CallContext } from "../../../context.ts";
import { scopes } from "../../../core/define-tool.ts";
import type { Role } from "../../../features/access/access.ts";
import type { Execution } from "../../../features/metrics/schema.ts";
import { stepsFor } from "./first-steps.tsx";
import { failingOf, type HomeData, isProgram, newestOf } from "./home-data.ts";

const now = Date.parse("2030-01-02T12:00:00.000Z");

const ran = (tool: string, executed_at: string, error_code: string | null = null): Execution =>
  ({ tool, executed_at, success: error_code === null, error_code }) as Execution;

it("groups failures of the last day by tool, most first, with the newest code", () => {
  const runs = [
    ran("b", "2030-01-02T11:00:00.000Z", "jq_steps"),
    ran("a", "2030-01-02T10:00:00.000Z", "jq_runtime"),
    ran("b", "2030-01-02T09:00:00.000Z", "jq_runtime"),
    ran("c", "2030-01-02T08:00:00.000Z"),
    ran("d", "2030-01-01T11:59:59.999Z", "jq_runtime"),
  ];
  expect(failingOf(runs, now)).toEqual([
    { tool: "b", errors: 2, code: "jq_steps" },
    { tool: "a", errors: 1, code: "jq_runtime" },
  ]);
});

it("finds the newest, and none in nothing", () => {
  const items = ["2030-01-01", "2030-01-03", "2030-01-02"].map((at) => ({ name: at, at }));
  expect(newestOf(items)?.name).toBe("2030-01-03");
  expect(newestOf([])).toBeUndefined();
});

it("takes what names itself as a browser for no client", () => {
  expect(["claude-code/2.1", "Mozilla/5.0 (X11; Linux x86_64)", null].map(isProgram)).toEqual([true, false, false]);
});

it("lists the steps that a role may take, done ones among them", () => {
  const steps = (role: Role, datasets: number, people: number) => {
    const catalogue = { datasets: { size: datasets }, tools: { size: 0 } };
    const call = { catalogue, actor: { role, scopes, username: "ada" } } as unknown as CallContext;
    const counts = { people, open_invitations: 0 };
    const data = { team: { counts }, isConnected: false } as unknown as HomeData;
    return stepsFor(call, data).map(({ label, done }) => `${label}${done ? ": done" : ""}`);
  };
  expect(steps("viewer", 0, 1)).toEqual(["Connect your assistant"]);
  expect(steps("member", 1, 1)).toEqual(["Upload a dataset: done", "Connect your assistant", "Make the first tool"]);
  expect(steps("owner", 0, 2)).toEqual([
    "Upload a dataset",
    "Connect your assistant",
    "Make the first tool",
    "Invite a colleague: done",
  ]);
});
