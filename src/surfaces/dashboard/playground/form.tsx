// Where a query is written: what it reads, the code, its parameters, and Run. Works as a plain form. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { jqLimits } from "../../../limits.ts";
import { playgroundLimits, sqlLimits } from "../../../workspace-limits.ts";
import { actionField } from "../actions.ts";
import { bytes, count } from "../parts.tsx";
import { type PlaygroundState, pageSizes, readings } from "./state.ts";
import type { Choices } from "./subject.ts";

const readingNames: Record<(typeof readings)[number], string> = {
  auto: "All at once while it fits, else record by record",
  whole: "All at once: . is everything",
  records: "Record by record: . is one record",
  inputs: "As a stream: . is null, inputs gives the records",
};

export interface QueryFormProps {
  call: CallContext;
  path: string;
  state: PlaygroundState;
  choices: Choices;
}

export function QueryForm({ call, path, state, choices }: QueryFormProps) {
  const base = `/t/${call.team}`;
  const isJq = state.lang === "jq";
  return (
    <query-form
      class="card"
      data-draft={`${call.team} ${call.actor.userId}`}
      data-address-chars={String(playgroundLimits.addressChars)}
    >
      <form
        id="query"
        method="get"
        action={path}
        aria-label="Query"
        hx-target="#result"
        hx-select="#result"
        hx-swap="outerMorph"
        hx-sync="this:replace"
      >
        {isJq ? null : <input type="hidden" name="lang" value="sql" />}
        <DataField path={path} state={state} choices={choices} />
        <div class="field">
          <label for="q">{isJq ? "jq program" : "SQL statement"}</label>
          <jq-editor
            data-language={state.lang}
            data-kind="query"
            data-check={`${base}/library/check`}
            data-complete={`${base}/library/completions`}
            data-dataset-field="dataset"
            data-variables={variablesOf(state)}
          >
            <textarea id="q" name="q" class="code" rows={6} spellcheck={false} autocomplete="off" autocapitalize="off">
              {state.q}
            </textarea>
          </jq-editor>
        </div>
        <Options state={state} />
        <div class="actions">
          <button type="submit" data-run aria-keyshortcuts="Control+Enter">
            Run{" "}
            <span>
              <kbd>Ctrl</kbd> <kbd>Enter</kbd>
            </span>
          </button>
          <p class="running" role="status" hidden>
            <span data-elapsed>Running …</span>
          </p>
          <button type="button" class="quiet small" data-cancel hidden>
            Cancel
          </button>
        </div>
      </form>
    </query-form>
  );
}

/** What is read. With SQL it only says whose fields are shown beside. */
function DataField({ path, state, choices }: Pick<QueryFormProps, "path" | "state" | "choices">) {
  const { datasets, tables, frames } = choices;
  const known = new Set([...datasets, ...tables, ...frames.map(({ value }) => value)]);
  const option = (value: string, label = value) => (
    <option value={value} selected={value === state.dataset}>
      {label}
    </option>
  );
  return (
    <div class="field">
      <label for="dataset">{state.lang === "jq" ? "Reads" : "Fields of"}</label>
      <select
        id="dataset"
        name="dataset"
        hx-get={path}
        hx-trigger="change"
        hx-include="#query"
        hx-vals={'{"run": "no"}'}
        hx-target="#guide"
        hx-select="#guide"
        hx-swap="outerHTML"
      >
        <option value="">Choose data</option>
        {state.dataset === "" || known.has(state.dataset) ? null : option(state.dataset)}
        <Group label="Datasets" options={datasets.map((name) => option(name))} />
        <Group label="Tables" options={tables.map((name) => option(name))} />
        <Group label="Frames" options={frames.map(({ value, label }) => option(value, label))} />
      </select>
    </div>
  );
}

function Group({ label, options }: { label: string; options: readonly unknown[] }) {
  return options.length === 0 ? null : <optgroup label={label}>{options}</optgroup>;
}

function Options({ state }: { state: PlaygroundState }) {
  const isJq = state.lang === "jq";
  const isUsed = state.params !== "" || state.read !== "auto";
  const [example, bound] = isJq
    ? ['{"region": "Europe"}', "Bound as $region."]
    : ['["Europe"] or {"region": "Europe"}', "For ? in their order, or for :region."];
  return (
    <details class="options" open={isUsed}>
      <summary>Parameters, reading, limits</summary>
      <div class="columns">
        <div class="field">
          <label for="params">Parameters, as JSON</label>
          <textarea
            id="params"
            name="params"
            class="code"
            rows={2}
            spellcheck={false}
            placeholder={example}
            aria-describedby="params-hint"
          >
            {state.params}
          </textarea>
          <p class="hint" id="params-hint">
            {bound} Values are never part of the code.
          </p>
        </div>
        <div>
          {isJq ? (
            <div class="field">
              <label for="read">How the data is read</label>
              <select id="read" name="read">
                {readings.map((one) => (
                  <option value={one} selected={one === state.read}>
                    {readingNames[one]}
                  </option>
                ))}
              </select>
            </div>
          ) : null}
          <div class="field">
            <label for="rows">Rows of a page</label>
            <select id="rows" name="rows">
              {pageSizes.map((size) => (
                <option value={String(size)} selected={size === state.rows}>
                  {count(size)}
                </option>
              ))}
            </select>
          </div>
        </div>
      </div>
      <p class="hint">{isJq ? jqLimitsText : sqlLimitsText}</p>
      <p class="hint">
        A query too long for an address:{" "}
        <button type="submit" class="quiet small" formmethod="post" name={actionField} value="run">
          Run it without one
        </button>
      </p>
    </details>
  );
}

const jqLimitsText = `A run may take ${count(jqLimits.steps)} steps, about 6 seconds, and more for data that is read; an endless program ends there. All at once it reads ${bytes(jqLimits.wholeInputBytes)}, record by record any size. Cancel stops a run at its next piece of data; one that reads none runs to that limit.`;
const sqlLimitsText = `A statement whose loops come to more than ${count(sqlLimits.steps)} steps is refused before it runs. It reads unless you confirm a change.`;

/** Names that the program may use, for the editor's check. */
function variablesOf({ params }: PlaygroundState): string | undefined {
  try {
    const names = Object.keys(JSON.parse(params) as object);
    return names.length === 0 ? undefined : names.join(" ");
  } catch {
    return undefined;
  }
}
