// The page of one function: its definition, what it calls, what calls it. Runs at the edge.
import type { JqFunction } from "../../../features/jq-functions/schema.ts";
import { exportFiles } from "../../../features/sharing/calls.ts";
import { pathOf } from "../actions.ts";
import { Ago, count, DataTable, Live } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { findFunctionEntry, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { dependantsOf, graphAround } from "./graph.ts";
import { DependencyGraph } from "./graph-view.tsx";
import { Highlighted } from "./highlighted.tsx";
import { entryDone, Moves } from "./tool-page.tsx";

export async function functionPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const [item, rights] = await Promise.all([findFunctionEntry(call, c.req.param("name") ?? ""), rightsOf(call)]);
  const users = dependantsOf(call.catalogue, item.name);
  const centre = { kind: "function", name: item.name } as const;
  return entryPage(c, {
    entry: { kind: "function", item },
    rights,
    attempt,
    ownProblems: ["deactivate"],
    done: entryDone,
    intro: <bdi>{item.description}</bdi>,
    children: (
      <Live id="function" kinds={["tool", "function"]}>
        <dl class="stats" aria-label="Use">
          <div>
            <dt>Tools that use it</dt>
            <dd>{count(users.tools.length)}</dd>
          </div>
          <div>
            <dt>Functions that use it</dt>
            <dd>{count(users.functions.length)}</dd>
          </div>
          <div>
            <dt>Functions it calls</dt>
            <dd>{count(item.depends_on.length)}</dd>
          </div>
        </dl>
        <section class="card" aria-labelledby="definition-title">
          <h2 id="definition-title">Definition</h2>
          <Highlighted text={item.definition} label={`Definition of ${item.name}`} id="function-definition" />
          <Facts c={c} item={item} />
        </section>
        <ParameterNotes item={item} />
        <section class="card" aria-labelledby="graph-title">
          <h2 id="graph-title">What uses it, and what it uses</h2>
          <DependencyGraph
            c={c}
            graph={graphAround(call.catalogue, centre)}
            label={`Dependencies of ${item.name}`}
            centre={centre}
          />
        </section>
        <Moves c={c} kind="function" name={item.name} isActive={item.is_active} rights={rights} attempt={attempt} />
      </Live>
    ),
  });
}

function Facts({ c, item }: { c: PageContext; item: JqFunction }) {
  const { team, now } = c.get("call");
  const exported = (format: string): string =>
    `/t/${team}/api/v1/library/${exportFiles.functions}.${format}?names=${item.name}`;
  const call = item.arity === 0 ? item.name : `${item.name}(${item.parameters.map(() => ".").join("; ")})`;
  const query = new URLSearchParams({ lang: "jq", q: call, run: "no" });
  return (
    <dl class="facts">
      <dt>Version</dt>
      <dd>
        {item.version}, <Ago at={item.updated_at} now={now()} /> by <bdi>{item.updated_by}</bdi>
      </dd>
      <dt>Made</dt>
      <dd>
        <Ago at={item.created_at} now={now()} /> by <bdi>{item.created_by}</bdi>
      </dd>
      <dt>Try it</dt>
      <dd>
        <a href={pathOf(c, `/playground?${query}`)}>In the playground</a>
      </dd>
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

function ParameterNotes({ item: { parameters } }: { item: JqFunction }) {
  if (!parameters.some(({ type, description }) => type !== undefined || description !== undefined)) return null;
  return (
    <section class="card" aria-labelledby="parameters-title">
      <h2 id="parameters-title">Parameters</h2>
      <DataTable
        caption="Parameters"
        rows={parameters}
        columns={[
          { label: "Name", cell: ({ name }) => <code>{name}</code> },
          { label: "Type", cell: ({ type }) => type ?? "" },
          { label: "Meaning", cell: ({ description }) => <bdi>{description ?? ""}</bdi> },
        ]}
      />
    </section>
  );
}
