// What a query gave, in the view that was chosen, and what can be done with it. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { may } from "../../../features/access/access.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { Field, Form } from "../forms.tsx";
import { Copy, count } from "../parts.tsx";
import { settled } from "./asked.ts";
import { ResultJson, ResultRaw, ResultTable } from "./cells.tsx";
import { ChartView } from "./chart-view.tsx";
import { ExplainView, PlanView } from "./explain-view.tsx";
import { Failure } from "./failure.tsx";
import { Move, StateFields } from "./moves.tsx";
import type { Outcome, ShownRows } from "./running.ts";
import { addressOf, fitsAddress, type PlaygroundState, shownAs, type View, views } from "./state.ts";
import { readingOf, type Subject } from "./subject.ts";
import { ChangePanel, WrittenView } from "./write-view.tsx";

export interface ResultProps {
  call: CallContext;
  path: string;
  origin: string;
  state: PlaygroundState;
  subject: Subject | undefined;
  outcome: Exclude<Outcome, { kind: "none" }>;
  /** The frame that was just made of it. */
  kept: string | undefined;
}

const viewNames: Record<View, string> = {
  table: "Table",
  json: "JSON",
  raw: "Raw",
  chart: "Chart",
  explain: "Explain",
};

/** The result with its tabs. Everything in it that loads something loads this part alone. */
export function Result(props: ResultProps) {
  const { outcome, state, path } = props;
  const isChange = outcome.kind === "write" || outcome.kind === "written";
  return (
    <div hx-target:inherited="#result" hx-select:inherited="#result" hx-swap:inherited="outerMorph">
      {/* The form above keeps to the view that is looked at. */}
      {state.view === "table" ? null : <input type="hidden" form="query" name="view" value={state.view} />}
      {isChange ? null : (
        <nav class="tabs" aria-label="Views of the result">
          <ul>
            {views.map((view) => (
              <li>
                <Move path={path} to={shownAs(state, view)} here={view === state.view}>
                  {viewNames[view]}
                </Move>
              </li>
            ))}
          </ul>
        </nav>
      )}
      {props.kept === undefined ? null : <Kept call={props.call} frame={props.kept} />}
      <Shown {...props} />
      {outcome.kind === "rows" || outcome.kind === "chart" ? <After {...props} shown={outcome.shown} /> : null}
      {isChange ? null : <Share {...props} />}
    </div>
  );
}

function Shown(props: ResultProps) {
  const { outcome, state, call, path } = props;
  switch (outcome.kind) {
    case "rows":
      return <RowsView {...props} shown={outcome.shown} />;
    case "chart":
      return <ChartView path={path} state={state} chart={outcome.chart} />;
    case "explained":
      return <ExplainView explanation={outcome.explanation} />;
    case "plan":
      return <PlanView steps={outcome.steps} />;
    case "write":
      return <ChangePanel call={call} state={state} />;
    case "written":
      return <WrittenView call={call} state={state} written={outcome.written} />;
    case "failed":
      return <Failure error={outcome.error} q={state.q} />;
  }
}

function RowsView({ shown, state, subject, path }: ResultProps & { shown: ShownRows }) {
  const isEmpty = shown.total === 0;
  return (
    <>
      <p class="summary" data-said>
        {isEmpty ? "No rows." : countText(shown)}
        {shown.cached ? <span class="muted"> From memory: the same was asked before.</span> : null}
        <ReadingNote state={state} subject={subject} />
      </p>
      {isEmpty ? <NoRows state={state} subject={subject} /> : <RowsIn view={state.view} shown={shown} />}
      {(shown.spread ? [] : (shown.notes ?? [])).map((note) => (
        <p class="hint">{note}</p>
      ))}
      <Pages shown={shown} state={state} path={path} />
    </>
  );
}

function RowsIn({ view, shown }: { view: View; shown: ShownRows }) {
  if (view === "json") return <ResultJson shown={shown} />;
  return view === "raw" ? <ResultRaw shown={shown} /> : <ResultTable shown={shown} />;
}

function countText({ returned, total, spread, rows }: ShownRows): string {
  if (spread) return `One output, a list of ${count(rows.length)}: shown item by item.`;
  if (returned === total) return `${count(total)} ${total === 1 ? "row" : "rows"}.`;
  return `${count(returned)} of ${count(total)} rows.`;
}

/** Said where it was not chosen: what `.` was. */
function ReadingNote({ state, subject }: Pick<ResultProps, "state" | "subject">) {
  if (state.lang !== "jq" || state.read !== "auto" || subject === undefined || subject.fits) return null;
  const { nullInput } = settled(state, subject);
  return (
    <span class="muted">
      {" "}
      <bdi>{subject.name}</bdi> is too large to read at once, so{" "}
      {nullInput ? "the program ran once over a stream (inputs)." : "the program ran for each record: . is one record."}
    </span>
  );
}

