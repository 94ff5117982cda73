// Writing a frame row by row in the object, in one transaction: it is there whole or not at all. Runs in the workspace.
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { ChunkBuffer } from "../../engines/frame/chunks.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import type { Caller } from "../access/access.ts";
import { appendChunk, beginFrame, finishFrame } from "./frame-store.ts";
import { tooManyRows } from "./frames.ts";
import type { Frame, NewFrame } from "./schema.ts";

/**
 * Makes a frame of what `rows` gives, in one transaction; a throw leaves nothing behind. `rows` may end by returning columns, when the types
 * became known only on the way. Throws `too_large` past `maxRows`, and as `beginFrame`.
 */
export function writeFrame(
  deps: WorkspaceDeps,
  by: Caller,
  frame: NewFrame,
  // biome-ignore lint/suspicious/noConfusingVoidType: a generator that returns nothing returns void.
  rows: () => Generator<Row, Column[] | void>,
  maxRows: number,
): Frame {
  return deps.atomically(() => {
    const id = beginFrame(deps, by, frame);
    const buffer = new ChunkBuffer((count, json) => appendChunk(deps, id, count, json));
    const source = rows();
    let written = 0;
    for (let next = source.next(); ; next = source.next()) {
      if (next.done === true) {
        buffer.flush();
        return finishFrame(deps, id, next.value ?? undefined);
      }
      if (++written > maxRows) throw tooManyRows(maxRows);
      buffer.add(next.value);
    }
  });
}
