// The operator's log. Runs in workerd.
import { afterEach, expect, it, vi } from "vitest";
import { logFailure } from "./log.ts";

afterEach(() => vi.restoreAllMocks());

function logged(error?: unknown): Record<string, unknown> {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  logFailure("it_failed", { team: "sales" }, error);
  return JSON.parse(String(log.mock.lastCall?.[0]));
}

it("writes one line of JSON, with the error's text where there is one", () => {
  expect(logged()).toEqual({ event: "it_failed", team: "sales" });
  expect(logged("late")).toEqual({ event: "it_failed", team: "sales", error: "late" });
});

it("keeps the stack and what caused the error", () => {
  const { error } = logged(new Error("outer", { cause: new Error("inner") }));
  expect(error).toMatch(/^Error: outer\n {4}at [\s\S]*\ncaused by: Error: inner\n {4}at /);
});
