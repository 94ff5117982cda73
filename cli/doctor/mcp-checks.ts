// The steps of MCP: both ways of connecting, the list of tools, and a stream that must not be held back on its way. Runs under Node.
import { Client } from "@modelcontextprotocol/client";
import { version } from "../../package.json";
import { mcpFailure, transportTo } from "../core/mcp.ts";
import type { Session } from "../core/session.ts";
import type { Outcome, Step } from "./steps.ts";

const streamTimeoutMs = 8_000;
const identity = { name: "super-data-doctor", version };

export function mcpSteps(open: () => Promise<Session>): Step[] {
  return [
    { id: "initialize", title: "MCP initialize", needs: ["token"], run: async () => checkInitialize(await open()) },
    { id: "mcp", title: "MCP tools/list", needs: ["token"], run: async () => checkTools(await open()) },
    { id: "stream", title: "MCP streams", needs: ["mcp"], run: async () => checkStream(await open()) },
  ];
}

/** As clients of 2025 connect. */
async function checkInitialize(session: Session): Promise<Outcome> {
  const client = new Client(identity);
  return connected(session, client, async () => {
    const server = client.getServerVersion();
    return { message: `${server?.name} ${server?.version}` };
  });
}

async function checkTools(session: Session): Promise<Outcome> {
  const client = new Client(identity, { versionNegotiation: { mode: "auto" } });
  return connected(session, client, async () => {
    const { tools } = await client.listTools();
    if (tools.length > 0) return { message: `${tools.length} tools listed; find_tools reaches the others` };
    return {
      state: "fail",
      message: "no tool is listed",
      fix: "The sign-in lacks data:read: sign in again with `super-data login`.",
    };
  });
}

/** The server acknowledges a subscription at once on a stream that stays open; a proxy that gathers answers holds that back. */
async function checkStream(session: Session): Promise<Outcome> {
  const client = new Client(identity, { versionNegotiation: { mode: "auto" } });
  return connected(session, client, async () => {
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), streamTimeoutMs);
    });
    const opened = client.listen({ toolsListChanged: true });
    opened.catch(() => undefined);
    const subscription = await Promise.race([opened, late]);
    clearTimeout(timer);
    if (subscription !== undefined)
      return { message: `events arrive at once (${Math.round(performance.now() - startedAt)} ms)` };
    return {
      state: "fail",
      message: `nothing arrived within ${streamTimeoutMs / 1000} s on a stream that stays open`,
      fix: "A proxy holds answers back. Turn its buffering off for /t/*/mcp (nginx: proxy_buffering off; and no gzip of text/event-stream).",
    };
  });
}

async function connected(session: Session, client: Client, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    await client.connect(transportTo(session, new URL(session.mcpUrl)));
    return await work();
  } catch (error) {
    throw mcpFailure(session, error);
  } finally {
    await client.close().catch(() => undefined);
  }
}
