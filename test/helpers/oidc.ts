// A real OpenID Connect issuer on loopback, and a stand-in for GitHub: what signs people in during tests. Runs in Node.
import { createServer, type RequestListener, type Server } from "node:http";
import { Provider } from "oidc-provider";
import type { Browser, Page } from "./browser.ts";

export interface Issuer {
  origin: string;
  stop: () => Promise<void>;
}

/** An account: what the issuer says of whoever signs in under this login. */
export type Accounts = Record<string, { name?: string; email?: string; email_verified?: boolean }>;

export const client = { id: "super-data", secret: "a-secret-of-the-tests" };

/** Serves an issuer with these accounts; any password is right. `redirectUri` is where our server takes people back. */
export async function startIssuer(port: number, redirectUri: string, accounts: Accounts): Promise<Issuer> {
  const origin = `http://127.0.0.1:${port}`;
  const provider = new Provider(origin, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["a-key-of-the-tests"] },
    findAccount: (_ctx: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  });
  return serve(port, provider.callback());
}

/** Signs in at the issuer under a login and allows what our server asks for; ends where our server takes the browser. */
export async function signInAtIssuer(browser: Browser, start: Page, login: string): Promise<Page> {
  let page = start;
  if (page.html.includes('name="login"')) page = await browser.submit(page, { set: { login, password: "any" } });
  if (page.html.includes('value="consent"')) page = await browser.submit(page);
  return page;
}

/** A GitHub Enterprise Server as far as sign-in goes. It signs in as `account` whoever comes. */
export async function startGitHub(
  port: number,
  account: { id: number; login: string; emails: { email: string; primary: boolean; verified: boolean }[] },
): Promise<Issuer> {
  const codes = new Map<string, string>();
  return serve(port, async (request, response) => {
    const url = new URL(request.url ?? "/", `http://127.0.0.1:${port}`);
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const isSignedIn =
      request.headers.authorization === "Bearer gho_test" && request.headers["user-agent"] !== undefined;
    if (url.pathname === "/login/oauth/authorize") {
      const code = crypto.randomUUID();
      codes.set(code, url.searchParams.get("code_challenge") ?? "");
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.search = new URLSearchParams({ code, state: url.searchParams.get("state") ?? "" }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else if (url.pathname === "/login/oauth/access_token") {
      const form = new URLSearchParams(await bodyOf(request));
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.get("code_verifier") ?? ""));
      const isRight =
        codes.get(form.get("code") ?? "") === Buffer.from(digest).toString("base64url") &&
        form.get("client_id") === client.id &&
        form.get("client_secret") === client.secret;
      json(200, isRight ? { access_token: "gho_test", token_type: "bearer" } : { error: "bad_verification_code" });
    } else if (!isSignedIn) json(401, { message: "Requires authentication" });
    else if (url.pathname === "/api/v3/user") json(200, { id: account.id, login: account.login, name: null });
    else if (url.pathname === "/api/v3/user/emails") json(200, account.emails);
    else json(404, { message: "Not Found" });
  });
}

async function bodyOf(request: Parameters<RequestListener>[0]): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function serve(port: number, listener: RequestListener): Promise<Issuer> {
  const server = createServer(listener);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve({ origin: `http://127.0.0.1:${port}`, stop: () => stop(server) }));
  });
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
