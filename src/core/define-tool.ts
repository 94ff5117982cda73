// How a built-in tool is written: data plus one handler. Runs at the edge; imports nothing from src but core.
import type { z } from "zod";

/** What a credential may be narrowed to; OAuth calls these scopes. */
export const scopes = ["data:read", "data:write", "library:write", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What an actor must be allowed to do before a tool runs or a route answers. Which role and scope grants each: features/access. */
export const permissions = [
  "self:read",
  "data:read",
  "data:write",
  "library:write",
  "library:propose",
  "notifications:own",
  "visibility:own",
  "visibility:manage",
  "activity:read",
  "people:read",
  "people:manage",
  "owners:manage",
  "membership:own",
  "tokens:own",
  "tokens:manage",
  "settings:manage",
  "metrics:read",
  "audit:read",
  "webhooks:manage",
  "backups:manage",
  "backups:download",
] as const;
export type Permission = (typeof permissions)[number];

/** The families of built-in tools that `?toolsets=` chooses from; `catalog` is listed by default. */
export const toolsets = ["catalog", "jq", "tables", "frames", "workflow", "admin"] as const;
export type Toolset = (typeof toolsets)[number];

/** The four MCP behaviour hints, none of them optional. */
export interface ToolHints {
  /** Changes nothing. */
  readOnly: boolean;
  /** May overwrite or remove what exists. */
  destructive: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  idempotent: boolean;
  /** Reaches systems outside this server. */
  openWorld: boolean;
}

/** Hints of a tool that only reads the team's own data. */
export const readsOnly: ToolHints = { readOnly: true, destructive: false, idempotent: true, openWorld: false };

/** Hints of a tool that changes the team's own data, to the same end however often it is called. */
export const replaces: ToolHints = { readOnly: false, destructive: true, idempotent: true, openWorld: false };

/** The argument by which a call of a tool that writes can be repeated safely. */
export const idempotencyKey = "idempotency_key";

/** Hints of a tool that adds something each time it is called. */
export const adds: ToolHints = { readOnly: false, destructive: false, idempotent: false, openWorld: false };

export interface AnswerImage {
  data: string;
  mimeType: string;
}

/** A tool's answer: Markdown for a model to read and the same content as data. */
export interface ToolAnswer<Output> {
  text: string;
  data: Output;
  /** True when the tool ran but what it was asked to do failed; the text then says what to do. */
  isError?: boolean;
  /** Pictures that go with the text: base64, with their media types. */
  images?: readonly AnswerImage[];
}

/** A tool as its author writes it. */
export interface ToolDefinition<Context, Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  hints: ToolHints;
  permission: Permission;
  toolset: Toolset;
  /** Says that it writes only through other tools, which take keys of their own. */
  takesKey?: false;
  /** The URI of a page (an MCP App) in which hosts that can may show its answers. */
  app?: string;
  handler: (context: Context, input: z.output<Input>) => Promise<ToolAnswer<z.input<Output>>>;
}

/** Any tool, once its own types no longer matter: the catalogue holds these. */
export interface AnyTool<Context> {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  hints: ToolHints;
  permission: Permission;
  toolset: Toolset;
  /** It writes, so it takes an idempotency_key besides its own arguments and runs once for each. */
  takesKey: boolean;
  /** The URI of a page (an MCP App) in which hosts that can may show its answers. */
  app?: string;
  /** Parses the arguments strictly (an unknown key is an error), then runs the handler. */
  call: (context: Context, args: unknown) => Promise<ToolAnswer<Record<string, unknown>>>;
}

/**
 * Makes the form in which tools are defined for one kind of call; `parse` reads their arguments, `what` names the tool in its errors.
 * Tools that write take `keySchema` as the further argument idempotency_key, which no handler sees.
 */
export function toolDefiner<Context>(
  parse: (schema: z.ZodObject, value: unknown, what: string) => unknown,
  keySchema: z.ZodType,
) {
  return function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
    definition: ToolDefinition<Context, Input, Output>,
  ): AnyTool<Context> {
    const takesKey = !definition.hints.readOnly && definition.takesKey !== false;
    const input = (takesKey ? definition.input.extend({ [idempotencyKey]: keySchema }) : definition.input).strict();
    return {
      ...definition,
      input,
      takesKey,
      call: async (context, args) => {
        const { [idempotencyKey]: _key, ...own } = parse(input, args ?? {}, definition.name) as Record<string, unknown>;
        return (await definition.handler(context, own as z.output<Input>)) as ToolAnswer<Record<string, unknown>>;
      },
    };
  };
}
