// What the cron asks for: a backup of every team of the register, by a message each. Runs at the edge.
import { deploymentClient } from "../../platform/deployment-client.ts";
import type { BackgroundMessage } from "./messages.ts";

/** Teams asked for at a time, and messages sent at a time: what the platform takes in one call. */
const teamsPerPage = 1_000;
const messagesPerBatch = 100;

/** Sends backup_team for every team. The night's name makes a second run of the same day nothing; each team's object decides whether it wants one. */
export async function backUpAllTeams(
  controller: Pick<ScheduledController, "scheduledTime">,
  env: Pick<Env, "DEPLOYMENT" | "BACKGROUND">,
): Promise<void> {
  const night = new Date(controller.scheduledTime).toISOString().slice(0, 10);
  const deployment = deploymentClient(env);
  for (let after: string | undefined; ; ) {
    const { teams } = await deployment.listTeams({ after, limit: teamsPerPage });
    for (let at = 0; at < teams.length; at += messagesPerBatch) {
      const batch = teams.slice(at, at + messagesPerBatch);
      await env.BACKGROUND.sendBatch(
        batch.map(({ slug }): { body: BackgroundMessage } => ({ body: { type: "backup_team", team: slug, night } })),
      );
    }
    if (teams.length < teamsPerPage) return;
    after = teams.at(-1)?.slug;
  }
}
