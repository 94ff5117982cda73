// Who may speak to the MCP endpoint from a browser: Host and Origin checks against DNS rebinding. Runs at the edge.
import {
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";

/** The operator's MCP_ALLOWED_ORIGINS: origins or bare host names, comma separated. */
export function readAllowedOrigins(env: object): string[] {
  const text: unknown = Reflect.get(env, "MCP_ALLOWED_ORIGINS");
  if (typeof text !== "string") return [];
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/**
 * Answers 403 to a request a foreign web page may have made, else undefined.
 * Over https the certificate proves that the name is ours, so any Host passes and an Origin must be of the same host. Over plain http only
 * localhost names pass: a page whose name was rebound to this machine shows its own. `allowedOrigins` are trusted as both.
 */
export function refuseForeign(request: Request, allowedOrigins: readonly string[]): Response | undefined {
  const url = new URL(request.url);
  const trusted = allowedOrigins.map(hostnameOf);
  const own = url.protocol === "https:" ? [url.hostname] : [];
  const host = validateHostHeader(request.headers.get("host") ?? url.host, [
    ...localhostAllowedHostnames(),
    ...own,
    ...trusted,
  ]);
  if (!host.ok) return refusal(host.message);
  const origin = validateOriginHeader(request.headers.get("origin"), [
    ...localhostAllowedOrigins(),
    ...own,
    ...trusted,
  ]);
  return origin.ok ? undefined : refusal(origin.message);
}

function hostnameOf(origin: string): string {
  return URL.canParse(origin) && new URL(origin).hostname !== "" ? new URL(origin).hostname : origin;
}

function refusal(message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, { status: 403 });
}
