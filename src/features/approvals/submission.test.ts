// Who may propose, and how much. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aProposal, approvalsBench, caller, type Inside } from "../../../test/helpers/approvals.ts";
import { approvalLimits } from "../../workflow-limits.ts";

describe("proposing", () => {
  it("is for members, and bounded", async () => {
    const bench = await approvalsBench();
    expect(await bench.refusal(({ approvals }) => approvals.submit(aProposal(), caller(bench, "vic")))).toBe(
      "forbidden: As viewer you may not propose changes of functions and tools, and vote on them: it needs the role member or higher.",
    );
    await bench.inside(({ approvals }) => {
      for (let n = 0; n < approvalLimits.openPerPerson; n++)
        approvals.submit(aProposal({ name: `t${n}` }), caller(bench, "ana"));
    });
    const one = ({ approvals }: Inside, name: string) => approvals.submit(aProposal(), caller(bench, name));
    expect(await bench.refusal((inside) => one(inside, "ana"))).toBe(
      "too_large: You have 50 open proposals; the limit is 50 (limit openPerPerson).",
    );
    expect((await bench.inside((inside) => one(inside, "ben"))).state).toBe("pending");
  });

  it("is bounded by day, too, whatever becomes of it", async () => {
    const bench = await approvalsBench();
    const ana = caller(bench, "ana");
    await bench.inside(({ approvals }) => {
      for (let n = 0; n < approvalLimits.perPersonPerDay; n++)
        approvals.withdraw(approvals.submit(aProposal({ name: `t${n}` }), ana).id, ana);
    });
    expect(await bench.refusal(({ approvals }) => approvals.submit(aProposal(), ana))).toBe(
      "too_large: You have made 200 proposals in the last 24 hours; the limit is 200 (limit perPersonPerDay).",
    );
    expect(await bench.inside(({ approvals }) => approvals.submit(aProposal(), caller(bench, "ben")).state)).toBe(
      "pending",
    );
  });
});
