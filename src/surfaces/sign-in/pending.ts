// A sign-in under way: what this browser must bring back, sealed in a cookie of its own. Runs at the edge.
import * as z from "zod";
import { signInLimits } from "../../limits.ts";
import { clearCookie, readCookie, setCookie } from "./cookies.ts";
import { seal, unseal } from "./sealed.ts";

/** On the way to an identity provider and back. */
const providerSchema = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  /** The signed-in person who adds this account to theirs; absent: a sign-in. */
  linkTo: z.string().optional(),
});
export type PendingProvider = z.infer<typeof providerSchema>;

/** A passkey prompt that is open in this browser. */
const passkeySchema = z.object({
  what: z.enum(["sign-in", "register"]),
  challenge: z.string(),
  expiresAt: z.number(),
  /** Whose passkey is made, and whether they exist already. */
  person: z.object({ id: z.string(), displayName: z.string(), isNew: z.boolean() }).optional(),
});
export type PendingPasskey = z.infer<typeof passkeySchema>;

const cookies = {
  provider: { name: "__Host-signin", schema: providerSchema },
  passkey: { name: "__Host-passkey", schema: passkeySchema },
} as const;

interface Pending {
  provider: PendingProvider;
  passkey: PendingPasskey;
}

/** The `Set-Cookie` value that remembers it for signInLimits.pendingMs. */
export async function pendingCookie<Kind extends keyof Pending>(
  env: Pick<Env, "OPERATOR_TOKEN">,
  kind: Kind,
  value: Pending[Kind],
  now: number,
): Promise<string> {
  const { pendingMs } = signInLimits;
  return setCookie(cookies[kind].name, await seal(env.OPERATOR_TOKEN, kind, value, now + pendingMs), pendingMs);
}

/** What this browser brings back; undefined when it brings nothing, too late, or of another making. */
export async function readPending<Kind extends keyof Pending>(
  request: Request,
  env: Pick<Env, "OPERATOR_TOKEN">,
  kind: Kind,
  now: number,
): Promise<Pending[Kind] | undefined> {
  const { name, schema } = cookies[kind];
  const value = await unseal(env.OPERATOR_TOKEN, kind, readCookie(request, name), now);
  const parsed = schema.safeParse(value);
  return parsed.success ? (parsed.data as Pending[Kind]) : undefined;
}

export function clearedPending(kind: keyof Pending): string {
  return clearCookie(cookies[kind].name);
}
