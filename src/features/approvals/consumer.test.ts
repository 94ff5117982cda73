// What the queue's messages about proposals lead to: one goes on for each edition, the others look once. Runs in workerd.
import { expect, it } from "vitest";
import type { CallContext } from "../../context.ts";
import { settleFromQueue } from "./consumer.ts";

/** A team whose one proposal is pending, at edition 2, for another day. */
function waiting() {
  const sent: unknown[] = [];
  const proposal = { state: "pending", edition: 2, base_version: null, conflict: null };
  const approvals = {
    next: async () => ({ do: "wait", delayMs: 86_400_000 }),
    get: async () => ({ proposal, current: null, base: null }),
  };
  const background = { send: async (...message: unknown[]) => void sent.push(message) };
  const context = { team: "acme", stub: { approvals: () => approvals }, background, asSystem: async () => context };
  return { sent, context: context as unknown as CallContext };
}

it.each([
  ["keeps the time of the edition that is pending", 2, true],
  ["kept that of an older edition", 1, false],
  ["only asks to be looked at", undefined, false],
])("a message that %s is sent again: %s %s", async (_what, edition, goesOn) => {
  const { sent, context } = waiting();
  await settleFromQueue(context, { proposal: "prop_1", edition });
  const again = [{ type: "settle_proposal", team: "acme", proposal: "prop_1", edition }, { delaySeconds: 43_200 }];
  expect(sent).toEqual(goesOn ? [again] : []);
});
