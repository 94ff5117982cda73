// What a browser keeps for us between two requests, unreadable and unchangeable to it, for one purpose and a short time. Runs at the edge.
import { openText, type SealingKey, sealText } from "../../core/sealing.ts";

/** Seals `value` for `purpose` until `expiresAt` (Unix milliseconds). Any isolate with the same secret opens it. */
export async function seal(secret: string, purpose: string, value: unknown, expiresAt: number): Promise<string> {
  return sealText(keyOf(secret), purpose, JSON.stringify({ value, expiresAt }));
}

/** What was sealed for that purpose; undefined when it was not by us, for something else, or has expired. */
export async function unseal(secret: string, purpose: string, text: string | undefined, now: number): Promise<unknown> {
  const opened = text === undefined ? undefined : await openText(keyOf(secret), purpose, text);
  if (opened === undefined) return undefined;
  const { value, expiresAt } = JSON.parse(opened) as { value: unknown; expiresAt: number };
  return expiresAt > now ? value : undefined;
}

function keyOf(secret: string): SealingKey {
  // An empty secret would be a key that everyone knows.
  if (secret === "") throw new Error("OPERATOR_TOKEN is empty, so nothing can be sealed");
  return { material: secret, info: "super-data sign-in cookies v1" };
}
