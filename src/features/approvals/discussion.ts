// What people say of proposals besides their votes. One turn of the object. Runs in the object.
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import { describeProposal, requireChars, requireCommentRoom } from "./approvals.ts";
import type { Commented } from "./calls-schema.ts";
import { commentsOn, insertComment, toComment } from "./comment-store.ts";
import { auditOf, eventOf, noticeAbout } from "./moving.ts";
import { votesOn } from "./store.ts";
import { requireProposal } from "./subject-store.ts";

/**
 * Adds a comment to a proposal, whatever state it is in: what came of one is worth a word, too. Its author, its voters and whoever commented on
 * it are told. Throws `forbidden` for who may not comment here, `not_found`, `too_large` for a long one or one too many.
 */
export function commentOn(deps: TeamDeps, id: string, comment: string, by: Caller): Commented {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose", "comment on proposals");
  const known = requireProposal(db, id, caller.actor);
  const { row } = known;
  requireChars("commentChars", "a comment", comment);
  const before = commentsOn(db, id);
  requireCommentRoom(id, before.length);
  const { userId, username } = caller.actor;
  const voters = (votesOn(db, [id]).get(id) ?? []).map((vote) => vote.userId);
  const to = [...new Set([row.authorId, ...voters, ...before.map((one) => one.userId)])];
  const title = `${username} comments: ${describeProposal(row)}`;
  const written = deps.record(caller, () => ({
    result: insertComment(db, {
      proposalId: id,
      userId,
      username,
      comment,
      edition: row.edition,
      commentedAt: new Date(deps.now()),
    }),
    events: [eventOf(known, "updated")],
    audit: [auditOf(row, "comment", { after: { comment } })],
    notices: [noticeAbout(known, "proposal.commented", { title, body: comment, to })],
  }));
  return { id, comment: toComment(written), total: before.length + 1 };
}
