// Follows the team's feed and loads anew the parts of the page that an event is about. Runs in the browser.
import htmx from "htmx.org";

interface FeedMessage {
  type: "hello" | "gap" | "event" | "pong";
  seq?: number;
  kind?: string;
}

const pingMs = 30_000;
const gatherMs = 250;
const longestWaitMs = 30_000;
/** What the server closes a feed with when the credential has ended. */
const endedCode = 4401;

/** Connects, and again after a loss, with growing pauses; goes on after the last event seen. */
export function followTeam(): void {
  const team = document.body.dataset.team;
  if (team === undefined) return;
  let since: number | undefined;
  let losses = 0;

  const connect = (): void => {
    const url = new URL(`/t/${team}/live`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (since !== undefined) url.searchParams.set("since", String(since));
    const socket = new WebSocket(url);
    let ping = 0;
    socket.addEventListener("open", () => {
      socket.send("ping");
      ping = window.setInterval(() => socket.send("ping"), pingMs);
    });
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as FeedMessage;
      losses = 0;
      show("on");
      if (message.type === "hello" && since === undefined) since = message.seq;
      if (message.type === "gap") refresh(undefined);
      if (message.type !== "event") return;
      since = message.seq;
      refresh(message.kind);
    });
    socket.addEventListener("close", ({ code }) => {
      clearInterval(ping);
      show("off");
      if (code === endedCode) return;
      losses++;
      const pause = Math.min(longestWaitMs, 500 * 2 ** losses);
      setTimeout(connect, pause * (0.5 + Math.random() / 2));
    });
  };

  // A pause that a long loss has made long ends when the network is back.
  window.addEventListener("online", () => showOnline());
  window.addEventListener("offline", () => showOnline());
  document.addEventListener("htmx:after:swap", () => {
    show(state);
    showOnline();
  });
  connect();
  showOnline();
}

let state: "on" | "off" = "off";

function show(now: "on" | "off"): void {
  state = now;
  const place = document.querySelector<HTMLElement>("[data-live-state]");
  if (place === null || place.dataset.liveState === now) return;
  place.dataset.liveState = now;
  place.textContent = now === "on" ? "Live" : "Reconnecting …";
}

function showOnline(): void {
  const note = document.querySelector<HTMLElement>(".offline");
  if (note !== null) note.hidden = navigator.onLine;
}

const waiting = new Set<string | undefined>();
let timer = 0;

/** Events that come together load the page once. Without a kind, everything that follows the feed. */
function refresh(kind: string | undefined): void {
  waiting.add(kind);
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    const kinds = new Set(waiting);
    waiting.clear();
    const parts = [...document.querySelectorAll<HTMLElement>("[data-live]")].filter(
      ({ dataset }) => kinds.has(undefined) || dataset.live?.split(" ").some((one) => kinds.has(one)),
    );
    for (const part of parts) {
      void htmx.ajax("GET", location.pathname + location.search, {
        source: part,
        target: part,
        select: `#${CSS.escape(part.id)}`,
        swap: "outerMorph",
      });
    }
  }, gatherMs);
}
