// The end of every sign-in and of every session: the cookie, the old session, the streams that a session opened. Runs at the edge.
import { logFailure } from "../../core/log.ts";
import type { Opened } from "../../features/sign-in/rpc.ts";
import type { NewSession } from "../../features/sign-in/schema.ts";
import { signInLimits } from "../../limits.ts";
import { personClient } from "../../platform/person-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { addressOf } from "../session.ts";
import { makeSessionSecret, readSession, sessionCookie } from "./session-cookie.ts";

/**
 * Signs a browser in: `open` has the person's object open the session, and the `Set-Cookie` value comes back. The session this browser had
 * before, whoever's it was, ends. Returns what `open` returned when that was no session.
 */
export async function startSession<Other>(
  request: Request,
  env: Env,
  personId: string,
  provider: string,
  open: (session: NewSession) => Promise<Opened | Other>,
): Promise<{ cookie: string } | { other: Other }> {
  const { cookie, hash } = await makeSessionSecret(personId);
  const opened = await open({
    hash,
    provider,
    userAgent: request.headers.get("user-agent")?.slice(0, signInLimits.userAgentChars) ?? null,
    address: addressOf(request) ?? null,
  });
  if (!isOpened(opened)) return { other: opened };
  const before = await readSession(request, env);
  if (before !== undefined) await endSession(env, before.personId, before.sessionId);
  await endFeeds(env, personId, opened.ended);
  return { cookie: sessionCookie(cookie, signInLimits.sessionMs) };
}

/** Ends a session of a person and the streams it opened. False when there was none. */
export async function endSession(env: Env, personId: string, sessionId: string): Promise<boolean> {
  const ended = await personClient(env, personId).revokeSession(sessionId);
  await endFeeds(env, personId, [sessionId]);
  return ended;
}

/** Ends all sessions of a person and the streams they opened. */
export async function endAllSessions(env: Env, personId: string): Promise<number> {
  const ended = await personClient(env, personId).revokeSessions();
  await endFeeds(env, personId, ended);
  return ended.length;
}

/** A team that cannot be reached must not keep the others' streams open; the session itself has ended already. */
async function endFeeds(env: Env, personId: string, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length === 0) return;
  const teams = await personClient(env, personId).teams();
  const ends = teams.flatMap((team) => sessionIds.map((id) => teamClient(env.TEAM, team).access().endFeedsOf(id)));
  for (const result of await Promise.allSettled(ends)) {
    if (result.status === "rejected") logFailure("end_feeds_failed", { person: personId }, result.reason);
  }
}

function isOpened(value: unknown): value is Opened {
  return typeof value === "object" && value !== null && "sessionId" in value;
}
