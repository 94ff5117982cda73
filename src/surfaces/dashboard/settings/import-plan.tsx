// Importing a library: the text, what it would do entry by entry, and what was done. Runs at the edge.

import { describeOrigin } from "../../../features/sharing/origin.ts";
import {
  type ImportAction,
  type ImportPlan,
  type ImportReport,
  importStrategies,
  type PlannedEntry,
} from "../../../features/sharing/schema.ts";
import { Field, Form, Problem } from "../forms.tsx";
import { count, DataTable, Diff, type DiffLine, Empty, Tag, type Tone } from "../parts.tsx";
import type { Attempt } from "../routes.ts";

const strategyLabels: Record<(typeof importStrategies)[number], string> = {
  skip: "Leave what the team has",
  overwrite: "Take the file's",
  rename: "Add the file's under a new name",
  newest: "Take whichever changed last",
};
const strategies = importStrategies.map((value) => ({ value, label: strategyLabels[value] }));

const tones: Record<ImportAction, Tone> = {
  create: "good",
  update: "warn",
  same: "plain",
  rename: "good",
  conflict: "bad",
  skip: "plain",
  missing_dependency: "bad",
  invalid: "bad",
};

/** What is imported and how; kept as entered. Its action is `plan`. */
export function ImportForm(props: { entered: URLSearchParams | undefined; attempt: Attempt | undefined }) {
  const { entered, attempt } = props;
  return (
    <section class="card" aria-labelledby="import-title">
      <h2 id="import-title">Import</h2>
      <p>
        An export of this or another server, or a library written by hand, in YAML or JSON. First you see what it would
        do.
      </p>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="plan">
        <text-file data-into="import-content" data-label="Choose a file" data-accept=".json,.yaml,.yml" />
        <Field
          name="content"
          label="The library"
          rows={8}
          required
          code
          prefix="import"
          value={entered?.get("content") ?? ""}
        />
        <div class="form-grid">
          <Field
            name="strategy"
            label="Where the team has something else of the same name"
            prefix="import"
            value={entered?.get("strategy") ?? "skip"}
            options={strategies}
          />
          <Field
            name="names"
            label="Only these"
            prefix="import"
            value={entered?.get("names") ?? ""}
            hint="Names with commas between; what they call comes along. Empty: everything."
          />
        </div>
        <button type="submit">Show what it would do</button>
      </Form>
    </section>
  );
}

/** What importing would do; nothing has happened. */
export function PlanCard({ plan, form }: { plan: ImportPlan; form: URLSearchParams }) {
  const { counts, entries, warnings, origin, refusal } = plan;
  const summary = Object.entries(counts).map(([action, number]) => `${count(number)} ${action.replaceAll("_", " ")}`);
  const changes = entries.filter(({ action }) => action !== "same");
  return (
    <section class="card" aria-labelledby="plan-title" role="status">
      <h2 id="plan-title">What importing it would do</h2>
      <p>
        {summary.length === 0 ? "Nothing." : `${summary.join(", ")}.`} {strategyLabels[plan.strategy]}, where names
        clash.
      </p>
      <p>
        <bdi>{describeOrigin(origin)}</bdi>
      </p>
      {changes.length === 0 ? (
        <Empty title="The team has all of it already">
          <p>There is nothing to import.</p>
        </Empty>
      ) : (
        <Entries entries={changes} />
      )}
      <Warnings warnings={warnings} />
      {refusal === undefined ? (
        <Form action="import">
          {["content", "strategy", "names"].map((name) => (
            <input type="hidden" name={name} value={form.get(name) ?? ""} />
          ))}
          <input type="hidden" name="expected_plan" value={plan.plan} />
          <button type="submit">Import exactly this</button>
        </Form>
      ) : (
        <p class="warning">
          {refusal.message} {refusal.hint}
        </p>
      )}
    </section>
  );
}

function Entries({ entries }: { entries: readonly PlannedEntry[] }) {
  return (
    <DataTable
      caption="Entries of the file"
      rows={entries}
      columns={[
        {
          label: "Entry",
          cell: ({ kind, name, as }) => (
            <>
              <bdi>{name}</bdi>
              <span class="beneath">
                {kind}
                {as === undefined ? "" : `, here as ${as}`}
              </span>
            </>
          ),
        },
        {
          label: "What happens",
          cell: ({ action }) => <Tag tone={tones[action]}>{action.replaceAll("_", " ")}</Tag>,
        },
        {
          label: "Why, and what differs",
          cell: ({ why, error, line, diff, name }) => (
            <>
              {why === undefined ? null : <bdi>{why}</bdi>}
              {error === undefined ? null : (
                <p>
                  Line {line}: <bdi>{error.message}</bdi> {error.hint}
                </p>
              )}
              {diff === undefined || diff === "" ? null : (
                <details>
                  <summary>Differences</summary>
                  <Diff lines={diffLines(diff)} label={`Differences of ${name}`} />
                </details>
              )}
            </>
          ),
        },
      ]}
    />
  );
}

function diffLines(diff: string): DiffLine[] {
  return diff.split("\n").map((line) => {
    const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same";
    return {
      kind,
      text: line.slice(/^[-+ ]/.test(line) ? 1 : 0).trimStart() === "" ? "" : line.replace(/^[-+ ] ?/, ""),
    };
  });
}

function Warnings({ warnings }: { warnings: ImportReport["warnings"] }) {
  if (warnings.length === 0) return null;
  return (
    <>
      <h3>Notes</h3>
      <ul>
        {warnings.map(({ name, message }) => (
          <li>
            <bdi>{name}</bdi>: <bdi>{message}</bdi>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What an import did. */
export function ReportCard({ report }: { report: ImportReport }) {
  const { created, updated, renamed, unchanged, skipped, failed, warnings } = report;
  const counts = Object.entries({ created, updated, renamed, unchanged, skipped, failed })
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${count(list.length)} ${what}`);
  return (
    <section class="card shown-once" aria-labelledby="report-title" role="status">
      <h2 id="report-title">{failed.length === 0 ? "Imported" : "Imported in part"}</h2>
      <p>{counts.length === 0 ? "There was nothing in it." : `${counts.join(", ")}.`}</p>
      <ul>
        {[...created, ...updated].map(({ kind, name }) => (
          <li>
            {kind} <bdi>{name}</bdi>
          </li>
        ))}
        {renamed.map(({ kind, name, as }) => (
          <li>
            {kind} <bdi>{name}</bdi> is here as <bdi>{as}</bdi>
          </li>
        ))}
        {skipped.map(({ kind, name, why }) => (
          <li>
            left {kind} <bdi>{name}</bdi>: <bdi>{why}</bdi>
          </li>
        ))}
        {failed.map(({ kind, name, line, message, hint }) => (
          <li>
            <Tag tone="bad">failed</Tag> {kind} <bdi>{name}</bdi>, line {line}: <bdi>{message}</bdi> {hint}
          </li>
        ))}
      </ul>
      <Warnings warnings={warnings} />
    </section>
  );
}
