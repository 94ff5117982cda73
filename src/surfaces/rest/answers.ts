// JSON answers of the REST API: their etags, and 304 for who has them already. Runs at the edge.
import { namesEtag } from "../../core/etags.ts";
import { base64Url } from "../../core/ids.ts";

export interface AnswerShape {
  status: number;
  /** The resource's own etag, in quotes; left out, a GET's is made from the data. */
  etag?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  unstored?: boolean | undefined;
  volatile?: readonly string[] | undefined;
}

/** Data as an answer to a request. */
export async function jsonAnswer(request: Request, data: unknown, shape: AnswerShape): Promise<Response> {
  const reads = request.method === "GET" || request.method === "HEAD";
  const keeps = reads && shape.unstored !== true;
  const headers = new Headers({ "cache-control": keeps ? "private, no-cache" : "no-store", ...shape.headers });
  if (data === undefined) return new Response(null, { status: shape.status === 200 ? 204 : shape.status, headers });
  const text = JSON.stringify(data);
  const etag = shape.etag ?? (keeps ? await etagOf(data, text, shape.volatile) : undefined);
  if (etag !== undefined) headers.set("etag", etag);
  if (reads && etag !== undefined && namesEtag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  headers.set("content-type", "application/json");
  return new Response(text, { status: shape.status, headers });
}

/**
 * The etag of data: the SHA-256 of its JSON, `text`. Where some of it changes by itself, two: of what does not, and of all of it, with a point
 * between them. A reader who knows all of it has nothing to fetch; a change is held back by the first alone (see `isSameState`).
 */
export async function etagOf(data: unknown, text: string, volatile: readonly string[] = []): Promise<string> {
  if (volatile.length === 0) return `"${await digest(text)}"`;
  const left = new Set(volatile);
  const lasting = JSON.stringify(data, (key, value: unknown) => (left.has(key) ? undefined : value));
  return `"${await digest(lasting)}.${await digest(text)}"`;
}

/** True when two etags are of one state, whatever has changed by itself. */
export function isSameState(one: string, other: string): boolean {
  return one === other || (lastingPart(one) !== undefined && lastingPart(one) === lastingPart(other));
}

function lastingPart(etag: string): string | undefined {
  return /^"([\w-]{43})\.[\w-]{43}"$/.exec(etag)?.[1];
}

async function digest(text: string): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

/** True when a request asks for a media type rather than for JSON, by its Accept header. */
export function prefers(accept: string | null, type: string): boolean {
  const asked = (accept ?? "").split(",").map((part) => {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = Number(parameters.find((text) => text.startsWith("q="))?.slice(2) ?? 1);
    return { name, weight: Number.isNaN(weight) ? 0 : weight };
  });
  const weightOf = (name: string): number => asked.find((one) => one.name === name)?.weight ?? 0;
  return weightOf(type) > weightOf("application/json");
}
