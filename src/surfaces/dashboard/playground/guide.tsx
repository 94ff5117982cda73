// What stands beside the query: what the data holds, queries to begin with, and one's own last ones. Runs at the edge.
import { cutText } from "../../../core/markdown.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { Ago, bytes, count, Tag } from "../parts.tsx";
import { countValues, examplesFor } from "./examples.ts";
import { Move } from "./moves.tsx";
import type { RecentQuery } from "./recent.ts";
import type { PlaygroundState } from "./state.ts";
import type { Field, Subject } from "./subject.ts";

export interface GuideProps {
  path: string;
  team: string;
  state: PlaygroundState;
  subject: Subject | undefined;
  recent: readonly RecentQuery[];
  /** The team's tools over this data. */
  tools: readonly string[];
  now: number;
}

export function Guide(props: GuideProps) {
  const { subject, state, path } = props;
  return (
    <div id="guide">
      {subject === undefined ? null : (
        <>
          <AboutData subject={subject} team={props.team} />
          <Examples subject={subject} state={state} path={path} />
          <Fields subject={subject} state={state} path={path} />
          {props.tools.length === 0 ? null : <Tools names={props.tools} team={props.team} />}
        </>
      )}
      {props.recent.length === 0 ? null : <Recent {...props} />}
    </div>
  );
}

function AboutData({ subject, team }: { subject: Subject; team: string }) {
  const { kind, name, description, records, shape } = subject;
  const address =
    kind === "dataset"
      ? `/t/${team}/datasets/${encodeURIComponent(name)}`
      : `/t/${team}/tables/${encodeURIComponent(name)}`;
  return (
    <section class="card" aria-labelledby="about-title">
      <h2 id="about-title">
        <a href={address}>
          <bdi>{name}</bdi>
        </a>
      </h2>
      <p class="hint">
        {shape === "whole" ? "One JSON document" : `${count(records)} ${kind === "dataset" ? "records" : "rows"}`},{" "}
        {bytes(subject.bytes)}
      </p>
      {description === "" ? null : (
        <p class="hint">
          <bdi>{cutText(description, playgroundLimits.cellChars)}</bdi>
        </p>
      )}
    </section>
  );
}

function Examples({ subject, state, path }: { subject: Subject; state: PlaygroundState; path: string }) {
  const examples = examplesFor(subject, state.lang);
  return (
    <section class="card" aria-labelledby="examples-title">
      <h2 id="examples-title">Begin with</h2>
      {examples.length === 0 ? (
        <p class="hint">SQL reads rows, and this is one document: query it with jq.</p>
      ) : (
        <ul class="plain">
          {examples.map(({ label, state: to }) => (
            <li>
              <Move path={path} to={to}>
                <bdi>{label}</bdi>
              </Move>
              {to.view === "chart" ? <span class="muted"> as a chart</span> : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Fields({ subject, state, path }: { subject: Subject; state: PlaygroundState; path: string }) {
  const { fields } = subject;
  if (fields.length === 0) return null;
  const shown = fields.slice(0, playgroundLimits.fields);
  return (
    <section class="card" aria-labelledby="fields-title">
      <h2 id="fields-title">Fields</h2>
      <p class="hint">
        {fields.some((field) => canCount(subject, field, state)) ? "A field counts its values." : null}
      </p>
      <section class="known-fields" aria-label="Fields and their types" tabindex={0}>
        <dl>
          {shown.map((field) => (
            <>
              <dt>
                <FieldName subject={subject} field={field} state={state} path={path} />
              </dt>
              <dd>
                {field.type}
                {field.present < 1 ? `, in ${Math.round(field.present * 100)}%` : ""}
              </dd>
            </>
          ))}
        </dl>
      </section>
      {fields.length > shown.length ? <p class="hint">and {count(fields.length - shown.length)} more</p> : null}
    </section>
  );
}

const canCount = (subject: Subject, { path }: Field, { lang }: PlaygroundState): boolean =>
  countValues(subject, path, lang) !== undefined;

function FieldName(props: { subject: Subject; field: Field; state: PlaygroundState; path: string }) {
  const to = countValues(props.subject, props.field.path, props.state.lang);
  const name = (
    <code>
      <bdi>{props.field.path}</bdi>
    </code>
  );
  return to === undefined ? (
    name
  ) : (
    <Move path={props.path} to={to} label={`Count the values of ${props.field.path}`}>
      {name}
    </Move>
  );
}

function Tools({ names, team }: { names: readonly string[]; team: string }) {
  return (
    <section class="card" aria-labelledby="data-tools-title">
      <h2 id="data-tools-title">Tools over it</h2>
      <ul class="plain">
        {names.map((name) => (
          <li>
            <a href={`/t/${team}/library/tools/${encodeURIComponent(name)}`}>
              <bdi>{name}</bdi>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Recent({ recent, path, now }: GuideProps) {
  return (
    <section class="card" aria-labelledby="recent-title">
      <h2 id="recent-title">Your last queries</h2>
      <ul class="plain recent">
        {recent.map(({ state, at, success }) => (
          <li>
            <Move path={path} to={state}>
              <code>{cutText(state.q.replaceAll(/\s+/g, " "), 80)}</code>
            </Move>
            <span class="hint">
              {state.lang === "jq" ? (
                <>
                  <bdi>{state.dataset}</bdi>,{" "}
                </>
              ) : null}
              <Ago at={at} now={now} /> {success ? null : <Tag tone="bad">failed</Tag>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
