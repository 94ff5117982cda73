/** What is wrong with a chain, or why it could not be checked. */
export class VerifyFailure extends Error {}
/** The head `<seq>:<hash>` that an earlier run printed; null for a text that is none. */
export function readHead(text: string): { seq: number; hash: string } | null;
/** Follows the chain to its head and returns it. Throws VerifyFailure. */
export function verify(
  source: { open: (after: number) => Promise<AsyncIterable<Uint8Array | string>>; isWhole: boolean },
  expected?: { seq: number; hash: string },
): Promise<{ seq: number; hash: string }>;
