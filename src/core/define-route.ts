// How a route of the REST API is written: data plus, where no tool does the work, one handler. Runs at the edge; imports nothing from src but core.
import type { z } from "zod";
import type { AnyTool, Permission, ToolAnswer } from "./define-tool.ts";
import type { AppError } from "./errors.ts";

export type RouteMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Bytes of a body, up or down: not JSON that a schema describes. */
export interface Bytes {
  /** Media types, the usual one first. */
  types: readonly string[];
  description: string;
}

/** The headers a route takes or gives besides those that follow from its kind; the reference lists them. */
export interface RouteHeader {
  name: string;
  description: string;
  /** Left out: of the request. */
  of?: "answer";
}

/** An answer of a handler that needs more than its data. */
export class Reply<Data> {
  constructor(
    readonly data: Data,
    readonly more: { status?: number; etag?: string; headers?: Readonly<Record<string, string>> },
  ) {}
}

/** Data with a status, etag or headers of its own. The etag is sent in place of one made from the data. */
export function reply<Data>(data: Data, more: Reply<Data>["more"]): Reply<Data> {
  return new Reply(data, more);
}

/** A JSON body that may be longer than most. */
export interface BodySize {
  maxBytes: number;
  tooLarge: () => AppError;
}

/** What both kinds of routes say. */
interface Described {
  method: RouteMethod;
  /** Below /t/:team/api/v1, with `:name` for what varies. */
  path: string;
  /** Completes "may not …" in a refusal; left out, the permission's own words. */
  what?: string;
  /** The status of success: 200, or 204 where there is no answer. */
  status?: 200 | 201 | 202 | 204;
  /** The answer holds a secret or is never the same twice: nobody stores it, and it has no etag. */
  unstored?: true;
  /** Answers 201 when it made something new, its status otherwise. */
  mayCreate?: true;
  /**
   * The operation (a GET) that shows what this one changes: If-Match is compared with its etag. Left out: the GET at the same path, unless this
   * is a POST; null: none.
   */
  shows?: string | null;
  /** What a GET shows lives in the team's workspace, whose writes are counted apart. */
  keptIn?: "workspace";
  /** The handler reads If-Match and If-None-Match itself, since what it changes has an etag of its own. */
  conditional?: "own";
  /** Members of the answer, at any depth, that change by themselves, so that If-Match holds whatever they are: counts of use, times of last use. */
  volatile?: readonly string[];
  headers?: readonly RouteHeader[];
  /** Error codes worth naming in the reference, besides those that every route may give. */
  errors?: readonly string[];
  /** A request body (or, of a GET, query) and an answer that the reference shows. */
  example?: { request?: unknown; answer?: unknown };
  bodySize?: BodySize;
}

/** Further choices for a tool's route. */
export interface ToolRouteOptions extends Described {
  /** Arguments that the address itself says. */
  fixed?: Readonly<Record<string, unknown>>;
  /** What code generators call it, where a tool has several addresses; left out, the tool's name. */
  operation?: string;
  summary?: string;
  description?: string;
  /** Arguments that mean nothing over REST, so that it does not take them. */
  without?: readonly string[];
  /** Arguments that a request need not give over REST: what they are then. */
  preset?: Readonly<Record<string, unknown>>;
  /** Another form of the answer, for who asks for it by Accept. */
  also?: Bytes & {
    respond: (answer: ToolAnswer<Record<string, unknown>>) => { type: string; body: string } | undefined;
  };
}

/** A tool's capability at an address: parameters of the path, the query string and the JSON body are its arguments. */
export interface ToolRoute<Context> extends ToolRouteOptions {
  kind: "tool";
  operation: string;
  summary: string;
  description: string;
  permission: Permission;
  tag: string;
  writes: boolean;
  tool: AnyTool<Context>;
}

/** What a handler is given: everything parsed, and the request for who must read its body or headers. */
export interface RouteInput<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  request: Request;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type Given<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined;

/** A route as its author writes it when no tool does this. */
export interface RouteDefinition<
  Context,
  Params extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodObject | Bytes | undefined,
  Answer extends z.ZodType | Bytes | undefined,
