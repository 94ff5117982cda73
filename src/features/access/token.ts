// The text of an access token: made at the edge, kept by the team only as a digest.
import { randomSecret, sha256Hex } from "../../core/ids.ts";

const prefixes = { person: "sdp_", service: "sds_" } as const;

/** A fresh token: `sdp_` (a person's) or `sds_` (a service account's) and 43 random base64url characters, its SHA-256 and the few characters it is recognised by. */
export async function makeToken(
  of: keyof typeof prefixes = "person",
): Promise<{ token: string; hash: string; prefix: string }> {
  const start = prefixes[of];
  const token = start + randomSecret();
  return { token, hash: await sha256Hex(token), prefix: token.slice(0, start.length + 4) };
}

/** The digest of a bearer token, or undefined when the text cannot be one of ours, so that no object is woken for it. */
export async function tokenHash(bearer: string | undefined): Promise<string | undefined> {
  if (bearer === undefined || !/^sd[ps]_[A-Za-z0-9_-]{43}$/.test(bearer)) return undefined;
  return sha256Hex(bearer);
}
