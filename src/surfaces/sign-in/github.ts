// Sign-in with GitHub or a GitHub Enterprise Server: OAuth with PKCE, then its API for who it was. Runs at the edge.
import * as z from "zod";
import { isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { codeFlowUrl, type ExternalAccount, providerDown, providerRefused, providerTimeout } from "./external.ts";
import type { PendingProvider } from "./pending.ts";
import type { Provider } from "./providers.ts";

const tokenSchema = z.object({ access_token: z.string() });
const refusalSchema = z.object({ error: z.string() });
const userSchema = z.object({ id: z.number().int(), login: z.string(), name: z.string().nullish() });
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** Where to send the browser. */
export async function githubAuthorizationUrl(
  provider: Provider,
  redirectUri: string,
  pending: Pick<PendingProvider, "state" | "verifier">,
): Promise<URL> {
  const endpoint = `${provider.issuer}/login/oauth/authorize`;
  return codeFlowUrl(endpoint, provider, redirectUri, pending, { scope: "read:user user:email" });
}

/** The account behind a callback whose state was checked. Throws `sign_in_failed`; the details are in the log. */
export async function githubAccount(
  provider: Provider,
  redirectUri: string,
  callback: URL,
  pending: PendingProvider,
): Promise<ExternalAccount> {
  const error = callback.searchParams.get("error");
  if (error !== null) {
    logFailure("sign_in_refused", { provider: provider.id, error });
    throw providerRefused(provider, error);
  }
  try {
    const token = await exchange(provider, redirectUri, callback.searchParams.get("code") ?? "", pending);
    const [user, emails] = await Promise.all([
      api(provider, "/user", token, userSchema),
      api(provider, "/user/emails", token, emailsSchema),
    ]);
    const primary = emails.find((entry) => entry.primary && entry.verified);
    return {
      issuer: provider.issuer,
      // The number stays with the account; its login can change hands.
      subject: String(user.id),
      name: user.name ?? user.login,
      email: primary?.email ?? null,
      emailVerified: primary !== undefined,
    };
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw providerDown(provider, cause);
  }
}

async function exchange(
  provider: Provider,
  redirectUri: string,
  code: string,
  pending: PendingProvider,
): Promise<string> {
  const answer = await fetch(`${provider.issuer}/login/oauth/access_token`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      code,
      redirect_uri: redirectUri,
      code_verifier: pending.verifier,
    }),
    signal: providerTimeout(),
  });
  const body: unknown = await answer.json();
  const refusal = refusalSchema.safeParse(body);
  if (refusal.success) {
    logFailure("sign_in_refused", { provider: provider.id, error: refusal.data.error });
    throw providerRefused(provider, refusal.data.error);
  }
  return tokenSchema.parse(body).access_token;
}

async function api<Schema extends z.ZodType>(
  provider: Provider,
  path: string,
  token: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const base = provider.issuer === "https://github.com" ? "https://api.github.com" : `${provider.issuer}/api/v3`;
  const answer = await fetch(base + path, {
    headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "user-agent": "super-data" },
    signal: providerTimeout(),
  });
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
  return schema.parse(await answer.json());
}
