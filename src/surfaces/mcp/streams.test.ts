// Change notifications on open streams of both eras. Runs in workerd.
import { describe, expect, it, vi } from "vitest";
import { testContext } from "../../../test/helpers/catalogue.ts";
import { readMessages } from "../../../test/helpers/server-sent.ts";
import { accessEndedCode } from "../../core/feed.ts";
import { serveMcp } from "./serve.ts";

/** A feed whose far ends the test holds. */
function openFeed() {
  const far: WebSocket[] = [];
  const connectFeed = async (): Promise<Response> => {
    const { 0: near, 1: other } = new WebSocketPair();
    other.accept();
    far.push(other);
    return new Response(null, { status: 101, webSocket: near });
  };
  return { far, connectFeed };
}

const methodsOf = (messages: unknown[]): unknown[] =>
  messages.map((message) => (message as { method?: string }).method ?? "result");

describe("changes", () => {
  const listen = (notifications: object) =>
    new Request("http://localhost/t/test/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "subscriptions/listen",
        params: {
          notifications,
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { name: "unit", version: "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
          },
        },
      }),
    });
  const getStream = () => new Request("http://localhost/t/test/mcp", { headers: { accept: "text/event-stream" } });

  it("reach a modern client as it asked for them", async () => {
    const feed = openFeed();
    const asked = listen({ toolsListChanged: true, resourceSubscriptions: ["dataset://sales"] });
    const answer = await serveMcp(asked, testContext().context, [], feed.connectFeed);
    await vi.waitFor(() => expect(feed.far).toHaveLength(1));
    for (const name of ["sales", "other"]) {
      feed.far[0]?.send(
        JSON.stringify({ type: "event", seq: 1, kind: "dataset", name, change: "updated", revision: 2 }),
      );
    }
    feed.far[0]?.send(
      JSON.stringify({ type: "event", seq: 1, kind: "tool", name: "a", change: "created", revision: 3 }),
    );
    const messages = await readMessages(answer.body, 4);
    expect(methodsOf(messages)).toEqual([
      "notifications/subscriptions/acknowledged",
      "notifications/tools/list_changed",
      "notifications/resources/updated",
      "notifications/tools/list_changed",
    ]);
    expect(messages[2]).toMatchObject({ params: { uri: "dataset://sales" } });
  });

  it("reach a 2025 client on its GET stream", async () => {
    const feed = openFeed();
    const answer = await serveMcp(getStream(), testContext().context, [], feed.connectFeed);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    await vi.waitFor(() => expect(feed.far).toHaveLength(1));
    feed.far[0]?.send(
      JSON.stringify({ type: "event", seq: 1, kind: "dataset", name: "sales", change: "updated", revision: 2 }),
    );
    feed.far[0]?.send(
      JSON.stringify({ type: "event", seq: 1, kind: "tool", name: "a", change: "updated", revision: 3 }),
    );
    // No resource is named: nobody can have subscribed.
    expect(await readMessages(answer.body, 3)).toEqual([
      { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
      { jsonrpc: "2.0", method: "notifications/resources/list_changed" },
      { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
    ]);
  });

  it("stop, and the stream ends, when access has ended", async () => {
    for (const request of [listen({ toolsListChanged: true }), getStream()]) {
      const feed = openFeed();
      const answer = await serveMcp(request, testContext().context, [], feed.connectFeed);
      await vi.waitFor(() => expect(feed.far).toHaveLength(1));
      feed.far[0]?.close(accessEndedCode, "revoked");
      const messages = await readMessages(answer.body, 100);
      expect(methodsOf(messages)).toContain("notifications/tools/list_changed");
      expect(feed.far).toHaveLength(1);
    }
  });

  it("free the feed when the client leaves", async () => {
    for (const request of [listen({ toolsListChanged: true }), getStream()]) {
      const feed = openFeed();
      const answer = await serveMcp(request, testContext().context, [], feed.connectFeed);
      await vi.waitFor(() => expect(feed.far).toHaveLength(1));
      const closed = new Promise<number>((resolve) =>
        feed.far[0]?.addEventListener("close", (event) => resolve(event.code)),
      );
      await answer.body?.cancel();
      expect(await closed).toBe(1000);
    }
  });
});
