// Who a person is across teams: ids, names and when a session ends. Runs everywhere.
import { base64Url, newId } from "../../core/ids.ts";
import { signInLimits } from "../../limits.ts";

/** How someone can be signed in without an identity provider; no provider may be called so. */
export const builtInProviders = ["passkey", "link"] as const;

/**
 * The person that an account at an identity provider stands for: always the same for the same issuer and subject, and never that of an
 * address, which can change hands. `per_` and 43 base64url characters.
 */
export async function personOfIdentity(issuer: string, subject: string): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([issuer, subject]));
  return `per_${base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", text)))}`;
}

/** A person whom no identity provider knows. */
export function newPersonId(): string {
  return newId("per");
}

/** True for text that can be a person's id, so that no object is woken for what cannot. */
export function isPersonId(text: string): boolean {
  return /^per_(?:[A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{43})$/.test(text);
}

/** When a session ends: idle or absolute, whichever is sooner. Unix milliseconds. */
export function sessionEnd(lastSeenAt: number, absoluteEnd: number): number {
  return Math.min(lastSeenAt + signInLimits.sessionIdleMs, absoluteEnd);
}

/** A name to show, from text that others wrote: one line, no control or direction characters, cut to its limit; undefined when nothing is left. */
export function cleanName(
  text: string | null | undefined,
  maxChars: number = signInLimits.displayNameChars,
): string | undefined {
  const line = (text ?? "")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const cut = Array.from(line).slice(0, maxChars).join("").trim();
  return cut === "" ? undefined : cut;
}
