// What people say of a proposal and how they voted, in the order it happened. Runs at the edge.
import type { Child } from "hono/jsx";
import type { ShownProposal } from "../../../features/approvals/calls-schema.ts";
import type { Proposal } from "../../../features/approvals/schema.ts";
import { approvalLimits } from "../../../workflow-limits.ts";
import { Form } from "../forms.tsx";
import { Ago, count, DataTable, Live, Tag } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { State } from "./words.tsx";

interface Entry {
  at: string;
  who: string | null;
  did: Child;
  said?: string | null;
}

/** Who voted how, with what each vote counts today. */
export function Votes({ c, proposal }: { c: PageContext; proposal: Proposal }) {
  const now = c.get("call").now();
  if (proposal.votes.length === 0) return <p class="muted">Nobody has voted yet.</p>;
  return (
    <DataTable
      caption="Votes"
      rows={proposal.votes}
      columns={[
        { label: "Who", cell: ({ username }) => <bdi>{username}</bdi> },
        {
          label: "Vote",
          cell: ({ vote }) => (
            <Tag tone={vote === "approve" ? "good" : "bad"}>{vote === "approve" ? "for" : "against"}</Tag>
          ),
        },
        {
          label: "Counts",
          number: true,
          cell: ({ weight }) => (weight === 0 ? "0, may not vote now" : count(weight)),
        },
        { label: "When", cell: ({ voted_at }) => <Ago at={voted_at} now={now} /> },
      ]}
    />
  );
}

/** All that happened, oldest first; it follows the feed, apart from the form in which one writes. */
export function Discussion({ c, shown }: { c: PageContext; shown: ShownProposal }) {
  const now = c.get("call").now();
  return (
    <Live id="timeline" kinds={["proposal"]}>
      <ol class="timeline">
        {entriesOf(shown).map(({ at, who, did, said }) => (
          <li>
            <p>
              {who === null ? null : (
                <strong>
                  <bdi>{who}</bdi>
                </strong>
              )}{" "}
              {did}{" "}
              <span class="muted">
                <Ago at={at} now={now} />
              </span>
            </p>
            {said === null || said === undefined ? null : (
              <p class="said">
                <bdi>{said}</bdi>
              </p>
            )}
          </li>
        ))}
      </ol>
    </Live>
  );
}

function entriesOf({ proposal, comments }: ShownProposal): Entry[] {
  const { author, created_at, opened_at, edition, votes, settled_at, settled_by, settled_how, state } = proposal;
  const entries: Entry[] = [
    { at: created_at, who: author, did: "proposed it" },
    ...(edition > 1 ? [{ at: opened_at, who: author, did: `edited it: edition ${edition}; votes began anew` }] : []),
    ...votes.map(({ username, vote, comment, voted_at }) => ({
      at: voted_at,
      who: username,
      did: (
        <Tag tone={vote === "approve" ? "good" : "bad"}>{vote === "approve" ? "voted for it" : "voted against it"}</Tag>
      ),
      said: comment,
    })),
    ...comments.map((one) => ({
      at: one.commented_at,
      who: one.username,
      did: one.edition < edition ? `said of edition ${one.edition}` : "said",
      said: one.comment,
    })),
    ...(settled_at === null || state === "pending"
      ? []
      : [
          {
            at: settled_at,
            who: settled_how === "author" || settled_how === "veto" ? settled_by : null,
            did: <State state={state} />,
          },
        ]),
  ];
  // What happened in one millisecond stays in the order of the kinds above.
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Where one writes. It stands outside of what follows the feed, so that nothing takes it away while one types. */
export function CommentForm({ attempt }: { attempt: Attempt | undefined }) {
  const mine = attempt?.action === "comment" ? attempt : undefined;
  return (
    <Form action="comment" label="Comment">
      {mine === undefined ? null : <Failed attempt={mine} />}
      <div class="field">
        <label for="comment">Comment</label>
        <textarea
          id="comment"
          name="comment"
          rows={3}
          required
          maxlength={approvalLimits.commentChars}
          aria-describedby="comment-hint"
        >
          {mine?.form.get("comment") ?? ""}
        </textarea>
        <p class="hint" id="comment-hint">
          The author, those who voted and those who commented are told.
        </p>
      </div>
      <button type="submit" class="quiet">
        Say it
      </button>
    </Form>
  );
}

/** Why a form of this page did nothing, said in it. */
export function Failed({ attempt: { error } }: { attempt: Attempt }) {
  return (
    <div class="warning" role="alert" id="problem">
      <p>
        {error.message} {error.hint}
      </p>
    </div>
  );
}
