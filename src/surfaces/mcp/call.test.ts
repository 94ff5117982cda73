// idempotency_key on tools that write, called directly and through run_tool. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { builtInTools } from "../catalogue.ts";
import { runTool, toolNamed, withoutKeys } from "./call.ts";
import { findTools } from "./find-tools.ts";

/** Tools that count their runs, and a way to call one as a client would. */
async function countingTools() {
  const team = await freshTeam();
  const context = await team.call("member");
  const seen: unknown[] = [];
  const write = defineTool({
    name: "write_it",
    title: "Write",
    description: "Writes.",
    input: z.object({ what: z.string() }),
    output: z.object({ run: z.int() }),
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    permission: "data:write",
    toolset: "jq",
    handler: async (call: CallContext, input) => {
      seen.push([input, call.idempotencyId === undefined]);
      if (input.what === "conflict") throw new AppError("conflict", `Run ${seen.length}.`, { hint: "No." });
      if (input.what === "busy") throw new AppError("busy", `Run ${seen.length}.`);
      return { text: `run ${seen.length}`, data: { run: seen.length } };
    },
  });
  const tools: readonly BuiltInTool[] = [...findTools(() => tools), write];
  const use = (name: string, args: Record<string, unknown>, call: CallContext = { ...context, execution: {} }) => {
    const entry = toolNamed(call, tools, name);
    if (entry === undefined) throw new Error(name);
    return runTool(call, entry, args);
  };
  return { ...team, context, seen, use };
}

describe("a tool that writes", () => {
  it("runs once for a key, whether called directly or through run_tool", async () => {
    const { use, seen, context } = await countingTools();
    const args = { what: "a", idempotency_key: "k" };
    const first = { text: "run 1", data: { run: 1 } };
    expect(await use("write_it", args)).toEqual(first);
    const again = { ...context, execution: {} };
    expect(await use("write_it", args, again)).toEqual(first);
    expect(again.execution).toEqual({ replayed: true });
    expect(await use("run_tool", { name: "write_it", arguments: args })).toEqual(first);
    expect(seen).toEqual([[{ what: "a" }, false]]);
    expect(await use("write_it", { what: "a" })).toEqual({ text: "run 2", data: { run: 2 } });
    expect(seen[1]).toEqual([{ what: "a" }, true]);
  });

  it("runs one of twenty at once", async () => {
    const { use, seen } = await countingTools();
    const calls = Array.from({ length: 20 }, () =>
      use("run_tool", { name: "write_it", arguments: { what: "a", idempotency_key: "k" } }),
    );
    const answers = await Promise.all(calls);
    expect(answers).toEqual(answers.map(() => ({ text: "run 1", data: { run: 1 } })));
    expect(seen).toHaveLength(1);
  });

  it("repeats a final refusal, runs again after one that passes, and refuses other arguments", async () => {
    const { use, seen } = await countingTools();
    const conflict = { what: "conflict", idempotency_key: "c" };
    expect(await rejection(use("write_it", conflict))).toEqual({ code: "conflict", message: "Run 1." });
    expect(await rejection(use("write_it", conflict))).toEqual({ code: "conflict", message: "Run 1." });
    const busy = { what: "busy", idempotency_key: "b" };
    expect(await rejection(use("write_it", busy))).toEqual({ code: "busy", message: "Run 2." });
    expect(await rejection(use("write_it", busy))).toEqual({ code: "busy", message: "Run 3." });
    const wrong = { wrong: 1, idempotency_key: "w" };
    for (let turn = 0; turn < 2; turn++) {
      expect(await rejection(use("write_it", wrong))).toEqual({
        code: "invalid_argument",
        message: 'write_it: what: Invalid input: expected string, received undefined; Unrecognized key: "wrong"',
      });
    }
    expect((await rejection(use("write_it", { ...conflict, what: "a" }))).code).toBe("idempotency_mismatch");
    expect(seen).toHaveLength(3);
  });

  it("refuses what is no key", async () => {
    const { use, seen } = await countingTools();
    for (const idempotency_key of ["", "k".repeat(201), "é", 7]) {
      expect((await rejection(use("write_it", { what: "a", idempotency_key }))).code).toBe("invalid_argument");
    }
    expect(await rejection(use("write_it", { what: "a", idempotency_key: "a\nb" }))).toEqual({
      code: "invalid_argument",
      message: "write_it: idempotency_key: use printable ASCII characters",
    });
    expect(seen).toEqual([]);
  });

  it("needs the permission of each call, replayed or not", async () => {
    const { use, call } = await countingTools();
    const args = { what: "a", idempotency_key: "k" };
    await use("write_it", args);
    expect((await rejection(use("write_it", args, await call("viewer")))).code).toBe("forbidden");
  });
});

describe("the catalogue", () => {
  it("gives every tool that writes a key, and no other", () => {
    const takes = (tool: BuiltInTool) => Object.hasOwn(tool.input.shape, "idempotency_key");
    expect(builtInTools.filter(takes).map((tool) => tool.name)).toEqual(
      builtInTools.filter((tool) => !tool.hints.readOnly && tool.name !== "run_tool").map((tool) => tool.name),
    );
    expect(builtInTools.filter(takes).length).toBeGreaterThan(5);
  });

  it("keeps keys out of the execution log", () => {
    expect(withoutKeys({ a: 1, idempotency_key: "k" })).toEqual({ a: 1 });
    expect(withoutKeys({ name: "t", arguments: { b: 2, idempotency_key: "k" } })).toEqual({
      name: "t",
      arguments: { b: 2 },
    });
    expect(withoutKeys("text")).toBe("text");
    // What stands behind the host of a webhook's address may be a token; a team's own tool may have a parameter of that name.
    expect([
      withoutKeys({ name: "w", url: "https://a/token" }, "save_webhook"),
      withoutKeys({ name: "save_webhook", arguments: { url: "https://a/token" } }, "run_tool"),
      withoutKeys({ url: "https://a/page" }, "own_tool"),
    ]).toEqual([
      { name: "w", url: "[redacted]" },
      { name: "save_webhook", arguments: { url: "[redacted]" } },
      { url: "https://a/page" },
    ]);
  });
});
