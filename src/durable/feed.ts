// The team's feed: hibernatable WebSockets, so that listeners cost nothing while nothing happens. Runs in the object.
import { accessEndedCode } from "../core/feed.ts";
import type { TeamEvent } from "./team-deps.ts";

const feedTag = "feed";

interface Listener {
  /** Unix milliseconds at which the listener's token ends; null: never. */
  expiresAt: number | null;
}

/** Accepts a WebSocket upgrade as a listener, tagged with its token so that the feed ends when the token does. */
export function acceptFeed(
  ctx: DurableObjectState,
  request: Request,
  token: { id: string; expiresAt: number | null },
): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response("the feed is a WebSocket\n", { status: 426 });
  const { 0: client, 1: server } = new WebSocketPair();
  ctx.acceptWebSocket(server, [feedTag, tokenTag(token.id)]);
  server.serializeAttachment({ expiresAt: token.expiresAt } satisfies Listener);
  return new Response(null, { status: 101, webSocket: client });
}

/** Sends an event to every listener whose token still holds; the others' feeds end. */
export function publishToFeed(ctx: DurableObjectState, event: TeamEvent, now: number): void {
  const text = JSON.stringify(event);
  for (const socket of ctx.getWebSockets(feedTag)) {
    const { expiresAt } = socket.deserializeAttachment() as Listener;
    try {
      if (expiresAt !== null && expiresAt <= now) socket.close(accessEndedCode, "token expired");
      else socket.send(text);
    } catch {
      // A socket that closed between listing and sending; its client reconnects by itself.
    }
  }
}

/** Ends every feed that was opened with this token. */
export function endFeeds(ctx: DurableObjectState, tokenId: string): void {
  for (const socket of ctx.getWebSockets(tokenTag(tokenId))) socket.close(accessEndedCode, "token revoked");
}

function tokenTag(id: string): string {
  return `token:${id}`;
}
