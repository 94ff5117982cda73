// `defineTool` for this product: core's form bound to our call context and our way of reading arguments. Runs at the edge.
import type { CallContext } from "./context.ts";
import { type AnyTool, toolDefiner } from "./core/define-tool.ts";
import { parseWith } from "./core/parse.ts";

export type BuiltInTool = AnyTool<CallContext>;
export const defineTool = toolDefiner<CallContext>(parseWith);
