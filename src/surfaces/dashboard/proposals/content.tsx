// What a proposal changes and how its check went: the diff, tests, a sample, what is affected. Runs at the edge.
import { stringify } from "yaml";
import type { ShownProposal } from "../../../features/approvals/calls-schema.ts";
import { isToolContent } from "../../../features/approvals/content.ts";
import type { Proposal, ProposalTest } from "../../../features/approvals/schema.ts";
import { contentOf } from "../../../features/jq-tools/jq-tools.ts";
import { pathOf } from "../actions.ts";
import { Highlighted } from "../library/highlighted.tsx";
import { Ago, Code, count, Diff, type DiffLine, Tag } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

/** Rows of a sample and characters of a value that are shown at first. */
const sampleRows = 10;
const valueChars = 4_000;

/** A patch as lines of a diff. */
export function diffLines(patch: string): DiffLine[] {
  const kinds = { "+": "added", "-": "removed" } as const;
  return patch.split("\n").map((line): DiffLine => {
    const mark = line.charAt(0);
    return mark === "+" || mark === "-"
      ? { kind: kinds[mark], text: line.slice(1) }
      : { kind: "same", text: line.startsWith(" ") ? line.slice(1) : line };
  });
}

/** Where the function or tool that a proposal is about is shown. */
export function subjectPath({ kind, name }: Pick<Proposal, "kind" | "name">): string {
  return `/library/${kind}s/${encodeURIComponent(name)}`;
}

/** What it is for, in its author's words, and what it would change. */
export function Changes({ c, shown: { proposal, diff } }: { c: PageContext; shown: ShownProposal }) {
  const { action, author, justification, base_version, content, source, edition } = proposal;
  const now = c.get("call").now();
  return (
    <>
      <section class="card" aria-labelledby="why-title">
        <h2 id="why-title">Why</h2>
        <p class="said">
          <bdi>{justification}</bdi>
        </p>
        <p class="hint">
          <bdi>{author}</bdi>, <Ago at={proposal.created_at} now={now} />
          {source === "learned" ? ", out of a suggestion" : null}
          {edition > 1 ? (
            <>
              ; edition {edition}, <Ago at={proposal.opened_at} now={now} />
            </>
          ) : null}
        </p>
      </section>
      <section class="card" aria-labelledby="changes-title">
        <h2 id="changes-title">What changes</h2>
        <About c={c} proposal={proposal} />
        {action === "create" && content !== null ? (
          <Whole proposal={proposal} />
        ) : diff === "" ? (
          <p>No line of its definition.</p>
        ) : (
          <Diff lines={diffLines(diff)} label={`Changes from version ${base_version ?? 0}`} />
        )}
      </section>
      <ConflictCard proposal={proposal} />
    </>
  );
}

function About({ c, proposal }: { c: PageContext; proposal: Proposal }) {
  const { action, kind, base_version } = proposal;
  const name = (
    <a href={pathOf(c, subjectPath(proposal))}>
      <bdi>{proposal.name}</bdi>
    </a>
  );
  switch (action) {
    case "create":
      return (
        <p>
          A new {kind}, <bdi>{proposal.name}</bdi>
          {base_version === null ? "" : ", in place of one that is out of use"}:
        </p>
      );
    case "change":
      return (
        <p>
          From version {base_version} of the {kind} {name} to what is proposed:
        </p>
      );
    case "deactivate":
      return (
        <p>
          The {kind} {name} goes out of use. Its history stays, and it can be restored.
        </p>
      );
    case "restore":
      return (
        <p>
          The {kind} {name} comes back into use, as it was:
        </p>
      );
  }
}

/** Of what is new all of it: the code in colour, the rest as it is written. */
function Whole({ proposal: { content, name } }: { proposal: Proposal }) {
  if (content === null) return null;
  if (!isToolContent(content)) {
    return (
      <>
        {content.description === "" ? null : <p class="said">{content.description}</p>}
        <Highlighted text={content.definition} label={`Definition of ${name}`} />
      </>
    );
  }
  const { description: _, query: __, ...rest } = contentOf(content);
  return (
    <>
      <p class="said">
        <bdi>{content.description}</bdi>
      </p>
      <Highlighted text={content.query} label={`Query of ${name}`} />
      <details>
        <summary>Parameters, datasets and how it reads</summary>
        <Code text={stringify(rest, { lineWidth: 0 }).trimEnd()} label={`Further fields of ${name}`} />
      </details>
    </>
  );
}

function ConflictCard({ proposal: { conflict, kind, name, author } }: { proposal: Proposal }) {
  if (conflict === null) return null;
  const { current_version, fields, theirs, ours } = conflict;
  return (
    <section class="card" aria-labelledby="conflict-title">
      <h2 id="conflict-title">Conflict</h2>
      <p>
        Version {current_version} of the {kind} <bdi>{name}</bdi> and this proposal both changed {fields.join(", ")}.{" "}
        <bdi>{author}</bdi> says what it should be by editing the proposal; votes begin anew then.
      </p>
      <h3>What changed meanwhile</h3>
      <Diff lines={diffLines(theirs)} label="Changes made meanwhile" />
      <h3>What is proposed</h3>
      <Diff lines={diffLines(ours)} label="Changes proposed" />
    </section>
  );
}

