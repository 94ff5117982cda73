// The team's feed: hibernatable WebSockets, so that listeners cost nothing while nothing happens. Runs in the object.
import { accessEndedCode, tooSlowCode } from "../core/feed.ts";
import { utf8Bytes } from "../core/utf8.ts";
import { type Hearer, mayHear, mayStillHear, resume } from "../features/live/live.ts";
import { type LiveMessage, ping, pong } from "../features/live/schema.ts";
import { eventsAfter, type FeedEvent, feedBounds, toolsOfProposals } from "../features/live/store.ts";
import { hiddenItems } from "../features/visibility/store.ts";
import { liveLimits } from "../workflow-limits.ts";
import type { Db } from "./db.ts";

const feedTag = "feed";

/** Who listens, as of when the feed was opened: whatever changes in it ends the feed. */
export interface Listener extends Hearer {
  credentialId: string;
  /** Unix milliseconds at which the listener's credential ends; null: never. */
  expiresAt: number | null;
}

/** A listener as its socket carries it, also while the object sleeps. */
interface Attached extends Listener {
  /** Bytes sent since the listener was last heard of. */
  unheardBytes: number;
  /** When it was last heard of by then, Unix milliseconds. */
  heardAt: number;
}

/** Whose feeds to close: one credential's, one person's, or all. `why` is what they are told. */
export type EndFeeds = (whose: { credentialId: string } | { userId: string } | "all", why?: string) => void;

/** Lets the runtime answer a ping by itself, without waking the object. */
export function answerPings(ctx: DurableObjectState): void {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ping, pong));
}

/** What a listener is told first: where the feed stands, and what it has missed since the event `since`. Without it: nothing of the past. */
export function openingOf(db: Db, team: string, hearer: Hearer, since: number | undefined): LiveMessage[] {
  const bounds = feedBounds(db);
  const hello = { type: "hello", team, seq: bounds.newest, oldest: bounds.oldest } as const;
  if (since === undefined) return [hello];
  const { after, gap } = resume(since, bounds);
  return [hello, ...(gap === undefined ? [] : [gap]), ...retold(db, hearer, eventsAfter(db, after))];
}

/** Events of the past as the listener may know them now. What has been hidden since is a gap: it is told that something changed, not what. */
function retold(db: Db, hearer: Hearer, events: readonly FeedEvent[]): LiveMessage[] {
  const { toolNames, datasetNames } = hiddenItems(db, hearer);
  const proposals = events.filter(({ shown }) => shown.kind === "proposal").map(({ shown }) => shown.name);
  const hidden = {
    tools: new Set(toolNames),
    datasets: new Set(datasetNames),
    toolOfProposal: toolNames.length === 0 ? new Map<string, string>() : toolsOfProposals(db, [...new Set(proposals)]),
  };
  return events
    .filter((event) => mayHear(hearer, event))
    .map((event) => {
      const { seq } = event.shown;
      return mayStillHear(event, hidden) ? event.shown : { type: "gap", from: seq, to: seq };
    });
}

/**
 * Accepts a WebSocket upgrade as a listener, tagged so that the feed ends when the credential or the person's access does, and tells it
 * `opening`. In one turn of the object: nothing can happen between what it is told now and what it will be told.
 */
export function acceptFeed(
  ctx: DurableObjectState,
  request: Request,
  listener: Listener,
  opening: readonly LiveMessage[],
): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response("the feed is a WebSocket\n", { status: 426 });
  const own = userTag(listener.userId);
  const isFull = openFeeds(ctx) >= liveLimits.teamListeners;
  if (isFull || ctx.getWebSockets(own).length >= liveLimits.personListeners) {
    return new Response(isFull ? "teamListeners" : "personListeners", { status: 429 });
  }
  const { 0: client, 1: server } = new WebSocketPair();
  ctx.acceptWebSocket(server, [feedTag, credentialTag(listener.credentialId), own]);
  const told = opening.map((message) => sized(JSON.stringify(message)));
  server.serializeAttachment({ ...listener, unheardBytes: bytesOf(told), heardAt: 0 } satisfies Attached);
  for (const { text } of told) server.send(text);
  return new Response(null, { status: 101, webSocket: client });
}

/**
 * Sends events to every listener who may know of them and whose credential still holds. The feeds of the others end, and of those that take
 * too much without a sign of life: they come back and go on where they stopped.
 */
export function publishToFeed(ctx: DurableObjectState, events: readonly FeedEvent[], now: number): void {
  const sockets = ctx.getWebSockets(feedTag);
  if (sockets.length === 0) return;
  const messages = events.map((event) => ({ event, ...sized(JSON.stringify(event.shown)) }));
  for (const socket of sockets) {
    const listener = socket.deserializeAttachment() as Attached;
    try {
      if (hasExpired(listener, now)) socket.close(accessEndedCode, expired);
      else
        tell(
          ctx,
          socket,
          listener,
          messages.filter(({ event }) => mayHear(listener, event)),
        );
    } catch {
      // A socket that closed between listing and sending; its client reconnects by itself.
    }
  }
}

interface SizedText {
  text: string;
  bytes: number;
}

function tell(ctx: DurableObjectState, socket: WebSocket, listener: Attached, told: readonly SizedText[]): void {
  if (told.length === 0) return;
  const heardAt = ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  const unheardBytes = (heardAt > listener.heardAt ? 0 : listener.unheardBytes) + bytesOf(told);
  if (unheardBytes > liveLimits.unheardBytes) {
    socket.close(tooSlowCode, "too slow: send ping now and then, and come back with the last seq you saw");
    return;
  }
  socket.serializeAttachment({ ...listener, unheardBytes, heardAt } satisfies Attached);
  for (const { text } of told) socket.send(text);
}

/** How many listen. */
export function openFeeds(ctx: DurableObjectState): number {
  return ctx.getWebSockets(feedTag).length;
}

/** Ends feeds for good: their listeners must come back through the door. */
export function endFeeds(ctx: DurableObjectState, ...[whose, why]: Parameters<EndFeeds>): void {
  const [tag, reason] =
    whose === "all"
      ? [feedTag, "access to this team has changed"]
      : "userId" in whose
        ? [userTag(whose.userId), "your role or membership has changed"]
        : [credentialTag(whose.credentialId), "the credential was revoked or replaced"];
  for (const socket of ctx.getWebSockets(tag)) socket.close(accessEndedCode, why ?? reason);
}

/** Ends the feeds whose credentials have expired. Returns when the next one does, Unix milliseconds. */
export function endExpired(ctx: DurableObjectState, now: number): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  for (const socket of ctx.getWebSockets(feedTag)) {
    const listener = socket.deserializeAttachment() as Attached;
    if (hasExpired(listener, now)) socket.close(accessEndedCode, expired);
    else next = Math.min(next, listener.expiresAt ?? next);
  }
  return Number.isFinite(next) ? next : undefined;
}

/** A listener that says anything but ping is not one of ours; answering would keep the object awake. */
export function refuseMessage(socket: WebSocket): void {
  socket.close(1008, "this feed takes no messages but ping");
}

const expired = "the credential has expired";
const hasExpired = ({ expiresAt }: Listener, now: number): boolean => expiresAt !== null && expiresAt <= now;
const sized = (text: string): SizedText => ({ text, bytes: utf8Bytes(text) });
const bytesOf = (told: readonly SizedText[]): number => told.reduce((sum, { bytes }) => sum + bytes, 0);
const credentialTag = (id: string): string => `credential:${id}`;
const userTag = (id: string): string => `user:${id}`;
