// The tests of a tool or function: where they are kept, and running them. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { undefinedOn } from "../../../core/errors.ts";
import { contentOfFunction } from "../../../features/approvals/content.ts";
import type { ProposalTest, Validation } from "../../../features/approvals/schema.ts";
import { validateProposal } from "../../../features/approvals/validating.ts";
import { contentOf } from "../../../features/jq-tools/jq-tools.ts";
import type { Entry } from "./entries.ts";

/** Tests as the newest proposal that was applied has them. */
export interface KeptTests {
  tests: readonly ProposalTest[];
  proposal: string;
  /** The version that it made. */
  version: number;
}

/** Versions that are looked back over for a proposal. */
const lookedBack = 50;

/** Undefined when no proposal with tests was ever applied: tests come with proposals. */
export async function keptTests({ stub, actor }: CallContext, { kind, item }: Entry): Promise<KeptTests | undefined> {
  const { versions } = await stub.history().versions(kind, item.name, { limit: lookedBack }, actor);
  for (const { proposal_id, version } of versions) {
    if (proposal_id === null) continue;
    const found = await undefinedOn(["not_found"], stub.approvals().get(proposal_id, actor));
    const tests = found?.proposal.tests ?? [];
    if (tests.length > 0) return { tests, proposal: proposal_id, version };
  }
  return undefined;
}

/** Runs tests on an entry as it is. Throws what lies outside it: `busy`, `rate_limited`. */
export function runTests(call: CallContext, entry: Entry, tests: readonly ProposalTest[]): Promise<Validation> {
  const { kind, item } = entry;
  const result = kind === "tool" ? contentOf(item) : contentOfFunction(item);
  return validateProposal(call, { kind, name: item.name, action: "change", result }, tests);
}
