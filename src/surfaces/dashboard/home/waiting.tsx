// What waits for whoever opens the home page: votes, their own proposals, news, failures, suggestions. Runs at the edge.
import type { Child } from "hono/jsx";
import { dayMs } from "../../../core/durations.ts";
import { may } from "../../../features/access/access.ts";
import type { Notification } from "../../../features/notifications/schema.ts";
import { pathOf } from "../actions.ts";
import { Ago, count, Live } from "../parts.tsx";
import { Needs, titleOf } from "../proposals/words.tsx";
import type { PageContext } from "../routes.ts";
import type { Failing, HomeData } from "./home-data.ts";

/** Kinds of events after which it is loaded anew. */
const kinds = ["proposal", "suggestion", "notification"] as const;

export function Waiting({ c, data }: { c: PageContext; data: HomeData }) {
  const groups = groupsOf(c, data);
  return (
    <Live id="waiting" kinds={kinds}>
      <section class="card" aria-labelledby="waiting-title">
        <h2 id="waiting-title">What waits for you</h2>
        {groups.length === 0 ? <p>Nothing: no votes, no failures, no news.</p> : groups}
      </section>
    </Live>
  );
}

/** A part of the list, with the way to the rest of it. */
function Group(props: { title: string; total: number; href: string; more: string; children: Child }) {
  const { title, total, href, more, children } = props;
  return (
    <section class="group">
      <h3>
        {title} <span class="tag">{count(total)}</span>
      </h3>
      <ul class="items">{children}</ul>
      <p>
        <a href={href}>{more}</a>
      </p>
    </section>
  );
}

function groupsOf(c: PageContext, data: HomeData): Child[] {
  const { votes, mine, news, suggestions, failing, deliveriesDead } = data;
  return [
    ...(votes.total > 0 ? [<Votes c={c} data={data} />] : []),
    ...(mine.total > 0 ? [<Mine c={c} data={data} />] : []),
    ...(failing.length > 0 ? [<Failures c={c} data={data} />] : []),
    ...(deliveriesDead > 0 ? [<Undelivered c={c} dead={deliveriesDead} />] : []),
    ...(suggestions.total > 0 ? [<Suggestions c={c} data={data} />] : []),
    ...(news.unread > 0 ? [<News c={c} data={data} />] : []),
  ];
}

function Votes({ c, data: { votes } }: { c: PageContext; data: HomeData }) {
  const now = c.get("call").now();
  return (
    <Group
      title="Your vote"
      total={votes.total}
      href={pathOf(c, "/proposals?mine=vote")}
      more="All that wait for your vote"
    >
      {votes.items.map((proposal) => (
        <li>
          <a href={pathOf(c, `/proposals/${proposal.id}`)}>
            <bdi>{titleOf(proposal)}</bdi>
          </a>{" "}
          <span class="muted">
            by <bdi>{proposal.author}</bdi>; <Needs proposal={proposal} now={now} />
          </span>
        </li>
      ))}
    </Group>
  );
}

function Mine({ c, data: { mine } }: { c: PageContext; data: HomeData }) {
  const call = c.get("call");
  const all = new URLSearchParams({ author: call.actor.username });
  return (
    <Group
      title="Your open proposals"
      total={mine.total}
      href={pathOf(c, `/proposals?${all}`)}
      more="All proposals of yours"
    >
      {mine.items.map((proposal) => (
        <li>
          <a href={pathOf(c, `/proposals/${proposal.id}`)}>
            <bdi>{titleOf(proposal)}</bdi>
          </a>{" "}
          <span class="muted">
            <Needs proposal={proposal} now={call.now()} />
            {proposal.comments === 0
              ? null
              : `; ${count(proposal.comments)} ${proposal.comments === 1 ? "comment" : "comments"}`}
          </span>
        </li>
      ))}
    </Group>
  );
}

function Failures({ c, data: { failing, activity } }: { c: PageContext; data: HomeData }) {
  const call = c.get("call");
  const from = new Date(call.now() - dayMs).toISOString();
  const log = (more: Record<string, string>): string =>
    pathOf(c, `/activity?${new URLSearchParams({ ...more, outcome: "failed", from })}`);
  const isTeams = activity !== undefined;
  return (
    <Group
      title={isTeams ? "Failing tools in the last day" : "Your calls that failed in the last day"}
      total={isTeams ? failing.length : failing.reduce((sum, { errors }) => sum + errors, 0)}
      href={isTeams ? pathOf(c, "/monitoring") : log({})}
      more={isTeams ? "Monitoring" : "All of them"}
    >
      {failing.map((one) => (
        <li>
          <a href={log({ tool: one.tool })}>
            <bdi>{one.tool}</bdi>
          </a>{" "}
          <span class="muted">{failuresOf(one)}</span>
        </li>
      ))}
    </Group>
  );
}

function failuresOf({ errors, calls, code }: Failing): string {
  if (calls !== undefined) return `failed ${count(errors)} of ${count(calls)} times`;
  return `failed ${errors === 1 ? "once" : `${count(errors)} times`}${code === undefined ? "" : `, last with ${code}`}`;
}

function Undelivered({ c, dead }: { c: PageContext; dead: number }) {
  return (
    <Group
      title="Not delivered"
      total={dead}
      href={pathOf(c, "/settings/webhooks")}
      more="See why, and send them again"
    >
      <li>
        {dead === 1 ? "A webhook or mail was" : `${count(dead)} webhooks and mails were`} tried again and again, and
        given up on.
      </li>
    </Group>
  );
}

function Suggestions({ c, data: { suggestions } }: { c: PageContext; data: HomeData }) {
  const decides = may(c.get("call").actor, "library:propose");
  return (
    <Group
      title="Suggested tools"
      total={suggestions.total}
      href={pathOf(c, "/proposals/suggestions")}
      more={decides ? "Propose or dismiss them" : "All suggestions"}
    >
      {suggestions.items.map(({ id, dataset, pattern, people, runs }) => (
        <li>
          <a href={pathOf(c, `/proposals/suggestions/${id}`)}>
            <code>{pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern}</code>
          </a>{" "}
          <span class="muted">
            on <bdi>{dataset}</bdi>, {count(people)} {people === 1 ? "person" : "people"}, {count(runs)} runs
          </span>
        </li>
      ))}
    </Group>
  );
}

function News({ c, data: { news } }: { c: PageContext; data: HomeData }) {
  const now = c.get("call").now();
  return (
    <Group
      title="News"
      total={news.unread}
      href={pathOf(c, "/activity/notifications")}
      more="All notifications, and mark them as read"
    >
      {news.items.map((notice) => (
        <li>
          <NoticeLink c={c} notice={notice} />{" "}
          <span class="muted">
            <Ago at={notice.created_at} now={now} />
          </span>
        </li>
      ))}
    </Group>
  );
}

const placesOf: Readonly<Record<string, string>> = {
  proposal: "/proposals",
  suggestion: "/proposals/suggestions",
  tool: "/library/tools",
  function: "/library/functions",
};

/** A notification, as the way to what it is about. */
function NoticeLink({ c, notice }: { c: PageContext; notice: Notification }) {
  const place = placesOf[notice.subject.kind];
  const title = <bdi>{notice.title}</bdi>;
  if (place === undefined) return title;
  return <a href={pathOf(c, `${place}/${encodeURIComponent(notice.subject.name)}`)}>{title}</a>;
}
