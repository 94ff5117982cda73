// Why a query gave nothing: what is wrong, where in it, and what to do. Runs at the edge.
import type { ErrorDescription } from "../../../core/errors.ts";
import type { Place } from "../../../engines/sql/tokens.ts";
import type { CodeProblem } from "../library/editor-answers.ts";

/** Lines shown before the one that is wrong. */
const linesBefore = 2;
/** Characters shown of a line. */
const lineChars = 400;

/** The place in the query that an error names, line and column from 1. */
function placeOfError({ details }: ErrorDescription, q: string): Place | undefined {
  const { line, column } = details ?? {};
  if (typeof line !== "number" || line < 1 || line > q.split("\n").length) return undefined;
  return { line, column: typeof column === "number" && column > 0 ? column : 1 };
}

export function Failure({ error, q }: { error: ErrorDescription; q: string }) {
  const place = error.code.startsWith("jq_") || error.code.startsWith("sql_") ? placeOfError(error, q) : undefined;
  const said = [error.details?.message, error.details?.sqlite].find((text) => typeof text === "string" && text !== "");
  return (
    <div
      class="warning bad"
      role="alert"
      id="problem"
      data-mark={place === undefined ? undefined : markOf(error, place)}
    >
      <p>
        <strong>{error.message}</strong>
      </p>
      {typeof said === "string" ? (
        <pre class="said">
          <bdi>{said}</bdi>
        </pre>
      ) : null}
      {place === undefined ? null : <Excerpt q={q} place={place} />}
      {error.hint === undefined ? null : <p>{error.hint}</p>}
    </div>
  );
}

/** For the editor, which marks the place in the query itself. */
function markOf({ message, hint }: ErrorDescription, { line, column }: Place): string {
  const text = message.replace(/^line \d+, column \d+: /, "");
  const problem: CodeProblem = { line, column, length: 1, message: text, severity: "error" };
  return JSON.stringify(hint === undefined ? problem : { ...problem, hint });
}

/** The line that is wrong with those before it, and the place marked in it. */
function Excerpt({ q, place }: { q: string; place: Place }) {
  const lines = q.split("\n");
  const first = Math.max(0, place.line - 1 - linesBefore);
  const shown = lines.slice(first, place.line);
  const last = shown.pop() ?? "";
  const at = Math.min(place.column - 1, last.length);
  // A long line is shown from a little before its place.
  const from = at > lineChars / 2 ? at - lineChars / 2 : 0;
  const mark = last.slice(at, at + 1);
  const number = (line: number): string => `${String(line).padStart(String(place.line).length)} │ `;
  return (
    <section aria-label={`Line ${place.line} of the query`} tabindex={0}>
      <pre class="excerpt">
        {shown.map((line, index) => `${number(first + index + 1)}${line.slice(0, lineChars)}\n`)}
        {number(place.line)}
        {from > 0 ? "…" : ""}
        {last.slice(from, at)}
        <mark>{mark === "" ? " " : mark}</mark>
        {last.slice(at + 1, from + lineChars)}
      </pre>
    </section>
  );
}
