// The tools over frames: each reads a frame, table or dataset and makes a frame of what it computes. Run at the edge.
import type { CallContext } from "../../context.ts";
import { readsOnly, type ToolAnswer } from "../../core/define-tool.ts";
import { recordJson } from "../../engines/frame/output.ts";
import { typeText } from "../../engines/frame/types.ts";
import { defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { frameRefOf } from "../frame-files/frame-files.ts";
import { answerFrame, rowsWanted } from "../frames/answers.ts";
import { answerPage } from "../results/results.ts";
import { type PageArguments, type Rows, rowsSchema } from "../results/schema.ts";
import { offeringNear, readerOf } from "../workspace/workspace.ts";
import { inputsOf, withInputs } from "./frame-operations.ts";
import { describeSchema, type Operation, type OperationName, operationSchemas, peekSchema } from "./schema.ts";

const titles: Record<OperationName, readonly [title: string, description: string]> = {
  filter: [
    "Filter rows",
    "Keeps the rows for which a condition is true: SQL, or pandas' common forms. Makes a new frame.",
  ],
  select: ["Select columns", "Keeps or drops columns. Makes a new frame."],
  rename: ["Rename columns", "Gives columns other names. Makes a new frame."],
  derive: [
    "Derive columns",
    "Adds or replaces columns computed by expressions: SQL, or pandas' common forms. Makes a new frame.",
  ],
  distinct: ["Distinct rows", "Drops rows that repeat. Makes a new frame."],
  sample: [
    "Sample rows",
    "Draws rows at random, without repeating any; the same seed gives the same rows. Makes a new frame.",
  ],
  sort: ["Sort rows", "Sorts rows by columns; equal rows stay in their order. Makes a new frame."],
  groupby: [
    "Group and aggregate",
    "One row per combination of values with aggregates: count, size, sum, mean, min, max, nunique, first, last, std, var, median, any, all, list. Makes a new frame.",
  ],
  value_counts: ["Count values", "How often each value is there, the most frequent first. Makes a new frame."],
  pivot: [
    "Pivot",
    "Turns the values of one column into columns, with an aggregate of another in them. Makes a new frame.",
  ],
  fill_null: ["Fill nulls", "Puts values where there are none. Makes a new frame."],
  join: [
    "Join",
    "Joins two frames, tables or datasets on keys: inner, left, right, full, semi, anti or cross. The size is known first and refused over the limit. Makes a new frame.",
  ],
  concat: [
    "Concatenate",
    "Puts rows of several frames, tables or datasets one after another; columns go by name. Makes a new frame.",
  ],
};

/** A tool of an operation that makes a frame. */
function operationTool<Name extends OperationName>(operation: Name) {
  const [title, description] = titles[operation];
  return defineTool({
    name: operation,
    title,
    description,
    input: operationSchemas[operation],
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "frames",
    handler: (context, input) => {
      const { limit, format, name, ...args } = input as PageArguments & { name?: string };
      return answerOperation(context, { operation, args } as unknown as Operation, name, { limit, format });
    },
  });
}

/** Runs an operation, datasets named in it read as frames, and answers with the frame it made. */
async function answerOperation(
  context: CallContext,
  operation: Operation,
  name: string | undefined,
  page: PageArguments,
): Promise<ToolAnswer<Rows>> {
  const refs: string[] = [];
  for (const ref of inputsOf(operation)) refs.push(await frameRefOf(context, ref));
  const wish = { name, maxRows: context.frameRows, preview: rowsWanted(page) };
  const made = await offeringNear(
    context,
    context.workspace.operations().make(withInputs(operation, refs), readerOf(context), callerOf(context), wish),
  );
  return answerFrame(made, { page });
}

const peekTool = (end: "head" | "tail", title: string, description: string) =>
  defineTool({
    name: end,
    title,
    description,
    input: peekSchema,
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "frames",
    handler: async (context, { data_ref, n, name, format }) => {
      const ref = await frameRefOf(context, data_ref);
      const wish = { name, maxRows: context.frameRows, preview: n };
      const peeked = await offeringNear(
        context,
        context.workspace.operations().peek(end, { data_ref: ref, n }, readerOf(context), callerOf(context), wish),
      );
      const { columns, total, offset, rows, frame } = peeked;
      // Without a name there is nothing beyond the rows that were asked for.
      return answerPage(
        rows.map((row) => recordJson(columns, row)),
        {
          offset,
          total,
          page: { limit: n, format },
          about: {
            input: "frame",
            cached: false,
            columns: columns.map((column) => ({ name: column.name, type: typeText(column) })),
            ...(frame === undefined ? {} : { data_ref: frame.id }),
          },
        },
      );
    },
  });

const describeTool = defineTool({
  name: "describe",
  title: "Describe columns",
  description:
    "What each column holds, computed over all rows: type, count, nulls, different values, min, max, mean, std, quantiles, most frequent values. One row per column.",
  input: describeSchema,
  output: rowsSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: async (context, { data_ref, columns, limit, format }) => {
    const ref = await frameRefOf(context, data_ref);
    const { rows, lines } = await offeringNear(
      context,
      context.workspace.operations().describe(ref, columns, readerOf(context)),
    );
    return answerPage(lines, {
      offset: 0,
      total: lines.length,
      page: { limit: limit ?? lines.length, format },
      about: { input: "frame", cached: false, notes: [`Of ${rows} ${rows === 1 ? "row" : "rows"}.`] },
    });
  },
});

export const frameOperationTools = [
  describeTool,
  peekTool("head", "First rows", "The first rows of a frame, table or dataset; with a name they become a frame."),
  peekTool("tail", "Last rows", "The last rows of a frame, table or dataset; with a name they become a frame."),
  ...(Object.keys(operationSchemas) as OperationName[]).map((operation) => operationTool(operation)),
];
