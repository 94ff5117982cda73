// Cross-origin access to the REST API, for the origins that the operator names: none unless REST_ALLOWED_ORIGINS is set. Runs at the edge.
import type { MiddlewareHandler } from "hono";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** What requests may bring. Authorization is a token's: no cookie is ever let through from elsewhere. */
const taken = [
  "Authorization",
  "Content-Type",
  "Content-Encoding",
  "Content-Digest",
  "Repr-Digest",
  "Want-Repr-Digest",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "If-Range",
  "Range",
].join(", ");

const exposed = [
  "ETag",
  "Link",
  "Location",
  "Allow",
  "WWW-Authenticate",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Request-Id",
  "Idempotency-Replayed",
  "Accept-Ranges",
  "Content-Range",
  "Content-Disposition",
  "Repr-Digest",
  "Unencoded-Digest",
].join(", ");

/** The operator's REST_ALLOWED_ORIGINS: whole origins (`https://notebooks.example`), comma separated. What is no origin matches none. */
export function restOrigins(env: object): ReadonlySet<string> {
  const text: unknown = Reflect.get(env, "REST_ALLOWED_ORIGINS");
  if (typeof text !== "string") return new Set();
  return new Set(
    text
      .split(",")
      .map((entry) => entry.trim().replace(/\/$/, "").toLowerCase())
      .filter((entry) => entry !== "" && entry !== "null" && entry !== "*"),
  );
}

/**
 * Middleware around the API, before anyone is let in: a preflight carries no token. Answers preflights of the origins named, and lets their
 * pages read answers. Credentials of the browser's own are never allowed: a page elsewhere sends a token, or is nobody.
 */
export const restCors: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const origin = c.req.header("origin");
  const origins = restOrigins(c.env);
  if (origin === undefined || !origins.has(origin)) {
    await next();
    if (origins.size > 0) c.res.headers.append("vary", "Origin");
    return;
  }
  if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
    return new Response(null, { status: 204, headers: preflight(origin) });
  }
  await next();
  c.res.headers.set("access-control-allow-origin", origin);
  c.res.headers.set("access-control-expose-headers", exposed);
  c.res.headers.append("vary", "Origin");
};

function preflight(origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": methods,
    "access-control-allow-headers": taken,
    "access-control-max-age": "86400",
    vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}
