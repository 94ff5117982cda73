// Idempotency keys as the edge and the team's object speak of them. Runs everywhere.

/** A request that wants to run once, as the edge sends it to the team's object. */
export interface KeyClaim {
  /** Of this attempt, made at the edge, so that asking again after a broken call claims nothing twice. */
  id: string;
  userId: string;
  keyHash: string;
  /** The tool's name, or method and path. */
  operation: string;
  /** SHA-256 of what is asked; null when a long body has yet to arrive. */
  requestHash: string | null;
}

/** What a claim comes to. */
export type ClaimOutcome =
  /** Nothing was done under this key, or what was begun is dead and changed nothing: go ahead. */
  | { kind: "run" }
  /** Another attempt is running. `leaseUntil` in Unix milliseconds. */
  | { kind: "running"; id: string; leaseUntil: number }
  | { kind: "answered"; requestHash: string; answer: string; at: number }
  /** It changed something at this time (Unix milliseconds) and its answer is gone. */
  | { kind: "lost"; at: number }
  /** The key was used for another request. */
  | { kind: "mismatch"; operation: string };

/** An answer that only the edge can read, and only for who brings the key again. */
export interface SealedAnswer {
  requestHash: string;
  /** The answer itself; left out when it is too long to keep. */
  whole: string | undefined;
  /** That it was given, kept where the whole is not. */
  brief: string;
}
