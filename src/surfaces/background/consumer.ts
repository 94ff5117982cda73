// The background queue's consumer: deletes R2 objects that nothing points at, and teams whose time is up. Idempotent. Runs at the edge.
import { isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { deleteObjects, deleteUnder } from "../../platform/r2.ts";
import { teamClient } from "../../platform/team-client.ts";
import { type BackgroundMessage, backgroundMessageSchema } from "./messages.ts";
import { tallyOf } from "./tally.ts";

type BackgroundEnv = Pick<Env, "FILES" | "TEAM" | "DEPLOYMENT" | "BACKGROUND">;

/** Handles a batch: each message is acknowledged when done, or when it never can be; one that failed is retried. */
export async function handleBackground(batch: MessageBatch<unknown>, env: BackgroundEnv): Promise<void> {
  const tally = tallyOf(batch, Date.now());
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
      tally.failed(message);
      message.retry();
    }
  }
  await tally.report(env);
}

async function handleMessage(message: BackgroundMessage, env: BackgroundEnv): Promise<void> {
  switch (message.type) {
    case "delete_objects":
      return deleteAndForget(message, env);
    case "purge_team":
      return purgeTeam(message, env);
  }
}

type MessageOf<Type> = Extract<BackgroundMessage, { type: Type }>;

/** What could be deleted is forgotten even when something else could not: else one failure would keep all of them coming back. */
async function deleteAndForget(message: MessageOf<"delete_objects">, env: BackgroundEnv): Promise<void> {
  const { deleted, failures } = await deleteObjects(env.FILES, message.objects);
  if (deleted.length > 0) await forget(message.team, deleted, env);
  if (failures.length > 0) throw new Error(`${failures.length} deletions failed`, { cause: failures[0] });
}

async function forget(team: string, keys: string[], env: BackgroundEnv): Promise<void> {
  try {
    await teamClient(env.TEAM, team).datasets().forget(keys);
  } catch (error) {
    // A team that was removed meanwhile has nothing to forget.
    if (!isAppError(error) || error.code !== "not_found") throw error;
  }
}

/**
 * Removes a deleted team: its files, its place in the register, then all its object holds. Any step may come twice or late: files of a later
 * life of the slug are newer, and the register and the object compare the incarnation. What gets lost, the object asks for again.
 */
async function purgeTeam(message: MessageOf<"purge_team">, env: BackgroundEnv): Promise<void> {
  const { team, incarnation, written_before } = message;
  if (!(await isThatLife(team, incarnation, env))) {
    await deploymentClient(env).unregisterTeam(team, incarnation);
    return;
  }
  const { done } = await deleteUnder(env.FILES, `teams/${team}/`, written_before);
  if (!done) {
    await env.BACKGROUND.send(message);
    return;
  }
  await deploymentClient(env).unregisterTeam(team, incarnation);
  await teamClient(env.TEAM, team).finishPurge(incarnation);
}

async function isThatLife(team: string, incarnation: string, env: BackgroundEnv): Promise<boolean> {
  try {
    return (await teamClient(env.TEAM, team).teams().identity()).incarnation === incarnation;
  } catch (error) {
    if (isAppError(error) && error.code === "not_found") return false;
    throw error;
  }
}
