// list_executions: the team's execution log. Runs at the edge.
import { readsOnly } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { defineTool } from "../../tool.ts";
import { listExecutions } from "./metrics.ts";
import { executionsSchema, listExecutionsSchema } from "./schema.ts";

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
    output: executionsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listExecutions(context, input);
      const log = fenceUntrusted(markdownTable(items, columns), "log");
      const reach = page.searched_to === undefined ? [] : [`Searched back to ${page.searched_to}.`];
      const text = [`${page.returned} of ${page.total} executions`, log, ...reach, ...moreLines(page)].join("\n");
      return { text, data: { executions: items, ...page } };
    },
  }),
];
