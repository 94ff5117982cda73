// Calls about records from the edge: arguments on their way to the workspace, answers on their way back. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { digestOfCall } from "../../core/confirmation.ts";
import type { ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { sha256Hex } from "../../core/ids.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { resultLimits } from "../../limits.ts";
import { callerOf } from "../access/access.ts";
import { answerPage, renderWithin } from "../results/results.ts";
import type { Rows } from "../results/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import type { Changed } from "./record-changing.ts";
import type { QueriedRecords } from "./record-reading.ts";
import type {
  DeleteRecord,
  InsertRecord,
  QueryRecords,
  ShownChanged,
  ShownInserted,
  UpdateRecord,
} from "./record-schema.ts";
import { describeAlso } from "./record-schema.ts";
import type { Inserted } from "./record-writing.ts";

/** Inserts, and answers with what was written. Throws as `insertRecords`. */
export async function insertRecord(context: CallContext, input: InsertRecord): Promise<ToolAnswer<ShownInserted>> {
  const inserted = await context.workspace.tables().insertRecords(
    {
      table: input.table_name,
      records: JSON.stringify(Array.isArray(input.data) ? input.data : [input.data]),
      onConflict: input.on_conflict,
      conflictColumns: input.conflict_columns,
    },
    readerOf(context),
    callerOf(context),
  );
  return answerInserted(inserted);
}

function answerInserted({
  table,
  inserted,
  updated,
  ignored,
  rowIds,
  records,
  undo,
}: Inserted): ToolAnswer<ShownInserted> {
  const rows = records.map(parseExact);
  const rendered = renderWithin(rows, "markdown", resultLimits.defaultTokens);
  const counts = [
    `${countOf(inserted, "record")} inserted into "${table}"`,
    ...(updated > 0 ? [`${updated} updated`] : []),
    ...(ignored > 0 ? [`${ignored} left as they were`] : []),
  ];
  const lines = [`${counts.join(", ")}.`];
  if (rendered.count > 0) lines.push(fenceUntrusted(rendered.text, rendered.format));
  if (rendered.count < rowIds.length)
    lines.push(`${rendered.count} of ${rowIds.length} are shown here; query_records reads them all.`);
  if (undo !== undefined) lines.push(undoLine(undo, "what was updated"));
  const data = {
    ...{ table, inserted, updated, ignored, row_ids: rowIds.map(parseExact), rows },
    ...{ returned: rows.length, total: rowIds.length, truncated: rows.length < rowIds.length },
    ...shownUndo(undo),
  };
  return { text: lines.join("\n"), data };
}

/** Answers with a page of records. Throws as `queryRecords`, and `cursor_invalid`. */
export async function queryRecords(context: CallContext, input: QueryRecords): Promise<ToolAnswer<Rows>> {
  const { cursor, limit, format, offset: asked = 0, count = false, order_by: order = [], ...rest } = input;
  const digest = (await sha256Hex(canonicalJson([rest, order, asked]))).slice(0, 16);
  const place = cursor === undefined ? undefined : readCursor(cursor, digest);
  const offset = place?.offset ?? asked;
  const found = await context.workspace.tables().queryRecords(
    {
      table: input.table_name,
      filters: input.filters === undefined ? undefined : JSON.stringify(input.filters),
      columns: input.columns,
      orderBy: typeof order === "string" ? [order] : order,
      search: input.search,
      offset,
      limit: limit ?? resultLimits.defaultRows,
      countOnly: count,
      version: place?.version,
    },
    readerOf(context),
  );
  if (count) return answerCount(found);
  requireAnswerable(found);
  const { records, total, version, columns } = found;
  return answerPage(records, {
    offset,
    total,
    page: { limit, format },
    // Past the end there is no page to go on with.
    ...(offset >= total ? {} : { cursorOf: (next: number) => encodeCursor({ q: digest, v: version, o: next }) }),
    about: { input: "sql", cached: false, columns },
  });
}

function readCursor(cursor: string, digest: string): { offset: number; version: number } {
  const { q, v, o } = decodeCursor(cursor);
  if (q !== digest || typeof v !== "number" || typeof o !== "number" || !Number.isSafeInteger(o) || o < 0)
    throw invalidCursor();
  return { offset: o, version: v };
}

function answerCount({ table, total, columns }: QueriedRecords): ToolAnswer<Rows> {
  return {
    text: `${countOf(total, "record")} of "${table}"`,
    data: { rows: [{ count: total }], returned: 1, total: 1, truncated: false, input: "sql", cached: false, columns },
  };
}

/** Says of a record that no answer holds how to read it. */
function requireAnswerable({ records: [first = ""] }: QueriedRecords): void {
  if (first.length <= resultLimits.rowsBytes) return;
  throw new AppError(
    "result_too_large",
    `One record is ${first.length} characters of JSON; an answer holds ${resultLimits.rowsBytes} bytes (limit rowsBytes).`,
    {
      hint: "Name the columns you need; execute_raw_query reads part of a long text with substr().",
      details: { limit: "rowsBytes", value: resultLimits.rowsBytes, characters: first.length },
    },
  );
}

export async function updateRecord(context: CallContext, input: UpdateRecord): Promise<ToolAnswer<ShownChanged>> {
  const request = { ...(await changeRequest("update_record", input)), data: JSON.stringify(input.data) };
  const changed = await context.workspace.tables().updateRecords(request, readerOf(context), callerOf(context));
  return answerChanged(changed, "updated");
}

export async function deleteRecord(context: CallContext, input: DeleteRecord): Promise<ToolAnswer<ShownChanged>> {
  const request = await changeRequest("delete_record", input);
  const changed = await context.workspace.tables().deleteRecords(request, readerOf(context), callerOf(context));
  return answerChanged(changed, "deleted");
}

async function changeRequest(operation: string, { confirm, dry_run: dryRun = false, ...asked }: DeleteRecord) {
  return {
    table: asked.table_name,
    filters: asked.filters === undefined ? undefined : JSON.stringify(asked.filters),
    all: asked.all === true,
    dryRun,
    confirm,
    // What is set is part of what is confirmed: `asked` has the data of an update, too.
    call: await digestOfCall(operation, asked),
  };
}

function answerChanged(
  { table, records, also, dryRun, confirm, keys, undo }: Changed,
  done: string,
): ToolAnswer<ShownChanged> {
  const more = also.map(describeAlso).join("");
  const what = `${countOf(records, "record")} of "${table}"${more}`;
  const lines = [
    dryRun
      ? `Nothing was changed: ${what} would be ${done}.`
      : `${what} ${records === 1 && more === "" ? "was" : "were"} ${done}.`,
  ];
  if (confirm !== undefined) lines.push(`To do it, make the same call without dry_run and with confirm "${confirm}".`);
  if (undo !== undefined) lines.push(undoLine(undo, "this"));
  const data = {
    table,
    changed: records,
    dry_run: dryRun,
    keys: keys.map(parseExact),
    ...(also.length === 0 ? {} : { also }),
    ...(confirm === undefined ? {} : { confirm }),
    ...shownUndo(undo),
  };
  return { text: lines.join("\n"), data };
}

interface Undo {
  undoRef: string;
  undoUntil: number;
}

function undoLine({ undoRef, undoUntil }: Undo, what: string): string {
  return `undo_change with undo_ref ${undoRef} takes ${what} back, until ${new Date(undoUntil).toISOString()}.`;
}

function shownUndo(undo: Undo | undefined): { undo_ref?: string; undo_until?: string } {
  return undo === undefined ? {} : { undo_ref: undo.undoRef, undo_until: new Date(undo.undoUntil).toISOString() };
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
