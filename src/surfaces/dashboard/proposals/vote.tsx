// Voting on a proposal, and taking it back. The edition that is shown is the one that is voted on. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { hasRole, may } from "../../../features/access/access.ts";
import type { Proposal } from "../../../features/approvals/schema.ts";
import type { TeamSettings } from "../../../features/teams/schema.ts";
import { approvalLimits } from "../../../workflow-limits.ts";
import { Field, Form } from "../forms.tsx";
import { Ago } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Failed } from "./discussion.tsx";

/** The form's id: the field that says the edition stands beside what is read, and belongs to this form. */
export const voteForm = "vote-form";

/** True for who may vote on this proposal as it is now. */
export function mayVote(call: CallContext, proposal: Proposal, settings: TeamSettings): boolean {
  const isOwn = proposal.author === call.actor.username;
  return proposal.state === "pending" && may(call.actor, "library:propose") && (!isOwn || settings.author_may_vote);
}

/** The edition that is on the page: it changes together with what is shown, and with nothing else. */
export function EditionRead({ proposal }: { proposal: Proposal }) {
  return <input type="hidden" name="edition" value={String(proposal.edition)} form={voteForm} />;
}

export function VoteForm({
  c,
  proposal,
  attempt,
}: {
  c: PageContext;
  proposal: Proposal;
  attempt: Attempt | undefined;
}) {
  const call = c.get("call");
  const failed = attempt?.action === "vote" ? attempt : undefined;
  const mine = proposal.votes.find(({ username }) => username === call.actor.username);
  return (
    <section class="card" aria-labelledby="vote-title">
      <h2 id="vote-title">Your vote</h2>
      {mine === undefined ? null : (
        <p>
          You voted {mine.vote === "approve" ? "for it" : "against it"} <Ago at={mine.voted_at} now={call.now()} />.
          Until it is settled you can change that.
        </p>
      )}
      {failed === undefined ? null : <Failed attempt={failed} />}
      <Form action="vote" id={voteForm} label="Vote">
        <fieldset class="plain" id="vote-fields">
          <div class="field">
            <label for="vote-comment">Comment</label>
            <textarea
              id="vote-comment"
              name="comment"
              rows={2}
              maxlength={approvalLimits.commentChars}
              aria-describedby="vote-comment-hint"
            >
              {failed?.form.get("comment") ?? mine?.comment ?? ""}
            </textarea>
            <p class="hint" id="vote-comment-hint">
              Say why, above all against it.
            </p>
          </div>
          <p class="actions">
            <button type="submit" name="vote" value="approve">
              Vote for it
            </button>
            <button type="submit" name="vote" value="reject" class="danger">
              Vote against it
            </button>
          </p>
        </fieldset>
      </Form>
    </section>
  );
}

/** For its author, and for admins. */
export function WithdrawForm({
  c,
  proposal,
  attempt,
}: {
  c: PageContext;
  proposal: Proposal;
  attempt: Attempt | undefined;
}) {
  const { actor } = c.get("call");
  const isOwn = proposal.author === actor.username;
  if (proposal.state !== "pending" || !may(actor, "library:propose") || (!isOwn && !hasRole(actor.role, "admin"))) {
    return null;
  }
  const failed = attempt?.action === "withdraw" ? attempt : undefined;
  return (
    <details class="card" open={failed !== undefined}>
      <summary>{isOwn ? "Withdraw it" : "Withdraw it as admin"}</summary>
      {failed === undefined ? null : <Failed attempt={failed} />}
      <Form action="withdraw" label="Withdraw">
        <Field
          name="reason"
          prefix="withdraw"
          label="Reason"
          attempt={failed}
          maxlength={approvalLimits.commentChars}
          hint="What is withdrawn is not opened again; it can be proposed anew."
        />
        <button type="submit" class="danger">
          Withdraw
        </button>
      </Form>
    </details>
  );
}
