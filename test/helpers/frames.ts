// Frames for tests, made at once of rows. Runs in workerd.
import type { CallContext } from "../../src/context.ts";
import type { Column, Row } from "../../src/engines/frame/types.ts";
import { callerOf } from "../../src/features/access/access.ts";
import type { Frame } from "../../src/features/frames/schema.ts";
import type { Source } from "../../src/features/workspace/schema.ts";

/** A frame of these rows in the workspace of the call's team. */
export async function aFrame(
  context: CallContext,
  columns: Column[],
  rows: Row[],
  { name, sources = [] }: { name?: string; sources?: Source[] } = {},
): Promise<Frame> {
  const lineage = { operation: "test", inputs: [] };
  const frames = () => context.workspace.frames();
  const id = await frames().begin(callerOf(context), { name, columns, lineage, sources });
  for (let at = 0; at < rows.length; at += 2_000) {
    const chunk = rows.slice(at, at + 2_000);
    await frames().append(id, [{ count: chunk.length, json: JSON.stringify(chunk) }]);
  }
  return frames().finish(id);
}

/** Whole numbers from 0, and their names. */
export const countingColumns: Column[] = [
  { name: "n", type: "int" },
  { name: "name", type: "text" },
];
export const counting = (count: number): Row[] => Array.from({ length: count }, (_, n) => [n, `name ${n}`]);
