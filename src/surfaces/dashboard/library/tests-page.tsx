// The tests of a tool or function, and how they go now. Runs at the edge.
import type { ProposalTest, Validation } from "../../../features/approvals/schema.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { pathOf } from "../actions.ts";
import { Code, Empty, Tag, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { findEntry, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { Highlighted } from "./highlighted.tsx";
import { entryPath } from "./places.ts";
import { keptTests, runTests } from "./testing.ts";

export async function testsPage(c: PageContext, kind: EntryKind): Promise<Response> {
  const call = c.get("call");
  const [entry, rights] = await Promise.all([findEntry(call, kind, c.req.param("name") ?? ""), rightsOf(call)]);
  const kept = await keptTests(call, entry);
  const isAsked = urlOf(c).searchParams.has("run") && kept !== undefined && entry.item.is_active;
  const validation = isAsked ? await runTests(call, entry, kept.tests) : undefined;
  const edit = pathOf(c, entryPath(kind, entry.item.name, "edit"));
  return entryPage(c, {
    entry,
    view: "tests",
    rights,
    intro: "What it must give, checked before a proposal is applied.",
    children:
      kept === undefined ? (
        <Empty title="No tests are kept.">
          <p>Tests come with a proposal and are kept with it.</p>
          {rights.proposes ? (
            <p>
              <a class="button" href={`${edit}#tests`}>
                Write tests
              </a>
            </p>
          ) : null}
        </Empty>
      ) : (
        <>
          <p>
            From <a href={pathOf(c, `/proposals/${kept.proposal}`)}>the proposal</a> that made version {kept.version}.
          </p>
          <form method="get" class="inline">
            <input type="hidden" name="run" value="yes" />
            <button type="submit">Run the tests</button>
          </form>
          <div id="outcome">{validation === undefined ? null : <Findings validation={validation} />}</div>
          {kept.tests.map((test, at) => (
            <TestCard test={test} name={test.name ?? `test ${at + 1}`} />
          ))}
        </>
      ),
  });
}

function TestCard({ test, name }: { test: ProposalTest; name: string }) {
  const json = (value: unknown): string => JSON.stringify(value, undefined, 2);
  return (
    <section class="card" aria-label={`Test ${name}`}>
      <h2>
        <bdi>{name}</bdi>
      </h2>
      {test.expression === undefined ? null : <Highlighted text={test.expression} label={`Expression of ${name}`} />}
      {test.arguments === undefined ? null : <Labelled label="Arguments" of={name} text={json(test.arguments)} />}
      {test.dataset === undefined ? null : (
        <p>
          On the dataset <bdi>{test.dataset}</bdi>
        </p>
      )}
      {test.input === undefined ? null : <Labelled label="Input" of={name} text={json(test.input)} />}
      {test.expected === undefined ? null : <Labelled label="Expected" of={name} text={json(test.expected)} />}
      {test.assert === undefined ? null : (
        <>
          <p class="muted">Must be true of the array of its outputs</p>
          <Highlighted text={test.assert} label={`Assertion of ${name}`} />
        </>
      )}
    </section>
  );
}

function Labelled({ label, of, text }: { label: string; of: string; text: string }) {
  return (
    <>
      <p class="muted">{label}</p>
      <Code text={text} label={`${label} of ${of}`} />
    </>
  );
}

/** What a check found: errors, tests, warnings, a sample, and what else it concerns. */
export function Findings({ validation }: { validation: Validation }) {
  const { errors, warnings, tests, dependants, sample } = validation;
  const passed = tests.filter(({ ok }) => ok).length;
  const users = [...dependants.functions, ...dependants.tools];
  return (
    <section class="card findings" aria-labelledby="findings-title" role="status">
      <h2 id="findings-title">
        {!validation.ok ? "Something is wrong" : warnings.length === 0 ? "All is well" : "It compiles, with notes"}{" "}
        {tests.length === 0 ? null : (
          <Tag tone={passed === tests.length ? "good" : "bad"}>
            {passed} of {tests.length} tests pass
          </Tag>
        )}
      </h2>
      {errors.map(({ message, hint }) => (
        <p class="wrong">
          {message} {hint}
        </p>
      ))}
      <ul>
        {tests.map(({ name, ok, message }) => (
          <li>
            <Tag tone={ok ? "good" : "bad"}>{ok ? "passes" : "fails"}</Tag> <bdi>{name}</bdi>
            {message === undefined ? null : (
              <>
                : <bdi>{message}</bdi>
              </>
            )}
          </li>
        ))}
        {warnings.map((warning) => (
          <li>
            <Tag tone="warn">note</Tag> {warning}
          </li>
        ))}
        {users.length === 0 ? null : <li>Still compile with it: {users.join(", ")}</li>}
      </ul>
      {sample === undefined || sample.length === 0 ? null : (
        <>
          <p class="muted">First outputs</p>
          <Code text={sample.map((output) => JSON.stringify(output)).join("\n")} label="First outputs" />
        </>
      )}
    </section>
  );
}
