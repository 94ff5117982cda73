// The addresses of the OAuth authorization server, all at the origin. Runs at the edge.
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { AppError } from "../../core/errors.ts";
import { teamSlugSchema } from "../../core/names.ts";
import { canServeOAuth, issuerOrigin, publicOrigin, resourceOf } from "./addresses.ts";
import { answerAuthorize } from "./authorize.ts";
import { baselineScopes } from "./challenge.ts";
import { rootServer } from "./server.ts";
import { answerRegistration, answerToken, atOrigin } from "./token.ts";

const openCors = cors({ origin: "*", allowMethods: ["GET", "HEAD"], allowHeaders: ["*"], maxAge: 86_400 });

export const oauthRoutes = new Hono<{ Bindings: Env }>()
  .use("/.well-known/oauth-protected-resource/*", openCors)
  .get("/.well-known/oauth-protected-resource/t/:team/mcp", (c) => {
    const origin = requireOAuth(c.req.raw, c.env);
    const team = c.req.param("team");
    // The same for every name a team could have: who asks learns nothing of which there are.
    if (!teamSlugSchema.safeParse(team).success) return c.notFound();
    return c.json(
      {
        resource: resourceOf(publicOrigin(c.req.raw, c.env), team),
        authorization_servers: [origin],
        scopes_supported: baselineScopes,
        bearer_methods_supported: ["header"],
      },
      200,
      { "cache-control": "no-store" },
    );
  })
  .all("/.well-known/oauth-authorization-server", async (c) => {
    const origin = requireOAuth(c.req.raw, c.env);
    const answer = await rootServer(origin).fetch(atOrigin(c.req.raw, origin), c.env, platformContext(c));
    if (answer.status !== 200 || answer.body === null) return answer;
    const { protected_resources: _ours, ...metadata } = (await answer.json()) as Record<string, unknown>;
    return new Response(JSON.stringify(metadata), answer);
  })
  .all("/register", (c) => {
    requireOAuth(c.req.raw, c.env);
    return answerRegistration(c.req.raw, c.env, platformContext(c));
  })
  .all("/token", (c) => {
    requireOAuth(c.req.raw, c.env);
    return answerToken(c.req.raw, c.env, platformContext(c));
  })
  .on(["GET", "POST"], "/authorize", (c) => answerAuthorize(c.req.raw, c.env));

/** The platform's own context; the router describes an older one. */
function platformContext(c: Context): ExecutionContext {
  return c.executionCtx as ExecutionContext;
}

/** The issuer. Throws `not_found` where OAuth is not served: over plain http, but for this very machine. */
function requireOAuth(request: Request, env: object): string {
  const origin = issuerOrigin(request, env);
  if (canServeOAuth(origin)) return origin;
  throw new AppError("not_found", "OAuth is served over https only.", {
    hint: "Reach this server over https, or send a token as `Authorization: Bearer <token>`.",
  });
}
