// Cross-origin access to the MCP endpoint, for the web pages that the guard lets in. Runs at the edge.
import type { MiddlewareHandler } from "hono";
import { readAllowedOrigins, refuseForeign } from "./guard.ts";

const exposed = [
  "WWW-Authenticate",
  "Mcp-Session-Id",
  "MCP-Protocol-Version",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Request-Id",
].join(", ");

/** Answers a browser's preflight, and lets the page read the answer. Pages elsewhere get no such headers and so learn nothing. */
export const mcpCors: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const origin = c.req.header("origin");
  if (origin === undefined || refuseForeign(c.req.raw, readAllowedOrigins(c.env)) !== undefined) return next();
  if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
    return new Response(null, {
      status: 204,
      headers: preflight(origin, c.req.header("access-control-request-headers")),
    });
  }
  await next();
  // A copy: headers of an answer that came from elsewhere cannot be changed.
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("access-control-allow-origin", origin);
  c.res.headers.set("access-control-expose-headers", exposed);
  c.res.headers.append("vary", "origin");
};

function preflight(origin: string, asked: string | undefined): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": asked ?? "authorization, content-type",
    "access-control-max-age": "86400",
    vary: "origin, access-control-request-headers",
  };
}
