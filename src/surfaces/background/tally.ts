// What came of a queue's batch, counted for the deployment's metrics. Runs at the edge.
import { logFailure } from "../../core/log.ts";
import type { QueueReport } from "../../features/metrics/schema.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";

/** As wrangler.toml has it; a message that fails once more goes to the dead letters. */
export const maxRetries = 5;

export interface Tally {
  /** To be told of each message that will be retried. */
  failed: (message: Pick<Message, "attempts">) => void;
  /** Sends the count. Metrics that cannot be written fail no batch, whose messages would all come again. */
  report: (env: Pick<Env, "DEPLOYMENT">) => Promise<void>;
}

/** Begins to count a batch that was delivered at `now`. */
export function tallyOf(batch: Pick<MessageBatch<unknown>, "queue" | "messages">, now: number): Tally {
  const report: QueueReport = {
    queue: batch.queue,
    handled: batch.messages.length,
    failed: 0,
    deadLetters: 0,
    lagsMs: batch.messages
      .filter(({ attempts }) => attempts === 1)
      .map(({ timestamp }) => Math.max(0, now - timestamp.getTime())),
  };
  return {
    failed: ({ attempts }) => {
      report.handled -= 1;
      report.failed += 1;
      if (attempts > maxRetries) report.deadLetters += 1;
    },
    report: async (env) => {
      try {
        await deploymentClient(env).recordQueue(report);
      } catch (error) {
        logFailure("queue_not_counted", { queue: report.queue }, error);
      }
    },
  };
}