function NoRows({ state, subject }: Pick<ResultProps, "state" | "subject">) {
  return (
    <div class="empty">
      <p class="empty-title">The query ran and gave nothing.</p>
      <p class="muted">
        {state.lang === "sql"
          ? "No row meets its conditions."
          : subject?.records === 0
            ? "There are no records to read."
            : "A select that is never true gives nothing; names of fields are case-sensitive."}
      </p>
    </div>
  );
}

function Pages({ shown, state, path }: { shown: ShownRows; state: PlaygroundState; path: string }) {
  const isFirst = state.cursor === "";
  if (isFirst && !shown.truncated) return null;
  const canWiden = state.lang === "sql" && state.rows < 1_000;
  return (
    <nav class="pager" aria-label="Pages of the result">
      {isFirst ? null : (
        <Move path={path} to={{ ...state, cursor: "" }}>
          First page
        </Move>
      )}
      {shown.next_cursor === undefined ? null : (
        <Move path={path} to={{ ...state, cursor: shown.next_cursor, kept: "" }}>
          Next page
        </Move>
      )}
      {shown.truncated && canWiden ? (
        <Move path={path} to={{ ...state, rows: 1_000 }}>
          Show up to 1,000
        </Move>
      ) : null}
      {shown.truncated ? <p>All rows: download them, or keep them as a frame.</p> : null}
    </nav>
  );
}

/** What one does with a result: take it along, keep it, make a tool of the query. */
function After({ call, path, state, subject, shown }: ResultProps & { shown: ShownRows }) {
  if (shown.total === 0) return null;
  return (
    <div class="after">
      <div class="actions">
        <Download path={path} state={state} format="csv" />
        <Download path={path} state={state} format="json" />
        <ToolLink call={call} state={state} subject={subject} />
      </div>
      <details id="keep">
        <summary>Keep all rows as a frame</summary>
        <Form action="keep" class="filters" label="Keep as a frame">
          <StateFields state={{ ...state, cursor: "", kept: "" }} />
          <Field
            name="name"
            prefix="keep"
            label="Name"
            hint="Optional. SQL and other tools take it by this name; it is kept for 24 hours after its last use."
            maxlength={63}
          />
          <button type="submit">Keep</button>
        </Form>
      </details>
    </div>
  );
}

function Download({ path, state, format }: { path: string; state: PlaygroundState; format: "csv" | "json" }) {
  const to = { ...shownAs(state, "table"), rows: 100 };
  const address = `${addressOf(`${path}/download`, to)}&format=${format}`;
  const label = `Download ${format.toUpperCase()}`;
  if (fitsAddress(address)) {
    return (
      <a class="button quiet small" href={address} hx-boost="false">
        {label}
      </a>
    );
  }
  return (
    <form method="post" action={`${path}/download`} class="inline" hx-boost="false">
      <StateFields state={to} />
      <button type="submit" class="quiet small" name="format" value={format}>
        {label}
      </button>
    </form>
  );
}

/** To the library's editor, filled in. SQL is no tool: tools are jq. */
function ToolLink({ call, state, subject }: Pick<ResultProps, "call" | "state" | "subject">) {
  if (state.lang !== "jq" || subject?.kind !== "dataset") return null;
  const [canSave, canPropose] = [may(call.actor, "library:write"), may(call.actor, "library:propose")];
  if (!canSave && !canPropose) return null;
  const { input, nullInput } = settled(state, subject);
  const query = new URLSearchParams({
    ...{ name: `${subject.name}_query`, query: state.q, dataset: subject.name, input },
    ...(nullInput ? { null_input: "yes" } : {}),
  });
  const address = `/t/${call.team}/library/tools/new?${query}`;
  if (!fitsAddress(address)) return null;
  return (
    <a class="button quiet small" href={address}>
      {canSave ? "Save as a tool" : "Propose as a tool"}
    </a>
  );
}

function Kept({ call, frame }: { call: CallContext; frame: string }) {
  return (
    <div class="notice" role="status">
      All rows are kept as the frame{" "}
      <a href={`/t/${call.team}/tables/${encodeURIComponent(frame)}`}>
        <bdi>{frame}</bdi>
      </a>
      .
    </div>
  );
}

/** The query as a link. How it reads its data is in it, so that it stays the same when the data grows. */
function Share({ path, origin, state, subject }: ResultProps) {
  const read = state.lang === "jq" && subject !== undefined ? readingOf(settled(state, subject)) : state.read;
  const address = addressOf(path, { ...state, read, kept: "", cursor: "" });
  return (
    <details id="share">
      <summary>Link to this</summary>
      {fitsAddress(address) ? (
        <>
          <Copy id="share-link" text={origin + address} label="Link" />
          <p class="hint">Whoever opens it runs the query with their own rights, and sees what they may see.</p>
        </>
      ) : (
        <p class="hint">
          This query has no link: the address would have {count(address.length)} characters, and{" "}
          {count(playgroundLimits.addressChars)} are what browsers and chats take whole (limit addressChars). Save it as
          a tool and share that.
        </p>
      )}
    </details>
  );
}
