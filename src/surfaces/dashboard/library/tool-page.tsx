// The page of one tool: what it does, what it takes, how it is used, what it stands on. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { isRequired } from "../../../features/jq-tools/arguments.ts";
import type { JqTool, ToolParameter } from "../../../features/jq-tools/schema.ts";
import type { ToolPerformance } from "../../../features/learning/schema.ts";
import type { ToolUsage } from "../../../features/metrics/store.ts";
import { exportFiles } from "../../../features/sharing/calls.ts";
import { describeVisibility } from "../../../features/visibility/visibility.ts";
import { learningLimits } from "../../../workflow-limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { Field, Form, Problem } from "../forms.tsx";
import { Ago, count, DataTable, Live } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { findToolEntry, type Rights, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { graphAround } from "./graph.ts";
import { DependencyGraph } from "./graph-view.tsx";
import { Highlighted } from "./highlighted.tsx";
import { entryPath } from "./places.ts";

/** What pages of tools and functions say after a change. */
export const entryDone = {
  saved: "Saved. Every client has it from now on.",
  unchanged: "Nothing was different, so nothing was saved.",
  "rolled-back": "That version is in use again, as the newest.",
  deactivated: "It is out of use. Its definition and history are kept.",
  restored: "It is in use again.",
};

export async function toolPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const tool = await findToolEntry(call, c.req.param("name") ?? "");
  const days = learningLimits.performanceDays;
  const [usage, performance, rights] = await Promise.all([
    call.stub.metrics().usage(tool.id),
    call.stub.learning().performance({ name: tool.name, days }, call.actor),
    rightsOf(call),
  ]);
  return entryPage(c, {
    entry: { kind: "tool", item: tool },
    rights,
    attempt,
    ownProblems: ["deactivate"],
    done: entryDone,
    intro: <bdi>{tool.description}</bdi>,
    children: (
      <Live id="tool" kinds={["tool", "function"]}>
        <Usage c={c} tool={tool} usage={usage} recent={performance[0]} days={days} />
        <section class="card" aria-labelledby="query-title">
          <h2 id="query-title">Query</h2>
          <Highlighted text={tool.query} label={`Query of ${tool.name}`} id="tool-query" />
          <Facts c={c} tool={tool} />
        </section>
        <Parameters parameters={tool.parameters} />
        <section class="card" aria-labelledby="graph-title">
          <h2 id="graph-title">What it uses</h2>
          <DependencyGraph
            c={c}
            graph={graphAround(call.catalogue, { kind: "tool", name: tool.name })}
            label={`Dependencies of ${tool.name}`}
            centre={{ kind: "tool", name: tool.name }}
          />
        </section>
        <Moves c={c} kind="tool" name={tool.name} isActive={tool.is_active} rights={rights} attempt={attempt} />
      </Live>
    ),
  });
}

function Usage(props: {
  c: PageContext;
  tool: JqTool;
  usage: ToolUsage | undefined;
  recent: ToolPerformance | undefined;
  days: number;
}) {
  const { c, tool, usage, recent, days } = props;
  const failures = Object.entries(recent?.failures ?? {});
  return (
    <>
      <dl class="stats" aria-label="Usage">
        <div>
          <dt>Calls</dt>
          <dd>{count(usage?.usage_count ?? 0)}</dd>
        </div>
        <div>
          <dt>Last used</dt>
          <dd>{usage === undefined ? "never" : <Ago at={usage.last_used_at} now={c.get("call").now()} />}</dd>
        </div>
        <div>
          <dt>p50 / p95, {days} days</dt>
          <dd>{recent?.ms == null ? "–" : `${count(recent.ms.p50)} / ${count(recent.ms.p95)} ms`}</dd>
        </div>
        <div>
          <dt>Failing, {days} days</dt>
          <dd>{recent === undefined ? "–" : `${Math.round(recent.failure_share * 100)}%`}</dd>
        </div>
      </dl>
      {failures.length === 0 ? null : (
        <p class="hint">
          Failures: {failures.map(([code, times]) => `${code} ${count(times)}`).join(", ")}.{" "}
          <a href={pathOf(c, `/activity?tool=${tool.name}&failed=true`)}>Show them</a>
        </p>
      )}
    </>
  );
}

