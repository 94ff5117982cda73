// The audit log as a page: who changed what, with the values before and after; and whether its chain holds. Runs at the edge.
import { searchAuditLog, verifyAuditLog } from "../../../features/audit/reading.ts";
import { type ShownEntry, searchAuditSchema, type Verdict, verifyAuditSchema } from "../../../features/audit/schema.ts";
import { lineEdits } from "../../../features/jq-tools/line-diff.ts";
import { auditLimits } from "../../../limits.ts";
import { pathOf } from "../actions.ts";
import { Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, Copy, count, Diff, type DiffLine, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { localTime } from "./executions.tsx";
import { linesOf, shownOnPage } from "./json.ts";
import { ActivityTabs, askedFor, filtersIn, isAnyGiven } from "./tabs.tsx";

/** Filters that are folded away until one is used. */
const furtherFilters = ["actor", "action", "target_name", "target_kind", "from", "to"];

/** What the feed speaks of is what the audit log does, too. */
const kinds = ["tool", "function", "dataset", "table", "frame", "proposal", "suggestion", "team"];

export async function auditPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const schema = searchAuditSchema.omit({ limit: true });
  const found = await askedFor(c, schema, (input) =>
    searchAuditLog(call, { ...input, limit: shownOnPage }, auditLimits.pageBytes),
  );
  const attempt = "attempt" in found ? found.attempt : undefined;
  const { cursor: _cursor, ...filters } = filtersIn(c);
  return teamPage(c, {
    title: "Audit log",
    section: "activity",
    intro: "Every change in this team, newest first. No entry can be changed or removed without breaking the chain.",
    tools: (
      <>
        <a class="button quiet" href={pathOf(c, "/activity/audit/verify")}>
          Verify the chain
        </a>
        <a
          class="button quiet"
          href={`${pathOf(c, "/api/v1/audit/export")}?${new URLSearchParams(filters)}`}
          download
          hx-boost="false"
        >
          Export NDJSON
        </a>
      </>
    ),
    ...(attempt === undefined ? {} : { attempt }),
    children: (
      <>
        <ActivityTabs c={c} here="audit" />
        <Filters c={c} attempt={attempt} />
        {"list" in found ? <Log c={c} page={found.list} /> : null}
      </>
    ),
  });
}

function Filters({ c, attempt }: { c: PageContext; attempt: Attempt | undefined }) {
  const query = urlOf(c).searchParams;
  const value = (name: string): string => query.get(name) ?? "";
  return (
    <form class="filters" method="get" action={pathOf(c, "/activity/audit")} aria-label="Filter the audit log">
      <div class="field grow">
        <label for="f-text">Search</label>
        <input id="f-text" name="text" type="search" value={value("text")} maxlength={200} autocomplete="off" />
      </div>
      <button type="submit">Filter</button>
      {query.size === 0 ? null : (
        <a class="button quiet" href={pathOf(c, "/activity/audit")}>
          Clear
        </a>
      )}
      <details class="filters-more" id="more-filters" open={isAnyGiven(query, furtherFilters)}>
        <summary>More filters</summary>
        <div>
          <Field name="actor" label="User" value={value("actor")} attempt={attempt} />
          <Field
            name="action"
            label="Action"
            value={value("action")}
            placeholder="tool.update or tool."
            attempt={attempt}
          />
          <Field name="target_name" label="Of" value={value("target_name")} placeholder="name" attempt={attempt} />
          {value("target_kind") === "" ? null : <Field name="target_kind" label="Kind" value={value("target_kind")} />}
          <Field
            name="from"
            label="From (UTC)"
            type="datetime-local"
            value={localTime(value("from"))}
            attempt={attempt}
          />
          <Field name="to" label="To (UTC)" type="datetime-local" value={localTime(value("to"))} attempt={attempt} />
        </div>
      </details>
    </form>
  );
}

function Log({ c, page }: { c: PageContext; page: Awaited<ReturnType<typeof searchAuditLog>> }) {
  const list = (
    <>
      {page.entries.length === 0 ? (
        <Empty title={page.next_cursor === undefined ? "Nothing matches these filters" : "Nothing found so far"}>
          <p>
            <a href={pathOf(c, "/activity/audit")}>Clear the filters</a>
          </p>
        </Empty>
      ) : (
        <ol class="log audit" aria-label="Audit log">
          {page.entries.map((entry) => (
            <Entry c={c} entry={entry} />
          ))}
        </ol>
      )}
      {page.searched_to === undefined ? null : (
        <p class="hint">Searched back to entry {count(page.searched_to)}. Next page searches on.</p>
      )}
      {page.entries.length === 0 && page.next_cursor === undefined ? null : (
        <Pager url={urlOf(c)} page={page} what={page.total === 1 ? "entry" : "entries"} />
      )}
    </>
  );
  // What one has paged to stays as it is.
  return urlOf(c).searchParams.has("cursor") ? (
    <div id="audit">{list}</div>
  ) : (
    <Live id="audit" kinds={kinds}>
      {list}
    </Live>
  );
}

