// Admission by memory: order, deadline, queue length, abort, and shares of runs that the platform ended.
import { describe, expect, test, vi } from "vitest";
import { MemoryBudget } from "./memory-budget.ts";

function budget(options: Partial<ConstructorParameters<typeof MemoryBudget>[0]> = {}): MemoryBudget {
  return new MemoryBudget({ totalBytes: 100, maxWaiting: 2, timeoutMs: 1000, leaseMs: 5000, ...options });
}

describe("memory budget", () => {
  test("admits while there is room, then in order, and a small run does not overtake", async () => {
    const memory = budget();
    const order: string[] = [];
    const first = await memory.reserve(60);
    const large = memory.reserve(80).then((lease) => {
      order.push("large");
      return lease;
    });
    const small = memory.reserve(10).then((lease) => {
      order.push("small");
      return lease;
    });
    await Promise.resolve();
    expect({ order, waiting: memory.waitingCount, reserved: memory.reservedBytes }).toEqual({
      order: [],
      waiting: 2,
      reserved: 60,
    });
    first.release();
    first.release();
    (await large).release();
    (await small).release();
    expect({ order, waiting: memory.waitingCount, reserved: memory.reservedBytes }).toEqual({
      order: ["large", "small"],
      waiting: 0,
      reserved: 0,
    });
  });

  test("refuses at once when the queue is full, and more than there is in all", async () => {
    const memory = budget({ maxWaiting: 0 });
    await memory.reserve(100);
    await expect(memory.reserve(1)).rejects.toMatchObject({
      code: "busy",
      message: "0 queries are waiting for memory already.",
      hint: "Try again in a few seconds, with fewer queries at once.",
      details: { limit: "admissionQueue", value: 0 },
    });
    await expect(memory.reserve(101)).rejects.toMatchObject({
      code: "jq_memory",
      message: "A run asked for 101 bytes of memory; all runs together have 100.",
    });
  });

  test("refuses a run that waited past the deadline and admits the one behind it", async () => {
    vi.useFakeTimers();
    try {
      const memory = budget({ clock: () => Date.now() });
      const held = await memory.reserve(90);
      const late = memory.reserve(50);
      const outcome = expect(late).rejects.toMatchObject({
        code: "busy",
        message: "The query waited 1000 ms for memory.",
        details: { limit: "admissionTimeoutMs", value: 1000 },
      });
      await vi.advanceTimersByTimeAsync(500);
      const behind = memory.reserve(10);
      await vi.advanceTimersByTimeAsync(600);
      await outcome;
      await behind;
      held.release();
      expect(memory.reservedBytes).toBe(10);
    } finally {
      vi.useRealTimers();
    }
  });

  test("an aborted signal ends the wait with its reason", async () => {
    const memory = budget();
    const held = await memory.reserve(100);
    const controller = new AbortController();
    const waiting = memory.reserve(10, controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await expect(memory.reserve(10, controller.signal)).rejects.toThrow("gone");
    expect(memory.waitingCount).toBe(0);
    held.release();
    expect(memory.reservedBytes).toBe(0);
  });

  test("takes back the share of a run that says nothing, which then ends as busy", async () => {
    let now = 0;
    const memory = budget({ clock: () => now });
    const silent = await memory.reserve(100);
    now = 5000;
    silent.touch();
    now = 10_001;
    const next = await memory.reserve(100);
    expect(() => silent.touch()).toThrow("The query stood still too long and lost its memory.");
    silent.release();
    expect(memory.reservedBytes).toBe(100);
    next.release();
    expect(memory.reservedBytes).toBe(0);
  });
});