function Facts({ c, tool }: { c: PageContext; tool: JqTool }) {
  const { team, catalogue, now } = c.get("call");
  const exported = (format: string): string =>
    `/t/${team}/api/v1/library/${exportFiles.tools}.${format}?names=${tool.name}`;
  return (
    <dl class="facts">
      <dt>Reads</dt>
      <dd>
        {tool.datasets.length === 0 ? "no dataset" : null}
        {tool.datasets.map((name, at) => (
          <>
            {at === 0 ? "" : ", "}
            {catalogue.datasets.has(name) ? (
              <a href={pathOf(c, `/datasets/${name}`)}>
                <bdi>{name}</bdi>
              </a>
            ) : (
              <>
                <bdi>{name}</bdi> (not there)
              </>
            )}
          </>
        ))}
        {tool.datasets.length === 0 ? "" : `, ${readingOf(tool)}`}
      </dd>
      <dt>Version</dt>
      <dd>
        {tool.version}, <Ago at={tool.updated_at} now={now()} /> by <bdi>{tool.updated_by}</bdi>
      </dd>
      <dt>Made</dt>
      <dd>
        <Ago at={tool.created_at} now={now()} /> by <bdi>{tool.created_by}</bdi>
      </dd>
      {tool.visibility === undefined ? null : (
        <>
          <dt>Shown to</dt>
          <dd>{describeVisibility(tool.visibility)}</dd>
        </>
      )}
      <dt>Export</dt>
      <dd>
        <a href={exported("yaml")} download hx-boost="false">
          YAML
        </a>
        ,{" "}
        <a href={exported("json")} download hx-boost="false">
          JSON
        </a>{" "}
        with the functions it calls
      </dd>
    </dl>
  );
}

function readingOf({ input, null_input, dataset_mode, datasets }: JqTool): string {
  if (dataset_mode === "all") return "all at once: . holds each by its name";
  const one = datasets.length > 1 ? "one at a time, the first unless asked; " : "";
  if (null_input) return `${one}once, over its records with inputs`;
  return input === "records" ? `${one}record by record` : `${one}as a whole`;
}

export function Parameters({ parameters }: { parameters: readonly ToolParameter[] }) {
  if (parameters.length === 0) return null;
  return (
    <section class="card" aria-labelledby="parameters-title">
      <h2 id="parameters-title">Parameters</h2>
      <DataTable
        caption="Parameters"
        rows={parameters}
        columns={[
          { label: "Name", cell: ({ name }) => <code>{name}</code> },
          { label: "Type", cell: ({ type }) => type },
          { label: "Given", cell: givenText },
          { label: "Bounds", wide: true, cell: boundsText },
          { label: "Meaning", cell: ({ description }) => <bdi>{description ?? ""}</bdi> },
        ]}
      />
    </section>
  );
}

function givenText(parameter: ToolParameter): string {
  if (isRequired(parameter)) return "required";
  return parameter.default === undefined ? "optional" : `default ${JSON.stringify(parameter.default)}`;
}

function boundsText({ enum: choices, min, max, pattern }: ToolParameter): string {
  return [
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`]),
    ...(min === undefined ? [] : [`from ${min}`]),
    ...(max === undefined ? [] : [`to ${max}`]),
    ...(pattern === undefined ? [] : [`matching ${pattern}`]),
  ].join(", ");
}

/** Out of use and back, as the viewer may. */
export function Moves(props: {
  c: PageContext;
  kind: "tool" | "function";
  name: string;
  isActive: boolean;
  rights: Rights;
  attempt?: Attempt | undefined;
}) {
  const { kind, name, isActive, rights } = props;
  if (!rights.saves && !rights.proposes) return null;
  const attempt = props.attempt?.action === "deactivate" ? props.attempt : undefined;
  const verb = isActive ? "Take out of use" : "Bring back";
  return (
    <details class="card" open={attempt !== undefined}>
      <summary>{verb}</summary>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <p>
        {isActive
          ? `Nobody can call ${name} then. Its definition and history are kept, and it can be brought back.`
          : `${name} is checked against today's library and can be called again.`}
      </p>
      <Form action="deactivate">
        <input type="hidden" name="to" value={isActive ? "deactivate" : "restore"} />
        <Field
          name="reason"
          label={rights.saves ? "Reason, kept in the history" : "Reason, for those who vote"}
          attempt={attempt}
          maxlength={500}
        />
        <button type="submit" class={isActive ? "danger" : undefined}>
          {rights.saves ? verb : `Propose to ${verb.toLowerCase()}`}
        </button>
        <input type="hidden" name="kind" value={kind} />
      </Form>
    </details>
  );
}

/** The action behind `Moves`. Members of a team that votes propose it. */
export const moveEntry: Action = async (call, form, c) => {
  const kind = form.get("kind") === "function" ? "function" : "tool";
  const move = form.get("to") === "restore" ? "restore" : "deactivate";
  const name = c.req.param("name") ?? "";
  const reason = textField(form, "reason");
  if ((await rightsOf(call)).saves) {
    await useTool(call, `${move}_${kind}`, given({ name, reason }), form);
    return { to: entryPath(kind, name), done: move === "restore" ? "restored" : "deactivated" };
  }
  if (reason === undefined) {
    throw new AppError("invalid_argument", "A proposal needs a reason.", { hint: "Say why, for those who vote." });
  }
  const { data } = await useTool(call, `propose_${kind}`, { name, action: move, justification: reason }, form);
  return { to: proposalPath(data) };
};

/** Where a proposal that was just made is. */
export function proposalPath(data: Readonly<Record<string, unknown>>): string {
  const { proposal } = data;
  const id = typeof proposal === "object" && proposal !== null && "id" in proposal ? String(proposal.id) : "";
  return `/proposals/${id}`;
}