function Entry({ c, entry }: { c: PageContext; entry: ShownEntry }) {
  const { seq, at, actor, action, target } = entry;
  return (
    <li>
      <details id={`entry-${seq}`}>
        <summary>
          <span class="state">{action}</span>
          <span class="what">
            <bdi>{target.name}</bdi>
          </span>
          <span class="who">
            <bdi>{actor}</bdi>
          </span>
          <span class="when">
            <Ago at={at} now={c.get("call").now()} />
          </span>
        </summary>
        <div class="more">
          <Facts entry={entry} />
          <Change entry={entry} />
        </div>
      </details>
    </li>
  );
}

function Facts({ entry }: { entry: ShownEntry }) {
  const { seq, at, actor, through, credential, client, address, request_id, target, hash } = entry;
  const facts: readonly [string, string | null][] = [
    ["Entry", String(seq)],
    ["Time", at.replace("T", " ").replace("Z", " UTC")],
    ["User", through === null ? actor : `${actor} through ${through}`],
    ["Credential", `${credential.kind}: ${credential.label}`],
    ["Client", client],
    ["Address", address],
    ["Target", `${target.kind}: ${target.name}`],
    ["Request", request_id],
    ["Hash", hash],
  ];
  return (
    <dl class="facts">
      {facts.map(([label, text]) =>
        text === null ? null : (
          <>
            <dt>{label}</dt>
            <dd>
              <bdi>{text}</bdi>
            </dd>
          </>
        ),
      )}
    </dl>
  );
}

function Change({ entry: { seq, before, after } }: { entry: ShownEntry }) {
  if (before === null && after === null) return null;
  const signs = { " ": "same", "-": "removed", "+": "added" } as const;
  const { edits } = lineEdits(linesOf(before), linesOf(after));
  const lines = edits.map(({ mark, line }): DiffLine => ({ kind: signs[mark], text: line }));
  return <Diff lines={lines} label={`What entry ${seq} changed`} />;
}

/** Follows the chain, a stretch at a time, and says whether it holds. Reading alone, so it has an address that can be kept. */
export async function verifyPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const isAsked = urlOf(c).searchParams.has("expected_head");
  const found = await askedFor(c, verifyAuditSchema, (input) => verifyAuditLog(call, input));
  const attempt = "attempt" in found ? found.attempt : undefined;
  return teamPage(c, {
    title: "Verify the audit log",
    section: "activity",
    crumbs: [
      { label: "Activity", path: "/activity" },
      { label: "Audit log", path: "/activity/audit" },
    ],
    intro: "Each entry is sealed by the hash of the one before; this computes all of them anew.",
    ...(attempt === undefined ? {} : { attempt }),
    children: (
      <>
        {"list" in found ? <Outcome c={c} verdict={found.list} /> : null}
        <section class="card" aria-labelledby="again">
          <h2 id="again">Compare with an earlier check</h2>
          <form method="get" action={pathOf(c, "/activity/audit/verify")}>
            <Field
              name="expected_head"
              label="Head of the earlier check"
              hint="As seq:hash. It shows whether the end of the log was cut off since."
              value={isAsked ? (urlOf(c).searchParams.get("expected_head") ?? "") : ""}
              code
            />
            <button type="submit">Verify</button>
          </form>
        </section>
      </>
    ),
  });
}

function Outcome({ c, verdict }: { c: PageContext; verdict: Verdict }) {
  const { ok, complete, entries, head, first_bad, next_cursor } = verdict;
  const checked = `${count(entries)} ${entries === 1 ? "entry" : "entries"}`;
  const on = new URLSearchParams({ ...filtersIn(c), ...(next_cursor === undefined ? {} : { cursor: next_cursor }) });
  return (
    <section class="card" aria-labelledby="outcome" id="verdict">
      <h2 id="outcome">
        {!ok ? "The chain is broken" : complete ? "The chain holds" : "The chain holds so far"}{" "}
        <Tag tone={!ok ? "bad" : complete ? "good" : "warn"}>{!ok ? "broken" : complete ? "verified" : "not done"}</Tag>
      </h2>
      {ok ? (
        <p>{complete ? `${checked} checked.` : `${checked} of ${count(head.seq)} checked.`}</p>
      ) : (
        <p>
          At entry {count(first_bad?.seq ?? 0)}: {first_bad?.why} Before it, {checked} hold. The operator has backups to
          compare with.
        </p>
      )}
      {complete ? null : (
        <p>
          <a class="button" href={`${pathOf(c, "/activity/audit/verify")}?${on}`}>
            Check the rest
          </a>
        </p>
      )}
      {!ok || !complete ? null : (
        <>
          <p>Keep the head outside this server. Given to a later check it shows whether the end was cut off.</p>
          <Copy id="head" label="head of the log" text={`${head.seq}:${head.hash}`} />
        </>
      )}
    </section>
  );
}