> extends Described {
  /** What code generators call it; unlike any tool. */
  operation: string;
  summary: string;
  description?: string;
  permission: Permission;
  /** The handler logs executions itself. */
  logged?: true;
  /** It changes something, so it passes the write guard: every method but GET unless said. */
  writes?: boolean;
  params?: Params;
  query?: Query;
  body?: Body;
  /** What it answers with: JSON of a schema, bytes (then the handler makes the Response), or nothing. */
  answer?: Answer;
  /** A Response is sent as it is; anything else is JSON, with an etag where the method is GET. */
  handler: (
    context: Context,
    input: RouteInput<Parsed<Params>, Parsed<Query>, Parsed<Body>>,
  ) => Promise<Given<Answer> | Reply<Given<Answer>> | Response>;
}

/** A route of our own, once its types no longer matter. */
export interface OwnRoute<Context> extends Described {
  kind: "own";
  operation: string;
  summary: string;
  description?: string;
  permission: Permission;
  tag: string;
  writes: boolean;
  logged?: true;
  params: z.ZodObject | undefined;
  query: z.ZodObject | undefined;
  body: z.ZodObject | Bytes | undefined;
  answer: z.ZodType | Bytes | undefined;
  handler: (context: Context, input: RouteInput<unknown, unknown, unknown>) => Promise<unknown>;
}

export type AnyRoute<Context> = ToolRoute<Context> | OwnRoute<Context>;

/** A route that has no section yet. */
export type Untagged<Context> = Omit<ToolRoute<Context>, "tag"> | Omit<OwnRoute<Context>, "tag">;

/** True for a body or answer of bytes. */
export function isBytes(form: z.ZodType | Bytes | undefined): form is Bytes {
  return form !== undefined && "types" in form;
}

/** The names of what varies in a path, in its order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");
}

/** Makes the form in which routes are defined for one kind of call. Each maker throws for a route that contradicts itself. */
export function routeDefiner<Context>() {
  /** A tool's capability at an address. */
  function toolRoute(tool: AnyTool<Context>, options: ToolRouteOptions): Omit<ToolRoute<Context>, "tag"> {
    const { name, title, description, permission, hints, takesKey } = tool;
    for (const parameter of pathParameters(options.path)) {
      if (!Object.hasOwn(tool.input.shape, parameter)) throw new Error(`${name} has no argument ${parameter}`);
    }
    const writes = takesKey && !hints.readOnly;
    return { kind: "tool", operation: name, summary: title, description, permission, writes, tool, ...options };
  }

  /** Several tools' routes, by the tools' names. */
  function toolRoutes(
    tools: readonly AnyTool<Context>[],
    table: Readonly<Record<string, ToolRouteOptions>>,
  ): Omit<ToolRoute<Context>, "tag">[] {
    return Object.entries(table).map(([name, options]) => {
      const tool = tools.find((one) => one.name === name);
      if (tool === undefined) throw new Error(`there is no tool ${name} here`);
      return toolRoute(tool, options);
    });
  }

  /** What no tool does. */
  function defineRoute<
    Params extends z.ZodObject | undefined = undefined,
    Query extends z.ZodObject | undefined = undefined,
    Body extends z.ZodObject | Bytes | undefined = undefined,
    Answer extends z.ZodType | Bytes | undefined = undefined,
  >(definition: RouteDefinition<Context, Params, Query, Body, Answer>): Omit<OwnRoute<Context>, "tag"> {
    const { params, query, body, answer, handler, writes = definition.method !== "GET", ...rest } = definition;
    const named = pathParameters(definition.path).sort().join();
    const described = Object.keys(params?.shape ?? {})
      .sort()
      .join();
    if (named !== described) throw new Error(`${definition.operation}: params are ${described}, the path has ${named}`);
    return {
      kind: "own",
      ...rest,
      writes,
      params,
      query,
      body,
      answer,
      handler: handler as OwnRoute<Context>["handler"],
    };
  }

  /** Routes under one heading of the reference. */
  function section(tag: string, routes: readonly Untagged<Context>[]): readonly AnyRoute<Context>[] {
    return routes.map((route) => ({ ...route, tag }));
  }

  return { toolRoute, toolRoutes, defineRoute, section };
}
