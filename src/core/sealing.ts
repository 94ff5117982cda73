// Text that only a holder of the same secret can read or make: AES-256-GCM under a key derived for one purpose. Runs at the edge.
import { base64Url, fromBase64Url } from "./ids.ts";

const ivBytes = 12;
const encoder = new TextEncoder();

/** What a sealing key is derived from, by HKDF-SHA-256. `info` names the purpose: keys of different purposes never open each other's text. */
export interface SealingKey {
  material: string;
  salt?: string;
  info: string;
}

/** Seals `text`; `place` is authenticated along, so that what was sealed for one place does not open in another. base64url. */
export async function sealText(key: SealingKey, place: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const box = await crypto.subtle.encrypt(parameters(iv, place), await derive(key), encoder.encode(text));
  const whole = new Uint8Array(ivBytes + box.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(box), ivBytes);
  return base64Url(whole);
}

/** What was sealed; undefined when key or place is another one, or the text was changed. */
export async function openText(key: SealingKey, place: string, sealed: string): Promise<string | undefined> {
  const bytes = fromBase64Url(sealed);
  if (bytes === undefined || bytes.length <= ivBytes) return undefined;
  const derived = await derive(key);
  try {
    const opened = await crypto.subtle.decrypt(
      parameters(bytes.subarray(0, ivBytes), place),
      derived,
      bytes.subarray(ivBytes),
    );
    return new TextDecoder().decode(opened);
  } catch {
    return undefined;
  }
}

const parameters = (iv: Uint8Array, place: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: encoder.encode(place),
});

async function derive({ material, salt = "", info }: SealingKey): Promise<CryptoKey> {
  const source = await crypto.subtle.importKey("raw", encoder.encode(material), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: encoder.encode(salt), info: encoder.encode(info) };
  return crypto.subtle.deriveKey(how, source, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
