// Updating and deleting records: counted and confirmed before, kept so that it can be undone after. Runs in the workspace.

import { type Confirmable, confirmToken, requireConfirmation } from "../../core/confirmation.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import type { WorkspaceChange, WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { ChangeWriter, idList } from "./change-log.ts";
import { columnNamed, conditionOf, recordAlias } from "./filters.ts";
import { readIds, readNumber, readRows } from "./read-rows.ts";
import { type Effects, effectsOfDeletion, requireFewEnough } from "./record-cascades.ts";
import { type RecordValues, refusing } from "./record-errors.ts";
import { recordText } from "./record-reading.ts";
import { type AlsoChanged, describeAlso } from "./record-schema.ts";
import { valuesOf } from "./record-writing.ts";
import type { Table, TableColumn } from "./schema.ts";
import { bumpTable, noteWriter, requireTable } from "./table-store.ts";
import { boundValue, type ReadValue, readValue } from "./values.ts";

interface ChangeRequest {
  table: string;
  /** As JSON text. */
  filters?: string | undefined;
  /** Every record is meant. */
  all: boolean;
  /** Only say what would be done. */
  dryRun: boolean;
  confirm?: string | undefined;
  /** `digestOfCall` of what is asked for. */
  call: string;
}

export interface UpdateRequest extends ChangeRequest {
  /** The new values as JSON text, an object. */
  data: string;
}

export type DeleteRequest = ChangeRequest;

export interface Changed {
  table: string;
  /** Records that the filters take. */
  records: number;
  also: AlsoChanged[];
  dryRun: boolean;
  /** What a dry run would have to be confirmed with. */
  confirm?: string;
  /** Primary keys of the first of them, as JSON texts. */
  keys: string[];
  undo?: { undoRef: string; undoUntil: number };
}

/**
 * Sets the same values in all records that the filters take. Throws `not_found`, `invalid_argument`, `confirmation_required`, `constraint_failed`,
 * `too_large`; then nothing was changed.
 */
export async function updateRecords(
  deps: WorkspaceDeps,
  request: UpdateRequest,
  reader: Reader,
  by: Caller,
): Promise<Changed> {
  return await deps.change(by, () => {
    const { table, ids } = taken(deps, request, reader);
    const values = valuesOf(table, parseExact(request.data), "data");
    if (values.size === 0) {
      throw new AppError("invalid_argument", "data: no column is given.", {
        hint: 'Give the columns to set, e.g. {"status": "done"}.',
      });
    }
    const preview = previewOf(deps, table, ids, request);
    if (request.dryRun || ids.length === 0) return { result: preview, audit: [] };
    confirmed(request, table, ids.length, `set ${values.size} ${values.size === 1 ? "column" : "columns"} of`);
    noteWriter(deps, by);
    const undo = setValues(deps, table, ids, values, by);
    bumpTable(deps, table.id, by);
    return changedRecords({ ...preview, undo }, "record.update", { set: [...values.keys()] });
  });
}

function setValues(deps: WorkspaceDeps, table: Table, ids: string[], values: RecordValues, by: Caller) {
  const columns = [...values.keys()].map((name) => columnNamed(table, name, "data"));
  const after = columns.map(({ name }) => values.get(name) ?? null);
  const writer = new ChangeWriter(deps);
  writer.keepUpdated(table, columns, after, ids);
  const set = columns.map((column) => `${quoteName(column.name)} = ${boundValue(column)}`).join(", ");
  refusing(
    deps,
    () => ({ table, place: ids.length === 1 ? "The record" : `One of ${ids.length} records`, values }),
    () =>
      deps.sql.exec(
        `UPDATE ${quoteName(table.name)} SET ${set} WHERE rowid IN (SELECT value FROM json_each(?))`,
        ...after,
        idList(ids),
      ),
  );
  return writer.finish(deps, by, { tableId: table.id, action: "update", records: ids.length });
}

/** Deletes all records that the filters take, with those of other tables that go with them. Throws as `updateRecords`. */
export async function deleteRecords(
  deps: WorkspaceDeps,
  request: DeleteRequest,
  reader: Reader,
  by: Caller,
): Promise<Changed> {
  return await deps.change(by, () => {
    const { table, ids } = taken(deps, request, reader);
    const effects = effectsOfDeletion(deps, table, ids, reader);
    const also = alsoChanged(effects);
    const count = also.reduce((sum, { records }) => sum + records, ids.length);
    const preview = { ...previewOf(deps, table, ids, request, count), also };
    if (request.dryRun || ids.length === 0) return { result: preview, audit: [] };
    confirmed(request, table, count, "delete", also);
    noteWriter(deps, by);
    const undo = removeRecords(deps, table, effects, count, by);
    return changedRecords({ ...preview, undo }, "record.delete", {});
  });
}

function removeRecords(deps: WorkspaceDeps, table: Table, { deleted, cleared }: Effects, count: number, by: Caller) {
  const writer = new ChangeWriter(deps);
  for (const part of deleted) writer.keepDeleted(part.table, part.ids);
  for (const part of cleared) {
    writer.keepUpdated(part.table, [columnNamed(part.table, part.column, "references")], [null], part.ids);
  }
  const [{ ids } = { ids: [] }] = deleted;
  refusing(
    deps,
    () => ({ table, place: "The deletion", values: new Map() }),
    () =>
      deps.sql.exec(
        `DELETE FROM ${quoteName(table.name)} WHERE rowid IN (SELECT value FROM json_each(?))`,
        idList(ids),
      ),
  );
  for (const id of new Set([...deleted, ...cleared].map((part) => part.table.id))) bumpTable(deps, id, by);
  return writer.finish(deps, by, { tableId: table.id, action: "delete", records: count });
}

