// What a browser keeps for us between two requests, unreadable and unchangeable to it: AES-GCM under a key derived from the deployment's
// secret, for one purpose and a short time. Runs at the edge.
import { base64Url, fromBase64Url } from "../../core/ids.ts";

const ivBytes = 12;
const encoder = new TextEncoder();

/** Seals `value` for `purpose` until `expiresAt` (Unix milliseconds). Any isolate with the same secret opens it. */
export async function seal(secret: string, purpose: string, value: unknown, expiresAt: number): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const text = encoder.encode(JSON.stringify({ value, expiresAt }));
  const sealed = await crypto.subtle.encrypt(parameters(iv, purpose), await keyOf(secret), text);
  const bytes = new Uint8Array(ivBytes + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), ivBytes);
  return base64Url(bytes);
}

/** What was sealed for that purpose; undefined when it was not by us, for something else, or has expired. */
export async function unseal(secret: string, purpose: string, text: string | undefined, now: number): Promise<unknown> {
  const bytes = text === undefined ? undefined : fromBase64Url(text);
  if (bytes === undefined || bytes.length <= ivBytes) return undefined;
  try {
    const parameter = parameters(bytes.subarray(0, ivBytes), purpose);
    const opened = await crypto.subtle.decrypt(parameter, await keyOf(secret), bytes.subarray(ivBytes));
    const { value, expiresAt } = JSON.parse(new TextDecoder().decode(opened)) as { value: unknown; expiresAt: number };
    return expiresAt > now ? value : undefined;
  } catch {
    return undefined;
  }
}

const parameters = (iv: Uint8Array, purpose: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: encoder.encode(purpose),
});

async function keyOf(secret: string): Promise<CryptoKey> {
  // An empty secret would be a key that everyone knows.
  if (secret === "") throw new Error("OPERATOR_TOKEN is empty, so nothing can be sealed");
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const info = encoder.encode("super-data sign-in cookies v1");
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
