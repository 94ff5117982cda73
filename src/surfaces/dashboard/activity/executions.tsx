// The execution log as a page: who ran what, with what outcome. Filters stand in the address. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { listExecutions } from "../../../features/metrics/metrics.ts";
import { type Execution, listExecutionsSchema } from "../../../features/metrics/schema.ts";
import { builtInTools } from "../../catalogue.ts";
import { pathOf } from "../actions.ts";
import { Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, count, Empty, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { prettyJson, shownOnPage } from "./json.ts";
import { ActivityTabs, askedFor, filtersIn, isAnyGiven } from "./tabs.tsx";

/** Filters that are folded away until one is used. */
const furtherFilters = ["tool", "user", "dataset", "from", "to"];

/** How often the first page is loaded anew while it is open. */
const refresh = "every 15s";

export async function executionsPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const schema = listExecutionsSchema.omit({ limit: true, failed: true });
  const found = await askedFor(c, schema, (input) => listExecutions(call, { ...input, limit: shownOnPage }));
  const attempt = "attempt" in found ? found.attempt : undefined;
  return teamPage(c, {
    title: "Activity",
    section: "activity",
    intro: may(call.actor, "activity:read")
      ? "Every call of a tool in this team, newest first."
      : "Your own calls of tools, newest first. Admins see everyone's.",
    tools: <ExportLinks c={c} />,
    ...(attempt === undefined ? {} : { attempt }),
    children: (
      <>
        <ActivityTabs c={c} here="executions" />
        <Filters c={c} attempt={attempt} />
        {"list" in found ? <Log c={c} page={found.list} /> : null}
      </>
    ),
  });
}

function ExportLinks({ c }: { c: PageContext }) {
  const { cursor: _cursor, ...filters } = filtersIn(c);
  const href = (format: string): string =>
    `${pathOf(c, "/api/v1/executions/export")}?${new URLSearchParams({ ...filters, format })}`;
  return (
    <>
      <a class="button quiet" href={href("csv")} download hx-boost="false">
        Export CSV
      </a>
      <a class="button quiet" href={href("ndjson")} download hx-boost="false">
        Export NDJSON
      </a>
    </>
  );
}

function Filters({ c, attempt }: { c: PageContext; attempt: Attempt | undefined }) {
  const call = c.get("call");
  const query = urlOf(c).searchParams;
  const value = (name: string): string => query.get(name) ?? "";
  const outcome = value("outcome");
  const known = ["", "ok", "failed"];
  const names = [...new Set([...call.catalogue.tools.keys(), ...builtInTools.map(({ name }) => name)])].sort();
  return (
    <form class="filters" method="get" action={pathOf(c, "/activity")} aria-label="Filter executions">
      <div class="field grow">
        <label for="f-text">Search</label>
        <input id="f-text" name="text" type="search" value={value("text")} maxlength={200} autocomplete="off" />
      </div>
      <Field
        name="outcome"
        label="Outcome"
        value={outcome}
        options={[
          { value: "", label: "All" },
          { value: "ok", label: "Succeeded" },
          { value: "failed", label: "Failed" },
          ...(known.includes(outcome) ? [] : [{ value: outcome, label: outcome }]),
        ]}
      />
      <button type="submit">Filter</button>
      {query.size === 0 ? null : (
        <a class="button quiet" href={pathOf(c, "/activity")}>
          Clear
        </a>
      )}
      <details class="filters-more" id="more-filters" open={isAnyGiven(query, furtherFilters)}>
        <summary>More filters</summary>
        <div>
          <div class="field">
            <label for="f-tool">Tool</label>
            <input id="f-tool" name="tool" type="text" value={value("tool")} list="tool-names" autocomplete="off" />
            <datalist id="tool-names">
              {names.map((name) => (
                <option value={name} />
              ))}
            </datalist>
          </div>
          {may(call.actor, "activity:read") ? (
            <Field name="user" label="User" value={value("user")} attempt={attempt} />
          ) : null}
          <Field
            name="from"
            label="From (UTC)"
            type="datetime-local"
            value={localTime(value("from"))}
            attempt={attempt}
          />
          <Field name="to" label="To (UTC)" type="datetime-local" value={localTime(value("to"))} attempt={attempt} />
          {value("dataset") === "" ? null : <Field name="dataset" label="Dataset" value={value("dataset")} />}
        </div>
      </details>
    </form>
  );
}

/** What a field for a time takes: no zone. */
export function localTime(text: string): string {
  return text.replace(/(:\d\d(\.\d+)?)?Z$/, "");
}

type Found = Awaited<ReturnType<typeof listExecutions>>;

