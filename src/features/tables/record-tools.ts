// The tools for records. Runs at the edge.
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { readerOf } from "../workspace/workspace.ts";
import { deleteRecord, insertRecord, queryRecords, updateRecord } from "./record-calls.ts";
import {
  changedSchema,
  deleteRecordSchema,
  insertedSchema,
  insertRecordSchema,
  queriedRecordsSchema,
  queryRecordsSchema,
  undoChangeSchema,
  undoneSchema,
  updateRecordSchema,
} from "./record-schema.ts";

export const recordTools: readonly BuiltInTool[] = [
  defineTool({
    name: "insert_record",
    title: "Insert records",
    description:
      "Adds one record or many to a table, all or none, and answers with them and their ids. Can update those that exist (upsert).",
    input: insertRecordSchema,
    output: insertedSchema,
    hints: { ...adds, destructive: true },
    permission: "data:write",
    toolset: "tables",
    handler: insertRecord,
  }),
  defineTool({
    name: "query_records",
    title: "Query records",
    description:
      "Records of a table: filtered, searched, ordered, paged. Values are exact, in the order of the primary key unless asked otherwise.",
    input: queryRecordsSchema,
    output: queriedRecordsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "tables",
    handler: queryRecords,
  }),
  defineTool({
    name: "update_record",
    title: "Update records",
    description:
      "Sets columns of all records that the filters take, and says how many. Many need a confirmation; undo_change takes it back for 7 days.",
    input: updateRecordSchema,
    output: changedSchema,
    hints: replaces,
    permission: "data:write",
    toolset: "tables",
    handler: updateRecord,
  }),
  defineTool({
    name: "delete_record",
    title: "Delete records",
    description:
      "Deletes all records that the filters take, and says how many. Many need a confirmation; undo_change takes it back for 7 days.",
    input: deleteRecordSchema,
    output: changedSchema,
    hints: replaces,
    permission: "data:write",
    toolset: "tables",
    handler: deleteRecord,
  }),
  defineTool({
    name: "undo_change",
    title: "Undo a change of records",
    description:
      "Puts back what an update, a deletion or an upsert changed: all of it, or nothing when records were changed again since.",
    input: undoChangeSchema,
    output: undoneSchema,
    hints: replaces,
    permission: "data:write",
    toolset: "tables",
    handler: async (context, { undo_ref }) => {
      const { table, action, records } = await context.workspace
        .tables()
        .undoChange(undo_ref, readerOf(context), callerOf(context));
      const what = action === "delete" ? "deletion" : "update";
      const count = records === 1 ? "1 record is" : `${records} records are`;
      return {
        text: `The ${what} in "${table}" is undone: ${count} as before.`,
        data: { table, undone: action, records },
      };
    },
  }),
];
