// What the deployment's operator does to teams: create, list, delete and restore them, and let first people in. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import { dayMs } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { randomSecret, sha256Hex } from "../../core/ids.ts";
import { newTeamSlugSchema, teamSlugSchema } from "../../core/names.ts";
import { decodeCursor, encodeCursor, invalidCursor, listQuerySchema } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { type Caller, systemCaller } from "../../features/access/access.ts";
import { createTokenSchema, type NewToken } from "../../features/access/schema.ts";
import { makeToken } from "../../features/access/token.ts";
import { restoreFromBucket } from "../../features/backups/making.ts";
import { describeManifest, listManifests } from "../../features/backups/manifest.ts";
import { operatorRestoreSchema } from "../../features/backups/schema.ts";
import { invitationUrl } from "../../features/people/people.ts";
import { type Invitation, inviteSchema } from "../../features/people/schema.ts";
import { teamNameSchema } from "../../features/teams/schema.ts";
import { createTeamForOperator } from "../../features/teams/teams.ts";
import { listLimits } from "../../limits.ts";
import { failedAttempt } from "../../platform/address-client.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { siteOf } from "../../platform/site.ts";
import { teamClient } from "../../platform/team-client.ts";
import { bearerOf } from "../credential.ts";
import { issuerOrigin } from "../oauth/addresses.ts";
import { addressOf, requestIdOf, tooManyGuesses } from "../session.ts";
import { deadLetterRoutes } from "./dead-letters.ts";

const createTeamSchema = z.strictObject({ name: teamNameSchema.optional() });
const teamsQuerySchema = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries }).strict();
/** Any role, owner included, and as a way to sign in where there is no other yet. */
export const operatorInviteSchema = inviteSchema
  .extend({
    sign_in: z.boolean().default(false).describe("Opening the link signs in, once, without a provider or passkey."),
  })
  .strict();

export const operatorRoutes = new Hono<{ Bindings: Env }>()
  .use(async (c, next) => {
    await requireOperator(c.req.raw, c.env);
    await next();
  })
  .route("/dead-letters", deadLetterRoutes)
  .get("/teams", async (c) => {
    const { limit, cursor } = parseWith(teamsQuerySchema, c.req.query(), "query");
    const after = cursor === undefined ? undefined : decodeCursor(cursor).after;
    if (after !== undefined && typeof after !== "string") throw invalidCursor();
    const { teams, total } = await deploymentClient(c.env).listTeams({ after, limit: limit + 1 });
    const shown = teams.slice(0, limit);
    const truncated = teams.length > shown.length;
    return c.json({
      teams: shown.map(({ slug, createdByPerson, createdAt }) => ({
        team: slug,
        created_by: createdByPerson === null ? "operator" : "person",
        created_at: new Date(createdAt).toISOString(),
      })),
      returned: shown.length,
      total,
      truncated,
      ...(truncated ? { next_cursor: encodeCursor({ after: shown.at(-1)?.slug }) } : {}),
    });
  })
  .put("/teams/:team", async (c) => {
    const slug = parseWith(newTeamSlugSchema, c.req.param("team"), "team");
    const { name } = parseWith(createTeamSchema, await jsonBody(c.req.raw), "team");
    const created = await createTeamForOperator(c.env, { slug, name: name ?? slug }, operatorCaller(c.req.raw));
    return c.json({ team: slug, created }, created ? 201 : 200);
  })
  .delete("/teams/:team", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    return c.json(await teamClient(c.env.TEAM, slug).teams().delete(slug, operatorCaller(c.req.raw)));
  })
  .post("/teams/:team/restore", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const body = await jsonBody(c.req.raw);
    // Without a body it undoes a deletion.
    if (JSON.stringify(body) !== "{}") {
      const { backup_id: backupId, as } = parseWith(operatorRestoreSchema, body, "restore");
      const target = as === undefined ? slug : parseWith(newTeamSlugSchema, as, "as");
      const made = await restoreFromBucket(siteOf(c.env), c.env.FILES, { team: slug, backupId, as: target });
      return c.json({ team: made.slug, backup_id: backupId, restored: true }, 201);
    }
    return c.json(await teamClient(c.env.TEAM, slug).teams().restore(operatorCaller(c.req.raw)));
  })
  .get("/teams/:team/backups", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    return c.json({ backups: (await listManifests(c.env.FILES, slug)).reverse().map(describeManifest) });
  })
  .post("/teams/:team/invitations", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const input = parseWith(operatorInviteSchema, await jsonBody(c.req.raw), "invitation");
    const { invitation, url } = await inviteAsOperator(c.req.raw, c.env, slug, input);
    const { id, role, expires_at } = invitation;
    return c.json({ id, url, role, expires_at }, 201, { "cache-control": "no-store" });
  })
  .post("/teams/:team/tokens", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const input = parseWith(createTokenSchema.strict(), await jsonBody(c.req.raw), "token");
    const { token, hash, prefix } = await makeToken();
    const expiresAt = input.expires_in_days === undefined ? null : Date.now() + input.expires_in_days * dayMs;
    const { id } = await teamClient(c.env.TEAM, slug)
      .access()
      .createToken(
        {
          username: input.username,
          role: input.role,
          label: input.label,
          hash,
          prefix,
          expiresAt,
          scopes: input.scopes ?? null,
        },
        operatorCaller(c.req.raw),
      );
    const answer: NewToken = {
      id,
      token,
      username: input.username,
      role: input.role,
      expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    };
    return c.json(answer, 201, { "cache-control": "no-store" });
  })
  .delete("/teams/:team/tokens/:id", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const revoked = await teamClient(c.env.TEAM, slug)
      .access()
      .revokeToken(c.req.param("id"), operatorCaller(c.req.raw));
    if (!revoked) throw new AppError("not_found", "There is no live token of that id in this team.");
    return c.body(null, 204);
  });

