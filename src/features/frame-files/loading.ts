// Rows from the edge into a frame of the team's workspace, a few megabytes a call: the frame is there whole or not at all. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { logFailure } from "../../core/log.ts";
import { ChunkBuffer } from "../../engines/frame/chunks.ts";
import type { Row } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { callerOf } from "../access/access.ts";
import type { Frame, NewFrame } from "../frames/schema.ts";

/** What a load needs of a call. */
export type LoadDeps = Pick<CallContext, "team" | "workspace" | "signal" | "waitUntil"> &
  Parameters<typeof callerOf>[0];

/**
 * Makes a frame of rows that come some at a time. Whatever fails, nothing of it stays. `isAudited`: the team's log says who made it.
 * Throws what `rows` throws, `already_exists`, `too_large`.
 */
export async function loadFrame(
  deps: LoadDeps,
  frame: NewFrame,
  rows: AsyncIterable<readonly Row[]>,
  { isAudited = false }: { isAudited?: boolean } = {},
): Promise<Frame> {
  const by = callerOf(deps);
  const id = await deps.workspace.frames().begin(by, frame);
  try {
    await append(deps, id, rows);
    return isAudited ? await deps.workspace.frames().finishUpload(id, by) : await deps.workspace.frames().finish(id);
  } catch (error) {
    const giving = deps.workspace
      .frames()
      .abandon(id)
      // It expires by itself.
      .catch((failure: unknown) => logFailure("frame_abandon_failed", { team: deps.team }, failure));
    deps.waitUntil(giving);
    await giving;
    throw error;
  }
}

async function append(deps: LoadDeps, id: string, rows: AsyncIterable<readonly Row[]>): Promise<void> {
  let chunks: { count: number; json: string }[] = [];
  let chars = 0;
  const buffer = new ChunkBuffer((count, json) => {
    chunks.push({ count, json });
    chars += json.length;
  });
  const send = async (): Promise<void> => {
    deps.signal?.throwIfAborted();
    if (chunks.length === 0) return;
    const sent = chunks;
    chunks = [];
    chars = 0;
    await deps.workspace.frames().append(id, sent);
  };
  for await (const batch of rows) {
    for (const row of batch) {
      buffer.add(row);
      // Two chunks more may come before the next look.
      if (chars > frameLimits.appendBytes / 2) await send();
    }
  }
  buffer.flush();
  await send();
}
