// What a listener is told of the team's events: the rules. Runs in the object.

import type { Asker } from "../access/access.ts";
import { may } from "../access/access.ts";
import type { LiveMessage } from "./schema.ts";
import type { FeedEvent } from "./store.ts";

/** Who listens, as of when the feed was opened: whatever changes in it ends the feed. */
export interface Hearer extends Asker {
  userId: string;
}

/** True when this event is for the listener, as things stood when it happened. */
export function mayHear(hearer: Hearer, { visibility, userId }: Pick<FeedEvent, "visibility" | "userId">): boolean {
  return (userId === null || userId === hearer.userId) && may(hearer, "data:read", { visibility });
}

/** What is hidden from a listener now. */
export interface HiddenNow {
  tools: ReadonlySet<string>;
  datasets: ReadonlySet<string>;
  /** The tool that a proposal is about. */
  toolOfProposal: ReadonlyMap<string, string>;
}

/** True when this event of the past may still be told: what it is about is not hidden from the listener by now. */
export function mayStillHear(
  { shown: { kind, name }, datasets = [] }: Pick<FeedEvent, "shown"> & Partial<Pick<FeedEvent, "datasets">>,
  hidden: HiddenNow,
): boolean {
  switch (kind) {
    case "tool":
      return !hidden.tools.has(name);
    case "dataset":
      return !hidden.datasets.has(name);
    case "table":
    case "frame":
      return datasets.every((dataset) => !hidden.datasets.has(dataset));
    case "proposal":
      return !hidden.tools.has(hidden.toolOfProposal.get(name) ?? "");
    default:
      return true;
  }
}

/**
 * From where a listener that saw `since` last goes on, and what it has missed for good. A number that was not given yet is from before the
 * team was restored from a backup: nothing that the listener keeps can be trusted.
 */
export function resume(
  since: number,
  { newest, oldest }: { newest: number; oldest: number },
): { after: number; gap?: Extract<LiveMessage, { type: "gap" }> } {
  if (since > newest) return { after: newest, gap: { type: "gap", from: 1, to: newest } };
  if (since >= oldest - 1) return { after: since };
  return { after: oldest - 1, gap: { type: "gap", from: since + 1, to: oldest - 1 } };
}
