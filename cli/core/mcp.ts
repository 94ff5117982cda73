// Calls of the team's tools over MCP, for what REST has no route for. Runs under Node.
import {
  Client,
  InsufficientScopeError,
  ProtocolError,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { version } from "../../package.json";
import { CliError, fromServer } from "./errors.ts";
import { unreachable } from "./http.ts";
import { isRecord, textOf } from "./json.ts";
import type { Session } from "./session.ts";

/** Milliseconds a call may take; the server has limits of its own. */
const callTimeoutMs = 10 * 60_000;

export interface ToolAnswer<T> {
  text: string;
  data: T;
}

export interface Tools {
  /** Calls any tool that the caller may use. The caller says what the answer holds. Throws the tool's error. */
  call: <T>(name: string, args: Record<string, unknown>) => Promise<ToolAnswer<T>>;
  /** Names of all tools that are listed with every toolset. */
  names: () => Promise<string[]>;
}

/** Connects for the time of `work`. */
export async function withTools<T>(session: Session, work: (tools: Tools) => Promise<T>): Promise<T> {
  const client = new Client({ name: "super-data-cli", version }, { versionNegotiation: { mode: "auto" } });
  const url = new URL(session.mcpUrl);
  url.searchParams.set("toolsets", "all");
  await guarded(session, () => client.connect(transportTo(session, url)));
  try {
    return await work({
      call: async <Data>(name: string, args: Record<string, unknown>) => {
        const params = { name, arguments: args };
        const result = await guarded(session, () => client.callTool(params, { timeout: callTimeoutMs }));
        return read<Data>(result);
      },
      names: async () => (await guarded(session, () => client.listTools())).tools.map(({ name }) => name),
    });
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** The HTTP side of a connection: the session's token on each request, renewed once it is refused. */
export function transportTo(session: Session, url: URL): StreamableHTTPClientTransport {
  const { tokens } = session;
  let last = "";
  return new StreamableHTTPClientTransport(url, {
    authProvider: {
      token: async () => {
        last = await tokens.token();
        return last;
      },
      onUnauthorized: async () => {
        if (!(await tokens.renew(last))) throw unauthorized(session);
      },
    },
    onInsufficientScope: "throw",
  });
}

export function unauthorized({ source, url, profile }: Session): CliError {
  const where = source === "environment" ? "SUPER_DATA_TOKEN" : `the profile "${profile}"`;
  return new CliError("unauthorized", `${url} does not accept the token of ${where}.`, {
    hint: "It may have been revoked, have expired, or be of another team. Sign in with `super-data login`.",
  });
}

async function guarded<T>(session: Session, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw mcpFailure(session, error);
  }
}

/** An error of the protocol or of the way there as ours. */
export function mcpFailure(session: Session, error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof InsufficientScopeError) {
    const needs = error.requiredScope ?? "more";
    return new CliError("insufficient_scope", `This takes scopes that your sign-in does not have (${needs}).`, {
      hint: `Sign in again with them: \`super-data login --scope ${needs.replaceAll(" ", ",")}\`.`,
    });
  }
  if (error instanceof ProtocolError) {
    const code = textOf(error.data, "code") ?? "protocol_error";
    return fromServer({ code, message: error.message.replace(/^MCP error -?\d+: /, "") });
  }
  if (error instanceof TypeError && error.cause !== undefined) return unreachable(session.origin, error);
  const status =
    error instanceof Error && "status" in error && typeof error.status === "number" ? error.status : undefined;
  if (status === 401) return unauthorized(session);
  const words = error instanceof Error ? error.message : String(error);
  return new CliError("mcp_failed", `The call over MCP failed: ${words}`, {
    status,
    hint: "`super-data doctor` checks the connection step by step.",
    cause: error,
  });
}

function read<T>(result: unknown): ToolAnswer<T> {
  if (!isRecord(result)) throw new CliError("mcp_failed", "The tool's answer holds nothing.");
  const content = Array.isArray(result.content) ? result.content : [];
  const text = content.map((part: unknown) => textOf(part, "text") ?? "").join("\n");
  const error = isRecord(result.structuredContent) ? result.structuredContent.error : undefined;
  if (result.isError !== true) return { text, data: result.structuredContent as T };
  const details = isRecord(error) && isRecord(error.details) ? error.details : undefined;
  throw fromServer({
    code: textOf(error, "code") ?? "failed",
    message: textOf(error, "message") ?? text,
    hint: textOf(error, "hint"),
    details,
    requestId: textOf(details, "request_id"),
  });
}
