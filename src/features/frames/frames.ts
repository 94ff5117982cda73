// Reading a frame as a stream, and showing what it is. Runs everywhere; in the workspace where it is given the storage.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { typeText } from "../../engines/frame/types.ts";
import { chunkTable } from "../../engines/frame/view.ts";
import { frameLimits } from "../../workspace-limits.ts";
import type { Frame, ShownFrame } from "./schema.ts";

/** A frame as requests see it. */
export function showFrame(frame: Frame): ShownFrame {
  return {
    data_ref: frame.id,
    name: frame.name,
    columns: frame.columns.map((column) => ({ name: column.name, type: typeText(column) })),
    rows: frame.rows,
    bytes: frame.bytes,
    lineage: frame.lineage,
    created_by: frame.createdBy,
    created_at: new Date(frame.createdAt).toISOString(),
    last_used_at: new Date(frame.lastUsedAt).toISOString(),
    expires_at: frame.expiresAt === null ? null : new Date(frame.expiresAt).toISOString(),
    pinned: frame.pinned,
  };
}

/**
 * A frame's chunks as lines of JSON, each read when it is asked for: no cursor stays open in between. `keep` is called before each, so that a
 * frame in use is kept; when it throws, since the frame was dropped meanwhile, the stream breaks off.
 */
export function streamChunks(
  deps: Pick<WorkspaceDeps, "sql">,
  frame: Pick<Frame, "storage">,
  keep: () => unknown,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const table = chunkTable(frame.storage);
  let after = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      try {
        keep();
        const [row] = deps.sql
          .exec<{ k: number; json: string }>(
            `SELECT k, json(d) AS json FROM ${table} WHERE k > ? ORDER BY k LIMIT 1`,
            after,
          )
          .toArray();
        if (row === undefined) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        after = row.k;
        controller.enqueue(encoder.encode(`${row.json}\n`));
      } catch (error) {
        controller.error(error);
      }
    },
  });
}

/** The refusal of a result that is larger than a frame may be. `rows` where their number is known. */
export function tooManyRows(maxRows: number, rows?: number): AppError {
  return new AppError(
    "too_large",
    `The result would have ${rows === undefined ? "more than " : ""}${rows ?? maxRows} rows; a frame has ${maxRows} at most (limit rows).`,
    {
      hint: `Filter or aggregate first, or have an admin raise the team's setting frame_rows (up to ${frameLimits.maxRows}).`,
      details: { limit: "rows", value: maxRows, ...(rows === undefined ? {} : { rows }) },
    },
  );
}
