// Proposals and votes over RPC: thin; the rules are in submission.ts, decision.ts, discussion.ts, settling.ts and completion.ts. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Asker, Caller } from "../access/access.ts";
import type {
  AppliedProposal,
  CastVote,
  DiscussedProposal,
  EditProposal,
  ListedProposals,
  NextStep,
  ProposalFilter,
  RebasedContent,
  SubmitProposal,
  VoteOutcome,
} from "./approvals.ts";
import type { Commented } from "./calls-schema.ts";
import { applyProposal, failProposal, noteConflict, noteRebased } from "./completion.ts";
import { castVote, withdrawProposal } from "./decision.ts";
import { commentOn } from "./discussion.ts";
import { listProposals, readProposal } from "./reading.ts";
import type { Conflict, Proposal } from "./schema.ts";
import { nextStep } from "./settling.ts";
import { editProposal, submitProposal } from "./submission.ts";

/** The proposals of one team. Whoever does not see a tool does not see a proposal about it either. */
export class ApprovalsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  submit(input: SubmitProposal, by: Caller): Proposal {
    return submitProposal(this.#deps, input, by);
  }

  edit(id: string, input: EditProposal, by: Caller): Proposal {
    return editProposal(this.#deps, id, input, by);
  }

  withdraw(id: string, by: Caller, reason?: string): Proposal {
    return withdrawProposal(this.#deps, id, by, reason);
  }

  vote(id: string, input: CastVote, by: Caller): VoteOutcome {
    return castVote(this.#deps, id, input, by);
  }

  comment(id: string, comment: string, by: Caller): Commented {
    return commentOn(this.#deps, id, comment, by);
  }

  get(id: string, asker: Asker): DiscussedProposal {
    return readProposal(this.#deps, id, asker);
  }

  list(filter: ProposalFilter, asker: Asker): ListedProposals {
    return listProposals(this.#deps, filter, asker);
  }

  next(id: string): NextStep {
    return nextStep(this.#deps, id);
  }

  rebased(id: string, edition: number, rebase: RebasedContent, by: Caller): Proposal {
    return noteRebased(this.#deps, id, edition, rebase, by);
  }

  conflicted(id: string, edition: number, conflict: Conflict, by: Caller): Proposal {
    return noteConflict(this.#deps, id, edition, conflict, by);
  }

  apply(id: string, edition: number, checked: RebasedContent, by: Caller): AppliedProposal {
    return applyProposal(this.#deps, id, edition, checked, by);
  }

  fail(id: string, edition: number, reason: string, by: Caller): Proposal {
    return failProposal(this.#deps, id, edition, reason, by);
  }
}
