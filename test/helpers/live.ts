// A listener of a team's live feed, through the product's own door. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { LiveEvent, LiveMessage } from "../../src/features/live/schema.ts";
import { app } from "../../src/surfaces/app.ts";

export interface Ear {
  /** What was heard so far. */
  heard: (LiveMessage | { type: "pong" })[];
  /** The events of it. */
  events: () => LiveEvent[];
  /** Undefined while it is open. */
  closed: () => { code: number; reason: string } | undefined;
  say: (text: string) => void;
  close: () => void;
}

const origin = "http://localhost";

/** Asks for the feed; the answer is not read. */
export async function askLive(
  slug: string,
  headers: Record<string, string>,
  query = "",
  upgrade = true,
): Promise<Response> {
  const ctx = createExecutionContext();
  const asked = new Request(`${origin}/t/${slug}/live${query}`, {
    headers: { ...headers, ...(upgrade ? { upgrade: "websocket", connection: "Upgrade" } : {}) },
  });
  const answer = await app.fetch(asked, env, ctx);
  await waitOnExecutionContext(ctx);
  return answer;
}

/** Listens with a token, from the event `since` on when it is given. */
export async function listen(slug: string, token: string, since?: number): Promise<Ear> {
  const query = since === undefined ? "" : `?since=${since}`;
  const { status, webSocket } = await askLive(slug, { authorization: `Bearer ${token}` }, query);
  if (webSocket === null) throw new Error(`the feed answered ${status}`);
  return earOf(webSocket);
}

/** Hears what a socket says. */
export function earOf(socket: WebSocket): Ear {
  const heard: Ear["heard"] = [];
  let closed: { code: number; reason: string } | undefined;
  socket.addEventListener("message", ({ data }) => {
    heard.push(JSON.parse(String(data)));
  });
  socket.addEventListener("close", ({ code, reason }) => {
    closed = { code, reason };
  });
  socket.accept();
  return {
    heard,
    events: () => heard.filter((message): message is LiveEvent => message.type === "event"),
    closed: () => closed,
    say: (text) => socket.send(text),
    close: () => {
      socket.close(1000);
    },
  };
}
