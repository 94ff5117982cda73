// What the kinds of notification are called, for people. Runs everywhere.
import type { NoticeKind } from "../../../features/notifications/schema.ts";

export const noticeLabels: Readonly<Record<NoticeKind, string>> = {
  "proposal.submitted": "A proposal was made",
  "proposal.edited": "A proposal was changed",
  "proposal.voted": "Someone voted",
  "proposal.commented": "Someone commented on a proposal",
  "proposal.applied": "A proposal was applied",
  "proposal.rejected": "A proposal was rejected",
  "proposal.withdrawn": "A proposal was withdrawn",
  "proposal.expired": "A proposal expired",
  "proposal.conflicted": "A proposal no longer fits what it changes",
  "proposal.failed": "A proposal could not be applied",
  "proposal.superseded": "A proposal was overtaken by another",
  "library.changed": "A function or tool changed without a vote",
  "suggestion.made": "A query that people repeat was suggested as a tool",
  "backup.failed": "A backup failed",
  "team.restored": "The team was restored from a backup",
};
