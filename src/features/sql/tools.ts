// SQL as tools. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { readsOnly, type ToolAnswer, type ToolHints } from "../../core/define-tool.ts";
import { isAppError } from "../../core/errors.ts";
import { recordJson } from "../../engines/frame/output.ts";
import { typeText } from "../../engines/frame/types.ts";
import { parseStatement } from "../../engines/sql/statement.ts";
import { defineTool } from "../../tool.ts";
import { requirePermission } from "../access/access.ts";
import { answerFrame, rowsWanted } from "../frames/answers.ts";
import { answerPage } from "../results/results.ts";
import { type Rows, rowsSchema } from "../results/schema.ts";
import { isWriting } from "./forms.ts";
import {
  type RawAnswer,
  type RawQuery,
  type ReadRows,
  rawAnswerSchema,
  rawQuerySchema,
  sqlFrameSchema,
  type Written,
} from "./schema.ts";
import { runRead, runWrite } from "./sql.ts";

/** It writes only when it is told to: a client that trusts hints must take it for one that does. */
const mayWrite: ToolHints = { readOnly: false, destructive: true, idempotent: false, openWorld: false };

export const sqlTools = [
  defineTool({
    name: "execute_raw_query",
    title: "Run SQL",
    description:
      "Runs one SQLite statement over the team's tables, frames and datasets by name. Reads unless read_only is false; then members may INSERT, UPDATE, DELETE or REPLACE rows of a table.",
    input: rawQuerySchema,
    output: rawAnswerSchema,
    hints: mayWrite,
    permission: "data:read",
    toolset: "tables",
    handler: async (context, input) => {
      if (!input.read_only && isWriting(parseStatement(input.query))) return write(context, input);
      return read(context, input);
    },
  }),
  defineTool({
    name: "sql_frame",
    title: "Make a frame with SQL",
    description: "Runs one SELECT over tables, frames and datasets by name and keeps all its rows as a frame.",
    input: sqlFrameSchema,
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "frames",
    handler: async (context, { query, name, params = [], limit, format }) => {
      const page = { limit, format };
      const frame = { name, operation: "sql_frame", maxRows: context.frameRows };
      const answer = await runRead(context, query, params, { rows: rowsWanted(page), frame });
      if (answer.outcome === "rows") return answerRows(answer, page, howToGetAll);
      return answerFrame(answer, { page, notes: answer.notes });
    },
  }),
];

type Page = Parameters<typeof rowsWanted>[0];

async function read(context: CallContext, input: RawQuery): Promise<ToolAnswer<RawAnswer>> {
  const { query, params = [], to_frame: keep = false } = input;
  const page: Page = { limit: input.limit, format: input.format };
  const name = typeof keep === "string" ? keep : undefined;
  const frame = { name, operation: "execute_raw_query", maxRows: context.frameRows };
  const rows = rowsWanted(page);
  const answer = await runRead(context, query, params, keep === false ? { rows } : { rows, frame });
  return answer.outcome === "rows"
    ? answerRows(answer, page, howToGetAll)
    : answerFrame(answer, { page, notes: answer.notes });
}

const howToGetAll =
  "To keep all rows, make the same call with to_frame: true; or narrow it with WHERE, LIMIT and OFFSET, or show more of them with limit.";

/** `more` says how to get what is cut. */
async function answerRows(
  { columns, rows, total, notes }: Pick<ReadRows, "columns" | "rows" | "total" | "notes">,
  page: Page,
  more: string,
): Promise<ToolAnswer<Rows>> {
  const outputs = rows.map((row) => recordJson(columns, row));
  const shownColumns = columns.map((column) => ({ name: column.name, type: typeText(column) }));
  const answer = (said: readonly string[]) =>
    answerPage(outputs, {
      ...{ offset: 0, total, page },
      about: {
        ...{ input: "sql" as const, cached: false, columns: shownColumns },
        ...(said.length === 0 ? {} : { notes: [...said] }),
      },
    });
  const whole = await answer(notes);
  return whole.data.truncated === true ? answer([...notes, more]) : whole;
}

async function write(context: CallContext, input: RawQuery): Promise<ToolAnswer<RawAnswer>> {
  requirePermission(context.actor, "data:write", "change tables with SQL");
  const { query, params = [], dry_run: dryRun = false, confirm } = input;
  const page: Page = { limit: input.limit, format: input.format };
  const written = await runWrite(context, query, params, { dryRun, confirm, rows: rowsWanted(page) });
  return answerWrite(written, page, dryRun);
}

/** Rows of RETURNING; undefined when one is too long, which must not look as if nothing had been changed. */
async function shownReturning(written: Written, page: Page): Promise<ToolAnswer<Rows> | undefined> {
  try {
    return await answerRows(written, page, "The rest was changed, too: show more of them with limit.");
  } catch (error) {
    if (isAppError(error) && error.code === "result_too_large") return undefined;
    throw error;
  }
}

async function answerWrite(written: Written, page: Page, dryRun: boolean): Promise<ToolAnswer<RawAnswer>> {
  const { changed, tables } = written;
  const records = `${changed} ${changed === 1 ? "record" : "records"} of ${tables.join(", ")}`;
  const text = dryRun ? `Would change ${records}. Nothing was changed.` : `Changed ${records}.`;
  const data = { changed, tables, ...(dryRun ? { dry_run: true } : {}) };
  if (written.columns.length === 0) return { text, data };
  const returning = await shownReturning(written, page);
  if (returning === undefined)
    return {
      text: `${text}\nA row of RETURNING is too long to show: read it with SELECT, fewer columns at a time.`,
      data,
    };
  return { text: `${text}\n${returning.text}`, data: { ...returning.data, ...data } };
}
