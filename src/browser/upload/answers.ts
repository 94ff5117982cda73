// Answers of the API as the upload needs them. Runs in the browser.

/** Why the API refused. */
export interface Refusal {
  code: string;
  detail: string;
  hint?: string;
}

/** What the preview of a file says; the server's schema has all of it. */
export interface Preview {
  format: string | null;
  complete: boolean;
  kind: "records" | "whole" | null;
  csv?: { delimiter: string; columns: string[] };
  record_count: number;
  schema: { fields: { path: string; types: string[]; present: number; examples: unknown[] }[] };
  records: string[];
  problem?: { message: string; hint?: string; line?: number };
  notes: string[];
  name: string;
}

/** A dataset after an upload. */
export interface Uploaded {
  name: string;
  version: number;
  kind: "records" | "whole";
  record_count: number;
  notes?: string[];
}

/** The API said no: asking again would not help. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly refusal: Refusal,
  ) {
    super(refusal.detail);
  }
}

/** Nothing came back, or the server is too busy: asking again may help. */
export class InterruptedError extends Error {
  constructor(readonly afterMs?: number) {
    super("The connection was lost.");
  }
}

/** Reads an answer. Throws RefusedError and InterruptedError. */
export function readAnswer<T>(status: number, text: string, retryAfter: string | null): T {
  if (status >= 200 && status < 300) return (text === "" ? undefined : JSON.parse(text)) as T;
  if (status === 0 || status === 429 || status >= 500) {
    throw new InterruptedError(retryAfter === null ? undefined : Number(retryAfter) * 1000);
  }
  throw new RefusedError(status, refusalIn(text) ?? { code: "unknown", detail: `The server answered ${status}.` });
}

function refusalIn(text: string): Refusal | undefined {
  try {
    const { code, detail, hint } = JSON.parse(text) as Partial<Refusal>;
    if (typeof code !== "string" || typeof detail !== "string") return undefined;
    return { code, detail, ...(typeof hint === "string" ? { hint } : {}) };
  } catch {
    return undefined;
  }
}

/** A JSON request. Throws RefusedError and InterruptedError, and what an abort throws. */
export async function ask<T>(
  method: string,
  url: string,
  options: { json?: unknown; body?: Blob; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<{ data: T; etag: string | null }> {
  const { json, body, headers = {}, signal } = options;
  const response = await fetch(url, {
    method,
    headers: {
      accept: "application/json",
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new InterruptedError();
  });
  const text = await response.text().catch(() => {
    throw new InterruptedError();
  });
  const data = readAnswer<T>(response.status, text, response.headers.get("retry-after"));
  return { data, etag: response.headers.get("etag") };
}