/** The rows that the filters take. Throws `invalid_argument` where there is no filter and `all` is not meant, and `too_large`. */
function taken(deps: WorkspaceDeps, request: ChangeRequest, reader: Reader): { table: Table; ids: string[] } {
  const table = requireTable(deps, request.table, reader);
  const condition = conditionOf(table, request.filters === undefined ? undefined : parseExact(request.filters));
  if (condition.sql === "" && !request.all) {
    throw new AppError(
      "invalid_argument",
      `Neither filters nor all: true is given, so nothing of "${table.name}" was changed.`,
      {
        hint: "Give filters that take the records you mean; all: true without filters means every record.",
      },
    );
  }
  if (condition.sql !== "" && request.all) {
    throw new AppError("invalid_argument", "Both filters and all: true are given.", {
      hint: "Give filters for some records, or all: true alone for every record.",
    });
  }
  const from = `${quoteName(table.name)} AS ${recordAlias}${condition.sql === "" ? "" : ` WHERE ${condition.sql}`}`;
  requireFewEnough(readNumber(deps.sql, `SELECT count(*) FROM ${from}`, condition.params));
  const rowId = `${recordAlias}.rowid`;
  const statement = `SELECT CAST(${rowId} AS TEXT) FROM ${from} ORDER BY ${rowId}`;
  return { table, ids: readIds(deps.sql, statement, condition.params) };
}

function previewOf(
  deps: WorkspaceDeps,
  table: Table,
  ids: readonly string[],
  request: ChangeRequest,
  count = ids.length,
): Changed {
  const needsConfirmation = request.dryRun && count > tableLimits.unconfirmedRecords;
  return {
    table: table.name,
    records: ids.length,
    also: [],
    dryRun: request.dryRun,
    ...(needsConfirmation ? { confirm: confirmToken(confirmable(request, table, count)) } : {}),
    keys: keysOf(deps, table, ids.slice(0, tableLimits.sampleRows)),
  };
}

function keysOf(deps: WorkspaceDeps, table: Table, ids: readonly string[]): string[] {
  const keys = table.columns.filter(({ name }) => table.constraints.primaryKey.includes(name));
  const list = keys.map((column) => readValue(column, quoteName(column.name))).join(", ");
  const statement = `SELECT ${list} FROM ${quoteName(table.name)} WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY rowid`;
  return readRows<ReadValue[]>(deps.sql, statement, [idList(ids)]).map((values) => shortKey(keys, values));
}

/** A primary key as JSON text, its values cut: it is there to recognise a record, and goes into the log. */
function shortKey(keys: readonly TableColumn[], values: readonly ReadValue[]): string {
  return recordText(
    keys,
    values.map((value) =>
      typeof value === "string" && value.length > 100 ? `${[...value].slice(0, 99).join("")}…` : value,
    ),
  );
}

function confirmable({ call }: ChangeRequest, { dataVersion }: Table, count: number): Confirmable {
  return { call, version: dataVersion, count };
}

function confirmed(
  request: ChangeRequest,
  table: Table,
  count: number,
  what: string,
  also: readonly AlsoChanged[] = [],
): void {
  if (count <= tableLimits.unconfirmedRecords) return;
  const more = also.map(describeAlso).join("");
  const own = count - also.reduce((sum, { records }) => sum + records, 0);
  requireConfirmation(
    confirmable(request, table, count),
    request.confirm,
    `${what} ${own === 1 ? "1 record" : `${own} records`} of "${table.name}"${more}`,
  );
}

function alsoChanged({ deleted, cleared }: Effects): AlsoChanged[] {
  const [, ...taken] = deleted;
  const entries = [
    ...taken.map(({ table, ids }) => ({ table: table.name, action: "delete" as const, records: ids.length })),
    ...cleared.map(({ table, ids }) => ({ table: table.name, action: "set_null" as const, records: ids.length })),
  ];
  const sums = new Map<string, AlsoChanged>();
  for (const entry of entries) {
    const key = `${entry.action} ${entry.table}`;
    sums.set(key, { ...entry, records: entry.records + (sums.get(key)?.records ?? 0) });
  }
  return [...sums.values()];
}

/** A change with what the team's log says of it: counts and a few keys, no values. */
function changedRecords(
  result: Changed,
  action: "record.update" | "record.delete",
  more: Record<string, unknown>,
): WorkspaceChange<Changed> {
  const { table, records, also, keys, undo } = result;
  const after = {
    records,
    ...more,
    ...(also.length === 0 ? {} : { also }),
    keys: keys.map((key) => parseExact(key)),
    undo_ref: undo?.undoRef,
  };
  const touched = new Set([table, ...also.map((entry) => entry.table)]);
  return {
    result,
    audit: [{ action, target: { kind: "table", name: table }, after }],
    events: [...touched].map((name) => ({ kind: "table", name, change: "updated" })),
  };
}
