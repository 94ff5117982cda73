// A frame as a tool answers with it: its data_ref and a page of its rows. One way for every tool that makes or reads one. Runs at the edge.
import type { ToolAnswer } from "../../core/define-tool.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../core/paging.ts";
import { recordJson } from "../../engines/frame/output.ts";
import { type Row, typeText } from "../../engines/frame/types.ts";
import { resultLimits } from "../../limits.ts";
import { answerPage } from "../results/results.ts";
import type { PageArguments, Rows } from "../results/schema.ts";
import type { Frame } from "./schema.ts";

/** A frame and those of its rows that begin at `offset` (0 when left out). */
export interface FrameRows {
  frame: Frame;
  rows: Row[];
  offset?: number;
}

/** Rows to fetch for a page: what `answerFrame` may show. */
export function rowsWanted({ limit }: PageArguments): number {
  return limit ?? resultLimits.defaultRows;
}

/**
 * The answer with a frame: its data_ref, its columns and a page of rows. `isPaged`: with a cursor for the page after, in a tool that takes one;
 * of other tools' results read_frame shows the rest.
 */
export function answerFrame(
  { frame, rows, offset = 0 }: FrameRows,
  {
    page = {},
    notes = [],
    isPaged = false,
  }: { page?: PageArguments; notes?: readonly string[]; isPaged?: boolean } = {},
): Promise<ToolAnswer<Rows>> {
  return answerPage(
    rows.map((row) => recordJson(frame.columns, row)),
    {
      offset,
      total: frame.rows,
      page,
      ...(isPaged ? { cursorOf: (next: number) => encodeCursor({ f: frame.id, o: next }) } : {}),
      about: {
        input: "frame",
        cached: false,
        data_ref: frame.id,
        columns: frame.columns.map((column) => ({ name: column.name, type: typeText(column) })),
        ...(notes.length === 0 ? {} : { notes: [...notes] }),
      },
    },
  );
}

/** Where a cursor of `answerFrame` goes on: the frame's data_ref and the row. Throws `cursor_invalid`. */
export function readFrameCursor(cursor: string): { ref: string; offset: number } {
  const { f, o } = decodeCursor(cursor);
  if (typeof f !== "string" || typeof o !== "number" || !Number.isSafeInteger(o) || o < 0) throw invalidCursor();
  return { ref: f, offset: o };
}
