// The execution log as a file: NDJSON or CSV, read page by page as the reader takes it. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { listLimits } from "../../limits.ts";
import { listExecutions } from "../metrics/metrics.ts";
import type { Execution, ListExecutions } from "../metrics/schema.ts";

export const exportFormats = ["csv", "ndjson"] as const;
export type ExportFormat = (typeof exportFormats)[number];

const columns = [
  ...(["executed_at", "user", "through", "client", "tool", "tool_version", "success", "error_code"] as const),
  ...(["duration_ms", "steps", "cached", "dataset", "dataset_version", "result_bytes", "parameters", "id"] as const),
] as const satisfies readonly (keyof Execution)[];

/** All executions that match, newest first, as whoever asks may see them. What comes in meanwhile is not among them. */
export function exportExecutions(
  context: CallContext,
  filter: Omit<ListExecutions, "limit" | "cursor">,
  format: ExportFormat,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let cursor: string | undefined;
  let isFirst = true;
  return new ReadableStream({
    pull: async (controller) => {
      const lines = isFirst && format === "csv" ? [columns.join(",")] : [];
      isFirst = false;
      // A page of a search may be empty; the reader waits for a line, not for a page.
      do {
        const page = await listExecutions(context, { ...filter, limit: listLimits.maxEntries, cursor });
        cursor = page.next_cursor;
        lines.push(...page.items.map((item) => (format === "csv" ? csvLine(item) : JSON.stringify(item))));
      } while (lines.length === 0 && cursor !== undefined);
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.map((line) => `${line}\n`).join("")));
      if (cursor === undefined) controller.close();
    },
  });
}

function csvLine(execution: Execution): string {
  return columns.map((column) => csvField(execution[column])).join(",");
}

/** Text that a spreadsheet would take for a formula is marked as text: clients choose their names, and arguments are anyone's. */
function csvField(value: Execution[keyof Execution]): string {
  if (value === null) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
