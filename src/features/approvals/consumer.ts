// The queue's word that a proposal may be due. Idempotent: the team's object says what is to be done. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { backgroundLimits } from "../../limits.ts";
import { settleProposal } from "./applying.ts";

/**
 * Settles what is due. A message that keeps an edition's time is sent again until that edition is settled or gone, as far ahead as a queue allows;
 * every other looks once, so that their number stays that of the editions.
 */
export async function settleFromQueue(
  system: CallContext,
  { proposal, edition }: { proposal: string; edition?: number | undefined },
): Promise<void> {
  const settled = await settleProposal(system, proposal);
  const { waitMs } = settled;
  if (waitMs === undefined || edition === undefined || settled.edition !== edition) return;
  const delaySeconds = Math.min(Math.max(1, Math.ceil(waitMs / 1000)), backgroundLimits.delaySeconds);
  await system.background.send({ type: "settle_proposal", team: system.team, proposal, edition }, { delaySeconds });
}
