// Proposals in words: what each wants, where it stands, and what becomes of it by itself and when. Runs at the edge.
import { describeProposal, isOpen } from "../../../features/approvals/approvals.ts";
import type { Proposal, ProposalState, ProposalSummary, SettledHow } from "../../../features/approvals/schema.ts";
import type { TeamSettings } from "../../../features/teams/schema.ts";
import { Ago, Tag, type Tone } from "../parts.tsx";

/** `Change of the tool by_region`. */
export function titleOf(proposal: Parameters<typeof describeProposal>[0]): string {
  const text = describeProposal(proposal);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const tones: Readonly<Record<ProposalState, Tone>> = {
  pending: "warn",
  approved: "good",
  applied: "good",
  rejected: "bad",
  withdrawn: "plain",
  expired: "plain",
  superseded: "plain",
  failed: "bad",
};

const stateWords: Readonly<Record<ProposalState, string>> = {
  pending: "open",
  approved: "approved",
  applied: "in use",
  rejected: "rejected",
  withdrawn: "withdrawn",
  expired: "expired",
  superseded: "overtaken",
  failed: "failed",
};

export function State({ state }: { state: ProposalState }) {
  return <Tag tone={tones[state]}>{stateWords[state]}</Tag>;
}

/** `2 votes`, `1 vote`. */
export function votes(number: number): string {
  return number === 1 ? "1 vote" : `${number} votes`;
}

/** The votes so far, short: `1 of 2 votes for, 1 of 2 against`. */
export function tallyInWords({ approve, reject, voters, approve_at, reject_at, quorum }: Proposal["tally"]): string {
  return [
    `${approve} of ${votes(approve_at)} for`,
    ...(reject > 0 ? [`${reject} of ${reject_at} against`] : []),
    ...(voters < quorum ? [`${voters} of ${quorum} voters`] : []),
  ].join(", ");
}

/** What an open proposal of a list waits for. */
export function Needs({ proposal, now }: { proposal: ProposalSummary; now: number }) {
  const { state, tally, auto_approve_at: auto, expires_at: expires, applied_version, conflicts } = proposal;
  if (state === "applied") return <>Version {applied_version}</>;
  if (state === "approved") return <>Being applied</>;
  if (!isOpen(state)) return <>{stateWords[state].replace(/^./, (first) => first.toUpperCase())}</>;
  return (
    <>
      {tallyInWords(tally)}
      {conflicts ? (
        <>
          ; <Tag tone="bad">conflict</Tag>
        </>
      ) : auto !== null ? (
        <>
          ; approved by itself <Ago at={auto} now={now} />
        </>
      ) : expires !== null ? (
        <>
          ; expires <Ago at={expires} now={now} />
        </>
      ) : null}
    </>
  );
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A moment in full, for sentences: `on 22 Nov 2026, 14:00 UTC`. */
export function When({ at }: { at: string }) {
  const date = new Date(at);
  const day = `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return (
    <>
      on{" "}
      <time datetime={at}>
        {day}, {at.slice(11, 16)} UTC
      </time>
    </>
  );
}

const hows: Readonly<Record<SettledHow, string>> = {
  votes: "by votes",
  veto: "by the veto of",
  timeout: "since nobody objected in time",
  expiry: "since nothing settled it in time",
  author: "by",
  other_change: "by another change",
  error: "by an error",
};

/** What becomes of a proposal, by votes and by time, and what has become of it. */
export function WhatNext({ proposal, settings }: { proposal: Proposal; settings: TeamSettings }) {
  return (
    <>
      <p class="next">
        <Outlook proposal={proposal} settings={settings} />
      </p>
      {proposal.state === "pending" ? <ByVotes proposal={proposal} settings={settings} /> : null}
    </>
  );
}

function Outlook({ proposal, settings }: { proposal: Proposal; settings: TeamSettings }) {
  const { state, author, conflict, auto_approve_at: auto, expires_at: expires, tally } = proposal;
  if (state !== "pending") return <Outcome proposal={proposal} />;
  const end =
    expires === null ? null : (
      <>
        {" "}
        If nothing settles it, it expires <When at={expires} />.
      </>
    );
  if (conflict !== null) {
    return (
      <>
        It cannot become part of the library as it is: version {conflict.current_version} and this proposal both changed{" "}
        {conflict.fields.join(", ") || "what the other relies on"}. <bdi>{author}</bdi> has to resolve that.{end}
      </>
    );
  }
  const has = `It needs ${votes(tally.approve_at)} for it and has ${tally.approve}`;
  if (auto === null) {
    return (
      <>
        {has}. {whyNotByItself(proposal, settings)}
        {end}
      </>
    );
  }
  if (expires !== null && Date.parse(expires) < Date.parse(auto))
    return (
      <>
        {has}.{end}
      </>
    );
  return (
    <>
      Becomes part of the library <When at={auto} /> if nobody objects. For it to be so at once,{" "}
      {has.charAt(0).toLowerCase() + has.slice(1)}.
    </>
  );
}

function whyNotByItself({ tally }: Proposal, { auto_approve_timeout: timeout }: TeamSettings): string {
  if (timeout === null) return "In this team, time alone approves nothing.";
  if (tally.reject > 0) return "Since somebody voted against it, time alone does not approve it.";
  return "Its author has left the team or may not propose any more, so time alone does not approve it.";
}

function ByVotes({ proposal, settings }: { proposal: Proposal; settings: TeamSettings }) {
  const { tally } = proposal;
  const weights = Object.values(settings.vote_weights);
  const isWeighed = weights.some((weight) => weight !== 1);
  const { member, admin, owner } = settings.vote_weights;
  return (
    <ul class="rules">
      <li>
        {votes(tally.reject_at)} against reject it; it has {tally.reject}.
      </li>
      {settings.admin_veto ? <li>One vote against by an admin or owner rejects it at once.</li> : null}
      {tally.quorum > 0 ? (
        <li>
          Votes settle nothing before {tally.quorum} people have voted; {tally.voters} have.
        </li>
      ) : null}
      {isWeighed ? (
        <li>
          A member's vote counts {member}, an admin's {admin}, an owner's {owner}.
        </li>
      ) : null}
      {settings.author_may_vote ? null : <li>Its author does not vote.</li>}
    </ul>
  );
}

function Outcome({ proposal }: { proposal: Proposal }) {
  const { state, settled_at, settled_by, settled_how, applied_version, outcome } = proposal;
  const when = settled_at === null ? null : <When at={settled_at} />;
  const how = settled_how === null ? null : ` ${hows[settled_how]}`;
  const by =
    settled_by === null ? null : settled_how === "votes" ? (
      <>
        {" "}
        of <bdi>{settled_by}</bdi>
      </>
    ) : (
      <>
        {" "}
        <bdi>{settled_by}</bdi>
      </>
    );
  const verbs: Readonly<Record<ProposalState, string>> = {
    pending: "Open",
    approved: "Approved",
    applied: "Approved",
    rejected: "Rejected",
    withdrawn: "Withdrawn",
    expired: "Expired",
    superseded: "Overtaken",
    failed: "Approved, but it could not be applied. Settled",
  };
  return (
    <>
      {verbs[state]} {when}
      {how}
      {by}.{state === "approved" ? " It is being applied." : null}
      {state === "applied" ? ` It is in use as version ${applied_version}.` : null}
      {outcome === null ? null : (
        <>
          {" "}
          <q>
            <bdi>{outcome}</bdi>
          </q>
        </>
      )}
    </>
  );
}
