// The change events of one open stream: a WebSocket to the team's object, opened again when it breaks. Runs at the edge.
import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { accessEndedCode } from "../../core/feed.ts";
import type { TeamEvent } from "../../durable/team-deps.ts";
import { mcpLimits } from "../../limits.ts";

export interface FeedOptions {
  /** Opens the feed. Must take a fresh stub each time: one from before the object restarted stays broken. */
  connect: () => Promise<Response>;
  /** Reads a message into events. */
  read: (message: string) => ServerEvent[];
  /** Published whenever the feed has opened: what may have changed while nobody listened. */
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
  const open = async (): Promise<void> => {
    if (!isLive) return;
    const answer = await options.connect().catch(() => undefined);
    const opened = answer?.webSocket ?? undefined;
    if (opened === undefined) return answer !== undefined && refusesForGood(answer.status) ? end() : retry();
    opened.accept();
    if (!isLive) return opened.close(1000);
    socket = opened;
    delayMs = mcpLimits.feedRetryFirstMs;
    listenTo(
      opened,
      (text) => options.read(text).forEach(publishSoon),
      (code) => (code === accessEndedCode ? isLive && end() : retry()),
    );
    options.afterOpen.forEach(publish);
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
  socket.addEventListener("message", (event) => onText(String(event.data)));
  socket.addEventListener("close", (event) => lose(event.code));
  socket.addEventListener("error", () => lose(undefined));
}

function refusesForGood(status: number): boolean {
  return status === 401 || status === 403 || status === 404;
}

/** What a client must ask again after a time without a feed. */
export const everyListChanged: readonly ServerEvent[] = [
  { kind: "tools_list_changed" },
  { kind: "resources_list_changed" },
];

/** Reads an event of the team's. */
export function readTeamEvent(message: string): ServerEvent[] {
  const event = JSON.parse(message) as TeamEvent;
  return [
    ...(event.kind === "tool" ? [{ kind: "tools_list_changed" as const }] : []),
    ...(event.change === "updated" ? [] : [{ kind: "resources_list_changed" as const }]),
    { kind: "resource_updated", uri: `${event.kind}://${event.name}` },
  ];
}
