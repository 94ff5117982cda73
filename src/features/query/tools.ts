// query_dataset: ad hoc jq over one dataset. Runs at the edge.
import * as z from "zod";
import { readsOnly } from "../../core/define-tool.ts";
import { cutText } from "../../core/markdown.ts";
import { identifierSchema } from "../../core/names.ts";
import { formOfQuery } from "../../engines/jq/syntax/query-form.ts";
import { defineTool } from "../../tool.ts";
import { learningLimits } from "../../workflow-limits.ts";
import { compileAdHoc } from "../jq-functions/jq-functions.ts";
import type { QueryPattern } from "../metrics/schema.ts";
import { queryArguments, rowsSchema } from "../results/schema.ts";
import { answerRows } from "./query.ts";
import { findSource } from "./source.ts";

/** Names are checked here and not in the schema that clients are shown, which each of them would pay for. */
const paramsSchema = z
  .record(z.string(), z.unknown())
  .refine((params) => Object.keys(params).every((name) => identifierSchema.safeParse(name).success), {
    message: "a parameter's name is a letter or underscore, then letters, digits or underscores, 64 at most",
  });

export const queryTools = [
  defineTool({
    name: "query_dataset",
    title: "Query a dataset with jq",
    description:
      'Runs jq over a dataset, table or frame. `.` is all of it (records as an array) or, with input "records", one record at a time, at any size; null_input with `inputs` aggregates. The team\'s jq functions may be called.',
    input: z.object({
      dataset: z.string().describe("Or table, frame, data_ref."),
      query: z.string().min(1).describe("jq, e.g. `group_by(.region) | map({region: .[0].region, n: length}) | .[]`"),
      input: z
        .enum(["whole", "records"])
        .optional()
        .describe("Default whole, while the dataset fits; with null_input records."),
      null_input: z.boolean().optional().describe("jq -n: `.` is null; read with `inputs`."),
      params: paramsSchema.optional().describe("Bound as `$name` or `${name}`."),
      ...queryArguments,
    }),
    output: rowsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async (context, input) => {
      const data = await findSource(context, input.dataset);
      const params = input.params ?? {};
      const compiled = compileAdHoc(context.catalogue, input.query, params);
      const mode = input.input ?? (input.null_input === true ? "records" : "whole");
      const nullInput = input.null_input ?? false;
      const source = { kind: "one", data } as const;
      const answer = await answerRows(context, { ...compiled, source, input: mode, nullInput, page: input });
      // A further page is the same question; of tables and frames no tool is made.
      if (input.cursor === undefined && data.input.kind === "dataset") {
        const pattern = patternOf(input.query, Object.keys(params), compiled.args);
        if (pattern !== undefined)
          context.execution.pattern = { dataset: data.name, input: mode, nullInput, ...pattern };
      }
      return answer;
    },
  }),
];

/** What the team's object learns from of a query that ran; undefined for one that only looks at the data, or is too long to be a pattern. */
function patternOf(
  query: string,
  parameters: readonly string[],
  values: Readonly<Record<string, string>>,
): Pick<QueryPattern, "normalised" | "example" | "literals"> | undefined {
  const { text, literals, program, isPeek } = formOfQuery(query, parameters, values);
  const { queryChars, places, valueChars } = learningLimits;
  if (isPeek || text.length > queryChars || program.length > queryChars || literals.length > places) return undefined;
  return {
    normalised: text,
    example: program,
    literals: literals.map(({ value = "null" }) => cutText(value, valueChars)),
  };
}
