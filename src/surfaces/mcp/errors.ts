// Errors as MCP says them: a tool's error result, or a protocol error for everything that is not a tool call. Runs at the edge.
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { errorText } from "../../core/error-text.ts";
import { type AppError, describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { setRefusalHeaders } from "../rest/rate-limits.ts";
import { rpcError } from "./handler.ts";

/** Where an error happened, for the log and for whoever asks about it. */
export interface ErrorPlace {
  team: string;
  requestId: string;
  /** The tool or method. */
  what: string;
  /** Told the code of what went wrong. */
  note?: (code: string) => void;
}

/** What a model is told, as text and as data. An unexpected error is logged and shows nothing of itself but the request id. */
export function errorResult(error: unknown, place: ErrorPlace): CallToolResult & { isError: true } {
  const described = describe(error, place);
  const { code, message, hint, details } = described;
  const id = code === "internal" ? ` Request id: ${place.requestId}.` : "";
  return {
    isError: true,
    content: [{ type: "text", text: `${errorText(described)}${id}` }],
    structuredContent: {
      error: { code, message, ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) },
    },
  };
}

/** Runs a protocol method; what it throws reaches the client as a JSON-RPC error in our words. */
export async function asProtocol<T>(place: ErrorPlace, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const { code, message, hint, details } = describe(error, place);
    place.note?.(code);
    const rpcCode = code === "internal" ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
    throw new ProtocolError(rpcCode, hint === undefined ? message : `${message} ${hint}`, { code, ...details });
  }
}

/** One JSON line for the operator's log. */
export function logMcpError(event: string, error: unknown, place: ErrorPlace): void {
  logFailure(event, { request_id: place.requestId, team: place.team, what: place.what }, error);
}

function describe(error: unknown, place: ErrorPlace): ErrorDescription {
  const described = describeError(error);
  if (isAppError(error)) return described;
  logMcpError("unexpected_error", error, place);
  return { ...described, details: { request_id: place.requestId } };
}

/** The answer to a request refused before it was read: JSON-RPC, with HTTP's status and Retry-After. */
export function mcpRateRefusal({ message, hint, code, details }: AppError): Response {
  const answer = rpcError(429, -32_000, [message, hint].filter((text) => text !== undefined).join(" "), {
    code,
    ...details,
  });
  answer.headers.set("cache-control", "no-store");
  setRefusalHeaders(answer.headers, details);
  return answer;
}
