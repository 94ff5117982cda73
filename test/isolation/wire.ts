// Requests and answers as the proof sends and reads them: REST, and MCP of both eras as plain JSON-RPC. Runs in Node.

/** One HTTP request, complete. */
export interface Ask {
  method: string;
  /** From the origin on. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  headers: [string, string][];
  text: string;
  /** The body as JSON, or the JSON-RPC answer that the stream carried. */
  json: unknown;
  /** The error's code in whichever form it came; "ok" when there was none. */
  code: string;
}

/** How a tool is called. */
export type Era = "2025" | "2026";

const clientMeta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "proof", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A JSON-RPC request to a team's MCP endpoint. */
export function mcpAsk(era: Era, team: string, method: string, params: Record<string, unknown>, query = ""): Ask {
  const modern = era === "2026";
  const name = typeof params.name === "string" ? params.name : params.uri;
  return {
    method: "POST",
    path: `/t/${team}/mcp${query}`,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": modern ? "2026-07-28" : "2025-06-18",
      ...(modern ? { "mcp-method": method } : {}),
      ...(modern && typeof name === "string" ? { "mcp-name": headerText(name) } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: modern ? { ...params, _meta: clientMeta } : params }),
  };
}

/** Mcp-Name carries what a header cannot in the form that the protocol gives it. */
function headerText(name: string): string {
  return /^[\x21-\x7e]+$/.test(name)
    ? name
    : `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(name)))}?=`;
}

/** A request to a team's REST API. */
export function restAsk(
  team: string,
  method: string,
  path: string,
  options: { json?: unknown; text?: string; type?: string; headers?: Record<string, string> } = {},
): Ask {
  const body = options.json === undefined ? options.text : JSON.stringify(options.json);
  const type = options.type ?? (options.json === undefined ? undefined : "application/json");
  return {
    method,
    path: `/t/${team}/api/v1${path}`,
    headers: { ...(type === undefined ? {} : { "content-type": type }), ...options.headers },
    ...(body === undefined ? {} : { body }),
  };
}

/** Sends it and reads the whole answer. Throws when there is none within the deadline. */
export async function send(origin: string, ask: Ask, deadlineMs = 30_000): Promise<Answer> {
  const response = await fetch(origin + ask.path, {
    method: ask.method,
    headers: ask.headers,
    redirect: "manual",
    signal: AbortSignal.timeout(deadlineMs),
    ...(ask.body === undefined ? {} : { body: ask.body }),
  });
  const text = await response.text();
  const json = readJson(text, response.headers.get("content-type") ?? "");
  return { status: response.status, headers: [...response.headers], text, json, code: codeOf(response.status, json) };
}

function readJson(text: string, type: string): unknown {
  const body = type.startsWith("text/event-stream")
    ? (text
        .match(/^data: (.+)$/gm)
        ?.at(-1)
        ?.slice(6) ?? "")
    : text;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A member of a JSON value, by path. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

export const textAt = (value: unknown, ...path: (string | number)[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
};

function codeOf(status: number, json: unknown): string {
  const code =
    textAt(json, "code") ??
    textAt(json, "error", "data", "code") ??
    textAt(json, "result", "structuredContent", "error", "code");
  if (code !== undefined) return code;
  const rpc = at(json, "error", "code");
  if (typeof rpc === "number") return rpc === -32002 || rpc === -32602 ? "not_found" : `rpc ${rpc}`;
  const error = textAt(json, "error");
  if (error !== undefined) return error;
  if (at(json, "result", "isError") === true) return "tool_error";
  return status < 400 ? "ok" : `http ${status}`;
}

/** The data of an answer: of a tool call its structured content, of REST its body. */
export function dataOf(answer: Answer): unknown {
  return at(answer.json, "result", "structuredContent") ?? answer.json;
}