/** How its check went: compiled, tests, sample; and what uses it. */
export function CheckCard({ c, proposal }: { c: PageContext; proposal: Proposal }) {
  const { validation, tests } = proposal;
  const { errors, warnings, sample, steps, checked_at } = validation;
  const failed = validation.tests.filter(({ ok }) => !ok).length;
  return (
    <section class="card" aria-labelledby="check-title">
      <h2 id="check-title">
        Check <Tag tone={validation.ok ? "good" : "bad"}>{validation.ok ? "passed" : "did not pass"}</Tag>
      </h2>
      <p class="hint">
        Compiled and run with all that uses it, <Ago at={checked_at} now={c.get("call").now()} />
        {steps === undefined ? null : `, ${count(steps)} steps`}. It is checked again before it is applied.
      </p>
      {errors.map(({ message, hint }) => (
        <div class="warning bad">
          <p>
            <bdi>{message}</bdi> {hint}
          </p>
        </div>
      ))}
      {warnings.map((warning) => (
        <p class="warning">
          <bdi>{warning}</bdi>
        </p>
      ))}
      <h3>
        Tests{" "}
        {validation.tests.length === 0 ? null : (
          <Tag tone={failed === 0 ? "good" : "bad"}>
            {count(validation.tests.length - failed)} of {count(validation.tests.length)} hold
          </Tag>
        )}
      </h3>
      {validation.tests.length === 0 ? (
        <p>{tests.length === 0 ? "None were given." : "Their results are not kept any more."}</p>
      ) : (
        <ul class="items">
          {validation.tests.map((run, at) => (
            <TestLine run={run} test={tests[at]} />
          ))}
        </ul>
      )}
      <Sample sample={sample} />
      <Affected c={c} proposal={proposal} />
    </section>
  );
}

function TestLine({ run, test }: { run: Proposal["validation"]["tests"][number]; test: ProposalTest | undefined }) {
  const { name, ok, message, outputs, steps } = run;
  const said = test === undefined ? [] : saysOf(test);
  return (
    <li>
      <details>
        <summary>
          <Tag tone={ok ? "good" : "bad"}>{ok ? "holds" : "fails"}</Tag> <bdi>{name}</bdi>
        </summary>
        {message === undefined ? null : (
          <p>
            <bdi>{message}</bdi>
          </p>
        )}
        <dl class="facts">
          {said.map(([what, value]) => (
            <>
              <dt>{what}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </>
          ))}
          {outputs === undefined ? null : (
            <>
              <dt>gave</dt>
              <dd>
                <code>{cut(outputs.map((output) => JSON.stringify(output)).join("\n"))}</code>
              </dd>
            </>
          )}
          {steps === undefined ? null : (
            <>
              <dt>steps</dt>
              <dd>{count(steps)}</dd>
            </>
          )}
        </dl>
      </details>
    </li>
  );
}

/** What a test runs and wants, as it is written. */
function saysOf(test: ProposalTest): [string, string][] {
  const { dataset, expression, assert } = test;
  const json = (name: "input" | "arguments" | "expected"): [string, string][] =>
    test[name] === undefined ? [] : [[name, cut(JSON.stringify(test[name]))]];
  return [
    ...(expression === undefined ? [] : [["runs", expression] as [string, string]]),
    ...(dataset === undefined ? [] : [["on", dataset] as [string, string]]),
    ...json("arguments"),
    ...json("input"),
    ...json("expected"),
    ...(assert === undefined ? [] : [["asserts", assert] as [string, string]]),
  ];
}

function cut(text: string): string {
  return text.length > valueChars ? `${text.slice(0, valueChars)}… (${count(text.length)} characters)` : text;
}

function Sample({ sample }: { sample: Proposal["validation"]["sample"] }) {
  if (sample === undefined) return null;
  const rows = sample.slice(0, sampleRows).map((row) => JSON.stringify(row));
  return (
    <>
      <h3>Sample run</h3>
      {sample.length === 0 ? <p>It gives no output.</p> : <Code text={cut(rows.join("\n"))} label="Sample run" />}
      {sample.length > rows.length ? (
        <p class="hint">
          {count(rows.length)} of the {count(sample.length)} outputs that are kept.
        </p>
      ) : null}
    </>
  );
}

function Affected({ c, proposal }: { c: PageContext; proposal: Proposal }) {
  const { functions, tools } = proposal.validation.dependants;
  const users = [
    ...functions.map((name) => ({ kind: "function" as const, name })),
    ...tools.map((name) => ({ kind: "tool" as const, name })),
  ];
  return (
    <>
      <h3>What it affects</h3>
      {users.length === 0 ? (
        <p>Nothing else uses it.</p>
      ) : (
        <>
          <p>
            {count(users.length)} {users.length === 1 ? "entry uses" : "entries use"} it, and still compile
            {users.length === 1 ? "s" : ""}:
          </p>
          <ul class="inline-list">
            {users.map((user) => (
              <li>
                <a href={pathOf(c, subjectPath(user))}>
                  <bdi>{user.name}</bdi>
                </a>{" "}
                <span class="muted">{user.kind}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {proposal.required_functions.length === 0 ? null : (
        <p>
          It calls{" "}
          {proposal.required_functions.map((name, at) => (
            <>
              {at === 0 ? "" : ", "}
              <a href={pathOf(c, subjectPath({ kind: "function", name }))}>
                <bdi>{name}</bdi>
              </a>
            </>
          ))}
          .
        </p>
      )}
    </>
  );
}
