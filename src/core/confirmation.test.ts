// Confirmations: one call, one state, one count. Runs in workerd.
import { expect, it } from "vitest";
import { confirmToken, digestOfCall, requireConfirmation } from "./confirmation.ts";
import { describeError } from "./errors.ts";

function refusal(work: () => void): unknown {
  try {
    work();
    return "went ahead";
  } catch (error) {
    return describeError(error);
  }
}

it("is of one call, whatever the order of its arguments' keys", async () => {
  const call = await digestOfCall("delete", { table: "t", filters: { a: 1, b: 2 } });
  expect(call).toMatch(/^[0-9a-f]{20}$/);
  expect(await digestOfCall("delete", { filters: { b: 2, a: 1 }, table: "t" })).toBe(call);
  expect(await digestOfCall("update", { table: "t", filters: { a: 1, b: 2 } })).not.toBe(call);
  expect(await digestOfCall("delete", { table: "t", filters: { a: 1, b: 3 } })).not.toBe(call);
});

it("goes ahead with the token of just this, and says why not with another", async () => {
  const now = { call: await digestOfCall("delete", {}), version: 40, count: 1000 };
  const confirm = confirmToken(now);
  expect(confirm).toBe(`confirm_${now.call}_14_rs`);
  const say = (given?: string) => refusal(() => requireConfirmation(now, given, "delete 1000 records"));
  expect(say(confirm)).toBe("went ahead");
  const refused = (message: string) => ({
    code: "confirmation_required",
    message,
    hint: `Nothing was changed. To go ahead, make the same call with confirm "${confirm}".`,
    details: { confirm, count: 1000 },
  });
  expect(say()).toEqual(refused("This would delete 1000 records."));
  for (const older of [{ version: 39 }, { count: 999 }]) {
    expect(say(confirmToken({ ...now, ...older }))).toEqual(
      refused("What this changes is no longer what was confirmed. This would delete 1000 records."),
    );
  }
  const other = confirmToken({ ...now, call: await digestOfCall("drop", {}) });
  for (const given of [other, "yes"]) {
    expect(say(given)).toEqual(refused("This confirmation is of another call. This would delete 1000 records."));
  }
});
