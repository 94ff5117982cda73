// The background queue's consumer: deletes R2 objects that nothing points at, and teams whose time is up. Idempotent. Runs at the edge.
import { undefinedOn } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { settleFromQueue } from "../../features/approvals/consumer.ts";
import { type BackgroundBackups, backupTeam, endPreview, storeWaiting } from "../../features/backups/consumer.ts";
import { deliver } from "../../features/notifications/consumer.ts";
import { readMail } from "../../features/notifications/delivering/email.ts";
import { readPolicy } from "../../features/notifications/notifications.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { deleteObjects, deleteUnder } from "../../platform/r2.ts";
import { secretSeal } from "../../platform/secrets.ts";
import { siteOf } from "../../platform/site.ts";
import { teamClient } from "../../platform/team-client.ts";
import { workspaceClient } from "../../platform/workspace-client.ts";
import { deadLetterQueue, keepBatch } from "./dead-letters.ts";
import { type BackgroundMessage, backgroundMessageSchema } from "./messages.ts";
import { tallyOf } from "./tally.ts";
import { teamContext } from "./team-context.ts";

/** Handles a batch: each message is acknowledged when done, or when it never can be; one that failed is retried. */
export async function handleBackground(
  batch: MessageBatch<unknown>,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<void> {
  if (batch.queue === deadLetterQueue) return keepBatch(batch, env);
  const tally = tallyOf(batch, Date.now());
  for (const message of batch.messages) {
    const parsed = backgroundMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      logFailure("background_message_invalid", { id: message.id, problems: parsed.error.issues });
      message.ack();
      continue;
    }
    try {
      await handleMessage(parsed.data, env, ctx);
      message.ack();
    } catch (error) {
      logFailure("background_message_failed", { id: message.id, attempt: message.attempts }, error);
      tally.failed(message);
      message.retry();
    }
  }
  await tally.report(env);
}

async function handleMessage(
  message: BackgroundMessage,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<void> {
  switch (message.type) {
    case "delete_objects":
      return deleteAndForget(message, env);
    case "purge_team":
      return purgeTeam(message, env);
    case "settle_proposal":
      return settleDue(message, env, ctx);
    case "deliver":
      return deliverDue(message, env);
    case "backup_team":
      return unlessGone(backupTeam(backupsOf(env, message.team), message.team, message.night));
    case "store_backup":
      return unlessGone(storeWaiting(backupsOf(env, message.team), message.team, message.backup));
    case "end_preview":
      return unlessGone(endPreview(backupsOf(env, message.team), message));
  }
}

function backupsOf(env: Env, team: string): BackgroundBackups {
  const again = async (backup: string): Promise<void> => {
    await env.BACKGROUND.send({ type: "store_backup", team, backup });
  };
  return { site: siteOf(env), bucket: env.FILES, again };
}

/** A team that was removed meanwhile has nothing to be backed up, or to forget. */
async function unlessGone(work: Promise<void>): Promise<void> {
  await undefinedOn(["not_found"], work);
}

type MessageOf<Type> = Extract<BackgroundMessage, { type: Type }>;

async function settleDue(
  { team, ...due }: MessageOf<"settle_proposal">,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<void> {
  const context = await teamContext(env, ctx, team);
  if (context !== undefined) await settleFromQueue(context, due);
}

function deliverDue(message: MessageOf<"deliver">, env: Env): Promise<void> {
  return deliver({
    stub: teamClient(env.TEAM, message.team),
    secrets: secretSeal(env, message.team),
    policy: readPolicy(env),
    mail: readMail(env),
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    again: async () => void (await env.BACKGROUND.send(message)),
  });
}

/** What could be deleted is forgotten even when something else could not: else one failure would keep all of them coming back. */
async function deleteAndForget(message: MessageOf<"delete_objects">, env: Env): Promise<void> {
  const { deleted, failures } = await deleteObjects(env.FILES, message.objects);
  if (deleted.length > 0) await unlessGone(teamClient(env.TEAM, message.team).datasets().forget(deleted));
  if (failures.length > 0) throw new Error(`${failures.length} deletions failed`, { cause: failures[0] });
}

/**
 * Removes a deleted team: its files, its place in the register, then all its object holds. Any step may come twice or late: files of a later
 * life of the slug are newer, and the register and the object compare the incarnation. What gets lost, the object asks for again.
 */
async function purgeTeam(message: MessageOf<"purge_team">, env: Env): Promise<void> {
  const { team, incarnation, written_before } = message;
  const life = await undefinedOn(["not_found"], teamClient(env.TEAM, team).teams().identity());
  // Brought back from a backup since: then it is no deleted team any more.
  if (life?.incarnation === incarnation && life.purgeAt === null) return;
  if (life?.incarnation !== incarnation) {
    await deploymentClient(env).unregisterTeam(team, incarnation);
    return;
  }
  const { done } = await deleteUnder(env.FILES, `teams/${team}/`, written_before);
  if (!done) {
    await env.BACKGROUND.send(message);
    return;
  }
  await deploymentClient(env).unregisterTeam(team, incarnation);
  await workspaceClient(env.WORKSPACE, team, incarnation).destroy();
  await teamClient(env.TEAM, team).finishPurge(incarnation);
}
