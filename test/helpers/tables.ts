// Tables for tests, made through their tools. Runs in workerd.
import type { CallContext } from "../../src/context.ts";
import { useTool } from "./team.ts";

/** A table of these columns with these records. */
export async function aTable(
  context: CallContext,
  name: string,
  schema: Record<string, unknown>,
  records: readonly Record<string, unknown>[],
): Promise<void> {
  await useTool(context, "create_table", { table_name: name, schema });
  for (let at = 0; at < records.length; at += 1_000)
    await useTool(context, "insert_record", { table_name: name, data: records.slice(at, at + 1_000) });
}
