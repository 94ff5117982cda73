// Running a tool from the browser: a field for each parameter, the result below. Its address can be passed on. Runs at the edge.
import { describeError, type ErrorDescription, isAppError } from "../../../core/errors.ts";
import { isRequired } from "../../../features/jq-tools/arguments.ts";
import type { JqTool, ToolParameter } from "../../../features/jq-tools/schema.ts";
import type { RawAnswer } from "../../../features/sql/schema.ts";
import { httpStatus } from "../../rest/problem.ts";
import { given, useTool } from "../actions.ts";
import { Empty, Pager, Tabs, urlOf, withQuery } from "../parts.tsx";
import { ResultJson, ResultTable } from "../playground/cells.tsx";
import { type ShownRows, shownRows } from "../playground/running.ts";
import type { PageContext } from "../routes.ts";
import { findToolEntry, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { argumentsFrom, choiceText, fieldOf, problemWith } from "./run-values.ts";

/** Rows of a page, to choose from. */
const pageSizes = ["20", "100", "500"];

type Outcome = { shown: ShownRows } | { error: ErrorDescription } | undefined;

export async function runPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const tool = await findToolEntry(call, c.req.param("name") ?? "");
  const isAsked = url.searchParams.has("run");
  const [outcome, rights] = await Promise.all([
    isAsked ? runFor(c, tool, url.searchParams) : undefined,
    rightsOf(call),
  ]);
  const error = outcome !== undefined && "error" in outcome ? outcome.error : undefined;
  return entryPage(c, {
    entry: { kind: "tool", item: tool },
    view: "run",
    rights,
    ...(error === undefined ? {} : { status: httpStatus(error.code) }),
    intro: <bdi>{tool.description}</bdi>,
    children: tool.is_active ? (
      <>
        <RunForm tool={tool} url={url} error={error} />
        <div id="result">
          <Result url={url} outcome={outcome} />
        </div>
      </>
    ) : (
      <Empty title={`${tool.name} is out of use.`}>
        <p>Bring it back on the page of its definition to run it.</p>
      </Empty>
    ),
  });
}

/** What it comes to; a failure is shown beside what was entered. Anything unexpected is thrown. */
async function runFor(c: PageContext, tool: JqTool, query: URLSearchParams): Promise<Outcome> {
  try {
    const limit = pageSizes.includes(query.get("limit") ?? "") ? Number(query.get("limit")) : undefined;
    const taken = (name: string): boolean => tool.parameters.some((parameter) => parameter.name === name);
    const paging = {
      limit: taken("limit") ? undefined : (limit ?? 20),
      cursor: taken("cursor") ? undefined : (query.get("cursor") ?? undefined),
    };
    const { data } = await useTool(c.get("call"), tool.name, { ...argumentsFrom(tool, query), ...given(paging) });
    return { shown: shownRows(data as RawAnswer) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: describeError(error) };
  }
}

function RunForm({ tool, url, error }: { tool: JqTool; url: URL; error: ErrorDescription | undefined }) {
  const query = url.searchParams;
  const choosesDataset = tool.dataset_mode === "one" && tool.datasets.length > 1;
  return (
    <form method="get" action={url.pathname} class="card run" aria-label={`Run ${tool.name}`}>
      <input type="hidden" name="run" value="yes" />
      <div class="value-grid">
        {tool.parameters.map((parameter) => (
          <Argument
            parameter={parameter}
            text={query.get(fieldOf(parameter.name)) ?? undefined}
            problem={problemWith(parameter.name, error?.details)}
          />
        ))}
        {choosesDataset ? (
          <Choice name="dataset" label="Dataset" options={tool.datasets} chosen={query.get("dataset") ?? ""} />
        ) : null}
        <Choice name="limit" label="Rows" options={pageSizes} chosen={query.get("limit") ?? ""} />
      </div>
      <button type="submit" data-run>
        Run
      </button>
    </form>
  );
}

