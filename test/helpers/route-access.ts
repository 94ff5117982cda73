// Every address of the product and who may use it: one list, for docs/permissions.md and for the test that tries them all.
import type { Permission } from "../../src/core/define-tool.ts";
import { permissionOf } from "../../src/features/access/access.ts";

/** Who may use an address that asks for no permission of a team's. */
export type Door =
  /** Anyone; it says nothing of a team and changes nothing of one. */
  | "anyone"
  /** Whoever bears the deployment's operator token. */
  | "operator"
  /** Anyone with a good credential of the team; what they may do there is each tool's permission. */
  | "team"
  /** A person signed in with a browser. */
  | "session"
  /** Whoever has the secret of an invitation's link. */
  | "invitation";

export interface Endpoint {
  method: string;
  path: string;
  access: { permission: Permission } | { door: Door };
}

/** Addresses without a permission of their own. One that is on no list fails the test and the writing of the docs. */
const doors: Readonly<Record<string, Door>> = {
  "GET /health": "anyone",
  "GET /health/ready": "anyone",
  "GET /metrics": "operator",
  "ALL /.well-known/oauth-protected-resource/*": "anyone",
  "GET /.well-known/oauth-protected-resource/t/:team/mcp": "anyone",
  "ALL /.well-known/oauth-authorization-server": "anyone",
  "ALL /register": "anyone",
  "ALL /token": "anyone",
  "GET /authorize": "session",
  "POST /authorize": "session",
  "GET /": "anyone",
  "GET /sign-in": "anyone",
  "GET /sign-in/:provider": "anyone",
  "GET /sign-in/:provider/callback": "anyone",
  "POST /sign-in/passkey/options": "anyone",
  "POST /sign-in/passkey/verify": "anyone",
  "POST /sign-in/passkey/register/options": "session",
  "POST /sign-in/passkey/register/verify": "session",
  "POST /sign-out": "anyone",
  "GET /join/:team/:secret": "invitation",
  "POST /join/:team/:secret": "invitation",
  "GET /account": "session",
  "POST /account/name": "session",
  "POST /account/sessions/revoke": "session",
  "POST /account/apps/disconnect": "session",
  "POST /account/sign-out-everywhere": "session",
  "POST /account/passkeys/rename": "session",
  "POST /account/passkeys/remove": "session",
  "POST /account/identities/remove": "session",
  "GET /teams/new": "session",
  "POST /teams/new": "session",
  "POST /teams/restore": "session",
  "ALL /t/:team/mcp": "team",
};

/** Hono lists what stands before routes as routes, too. */
const middleware: ReadonlySet<string> = new Set([
  "ALL /*",
  "ALL /operator/*",
  "ALL /sign-in/passkey/*",
  "ALL /account/*",
  "ALL /teams/*",
  "ALL /t/:team/*",
  "ALL /t/:team/api/v1/*",
]);

function innermost(handler: object): object {
  const inner: unknown = Reflect.get(handler, "__COMPOSED_HANDLER");
  return typeof inner === "function" ? innermost(inner) : handler;
}

/** The endpoints of an app, in its order. Throws for one that asks for no permission and is on no list. */
export function endpointsOf(app: { routes: readonly { method: string; path: string; handler: object }[] }): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const { method, path, handler } of app.routes) {
    const key = `${method} ${path}`;
    // An app with an error handler of its own wraps the handlers of its routes.
    const permission = permissionOf(innermost(handler));
    const door = path.startsWith("/operator/") ? "operator" : doors[key];
    if (middleware.has(key)) continue;
    if (permission !== undefined) found.set(key, { method, path, access: { permission } });
    else if (door !== undefined) found.set(key, { method, path, access: { door } });
    else if (!found.has(key))
      throw new Error(
        `${key} asks for no permission: give it guarded(…) before its handler, or a door in test/helpers/route-access.ts`,
      );
  }
  return [...found.values()];
}
