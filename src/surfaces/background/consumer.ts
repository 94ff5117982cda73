// The background queue's consumer: deletes R2 objects that nothing points at, then tells the team. Idempotent. Runs at the edge.
import { logFailure } from "../../core/log.ts";
import { deleteObjects } from "../../platform/r2.ts";
import { teamClient } from "../../platform/team-client.ts";
import { type BackgroundMessage, backgroundMessageSchema } from "./messages.ts";

/** Handles a batch: each message is acknowledged when done, or when it never can be; one that failed is retried. */
export async function handleBackground(batch: MessageBatch<unknown>, env: Pick<Env, "FILES" | "TEAM">): Promise<void> {
  for (const message of batch.messages) {
    const parsed = backgroundMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      logFailure("background_message_invalid", { id: message.id, problems: parsed.error.issues });
      message.ack();
      continue;
    }
    try {
      await handleMessage(parsed.data, env);
      message.ack();
    } catch (error) {
      logFailure("background_message_failed", { id: message.id, attempt: message.attempts }, error);
      message.retry();
    }
  }
}

async function handleMessage(message: BackgroundMessage, env: Pick<Env, "FILES" | "TEAM">): Promise<void> {
  switch (message.type) {
    case "delete_objects":
      await deleteAndForget(message, env);
  }
}

/** What could be deleted is forgotten even when something else could not: else one failure would keep all of them coming back. */
async function deleteAndForget(message: BackgroundMessage, env: Pick<Env, "FILES" | "TEAM">): Promise<void> {
  const { deleted, failures } = await deleteObjects(env.FILES, message.objects);
  if (deleted.length > 0) await teamClient(env.TEAM, message.team).datasets().forget(deleted);
  if (failures.length > 0) throw new Error(`${failures.length} deletions failed`, { cause: failures[0] });
}
