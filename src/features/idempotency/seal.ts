// Sealing the answers that idempotency keys give again: only who brings the key, through this deployment, can have one read. Runs at the edge.
import { base64Url, fromBase64Url } from "../../core/ids.ts";

const nonceBytes = 12;

export interface AnswerSeal {
  /** Text that `open` gives back for the same key and place. */
  seal: (key: string, place: string, text: string) => Promise<string>;
  /** The text, or undefined when the key, the place or the deployment's secret is another one. */
  open: (key: string, place: string, sealed: string) => Promise<string | undefined>;
}

/** AES-256-GCM under HKDF-SHA-256 of the idempotency key and the deployment's secret; `place` is authenticated along. */
export function makeAnswerSeal(secret: string): AnswerSeal {
  const encoder = new TextEncoder();
  const keyFor = async (key: string): Promise<CryptoKey> => {
    const material = await crypto.subtle.importKey("raw", encoder.encode(key), "HKDF", false, ["deriveKey"]);
    const salt = encoder.encode(secret);
    const info = encoder.encode("super-data idempotent answer");
    const use = { name: "AES-GCM", length: 256 };
    return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info }, material, use, false, [
      "encrypt",
      "decrypt",
    ]);
  };
  return {
    seal: async (key, place, text) => {
      const iv = crypto.getRandomValues(new Uint8Array(nonceBytes));
      const options = { name: "AES-GCM", iv, additionalData: encoder.encode(place) };
      const box = new Uint8Array(await crypto.subtle.encrypt(options, await keyFor(key), encoder.encode(text)));
      const whole = new Uint8Array(nonceBytes + box.length);
      whole.set(iv);
      whole.set(box, nonceBytes);
      return base64Url(whole);
    },
    open: async (key, place, sealed) => {
      const bytes = fromBase64Url(sealed);
      if (bytes === undefined || bytes.length <= nonceBytes) return undefined;
      const options = { name: "AES-GCM", iv: bytes.subarray(0, nonceBytes), additionalData: encoder.encode(place) };
      try {
        const text = await crypto.subtle.decrypt(options, await keyFor(key), bytes.subarray(nonceBytes));
        return new TextDecoder().decode(text);
      } catch {
        return undefined;
      }
    },
  };
}
