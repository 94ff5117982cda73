// What a step set out to do, and how far the caller knows that it was done: the check compares it with what is stored afterwards. Runs anywhere.
import type { Action, Content, Kind } from "./model.ts";

/** done: the caller was told so. refused: it was told no. died: nobody knows, so either is right. */
export type End = "done" | "refused" | "died";

interface Attempt {
  who: string;
  end: End;
}

export type ProposeIntent = Attempt & {
  do: "propose";
  kind: Kind;
  name: string;
  action: Action;
  content: Content | undefined;
  base: number | undefined;
};
export type VoteIntent = Attempt & {
  do: "vote";
  id: string;
  vote: "approve" | "reject";
  /** They had voted like this already, so there is nothing to write down. */
  repeated: boolean;
  /** They may vote on it as it stood, so only what settles it meanwhile may turn them away. */
  entitled: boolean;
};
export type EditIntent = Attempt & { do: "edit"; id: string; content: Content; base: number | undefined };
export type WithdrawIntent = Attempt & { do: "withdraw"; id: string };
export type SaveIntent = Attempt & {
  do: "save";
  kind: Kind;
  name: string;
  action: Action;
  content: Content | undefined;
};

export type Intent = ProposeIntent | VoteIntent | EditIntent | WithdrawIntent | SaveIntent;
