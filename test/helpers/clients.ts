// Real MCP clients of both eras, and plain REST, for whole-system tests. Runs in Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

export interface Target {
  url: string;
  token: string;
}

const identity = { name: "super-data-test", version: "1.0.0" };

/** A 2025-era client, as most hosts still are. `onToolsChanged` is called whenever the server says so, on the GET stream that it opens by itself. */
export async function connectV1({ url, token }: Target, onToolsChanged?: () => void): Promise<ClientV1> {
  const client = new ClientV1(identity);
  if (onToolsChanged !== undefined) client.setNotificationHandler(ToolListChangedNotificationSchema, onToolsChanged);
  await client.connect(
    new TransportV1(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  return client;
}

/** A client that speaks the 2026-07-28 revision; with `onToolsChanged` it listens for changes of the tools. */
export async function connectV2({ url, token }: Target, onToolsChanged?: () => void): Promise<ClientV2> {
  const client = new ClientV2(identity, { versionNegotiation: { mode: "auto" } });
  await client.connect(new TransportV2(new URL(url), { authProvider: { token: async () => token } }));
  if (onToolsChanged !== undefined) {
    client.setNotificationHandler("notifications/tools/list_changed", onToolsChanged);
    await client.listen({ toolsListChanged: true });
  }
  return client;
}

export interface RowsAnswer {
  rows: unknown[];
  returned: number;
  total: number;
  truncated: boolean;
  next_cursor?: string;
  cached?: boolean;
}

export interface Answer<Data> {
  text: string;
  data: Data;
  isError: boolean;
}

interface CallsTools {
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
}

/** Calls a tool and returns its text and data, whichever client it goes through. */
export async function call<Data = RowsAnswer>(
  client: CallsTools,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Answer<Data>> {
  const result = (await client.callTool({ name, arguments: args })) as {
    content: { type: string; text?: string }[];
    structuredContent?: Data;
    isError?: boolean;
  };
  return {
    text: result.content.map((part) => part.text ?? "").join("\n"),
    data: result.structuredContent as Data,
    isError: result.isError === true,
  };
}

/** The error code of a failed call. */
export async function callError(
  client: CallsTools,
  name: string,
  args: Record<string, unknown>,
): Promise<{ code: string; message: string; hint?: string }> {
  const answer = await call<{ error: { code: string; message: string; hint?: string } }>(client, name, args);
  if (!answer.isError) throw new Error(`${name} did not fail: ${answer.text}`);
  return answer.data.error;
}

/** A request to the team's REST API. */
export function rest(
  server: { origin: string; team: string; token: string },
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${server.token}`);
  return fetch(`${server.origin}/t/${server.team}/api/v1${path}`, { ...init, headers });
}

/** Another team on the same deployment, with an owner's token. */
export async function createTeam(
  server: { origin: string; persist: string },
  team: string,
  role = "owner",
): Promise<Target & { origin: string; team: string }> {
  await operator(server, `/teams/${team}`, { method: "PUT" });
  const { token } = await createToken(server, team, { username: `${team}-${role}`, role });
  return { url: `${server.origin}/t/${team}/mcp`, origin: server.origin, team, token };
}

export async function createToken(
  server: { origin: string; persist: string },
  team: string,
  body: { username: string; role: string; expires_in_days?: number },
): Promise<{ id: string; token: string }> {
  const response = await operator(server, `/teams/${team}/tokens`, { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as { id: string; token: string };
}

export async function operator(
  server: { origin: string; persist: string },
  path: string,
  init: RequestInit,
): Promise<Response> {
  const secret = readFileSync(join(server.persist, "operator-token"), "utf8").trim();
  const response = await fetch(`${server.origin}/operator${path}`, {
    ...init,
    headers: { authorization: `Bearer ${secret}` },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** Waits until `probe` is true, looking often; fails after ten seconds. */
export async function until(probe: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}