function Choice(props: { name: string; label: string; options: readonly string[]; chosen: string }) {
  const { name, label, options, chosen } = props;
  return (
    <div class="field">
      <label for={`run-${name}`}>{label}</label>
      <select id={`run-${name}`} name={name}>
        {options.map((option) => (
          <option value={option} selected={option === chosen}>
            {option}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ArgumentProps {
  parameter: ToolParameter;
  text: string | undefined;
  problem: string | undefined;
}

function Argument({ parameter, text, problem }: ArgumentProps) {
  const { name, type, description } = parameter;
  const id = `run-${fieldOf(name)}`;
  const preset = parameter.default === undefined ? undefined : choiceText(parameter.default);
  const isChosen = parameter.enum !== undefined || type === "boolean";
  const hints = [
    description,
    ...(preset === undefined || isChosen ? [] : [`Left empty: ${preset}.`]),
    ...(isRequired(parameter) || isChosen ? [] : preset === undefined ? ["May be left empty."] : []),
  ].filter((hint) => hint !== undefined && hint !== "");
  const isSaid = hints.length > 0 || problem !== undefined;
  const shared = {
    ...{ id, name: fieldOf(name), required: isRequired(parameter) },
    "aria-describedby": isSaid ? `${id}-hint` : undefined,
    "aria-invalid": problem === undefined ? undefined : ("true" as const),
  };
  return (
    <div class="field">
      <label for={id}>
        {name} <span class="muted">{type}</span>
      </label>
      <Input parameter={parameter} shared={shared} text={text} preset={preset} />
      {isSaid ? (
        <p class="hint" id={`${id}-hint`}>
          {problem === undefined ? null : <strong class="wrong">{problem}. </strong>}
          <bdi>{hints.join(" ")}</bdi>
        </p>
      ) : null}
    </div>
  );
}

function Input(props: {
  parameter: ToolParameter;
  shared: { id: string; name: string; required: boolean };
  text: string | undefined;
  preset: string | undefined;
}) {
  const { parameter, shared, text, preset } = props;
  const { type, min, max, enum: enumerated } = parameter;
  const choices = enumerated?.map(choiceText) ?? (type === "boolean" ? ["true", "false"] : undefined);
  if (choices !== undefined) {
    return (
      <select {...shared}>
        <option value="">
          {shared.required ? "Choose" : preset === undefined ? "Not given" : `Default: ${preset}`}
        </option>
        {choices.map((choice) => (
          <option value={choice} selected={choice === text}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  if (type === "array" || type === "object") {
    return (
      <textarea {...shared} class="code" rows={3} spellcheck={false} placeholder={preset}>
        {text ?? ""}
      </textarea>
    );
  }
  const isNumber = type === "number" || type === "integer";
  return (
    <input
      {...shared}
      type={isNumber ? "number" : "text"}
      step={type === "number" ? "any" : undefined}
      min={isNumber ? min : undefined}
      max={isNumber ? max : undefined}
      placeholder={preset}
      value={text ?? ""}
      autocomplete="off"
    />
  );
}

function Result({ url, outcome }: { url: URL; outcome: Outcome }) {
  if (outcome === undefined) return null;
  if ("error" in outcome) {
    const { message, hint, details } = outcome.error;
    const said = details?.message;
    return (
      <div class="warning" role="alert" id="problem">
        <p>
          {message} {hint}
        </p>
        {typeof said === "string" && said !== "" ? <pre>{said}</pre> : null}
      </div>
    );
  }
  const { shown } = outcome;
  const isJson = url.searchParams.get("view") === "json";
  return (
    <section aria-labelledby="result-title">
      <h2 id="result-title">Result</h2>
      <Tabs
        label="Form of the result"
        tabs={[
          { label: "Table", href: withQuery(url, { view: undefined }), here: !isJson },
          { label: "JSON", href: withQuery(url, { view: "json" }), here: isJson },
        ]}
      />
      {(shown.notes ?? []).map((note) => (
        <p class="hint">{note}</p>
      ))}
      {shown.returned === 0 ? (
        <Empty title="No rows.">
          <p>It ran and gave nothing for these arguments.</p>
        </Empty>
      ) : isJson ? (
        <ResultJson shown={shown} />
      ) : (
        <ResultTable shown={shown} />
      )}
      <Pager url={url} page={shown} what={shown.total === 1 ? "row" : "rows"} label="Pages of the result" />
      {shown.cached ? <p class="hint">From the cache: what it reads has not changed.</p> : null}
    </section>
  );
}
