// One proposal: what it changes, how its check went, where it stands, what people say; voting on exactly what is shown. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { readProposal } from "../../../features/approvals/calls.ts";
import type { ShownProposal } from "../../../features/approvals/calls-schema.ts";
import type { TeamSettings } from "../../../features/teams/schema.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { teamPage } from "../page.tsx";
import { Live } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Changes, CheckCard } from "./content.tsx";
import { CommentForm, Discussion, Votes } from "./discussion.tsx";
import { EditionRead, mayVote, VoteForm, WithdrawForm } from "./vote.tsx";
import { State, titleOf, WhatNext } from "./words.tsx";

const idOf = (c: PageContext): string => c.req.param("id") ?? "";

/** Forms of the page, by their action. Each is the tool of that name, so rights and rules are the tools'. */
export const proposalActions: Readonly<Record<string, Action>> = {
  vote: async (call, form, c) => {
    const { data } = await useTool(
      call,
      "vote_on_proposal",
      given({
        id: idOf(c),
        vote: textField(form, "vote"),
        comment: textField(form, "comment"),
        edition: Number(form.get("edition")),
      }),
      form,
    );
    return { done: data.settled === null ? "voted" : "settled" };
  },
  comment: async (call, form, c) => {
    await useTool(call, "comment_on_proposal", { id: idOf(c), comment: form.get("comment") ?? "" }, form);
    return { to: `/proposals/${idOf(c)}#discussion`, done: "said" };
  },
  withdraw: async (call, form, c) => {
    await useTool(call, "withdraw_proposal", given({ id: idOf(c), reason: textField(form, "reason") }), form);
    return { done: "withdrawn" };
  },
};

const done = {
  voted: "Your vote counts. It can be changed until the proposal is settled.",
  settled: "Your vote settled it: below is what became of it.",
  said: "Said.",
  withdrawn: "It is withdrawn.",
  edited: "Edited. Votes begin anew.",
  proposed: "Proposed. Those who may vote are told.",
};

export async function proposalPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const [shown, { settings }] = await Promise.all([readProposal(call, idOf(c)), call.stub.teams().describe()]);
  const { proposal } = shown;
  const isOwn = proposal.author === call.actor.username;
  const edits = isOwn && proposal.state === "pending" && may(call.actor, "library:propose");
  return teamPage(c, {
    title: titleOf(proposal),
    section: "proposals",
    crumbs: [{ label: "Proposals", path: "/proposals" }],
    attempt,
    ownProblems: ["vote", "comment", "withdraw"],
    done,
    tools: edits ? (
      <a class="button quiet" href={pathOf(c, `/proposals/${proposal.id}/edit`)}>
        {proposal.conflict === null ? "Edit" : "Resolve the conflict"}
      </a>
    ) : undefined,
    children: (
      <proposal-edition data-edition={String(proposal.edition)}>
        <Newer c={c} />
        <div class="proposal">
          <div class="read" id="proposal">
            <EditionRead proposal={proposal} />
            <Changes c={c} shown={shown} />
            <CheckCard c={c} proposal={proposal} />
          </div>
          <div class="decide">
            <Standing c={c} shown={shown} settings={settings} />
            {mayVote(call, proposal, settings) ? <VoteForm c={c} proposal={proposal} attempt={attempt} /> : null}
            <WithdrawForm c={c} proposal={proposal} attempt={attempt} />
          </div>
          <section class="card" id="discussion" aria-labelledby="discussion-title">
            <h2 id="discussion-title">Discussion</h2>
            <Discussion c={c} shown={shown} />
            {may(call.actor, "library:propose") ? <CommentForm attempt={attempt} /> : null}
          </section>
        </div>
      </proposal-edition>
    ),
  });
}

/** What a script shows once the proposal was edited while somebody read it: loads the new edition and leaves alone what is being typed. */
function Newer({ c }: { c: PageContext }) {
  return (
    <div class="warning newer" role="alert" data-newer hidden>
      <p>This proposal was edited while you read it. What you see is the edition before.</p>
      <p class="actions">
        <a
          class="button"
          href={pathOf(c, `/proposals/${idOf(c)}`)}
          hx-get={pathOf(c, `/proposals/${idOf(c)}`)}
          hx-select="#proposal"
          hx-target="#proposal"
          hx-swap="outerHTML"
          hx-push-url="false"
        >
          Show what is proposed now
        </a>
      </p>
    </div>
  );
}

/** Where it stands and what comes next. It follows the feed; the edition it knows of tells the page that it shows an older one. */
function Standing({ c, shown, settings }: { c: PageContext; shown: ShownProposal; settings: TeamSettings }) {
  const { proposal } = shown;
  return (
    <Live id="standing" kinds={["proposal", "team"]}>
      <section
        class="card"
        aria-labelledby="standing-title"
        data-current-edition={String(proposal.edition)}
        data-current-state={proposal.state}
      >
        <h2 id="standing-title">
          Where it stands <State state={proposal.state} />
        </h2>
        <WhatNext proposal={proposal} settings={settings} />
        <Votes c={c} proposal={proposal} />
      </section>
    </Live>
  );
}
