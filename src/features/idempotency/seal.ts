// Sealing the answers that idempotency keys give again: only who brings the key, through this deployment, can have one read. Runs at the edge.
import { openText, type SealingKey, sealText } from "../../core/sealing.ts";

export interface AnswerSeal {
  /** Text that `open` gives back for the same key and place. */
  seal: (key: string, place: string, text: string) => Promise<string>;
  /** The text, or undefined when the key, the place or the deployment's secret is another one. */
  open: (key: string, place: string, sealed: string) => Promise<string | undefined>;
}

/** Seals under the idempotency key and the deployment's secret together; `place` is authenticated along. */
export function makeAnswerSeal(secret: string): AnswerSeal {
  const keyOf = (key: string): SealingKey => ({ material: key, salt: secret, info: "super-data idempotent answer" });
  return {
    seal: (key, place, text) => sealText(keyOf(key), place, text),
    open: (key, place, sealed) => openText(keyOf(key), place, sealed),
  };
}
