// What every identity provider comes to: an account it vouches for, or a reason why not. Runs at the edge.
import { calculatePKCECodeChallenge } from "oauth4webapi";
import { AppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { signInLimits } from "../../limits.ts";
import type { PendingProvider } from "./pending.ts";
import type { Provider } from "./providers.ts";

/** An account as its provider describes it. */
export interface ExternalAccount {
  issuer: string;
  subject: string;
  name: string | undefined;
  email: string | null;
  emailVerified: boolean;
}

/** The address that starts a code flow with PKCE at a provider's `endpoint`; `more` is what this kind of provider takes besides. */
export async function codeFlowUrl(
  endpoint: string,
  provider: Provider,
  redirectUri: string,
  pending: Pick<PendingProvider, "state" | "verifier">,
  more: Readonly<Record<string, string>>,
): Promise<URL> {
  const url = new URL(endpoint);
  const parameters = {
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    ...more,
    state: pending.state,
    code_challenge: await calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Throws `sign_in_failed` unless the account's verified address is of a domain that the provider's people may have. */
export function requireDomain(provider: Provider, { email, emailVerified }: ExternalAccount): void {
  if (provider.domains.length === 0) return;
  const allowed = provider.domains.map((domain) => `@${domain}`).join(", ");
  if (email === null || !emailVerified) {
    throw new AppError(
      "sign_in_failed",
      `${provider.label} did not confirm an email address of yours; one is needed here.`,
      {
        hint: `Verify an address that ends in ${allowed} with ${provider.label}, then sign in again.`,
      },
    );
  }
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  if (provider.domains.includes(domain)) return;
  throw new AppError("sign_in_failed", "Your email address is not of a domain that may sign in here.", {
    hint: `Sign in with an account whose address ends in ${allowed}.`,
  });
}

/** The provider could not be reached or answered with nonsense. What it said goes to the log alone. */
export function providerDown(provider: Provider, cause: unknown): AppError {
  logFailure("sign_in_provider_failed", { provider: provider.id, issuer: provider.issuer }, cause);
  return new AppError(
    "sign_in_failed",
    `${provider.label} could not be reached or gave an answer that cannot be used.`,
    {
      hint: "Try again in a minute. If it stays so, tell whoever runs this server: its log has the reason under sign_in_provider_failed.",
      cause,
    },
  );
}

/** The provider was asked and said no, or the person did. */
export function providerRefused(provider: Provider, error: string): AppError {
  const denied = error === "access_denied";
  return new AppError(
    "sign_in_failed",
    denied ? `The sign-in with ${provider.label} was cancelled.` : `${provider.label} refused the sign-in.`,
    {
      hint: denied
        ? "Start again, or choose another way."
        : "Try again. If it stays so, tell whoever runs this server.",
    },
  );
}

/** What came back does not belong to a sign-in that this browser began. */
export function notOurSignIn(): AppError {
  return new AppError(
    "sign_in_failed",
    "This sign-in was not started in this browser, has expired, or another one replaced it.",
    {
      hint: "Start again here, in one tab, with cookies allowed.",
    },
  );
}

/** A signal that ends a request to a provider in time. */
export function providerTimeout(): AbortSignal {
  return AbortSignal.timeout(signInLimits.providerTimeoutMs);
}
