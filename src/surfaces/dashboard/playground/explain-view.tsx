// What becomes of a query: how it reads, what it costs, what the engine is given. Runs at the edge.
import type { Explanation } from "../../../features/learning/schema.ts";
import { bytes, Code, count } from "../parts.tsx";
import type { PlanStep } from "./running.ts";

export function ExplainView({ explanation }: { explanation: Explanation }) {
  const { program, functions, mode, estimated, measured, failure, warnings, cacheable, dataset } = explanation;
  return (
    <>
      {failure === null ? null : (
        <div class="warning bad" role="alert">
          <p>
            It fails: {failure.message} {failure.hint}
          </p>
        </div>
      )}
      {warnings.map((warning) => (
        <div class="warning">
          <p>{warning}</p>
        </div>
      ))}
      <dl class="facts">
        <dt>Runs</dt>
        <dd>
          {mode.reads}. {mode.why}
        </dd>
        {dataset === null ? null : (
          <>
            <dt>Reads</dt>
            <dd>
              <bdi>{dataset.name}</bdi>
              {dataset.version === undefined ? "" : `, version ${dataset.version}`}: {many(dataset.records, "record")},{" "}
              {bytes(dataset.bytes)}
            </dd>
          </>
        )}
        {measured === null ? null : (
          <>
            <dt>Used</dt>
            <dd>
              {count(measured.steps)} steps, {bytes(measured.bytes_read)} read, {bytes(measured.memory_bytes)} of memory
            </dd>
            <dt>Gave</dt>
            <dd>
              {many(measured.outputs, "output")}, {bytes(measured.output_bytes)}
            </dd>
          </>
        )}
        <dt>Estimated</dt>
        <dd>
          {count(estimated.steps)} steps: {estimated.how}
        </dd>
        <dt>Cache</dt>
        <dd>
          {cacheable
            ? "The same query on the same data is answered from memory."
            : "It runs each time: what it gives depends on more than its data."}
        </dd>
        <dt>Functions</dt>
        <dd>{functions.length === 0 ? "None of the team's." : functions.join(", ")}</dd>
      </dl>
      <h2>What the engine is given</h2>
      <Code text={program} label="Program" />
    </>
  );
}

const many = (number: number, what: string): string => `${count(number)} ${what}${number === 1 ? "" : "s"}`;

/** SQLite's plan: what it reads, in which order and by which index. */
export function PlanView({ steps }: { steps: readonly PlanStep[] }) {
  return (
    <>
      <p>What SQLite does, in its own words. SCAN reads all rows, SEARCH goes by an index.</p>
      <ol class="plan">
        {steps.map(({ depth, detail }) => (
          <li class={`depth-${Math.min(depth, 6)}`}>
            <code>{detail}</code>
          </li>
        ))}
      </ol>
    </>
  );
}
