// One MCP request over HTTP, both protocol eras: checks, framing, streams. The product and the conformance fixture share it. Runs at the edge.
import {
  createMcpHandler,
  createRequestStateCodec,
  isJsonContentType,
  McpServer,
  type McpServerOptions,
  readRequestBody,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import { mcpLimits } from "../../limits.ts";
import { refuseForeign } from "./guard.ts";
import { serveLegacyStream } from "./legacy-stream.ts";

/** What the server of one request is made for. */
export interface ServerRequest {
  /** legacy: a client of 2025 or before; modern: protocol revision 2026-07-28. */
  era: "legacy" | "modern";
}

export interface McpEndpoint {
  server: (request: ServerRequest) => McpServer | Promise<McpServer>;
  /** Where changes come from. Opened only by a request that listens; `onEnded` closes that request's stream for good. */
  bus: (onEnded: () => void) => ServerEventBus;
  allowedOrigins: readonly string[];
  /** Refuses a message before it is handled, where the answer must be one of HTTP and not of a tool. */
  refuse?: (message: unknown) => Response | undefined;
  /** Told what was refused or failed below the handlers; for the log. */
  report: (error: Error) => void;
}

/** Serves an authenticated MCP request. A stream in the answer ends with the client, or when the bus ends it. */
export async function handleMcp(request: Request, endpoint: McpEndpoint): Promise<Response> {
  const refused = refuseForeign(request, endpoint.allowedOrigins);
  if (refused !== undefined) return refused;
  if (request.method === "GET") return serveLegacyStream(request, endpoint);
  const body = await readMessage(request);
  if (body instanceof Response) return body;
  const refusal = endpoint.refuse?.(body);
  if (refusal !== undefined) return refusal;
  const handler = createMcpHandler(({ era }) => endpoint.server({ era }), {
    bus: endpoint.bus(() => void handler.close()),
    keepAliveMs: mcpLimits.keepAliveMs,
    maxRequestBodySize: mcpLimits.requestBytes,
    onerror: endpoint.report,
  });
  return handler.fetch(request, body === undefined ? {} : { parsedBody: body });
}

/**
 * A server with the options both users of `handleMcp` share. `requestStateKey` (32 characters or more, the same in every isolate) signs what a
 * multi-round call hands the client to bring back.
 */
export function newServer(
  info: { name: string; version: string },
  options: Omit<McpServerOptions, "requestState"> & { requestStateKey?: string },
): McpServer {
  const { requestStateKey, ...rest } = options;
  return new McpServer(info, {
    // Lists change under a client at any time and are cheap to ask for again; what the server is changes only with a deployment.
    cacheHints: { "server/discover": { ttlMs: 300_000, cacheScope: "private" } },
    ...rest,
    ...(requestStateKey === undefined
      ? {}
      : { requestState: { verify: createRequestStateCodec({ key: requestStateKey }).verify } }),
  });
}

/** The JSON body of a POST; undefined where the SDK answers without one; a Response when it cannot be read. */
async function readMessage(request: Request): Promise<unknown> {
  if (request.method !== "POST" || !isJsonContentType(request.headers.get("content-type"))) return undefined;
  const read = await readRequestBody(request, mcpLimits.requestBytes);
  if (read.tooLarge) {
    return rpcError(
      413,
      -32000,
      `The request is larger than ${mcpLimits.requestBytes} bytes (limit requestBytes); send less in one call.`,
    );
  }
  try {
    return JSON.parse(read.text);
  } catch {
    return rpcError(400, -32700, "Parse error: the request body is not valid JSON");
  }
}

/** A JSON-RPC error for a request whose id is not known. */
export function rpcError(status: number, code: number, message: string, data?: unknown): Response {
  return Response.json(
    { jsonrpc: "2.0", error: { code, message, ...(data === undefined ? {} : { data }) }, id: null },
    { status },
  );
}
