// Opening the team's feed with the credential of a call. Runs at the edge.
import type { CallContext } from "../../context.ts";

/** The object's answer: 101 with a WebSocket, 401 when the credential ended meanwhile, 429 naming the limit of listeners that was reached. */
export function openFeed(
  { stub, credential }: Pick<CallContext, "stub" | "credential">,
  since: number | undefined,
): Promise<Response> {
  const query = since === undefined ? "" : `?since=${since}`;
  return stub.fetch(`https://team/feed${query}`, {
    headers: { upgrade: "websocket", "x-credential": JSON.stringify(credential) },
  });
}
