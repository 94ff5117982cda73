// A result as a table, as JSON and as lines of text. Runs at the edge.
import { isRawNumber, isRecord } from "../../../core/exact-json.ts";
import { columnsOf, cutText, ownValue } from "../../../core/markdown.ts";
import { resultLimits } from "../../../limits.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { type Column, DataTable } from "../parts.tsx";
import type { ShownRows } from "./running.ts";

type Record_ = Readonly<Record<string, unknown>>;

/** Rows as a table: records by their keys, anything else in one column; one record as its fields. */
export function ResultTable({ shown }: { shown: ShownRows }) {
  const { rows } = shown;
  const [only] = rows;
  if (rows.length === 1 && shown.total === 1 && isRecord(only)) return <Fields record={only} />;
  const records: Record_[] = rows.map((row) => (isRecord(row) ? row : { value: row }));
  const names = records.length > 0 ? columnsOf(records) : (shown.columns ?? []).map(({ name }) => name);
  if (records.length > 1 && names.length * records.length > resultLimits.tableCells) {
    return (
      <>
        <p class="hint">
          These rows have {names.length} columns between them, most of them empty: too many for a table.
        </p>
        <ResultJson shown={shown} />
      </>
    );
  }
  const columns: Column<Record_>[] = names.map((name) => ({
    label: name,
    number: records.every((record) => isNumberOrNone(ownValue(record, name))),
    cell: (record) => <Cell value={ownValue(record, name)} />,
  }));
  return <DataTable caption="Result" columns={columns} rows={records} />;
}

function isNumberOrNone(value: unknown): boolean {
  return value === null || value === undefined || typeof value === "number" || isRawNumber(value);
}

function Fields({ record }: { record: Record_ }) {
  const entries = Object.entries(record);
  if (entries.length === 0) return <p class="muted">An object without fields.</p>;
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>
            <Cell value={value} />
          </dd>
        </>
      ))}
    </dl>
  );
}

/** Characters up to which a text stays on one line. */
const shortChars = 40;

/** One value. Text is told from what only looks like it: numbers stand as they are, the rest is marked. */
function Cell({ value }: { value: unknown }) {
  if (value === undefined) return null;
  if (value === null) return <span class="muted">null</span>;
  if (typeof value === "string") {
    if (value === "") return <span class="muted">empty</span>;
    return (
      <bdi class={value.length <= shortChars ? "short" : undefined}>{cutText(value, playgroundLimits.cellChars)}</bdi>
    );
  }
  const text = cutText(JSON.stringify(value), playgroundLimits.cellChars);
  return typeof value === "object" && !isRawNumber(value) ? <code>{text}</code> : text;
}

/** Rows as JSON, one document after another, numbers exact. */
export function ResultJson({ shown }: { shown: ShownRows }) {
  const text = shown.spread
    ? JSON.stringify(shown.rows, undefined, 2)
    : shown.rows.map((row) => JSON.stringify(row, undefined, 2)).join("\n");
  return <Text text={text} label="Result as JSON" id="result-text" />;
}

/** As `jq -rc` writes it: a line for each output, texts without quotes. */
export function ResultRaw({ shown }: { shown: ShownRows }) {
  const lines = shown.spread ? [JSON.stringify(shown.rows)] : shown.rows.map(lineOf);
  return <Text text={lines.join("\n")} label="Result as text" id="result-text" />;
}

const lineOf = (row: unknown): string => (typeof row === "string" ? row : JSON.stringify(row));

function Text({ text, label, id }: { text: string; label: string; id: string }) {
  return (
    <div class="copy">
      <section aria-label={label} tabindex={0} class="tall">
        <pre>
          <code id={id}>{text}</code>
        </pre>
      </section>
      <button type="button" class="quiet small" data-copy={id} aria-label={`Copy: ${label}`} hidden>
        Copy
      </button>
    </div>
  );
}
