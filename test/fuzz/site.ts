// The endpoints that belong to no team: health, metrics, the operator's, sign-in pages, OAuth. Runs in Node.
import type { Endpoint } from "./requests.ts";

const operator = (method: string, path: string, json?: unknown): Endpoint => ({
  name: `${method} ${path}`,
  method,
  path,
  auth: "operator",
  errors: "problem",
  query: ["limit", "cursor", "after"],
  ...(json === undefined ? {} : { json }),
});

const open = (method: string, path: string, more: Partial<Endpoint> = {}): Endpoint => ({
  name: `${method} ${path}`,
  method,
  path,
  auth: "none",
  errors: "any",
  ...more,
});

/** A form as a page of the server's own sends it. */
const form = (path: string, fields: Record<string, string>): Endpoint =>
  open("POST", path, { form: fields, headers: { "sec-fetch-site": "same-origin", cookie: sessionCookie } });

/** Well formed, and nobody's. */
const sessionCookie = `__Host-session=per_${"A".repeat(22)}.${"B".repeat(43)}`;
const challenge = "C".repeat(43);
const sameOrigin = { "sec-fetch-site": "same-origin" };

export const siteEndpoints: readonly Endpoint[] = [
  open("GET", "/"),
  open("GET", "/no-such-page"),
  open("GET", "/health", { errors: "problem" }),
  open("GET", "/health/ready", { errors: "problem" }),
  operator("GET", "/metrics"),
  operator("GET", "/operator/teams"),
  operator("PUT", "/operator/teams/fuzz-made", { name: "Made" }),
  operator("DELETE", "/operator/teams/fuzz-made"),
  operator("GET", "/operator/teams/fuzz-made/backups"),
  operator("POST", "/operator/teams/fuzz-made/restore", { backup_id: "bkp_none", as: "fuzz-copy" }),
  operator("GET", "/operator/dead-letters"),
  operator("POST", "/operator/dead-letters/:id/replay", {}),
  operator("DELETE", "/operator/dead-letters/:id"),
  operator("POST", "/operator/teams/fuzz-made/invitations", {
    ...{ role: "viewer", email: "a@example.org", sign_in: true, expires_in_days: 1 },
  }),
  operator("POST", "/operator/teams/fuzz-made/tokens", {
    ...{ username: "x", role: "viewer", label: "x", scopes: ["data:read"], expires_in_days: 1 },
  }),
  operator("DELETE", "/operator/teams/fuzz-made/tokens/:id"),
  open("GET", "/account", { headers: { cookie: sessionCookie } }),
  form("/account/name", { display_name: "A" }),
  form("/account/sessions/revoke", { id: "ses_x" }),
  form("/account/apps/disconnect", { team: "x", id: "con_x" }),
  form("/account/sign-out-everywhere", { x: "y" }),
  form("/account/passkeys/rename", { id: "x", name: "y" }),
  form("/account/passkeys/remove", { id: "x" }),
  form("/account/identities/remove", { issuer: "https://example.org", subject: "1" }),
  form("/sign-out", { x: "y" }),
  open("GET", "/teams/new", { headers: { cookie: sessionCookie } }),
  form("/teams/new", { slug: "made-by-form", name: "Made" }),
  form("/teams/restore", { team: "nothing-here" }),
  open("GET", "/sign-in", { query: ["return_to", "error"] }),
  open("GET", "/sign-in/:provider", { query: ["return_to"] }),
  open("GET", "/sign-in/:provider/callback", { query: ["code", "state", "error", "iss"] }),
  open("POST", "/sign-in/passkey/options", { json: {}, headers: sameOrigin }),
  open("POST", "/sign-in/passkey/verify", {
    ...{
      headers: sameOrigin,
      json: passkeyAnswer({ authenticatorData: "AAAA", signature: "AAAA", userHandle: "AAAA" }),
    },
  }),
  open("POST", "/sign-in/passkey/register/options", { json: { display_name: "A", name: "A" }, headers: sameOrigin }),
  open("POST", "/sign-in/passkey/register/verify", {
    ...{ headers: sameOrigin, json: passkeyAnswer({ attestationObject: "o2NmbXRkbm9uZQ", transports: ["internal"] }) },
  }),
  open("GET", "/join/:team/:secret"),
  form("/join/:team/:secret", { display_name: "A" }),
  open("GET", "/.well-known/oauth-protected-resource/t/:team/mcp"),
  open("GET", "/.well-known/oauth-authorization-server"),
  open("POST", "/register", {
    errors: "oauth",
    json: {
      ...{ client_name: "Fuzz", redirect_uris: ["http://127.0.0.1:1/callback"], token_endpoint_auth_method: "none" },
      ...{ grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], scope: "data:read" },
    },
  }),
  open("POST", "/token", {
    errors: "oauth",
    form: {
      ...{ grant_type: "authorization_code", code: "a.per_b:c:d", client_id: "x", code_verifier: challenge },
      ...{ redirect_uri: "http://127.0.0.1:1/callback", resource: "http://127.0.0.1/t/demo/mcp" },
    },
  }),
  open("POST", "/token", {
    name: "POST /token (refresh)",
    errors: "oauth",
    form: { grant_type: "refresh_token", refresh_token: "a.per_b:c:d", client_id: "x" },
  }),
  open("POST", "/token", {
    name: "POST /token (revocation)",
    errors: "oauth",
    form: { token: "a.per_b:c:d", token_type_hint: "access_token", client_id: "x" },
  }),
  open("GET", "/authorize", {
    query: [
      "response_type",
      "client_id",
      "redirect_uri",
      "scope",
      "state",
      "resource",
      "code_challenge",
      "code_challenge_method",
    ],
    headers: { cookie: sessionCookie },
  }),
  form("/authorize", { handle: "x", csrf: "y", decision: "allow", scope: "data:read" }),
];

function passkeyAnswer(response: Record<string, unknown>): unknown {
  const clientDataJSON = btoa(
    JSON.stringify({ type: "webauthn.get", challenge, origin: "http://127.0.0.1" }),
  ).replaceAll("=", "");
  const credential = { id: "AAAA", rawId: "AAAA", type: "public-key", clientExtensionResults: {} };
  return { ...credential, response: { clientDataJSON, ...response }, credential };
}
