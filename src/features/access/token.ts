// The text of a personal access token: made at the edge, kept by the team only as a digest.
import { base64Url, sha256Hex } from "../../core/ids.ts";

const prefix = "sdp_";
const secretBytes = 32;

/** A fresh token: `sdp_` and 43 random base64url characters, its SHA-256 and the few characters it is recognised by. */
export async function makeToken(): Promise<{ token: string; hash: string; prefix: string }> {
  const token = prefix + base64Url(crypto.getRandomValues(new Uint8Array(secretBytes)));
  return { token, hash: await sha256Hex(token), prefix: token.slice(0, prefix.length + 4) };
}

/** The digest of a bearer token, or undefined when the text cannot be one of ours, so that no object is woken for it. */
export async function tokenHash(bearer: string | undefined): Promise<string | undefined> {
  if (bearer === undefined || !/^sdp_[A-Za-z0-9_-]{43}$/.test(bearer)) return undefined;
  return sha256Hex(bearer);
}
