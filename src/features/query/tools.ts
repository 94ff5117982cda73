// query_dataset: ad hoc jq over one dataset. Runs at the edge.
import { z } from "zod";
import { readsOnly } from "../../core/define-tool.ts";
import { identifierSchema } from "../../core/names.ts";
import { defineTool } from "../../tool.ts";
import { findDataset } from "../datasets/datasets.ts";
import { compileAdHoc } from "../jq-functions/jq-functions.ts";
import { answerRows } from "./query.ts";
import { pageArguments, rowsSchema } from "./schema.ts";

export const queryTools = [
  defineTool({
    name: "query_dataset",
    title: "Query a dataset with jq",
    description:
      'Runs jq over a dataset. `.` is the whole dataset (a list of records is an array) or, with input "records", one record at a time, at any size; null_input with `inputs` aggregates. The team\'s jq functions may be called.',
    input: z.object({
      dataset: z.string(),
      query: z.string().min(1).describe("jq, e.g. `group_by(.region) | map({region: .[0].region, n: length}) | .[]`"),
      input: z
        .enum(["whole", "records"])
        .optional()
        .describe("Default whole, while the dataset fits; with null_input records."),
      null_input: z.boolean().optional().describe("jq -n: `.` is null; read with `inputs`."),
      params: z.record(identifierSchema, z.unknown()).optional().describe("Bound as `$name` or `${name}`."),
      ...pageArguments,
    }),
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async (context, input) => {
      const dataset = findDataset(context.catalogue, input.dataset);
      const compiled = compileAdHoc(context.catalogue, input.query, input.params ?? {});
      return answerRows(context, {
        ...compiled,
        source: { kind: "one", dataset },
        input: input.input ?? (input.null_input === true ? "records" : "whole"),
        nullInput: input.null_input ?? false,
        page: input,
      });
    },
  }),
];
