// What the deployment's operator does before a team has anyone: create it and issue tokens. Runs at the edge.
import { Hono } from "hono";
import { z } from "zod";
import { dayMs } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { teamSlugSchema } from "../../core/names.ts";
import { parseWith } from "../../core/parse.ts";
import { createTokenSchema, type NewToken } from "../../features/access/schema.ts";
import { makeToken } from "../../features/access/token.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { teamClient } from "../../platform/team-client.ts";
import { bearerOf } from "../session.ts";

const createTeamSchema = z.strictObject({ name: z.string().min(1).max(100).optional() });

export const operatorRoutes = new Hono<{ Bindings: Env }>()
  .use(async (c, next) => {
    await requireOperator(c.req.raw, c.env);
    await next();
  })
  .put("/teams/:team", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const { name } = parseWith(createTeamSchema, await jsonBody(c.req.raw), "team");
    const created = await teamClient(c.env.TEAM, slug).create({ slug, name: name ?? slug });
    return c.json({ team: slug, created }, created ? 201 : 200);
  })
  .post("/teams/:team/tokens", async (c) => {
    const slug = parseWith(teamSlugSchema, c.req.param("team"), "team");
    const input = parseWith(createTokenSchema.strict(), await jsonBody(c.req.raw), "token");
    const { token, hash, prefix } = await makeToken();
    const expiresAt = input.expires_in_days === undefined ? null : Date.now() + input.expires_in_days * dayMs;
    const { id } = await teamClient(c.env.TEAM, slug).access().createToken({
      username: input.username,
      role: input.role,
      label: input.label,
      hash,
      prefix,
      expiresAt,
    });
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
    const revoked = await teamClient(c.env.TEAM, slug).access().revokeToken(c.req.param("id"));
    if (!revoked) throw new AppError("not_found", "There is no live token of that id in this team.");
    return c.body(null, 204);
  });

/** Compares digests in constant time, so that neither the length nor the first wrong character shows. */
async function requireOperator(request: Request, env: Env): Promise<void> {
  const presented = bearerOf(request);
  if (presented !== undefined && env.OPERATOR_TOKEN !== "") {
    const [a, b] = await Promise.all(
      [presented, env.OPERATOR_TOKEN].map((text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    );
    if (a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b)) return;
  }
  throw new AppError("unauthorized", "The operator's token is needed.", {
    hint: "Send `Authorization: Bearer <OPERATOR_TOKEN>`, the secret this deployment was given.",
    details: { presented: presented !== undefined },
  });
}
