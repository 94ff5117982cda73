// A Worker for the conformance suite only: the product's MCP handler around the suite's fixture. Runs at the edge and in its object.

import { DurableObject } from "cloudflare:workers";
import type { ServerEvent } from "@modelcontextprotocol/server";
import { acceptFeed } from "../../src/durable/feed.ts";
import { feedBus } from "../../src/surfaces/mcp/bus.ts";
import { handleMcp } from "../../src/surfaces/mcp/handler.ts";
import { fixtureServer } from "./fixture.ts";

interface FixtureEnv {
  FEED: DurableObjectNamespace<FeedObject>;
}

/** Stands for the team's object: takes listeners and tells them of changes. */
export class FeedObject extends DurableObject {
  override fetch(request: Request): Response {
    const listener = { userId: "usr_fixture", username: "fixture", role: "owner", scopes: ["data:read"] } as const;
    const hello = { type: "hello", team: "fixture", seq: 0, oldest: 1 } as const;
    return acceptFeed(this.ctx, request, { ...listener, credentialId: "fixture", expiresAt: null }, [hello]);
  }

  publish(event: ServerEvent): void {
    const message = JSON.stringify({ type: "event", seq: 0, event });
    for (const socket of this.ctx.getWebSockets()) socket.send(message);
  }
}

export default {
  fetch(request: Request, env: FixtureEnv): Promise<Response> {
    if (new URL(request.url).pathname !== "/mcp")
      return Promise.resolve(new Response("the fixture is at /mcp\n", { status: 404 }));
    const feed = () => env.FEED.get(env.FEED.idFromName("fixture"));
    return handleMcp(request, {
      server: (asked) => fixtureServer(asked, (event) => feed().publish(event)),
      bus: (onEnded) =>
        feedBus({
          connect: () => feed().fetch("https://feed/", { headers: { upgrade: "websocket" } }),
          read: (message) => [(JSON.parse(message) as { event: ServerEvent }).event],
          afterOpen: [{ kind: "tools_list_changed" }],
          onEnded,
        }),
      allowedOrigins: [],
      report: (error) => console.error(error.message),
    });
  },
} satisfies ExportedHandler<FixtureEnv>;
