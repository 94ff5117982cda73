// Frames as a whole: what there is, a page of rows, keeping and dropping. Run at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { readsOnly, replaces, type ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { markdownTable } from "../../core/markdown.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { encodeCursor, invalidCursor } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { recordJson } from "../../engines/frame/output.ts";
import { type Column, typeText } from "../../engines/frame/types.ts";
import { resultLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { callerOf } from "../access/access.ts";
import { answerPage } from "../results/results.ts";
import { type PageArguments, pageArguments, type Rows, rowsSchema } from "../results/schema.ts";
import { dataRefSchema } from "../workspace/schema.ts";
import { offeringDatasets, readerOf } from "../workspace/workspace.ts";
import { readFrameCursor, rowsWanted } from "./answers.ts";
import { showFrame } from "./frames.ts";
import { type Frame, frameSchema, type ShownFrame } from "./schema.ts";

/** Frames that list_data shows when asked for no number. */
const listedFrames = 50;

const listDataTool = defineTool({
  name: "list_data",
  title: "List data frames",
  description:
    "The team's data frames, last used first: data_ref, name, columns, rows, where each came from, when it expires.",
  input: z.object({
    match: z.string().max(100).optional().describe("Part of a name or of what it was made of."),
    limit: z.int().min(1).max(frameLimits.frames).optional().describe(`Default ${listedFrames}.`),
  }),
  output: z.object({
    frames: z.array(frameSchema),
    returned: z.int(),
    total: z.int(),
    truncated: z.boolean().describe("True when a higher limit shows more."),
    bytes: z.int().describe("Of all the team's frames that you may read."),
  }),
  hints: readsOnly,
  permission: "data:read",
  toolset: "frames",
  handler: async (context, { match = "", limit = listedFrames }) => {
    const all = await context.workspace.frames().list(readerOf(context));
    const matching = all.filter((frame) => isMatch(frame, match.toLowerCase()));
    const frames = matching.slice(0, limit).map(showFrame);
    const [returned, total] = [frames.length, matching.length];
    const bytes = all.reduce((sum, frame) => sum + frame.bytes, 0);
    const data = { frames, returned, total, truncated: returned < total, bytes };
    return { text: describeList(data), data };
  },
});

function isMatch({ id, name, lineage }: Frame, match: string): boolean {
  const words = [id, name ?? "", lineage.operation, ...lineage.inputs.map((input) => input.name)];
  return words.some((word) => word.toLowerCase().includes(match));
}

function describeList({
  frames,
  returned,
  total,
  truncated,
  bytes,
}: {
  frames: readonly ShownFrame[];
  returned: number;
  total: number;
  truncated: boolean;
  bytes: number;
}): string {
  const head = `${returned} of ${total} frames; all take ${bytes} of the team's ${frameLimits.teamBytes} bytes`;
  if (returned === 0)
    return `${head}. read_csv, read_parquet, read_json and sql_frame make one, and so does to_frame in a query.`;
  const rows = frames.map((frame) => ({
    data_ref: frame.data_ref,
    name: frame.name ?? "",
    rows: frame.rows,
    columns: frame.columns.map((column) => `${column.name} ${column.type}`).join(", "),
    from: `${frame.lineage.operation}(${frame.lineage.inputs.map((input) => input.name).join(", ")})`,
    expires: frame.expires_at ?? "pinned",
  }));
  const more = truncated ? [`More: raise limit (${frameLimits.frames} at most) or narrow by match.`] : [];
  return [head, fenceUntrusted(markdownTable(rows), "frames"), ...more].join("\n");
}

const dropDataTool = defineTool({
  name: "drop_data",
  title: "Drop data frames",
  description:
    "Drops frames for good, all of those named or none. Tables are dropped with drop_table, datasets with delete_dataset.",
  input: z.object({
    data_ref: z
      .union([dataRefSchema, z.array(dataRefSchema).min(1).max(frameLimits.frames)])
      .describe("One or several data_refs or names."),
  }),
  output: z.object({
    dropped: z.array(z.object({ data_ref: z.string(), name: z.string().nullable(), rows: z.int() })),
  }),
  hints: replaces,
  permission: "data:write",
  toolset: "frames",
  handler: async (context, { data_ref }) => {
    const names = Array.isArray(data_ref) ? data_ref : [data_ref];
    const frames = await context.workspace.frames().drop(names, readerOf(context), callerOf(context));
    const dropped = frames.map(({ id, name, rows }) => ({ data_ref: id, name, rows }));
    return { text: `Dropped ${dropped.map((frame) => frame.name ?? frame.data_ref).join(", ")}.`, data: { dropped } };
  },
});

const pinDataTool = defineTool({
  name: "pin_data",
  title: "Pin a data frame",
  description: "Keeps a frame until it is unpinned or dropped; unpinned, it expires 24 hours after its last use.",
  input: z.object({ data_ref: dataRefSchema, pinned: z.boolean().default(true) }),
  output: frameSchema,
  hints: replaces,
  permission: "data:write",
  toolset: "frames",
  handler: async (context, { data_ref, pinned }) => {
    const frame = await context.workspace.frames().pin(data_ref, pinned, readerOf(context), callerOf(context));
    const data = showFrame(frame);
    const until =
      data.expires_at === null
        ? "is kept until it is unpinned or dropped"
        : `expires at ${data.expires_at} unless it is used`;
    return { text: `${frame.name ?? frame.id} ${until}.`, data };
  },
});

/** Whatever a name or data_ref means, as the workspace knows it: a dataset is read into a copy first. */
type RefOf = (context: CallContext, nameOrRef: string) => Promise<string>;

const readFrameTool = (refOf: RefOf): BuiltInTool =>
  defineTool({
    name: "read_frame",
    title: "Read a frame, table or dataset",
    description: "Rows of a frame, table or dataset, a page at a time.",
    input: z.object({
      data_ref: z.string(),
      columns: z.array(z.string()).optional(),
      limit: z.int().min(1).max(resultLimits.maxRows).optional(),
      cursor: z.string().optional(),
      format: pageArguments.format.unwrap().meta({}).optional(),
    }),
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: (context, input) => readFrame(context, refOf, input),
  });

interface ReadFrame extends Pick<PageArguments, "limit" | "cursor" | "format"> {
  data_ref: string;
  columns?: string[] | undefined;
}

async function readFrame(
  context: CallContext,
  refOf: RefOf,
  { data_ref, columns, ...page }: ReadFrame,
): Promise<ToolAnswer<Rows>> {
  const place = page.cursor === undefined ? undefined : readFrameCursor(page.cursor);
  const offset = place?.offset ?? 0;
  const ref = await refOf(context, data_ref);
  const { found, rows } = await offeringDatasets(
    context,
    data_ref,
    context.workspace.relations().slice(ref, readerOf(context), offset, rowsWanted(page)),
  );
  const state = found.version === undefined ? found.id : `${found.id}@${found.version}`;
  if (place !== undefined) requireState(place.ref, state, found.id);
  const chosen = chooseColumns(found.columns, columns);
  const shown = chosen.map(({ column }) => column);
  return answerPage(
    rows.map((row) =>
      recordJson(
        shown,
        chosen.map(({ index }) => row[index] ?? null),
      ),
    ),
    {
      ...{ offset, page, total: found.rows },
      cursorOf: (next) => encodeCursor({ f: state, o: next }),
      about: {
        ...{ input: "frame", cached: false },
        columns: shown.map((column) => ({ name: column.name, type: typeText(column) })),
      },
    },
  );
}

/** Throws unless a cursor is of what is read, and of the state that it is in. */
function requireState(asked: string, state: string, id: string): void {
  if (asked === state) return;
  if (asked.split("@")[0] !== id) throw invalidCursor();
  throw new AppError("cursor_stale", "The table was written to since the page before, so its rows no longer line up.", {
    hint: "Call again without cursor to start over.",
  });
}

/** Places of the columns named, all when none is. Throws `not_found` that offers near names. */
function chooseColumns(
  columns: readonly Column[],
  names: readonly string[] | undefined,
): { index: number; column: Column }[] {
  if (names === undefined) return columns.map((column, index) => ({ index, column }));
  return names.map((name) => {
    const index = columns.findIndex((column) => column.name === name);
    const column = columns[index];
    if (column !== undefined) return { index, column };
    const all = columns.map((column) => column.name);
    const near = nearNames(name, all);
    throw new AppError("not_found", `There is no column "${name}".`, {
      hint: didYouMean(near) ?? `Columns: ${all.join(", ")}.`,
      details: { near, columns: all },
    });
  });
}

/** The tools for frames as a whole. `frameRefOf` comes from a feature that stands on this one. */
export function frameTools({ frameRefOf }: { frameRefOf: RefOf }): readonly BuiltInTool[] {
  return [readFrameTool(frameRefOf), listDataTool, dropDataTool, pinDataTool];
}
