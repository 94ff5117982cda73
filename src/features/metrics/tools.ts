// list_executions: the team's execution log. Runs at the edge.
import { z } from "zod";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { defineTool } from "../../tool.ts";
import { listExecutions } from "./metrics.ts";
import { executionSchema, listExecutionsSchema } from "./schema.ts";

const columns = [
  "executed_at",
  "tool",
  "user",
  "success",
  "error_code",
  "duration_ms",
  "steps",
  "cached",
  "dataset",
  "parameters",
];

export const metricsTools = [
  defineTool({
    name: "list_executions",
    title: "Execution log",
    description:
      "Who ran which tool, when, how long and with what outcome; newest first. Members see their own, admins the team's.",
    input: listExecutionsSchema,
    output: z.object({
      executions: z.array(executionSchema),
      returned: z.int(),
      total: z.int(),
      truncated: z.boolean(),
      next_cursor: z.string().optional(),
    }),
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    permission: "data:read",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listExecutions(context, input);
      const more = page.next_cursor === undefined ? "" : `\nMore: the same call with cursor ${page.next_cursor}`;
      const text = `${page.returned} of ${page.total} executions\n${fenceUntrusted(markdownTable(items, columns), "log")}${more}`;
      return { text, data: { executions: items, ...page } };
    },
  }),
];
