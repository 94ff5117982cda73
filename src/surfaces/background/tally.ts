// What came of a queue's batch, counted for the deployment's metrics and for the teams whose work it was. Runs at the edge.
import * as z from "zod";
import { undefinedOn } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import type { CallCount, QueueReport } from "../../features/metrics/schema.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";

/** As wrangler.toml has it; a message that fails once more goes to the dead letters. */
export const maxRetries = 5;

export interface Tally {
  /** To be told of each message that will be retried. */
  failed: (message: Pick<Message, "id" | "attempts">) => void;
  /** Sends the count. Metrics that cannot be written fail no batch, whose messages would all come again. */
  report: (env: Pick<Env, "DEPLOYMENT" | "TEAM">) => Promise<void>;
}

/** What of a message says whose work it is. */
const ownerSchema = z.object({ type: z.string(), team: z.string() });

/** Begins to count a batch that was delivered at `now`. */
export function tallyOf(batch: Pick<MessageBatch<unknown>, "queue" | "messages">, now: number): Tally {
  const lagOf = ({ timestamp }: Pick<Message, "timestamp">): number => Math.max(0, now - timestamp.getTime());
  const report: QueueReport = {
    queue: batch.queue,
    handled: batch.messages.length,
    failed: 0,
    deadLetters: 0,
    lagsMs: batch.messages.filter(({ attempts }) => attempts === 1).map(lagOf),
  };
  const outcomes = new Map<string, "failed" | "dead">();
  const countOf = (message: Message): (CallCount & { team: string })[] => {
    const owner = ownerSchema.safeParse(message.body).data;
    // Of a team that is being removed nobody will ask.
    if (owner === undefined || owner.type === "purge_team") return [];
    const durationMs = message.attempts === 1 ? lagOf(message) : null;
    return [{ team: owner.team, tool: owner.type, outcome: outcomes.get(message.id) ?? "ok", durationMs }];
  };
  return {
    failed: ({ id, attempts }) => {
      report.handled -= 1;
      report.failed += 1;
      if (attempts > maxRetries) report.deadLetters += 1;
      outcomes.set(id, attempts > maxRetries ? "dead" : "failed");
    },
    report: async (env) => {
      const counts = Map.groupBy(batch.messages.flatMap(countOf), ({ team }) => team);
      const told = [...counts].map(([team, messages]) => tellTeam(env, team, messages));
      try {
        await deploymentClient(env).recordQueue(report);
      } catch (error) {
        logFailure("queue_not_counted", { queue: report.queue }, error);
      }
      await Promise.all(told);
    },
  };
}

/** A team that was removed meanwhile is told nothing. */
async function tellTeam(
  env: Pick<Env, "TEAM">,
  team: string,
  messages: readonly (CallCount & { team: string })[],
): Promise<void> {
  const counts = messages.map(({ tool, outcome, durationMs }) => ({ tool, outcome, durationMs }));
  try {
    await undefinedOn(["not_found"], teamClient(env.TEAM, team).activity().countBackground(counts));
  } catch (error) {
    logFailure("queue_not_counted", { team }, error);
  }
}
