// The GET stream of 2025-era clients: list-changed notifications without a session. Runs at the edge.
import {
  type Notification,
  type ServerEvent,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { mcpLimits } from "../../limits.ts";
import type { McpEndpoint } from "./handler.ts";

/**
 * Answers with a server-sent event stream that carries the bus's changes of lists until the client leaves or the bus ends it. Without a
 * session nobody remembers who subscribed to which resource, so the product offers no subscription to these clients and names no resource.
 */
export async function serveLegacyStream(request: Request, endpoint: McpEndpoint): Promise<Response> {
  const product = await endpoint.server({ era: "legacy" });
  const transport = new WebStandardStreamableHTTPServerTransport({ keepAliveMs: mcpLimits.keepAliveMs });
  await product.connect(transport);
  const answer = await transport.handleRequest(request);
  if (!answer.ok || answer.body === null) {
    await product.close();
    return answer;
  }
  const close = (): void => void product.close().catch(() => undefined);
  const unsubscribe = endpoint.bus(close).subscribe((event) => {
    const notification = notificationOf(event);
    if (notification !== undefined) void product.server.notification(notification).catch(() => undefined);
  });
  const end = (): void => {
    unsubscribe();
    close();
  };
  return new Response(withEnd(answer.body, end), answer);
}

/** The same stream; `end` runs once it is read to its end, breaks or is given up. */
function withEnd(source: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await reader.read().catch((error: unknown) => {
        end();
        throw error;
      });
      if (next.value !== undefined) controller.enqueue(next.value);
      if (!next.done) return;
      end();
      controller.close();
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason).catch(() => undefined);
    },
  });
}

function notificationOf(event: ServerEvent): Notification | undefined {
  switch (event.kind) {
    case "tools_list_changed":
      return { method: "notifications/tools/list_changed" };
    case "prompts_list_changed":
      return { method: "notifications/prompts/list_changed" };
    case "resources_list_changed":
      return { method: "notifications/resources/list_changed" };
    case "resource_updated":
      return undefined;
  }
}
