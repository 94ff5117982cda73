// Tables over RPC: thin. Runs in the workspace.
import { RpcTarget } from "cloudflare:workers";
import { parseExact } from "../../core/exact-json.ts";
import { type Page, pageOf } from "../../core/paging.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column } from "../../engines/frame/types.ts";
import type { Caller } from "../access/access.ts";
import type { Reader, Source } from "../workspace/schema.ts";
import { createTable } from "./ddl.ts";
import { alterTable } from "./ddl-alter.ts";
import { dropTable, restoreTable } from "./ddl-drop.ts";
import { changeIndex } from "./ddl-indexes.ts";
import { describeTable, listTables, showTable } from "./describing.ts";
import { exportToFrame, streamRecords, streamRows } from "./exporting.ts";
import { importRows } from "./importing.ts";
import {
  type Changed,
  type DeleteRequest,
  deleteRecords,
  type UpdateRequest,
  updateRecords,
} from "./record-changing.ts";
import { type QueriedRecords, queryRecords, type RecordQuery } from "./record-reading.ts";
import { type Inserted, type InsertRequest, insertRecords } from "./record-writing.ts";
import { type HistoryQuery, readHistory } from "./row-history.ts";
import type {
  AlterTable,
  CreateIndex,
  CreateTable,
  DescribedTable,
  DropTable,
  ImportRows,
  RestoreTable,
  RowChange,
  ShownTable,
} from "./schema.ts";
import { frameColumns, requireTable } from "./table-store.ts";
import { type Undone, undoChange } from "./undo.ts";

export class TablesRpc extends RpcTarget {
  readonly #deps: WorkspaceDeps;

  constructor(deps: WorkspaceDeps) {
    super();
    this.#deps = deps;
  }

  /** `definition`: the arguments as JSON text, since numbers beyond a double's do not cross as objects. */
  async create(definition: string, reader: Reader, by: Caller): Promise<DescribedTable> {
    const table = await createTable(this.#deps, by, reader, parseExact(definition) as CreateTable);
    return describeTable(this.#deps, table.name, reader);
  }

  /** `changes`: as `definition` of `create`. */
  async alter(changes: string, reader: Reader, by: Caller): Promise<DescribedTable> {
    const table = await alterTable(this.#deps, by, reader, parseExact(changes) as AlterTable);
    return describeTable(this.#deps, table.name, reader);
  }

  async changeIndex(input: CreateIndex, reader: Reader, by: Caller) {
    const { table, index, change } = await changeIndex(this.#deps, by, reader, input);
    return { table: table.name, index, change };
  }

  /** `call`: the digest of the call, which a confirmation is for. */
  async drop(input: DropTable & { call: string }, reader: Reader, by: Caller) {
    return await dropTable(this.#deps, by, reader, input);
  }

  async restore(input: RestoreTable, reader: Reader, by: Caller): Promise<{ table: ShownTable; rows: number }> {
    const { table, rows } = await restoreTable(this.#deps, by, reader, input);
    return { table: showTable(this.#deps, table), rows };
  }

  /** A page of the tables: rows are counted of those alone that are shown. */
  list(page: { limit: number; cursor?: string | undefined }, reader: Reader) {
    const { tables, dropped } = listTables(this.#deps, reader);
    const { items, ...rest } = pageOf(tables, { ...page, key: ({ name }) => name.toLowerCase() });
    return { tables: items.map((table) => showTable(this.#deps, table)), dropped, ...rest };
  }

  describe(name: string, reader: Reader): DescribedTable {
    return describeTable(this.#deps, name, reader);
  }

  async import(input: ImportRows, reader: Reader, by: Caller) {
    const { table, ...done } = await importRows(this.#deps, by, reader, input);
    return { table: showTable(this.#deps, table), ...done };
  }

  exportToFrame(input: Parameters<typeof exportToFrame>[3], reader: Reader, by: Caller) {
    return exportToFrame(this.#deps, by, reader, input);
  }

  /** What an export tells of the table before it is read. */
  sources(name: string, reader: Reader): { name: string; sources: Source[] } {
    const table = requireTable(this.#deps, name, reader);
    return { name: table.name, sources: table.sources };
  }

  /** What a download tells of the table before it is read. */
  shape(name: string, reader: Reader): { name: string; id: string; version: number; columns: Column[] } {
    const table = requireTable(this.#deps, name, reader);
    const columns = frameColumns(this.#deps, table);
    return { name: table.name, id: table.id, version: table.dataVersion, columns };
  }

  /** All rows: one line of JSON (an array of rows) for each some. */
  rows(name: string, reader: Reader): ReadableStream<Uint8Array> {
    return streamRows(this.#deps, name, reader);
  }

  /** All rows as lines of JSON records. */
  stream(name: string, reader: Reader): ReadableStream<Uint8Array> {
    return streamRecords(this.#deps, name, reader);
  }

  history(name: string, query: HistoryQuery, reader: Reader): Page<RowChange> & { history: boolean; name: string } {
    const table = requireTable(this.#deps, name, reader);
    return { ...readHistory(this.#deps, table, query), history: table.history, name: table.name };
  }

  async insertRecords(request: InsertRequest, reader: Reader, by: Caller): Promise<Inserted> {
    return await insertRecords(this.#deps, request, reader, by);
  }

  queryRecords(query: RecordQuery, reader: Reader): QueriedRecords {
    return queryRecords(this.#deps, query, reader);
  }

  async updateRecords(request: UpdateRequest, reader: Reader, by: Caller): Promise<Changed> {
    return await updateRecords(this.#deps, request, reader, by);
  }

  async deleteRecords(request: DeleteRequest, reader: Reader, by: Caller): Promise<Changed> {
    return await deleteRecords(this.#deps, request, reader, by);
  }

  async undoChange(undoRef: string, reader: Reader, by: Caller): Promise<Undone> {
    return await undoChange(this.#deps, undoRef, reader, by);
  }
}
