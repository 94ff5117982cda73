// The consumer of the dead letters: keeps each message that a queue gave up on, for the operator to look at. Runs at the edge.
import type { NewDeadLetter } from "../../features/metrics/schema.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { backgroundMessageSchema } from "./messages.ts";

/** As wrangler.toml has it. */
export const deadLetterQueue = "super-data-dead-letters";

/** Keeps a batch; what cannot be written now comes again, and what came twice is kept once. */
export async function keepBatch(batch: MessageBatch<unknown>, env: Pick<Env, "DEPLOYMENT">): Promise<void> {
  const letters = batch.messages.map(({ id, body, timestamp }) => letterOf(id, body, timestamp));
  await deploymentClient(env).keepDeadLetters(letters);
  batch.ackAll();
}

function letterOf(id: string, body: unknown, timestamp: Date): NewDeadLetter {
  const parsed = backgroundMessageSchema.safeParse(body);
  const { type, team } = parsed.success ? parsed.data : { type: "unknown", team: null };
  return { id, body: body ?? null, type, team, sentAt: timestamp.getTime() };
}
