// Queries that give what a tool gives and cost less, each measured beside it. Runs at the edge.
import { describeError, type ErrorDescription, isAppError } from "../../../core/errors.ts";
import type { Optimized } from "../../../features/learning/optimize.ts";
import type { Advice } from "../../../features/learning/schema.ts";
import { httpStatus } from "../../rest/problem.ts";
import { pathOf, useTool } from "../actions.ts";
import { bytes, count, Empty, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { findToolEntry, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { Highlighted } from "./highlighted.tsx";
import { entryPath } from "./places.ts";
import { argumentsFrom } from "./run-values.ts";

/** Addresses longer than this are refused on their way by some servers. */
const addressChars = 6_000;

export async function advicePage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const query = urlOf(c).searchParams;
  const tool = await findToolEntry(call, c.req.param("name") ?? "");
  const needs = tool.parameters.filter(({ required, default: preset }) => required ?? preset === undefined);
  const [outcome, rights] = await Promise.all([
    query.has("run") ? adviceFor(c, tool.name, argumentsFrom(tool, query)) : undefined,
    rightsOf(call),
  ]);
  const failed = outcome !== undefined && "error" in outcome ? outcome.error : undefined;
  return entryPage(c, {
    entry: { kind: "tool", item: tool },
    view: "advice",
    rights,
    ...(failed === undefined ? {} : { status: httpStatus(failed.code) }),
    intro: "Changes are tried beside the tool on its own data. Only what gives the same and costs less is shown.",
    children: (
      <>
        <form method="get" class="card" aria-label="Look for advice">
          <input type="hidden" name="run" value="yes" />
          {needs.map(({ name, type }) => (
            <div class="field">
              <label for={`advice-${name}`}>
                {name} <span class="muted">{type}</span>
              </label>
              <input
                id={`advice-${name}`}
                name={`p.${name}`}
                value={query.get(`p.${name}`) ?? ""}
                required
                autocomplete="off"
              />
            </div>
          ))}
          <button type="submit">Look for faster ways</button>
        </form>
        {failed === undefined ? null : (
          <div class="warning" role="alert" id="problem">
            <p>
              {failed.message} {failed.hint}
            </p>
          </div>
        )}
        {outcome === undefined || "error" in outcome ? null : (
          <Found c={c} found={outcome} mayChange={rights.saves || rights.proposes} />
        )}
      </>
    ),
  });
}

async function adviceFor(
  c: PageContext,
  name: string,
  args: Record<string, unknown>,
): Promise<Optimized | { error: ErrorDescription }> {
  try {
    const { data } = await useTool(c.get("call"), "optimize_tool", { name, arguments: args });
    return data as unknown as Optimized;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: describeError(error) };
  }
}

function Found({ c, found, mayChange }: { c: PageContext; found: Optimized; mayChange: boolean }) {
  return (
    <section aria-labelledby="advice-title">
      <h2 id="advice-title">{found.advice.length === 0 ? "Nothing found" : "Found"}</h2>
      {found.advice.length === 0 ? (
        <Empty title="The tool is fine as it is.">
          {found.notes.map((note) => (
            <p>{note}</p>
          ))}
        </Empty>
      ) : (
        found.notes.map((note) => <p class="hint">{note}</p>)
      )}
      {found.advice.map((advice, at) => (
        <OneAdvice c={c} tool={found.tool} advice={advice} at={at} mayChange={mayChange} />
      ))}
    </section>
  );
}

function OneAdvice(props: { c: PageContext; tool: string; advice: Advice; at: number; mayChange: boolean }) {
  const { c, tool, advice, at, mayChange } = props;
  const { query, input, null_input, before, after } = advice;
  const fields = new URLSearchParams({ query, input, null_input: null_input ? "yes" : "no" });
  const edit = `${pathOf(c, entryPath("tool", tool, "edit"))}?${fields}`;
  const saved = before.steps === 0 ? 0 : Math.round((1 - after.steps / before.steps) * 100);
  return (
    <section class="card" aria-label={`Advice ${at + 1}`}>
      <p>
        {advice.advice} {advice.verified}
      </p>
      <p class="muted">
        {count(before.steps)} → {count(after.steps)} steps{saved > 0 ? `, ${saved}% less` : ""};{" "}
        {bytes(before.memory_bytes)} → {bytes(after.memory_bytes)} of memory
      </p>
      <Highlighted text={query} label={`Query of advice ${at + 1}`} id={`advice-${at}`} />
      {mayChange && edit.length <= addressChars ? (
        <p>
          <a class="button quiet" href={edit}>
            Open it in the editor
          </a>
        </p>
      ) : null}
    </section>
  );
}
