// The change events of one open stream: a WebSocket to the team's object, opened again when it breaks. Runs at the edge.
import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { accessEndedCode } from "../../core/feed.ts";
import { type LiveEvent, type LiveMessage, ping } from "../../features/live/schema.ts";
import { mcpLimits } from "../../limits.ts";
import { liveLimits } from "../../workflow-limits.ts";

export interface FeedOptions {
  /**
   * Opens the feed, after the event `since` when there is one. Must take a fresh stub each time: one from before the object restarted stays
   * broken.
   */
  connect: (since: number | undefined) => Promise<Response>;
  /** Reads the text of a feed's event into what is published. */
  read: (message: string) => ServerEvent[];
  /** Published when the feed first opens, and when it can no longer say what was missed: all that may have changed. */
  afterOpen: readonly ServerEvent[];
  /** Access has ended: the stream should close. */
  onEnded: () => void;
  later?: (run: () => void, delayMs: number) => void;
}

/** An event bus for one request's stream. It lives and dies with the request; nothing of it may be kept between requests. */
export function feedBus(options: FeedOptions): ServerEventBus {
  return {
    publish() {
      throw new Error("changes are published by the team's object");
    },
    subscribe: (listener) => subscribeToFeed(options, listener),
  };
}

function subscribeToFeed(options: FeedOptions, listener: (event: ServerEvent) => void): () => void {
  const later = options.later ?? ((run, delayMs) => void setTimeout(run, delayMs));
  const waiting = new Map<string, ServerEvent>();
  let socket: WebSocket | undefined;
  let isLive = true;
  let delayMs: number = mcpLimits.feedRetryFirstMs;
  /** The last event that is known here; undefined until the feed has said where it stands. */
  let lastSeq: number | undefined;

  const publish = (event: ServerEvent): void => {
    if (isLive) listener(event);
  };
  const publishWaiting = (): void => {
    const events = [...waiting.values()];
    waiting.clear();
    events.forEach(publish);
  };
  // Equal events of one burst are one: whoever is told asks for all of it anyway.
  const publishSoon = (event: ServerEvent): void => {
    if (waiting.size === 0) later(publishWaiting, mcpLimits.feedQuietMs);
    waiting.set(JSON.stringify(event), event);
  };
  const end = (): void => {
    publishWaiting();
    isLive = false;
    options.onEnded();
  };
  const retry = (): void => {
    if (!isLive) return;
    later(() => void open(), delayMs);
    delayMs = Math.min(delayMs * 2, mcpLimits.feedRetryMaxMs);
  };
  const take = (text: string): void => {
    const message = JSON.parse(text) as LiveMessage | { type: "pong" };
    if (message.type === "hello") lastSeq ??= message.seq;
    if (message.type === "gap") {
      lastSeq = message.to;
      options.afterOpen.forEach(publishSoon);
    }
    if (message.type === "event") {
      lastSeq = message.seq;
      options.read(text).forEach(publishSoon);
    }
  };
  const open = async (): Promise<void> => {
    if (!isLive) return;
    const since = lastSeq;
    const answer = await options.connect(since).catch(() => undefined);
    const opened = answer?.webSocket ?? undefined;
    if (opened === undefined) return answer !== undefined && refusesForGood(answer.status) ? end() : retry();
    opened.accept();
    if (!isLive) return opened.close(1000);
    socket = opened;
    delayMs = mcpLimits.feedRetryFirstMs;
    listenTo(opened, take, (code) => (code === accessEndedCode ? isLive && end() : retry()));
    if (since === undefined) options.afterOpen.forEach(publish);
  };

  void open();
  return () => {
    isLive = false;
    try {
      socket?.close(1000);
    } catch {
      // It was closed already.
    }
  };
}

/** Calls `onLost` once, whichever of close and error comes first. */
function listenTo(socket: WebSocket, onText: (text: string) => void, onLost: (code: number | undefined) => void): void {
  let isLost = false;
  const lose = (code: number | undefined): void => {
    if (isLost) return;
    isLost = true;
    onLost(code);
  };
  let unansweredChars = 0;
  socket.addEventListener("message", (event) => {
    const text = String(event.data);
    unansweredChars += text.length;
    if (unansweredChars > liveLimits.unheardBytes / 8) {
      unansweredChars = 0;
      socket.send(ping);
    }
    onText(text);
  });
  socket.addEventListener("close", (event) => lose(event.code));
  socket.addEventListener("error", () => lose(undefined));
}

/** Also where there are too many streams: a client whose stream ends knows that it is told nothing. */
function refusesForGood(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status === 429;
}

/** What a client must ask again after a time without a feed. */
export const everyListChanged: readonly ServerEvent[] = [
  { kind: "tools_list_changed" },
  { kind: "resources_list_changed" },
];

/** Reads an event of the team's. */
export function readTeamEvent(message: string): ServerEvent[] {
  const { kind, name, change, state } = JSON.parse(message) as LiveEvent;
  const updated = { kind: "resource_updated" as const, uri: `${kind}://${name}` };
  const listed = change === "updated" ? [] : [{ kind: "resources_list_changed" as const }];
  switch (kind) {
    case "tool":
      return [{ kind: "tools_list_changed" }, ...listed, updated];
    case "function":
    case "dataset":
    case "table":
    case "frame":
      return [...listed, updated];
    case "proposal":
      return [updated];
    case "team":
      return state === "restored" ? [...everyListChanged] : [];
    default:
      return [];
  }
}
