// The team's feed: hibernatable WebSockets, so that listeners cost nothing while nothing happens. Runs in the object.
import { accessEndedCode } from "../core/feed.ts";
import { type Asker, may } from "../features/access/access.ts";
import type { TeamEvent } from "./team-deps.ts";

const feedTag = "feed";

/** Who listens, as of when the feed was opened: whatever changes in it ends the feed. */
export interface Listener extends Asker {
  userId: string;
  credentialId: string;
  /** Unix milliseconds at which the listener's credential ends; null: never. */
  expiresAt: number | null;
}

/** Whose feeds to close: one credential's, one person's, or all. */
export type EndFeeds = (whose: { credentialId: string } | { userId: string } | "all") => void;

/** Accepts a WebSocket upgrade as a listener, tagged so that the feed ends when the credential or the person's access does. */
export function acceptFeed(ctx: DurableObjectState, request: Request, listener: Listener): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response("the feed is a WebSocket\n", { status: 426 });
  const { 0: client, 1: server } = new WebSocketPair();
  ctx.acceptWebSocket(server, [feedTag, credentialTag(listener.credentialId), userTag(listener.userId)]);
  server.serializeAttachment(listener);
  return new Response(null, { status: 101, webSocket: client });
}

/** Sends an event to every listener who may know of it and whose credential still holds; the others' feeds end. */
export function publishToFeed(ctx: DurableObjectState, event: TeamEvent, now: number): void {
  const { visibility = "everyone", ...shown } = event;
  const text = JSON.stringify(shown);
  for (const socket of ctx.getWebSockets(feedTag)) {
    const listener = socket.deserializeAttachment() as Listener;
    try {
      if (listener.expiresAt !== null && listener.expiresAt <= now) socket.close(accessEndedCode, "credential expired");
      else if (may(listener, "data:read", { visibility })) socket.send(text);
    } catch {
      // A socket that closed between listing and sending; its client reconnects by itself.
    }
  }
}

/** How many listen. */
export function openFeeds(ctx: DurableObjectState): number {
  return ctx.getWebSockets(feedTag).length;
}

/** Ends feeds for good: their listeners must come back through the door. */
export function endFeeds(ctx: DurableObjectState, whose: Parameters<EndFeeds>[0]): void {
  const tag = whose === "all" ? feedTag : "userId" in whose ? userTag(whose.userId) : credentialTag(whose.credentialId);
  for (const socket of ctx.getWebSockets(tag)) socket.close(accessEndedCode, "access ended or changed");
}

const credentialTag = (id: string): string => `credential:${id}`;
const userTag = (id: string): string => `user:${id}`;