function Log({ c, page }: { c: PageContext; page: Found }) {
  const url = urlOf(c);
  const isFirst = !url.searchParams.has("cursor");
  const polling = isFirst
    ? {
        "hx-get": url.pathname + url.search,
        "hx-trigger": refresh,
        "hx-select": "#executions",
        "hx-swap": "outerMorph",
      }
    : {};
  return (
    <div id="executions" {...polling}>
      {page.items.length === 0 ? (
        <Nothing c={c} page={page} />
      ) : (
        <ol class="log" aria-label="Executions">
          {page.items.map((execution) => (
            <Entry c={c} execution={execution} />
          ))}
        </ol>
      )}
      {page.searched_to === undefined ? null : (
        <p class="hint">
          Searched back to <Ago at={page.searched_to} now={c.get("call").now()} />. Next page searches on.
        </p>
      )}
      {page.items.length === 0 && page.next_cursor === undefined ? null : (
        <Pager url={url} page={page} what={page.total === 1 ? "execution" : "executions"} />
      )}
    </div>
  );
}

function Nothing({ c, page }: { c: PageContext; page: Found }) {
  if (urlOf(c).searchParams.size > 0) {
    return (
      <Empty title={page.next_cursor === undefined ? "Nothing matches these filters" : "Nothing found so far"}>
        <p>
          <a href={pathOf(c, "/activity")}>Clear the filters</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No tool was called yet">
      <p>
        <a href={pathOf(c, "")}>Connect a client</a> or <a href={pathOf(c, "/playground")}>run a query here</a>.
      </p>
    </Empty>
  );
}

function Entry({ c, execution }: { c: PageContext; execution: Execution }) {
  const { id, tool, user, success, error_code, duration_ms, executed_at, cached } = execution;
  return (
    <li>
      <details id={id}>
        <summary>
          <span class="what">
            <bdi>{tool}</bdi>
          </span>
          <span class="who">
            <bdi>{user}</bdi>
          </span>
          <span class="state">
            <Tag tone={success ? "good" : "bad"}>
              {success ? (cached ? "ok, cached" : "ok") : (error_code ?? "failed")}
            </Tag>
          </span>
          <span class="took">{count(duration_ms)} ms</span>
          <span class="when">
            <Ago at={executed_at} now={c.get("call").now()} />
          </span>
        </summary>
        <div class="more">
          <Facts c={c} execution={execution} />
          <Arguments parameters={execution.parameters} />
        </div>
      </details>
    </li>
  );
}

function Facts({ c, execution }: { c: PageContext; execution: Execution }) {
  const { tool, user, through, client, dataset, dataset_version, tool_version, steps, result_bytes } = execution;
  const call = c.get("call");
  const isOwnTool = call.catalogue.tools.has(tool);
  const named = dataset === null ? [] : dataset.split(",");
  return (
    <dl class="facts">
      <dt>Time</dt>
      <dd>{execution.executed_at.replace("T", " ").replace("Z", " UTC")}</dd>
      <dt>Tool</dt>
      <dd>
        {isOwnTool ? (
          <a href={pathOf(c, `/library/tools/${encodeURIComponent(tool)}`)}>
            <bdi>{tool}</bdi>
          </a>
        ) : (
          <bdi>{tool}</bdi>
        )}
        {tool_version === null ? "" : ` version ${tool_version}`}
      </dd>
      <dt>User</dt>
      <dd>
        <bdi>{user}</bdi>
        {through === null ? null : (
          <>
            {" through "}
            <bdi>{through}</bdi>
          </>
        )}
      </dd>
      {client === null ? null : (
        <>
          <dt>Client</dt>
          <dd>
            <bdi>{client}</bdi>
          </dd>
        </>
      )}
      {named.length === 0 ? null : (
        <>
          <dt>Dataset</dt>
          <dd>
            {named.map((name, index) => (
              <>
                {index === 0 ? "" : ", "}
                {call.catalogue.datasets.has(name) ? (
                  <a href={pathOf(c, `/datasets/${encodeURIComponent(name)}`)}>
                    <bdi>{name}</bdi>
                  </a>
                ) : (
                  <bdi>{name}</bdi>
                )}
              </>
            ))}
            {dataset_version === null ? "" : ` version ${dataset_version}`}
          </dd>
        </>
      )}
      <dt>Answer</dt>
      <dd>
        {bytes(result_bytes)}
        {steps === null ? "" : `, ${count(steps)} engine steps`}
      </dd>
      <dt>Id</dt>
      <dd>{execution.id}</dd>
    </dl>
  );
}

function Arguments({ parameters }: { parameters: string | null }) {
  if (parameters === null)
    return <p class="hint">Arguments are not shown: there were none, or they name what you may not see.</p>;
  return (
    <section aria-label="Arguments" tabindex={0}>
      <pre>
        <code>{prettyJson(parameters)}</code>
      </pre>
    </section>
  );
}
