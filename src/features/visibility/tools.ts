// set_visibility: who sees a dataset or tool. Runs at the edge.
import { replaces } from "../../core/define-tool.ts";
import { defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { setVisibilitySchema } from "./schema.ts";
import { describeVisibility } from "./visibility.ts";

export const visibilityTools = [
  defineTool({
    name: "set_visibility",
    title: "Set who sees a dataset or tool",
    description:
      'Shows a dataset or tool to "everyone", to a role and those above it, or to the people named; for others it does not exist. Admins, and whoever created it.',
    input: setVisibilitySchema,
    output: setVisibilitySchema,
    hints: replaces,
    permission: "visibility:own",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await context.stub.visibility().set(input, callerOf(context));
      return { text: `The ${data.kind} ${data.name} is shown to ${describeVisibility(data.visibility)}.`, data };
    },
  }),
];