/** Opens an invitation into any team, with any role. Its link is in the answer and nowhere else. */
export async function inviteAsOperator(
  request: Request,
  env: Env,
  slug: string,
  input: z.output<typeof operatorInviteSchema>,
): Promise<{ invitation: Invitation; url: string }> {
  const { role, email, username, sign_in: signsIn, expires_in_days: days } = input;
  const secret = randomSecret();
  const row = { hash: await sha256Hex(secret), role, email, username, expiresAt: Date.now() + days * dayMs, signsIn };
  const invitation = await teamClient(env.TEAM, slug).people().invite(row, operatorCaller(request));
  return { invitation, url: invitationUrl(issuerOrigin(request, env), slug, secret) };
}

/** Whoever holds the deployment's secret, as the teams' audit logs call them. */
export function operatorCaller(request: Request): Caller {
  return systemCaller("operator", requestIdOf(request), addressOf(request) ?? null);
}

/** Throws `unauthorized` unless the request bears the operator's token, and `rate_limited` when its address guessed too often. */
export async function requireOperator(request: Request, env: Env): Promise<void> {
  const presented = bearerOf(request);
  if (presented !== undefined) {
    await requireOperatorToken(request, env, presented);
    return;
  }
  throw notOperator(false);
}

/**
 * Throws unless `presented` is the operator's token: `rate_limited` when the request's address guessed too often, else `unauthorized`. Digests
 * are compared in constant time, so that neither the length nor the first wrong character shows.
 */
export async function requireOperatorToken(request: Request, env: Env, presented: string): Promise<void> {
  if (env.OPERATOR_TOKEN !== "") {
    const [a, b] = await Promise.all(
      [presented, env.OPERATOR_TOKEN].map((text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    );
    if (a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b)) return;
  }
  const failed = await failedAttempt(request, env, "token");
  if (failed !== undefined) throw tooManyGuesses(failed);
  throw notOperator(true);
}

function notOperator(presented: boolean): AppError {
  return new AppError("unauthorized", "The operator's token is needed.", {
    hint: "Send `Authorization: Bearer <OPERATOR_TOKEN>`, the secret this deployment was given.",
    details: { presented },
  });
}
