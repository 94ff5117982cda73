// What travels on a team's feed, as listeners read it. Runs everywhere.

/** A change that the listener may know of. Times are ISO 8601. */
export interface LiveEvent {
  type: "event";
  /** Goes up with every event of the team; numbers that a listener does not get are events it may not know of. */
  seq: number;
  at: string;
  kind: "tool" | "function" | "dataset" | "table" | "frame" | "proposal" | "suggestion" | "notification" | "team";
  name: string;
  change: "created" | "updated" | "removed";
  state?: string;
  /** Who did it. */
  by: string;
  /** The team revision after it. */
  revision: number;
}

export type LiveMessage =
  /** Always first: the newest event there is, and the oldest that can still be had. */
  | { type: "hello"; team: string; seq: number; oldest: number }
  /** These events are gone: whoever keeps a copy of something reads it anew. */
  | { type: "gap"; from: number; to: number }
  | LiveEvent;

/** What a listener sends to show that it still reads, and what it is answered. */
export const ping = "ping";
export const pong = '{"type":"pong"}';
