// The one way to page a list that is in memory, and the one form of a cursor. Runs everywhere.
import { AppError } from "./errors.ts";
import { base64Url, fromBase64Url } from "./ids.ts";

/** An opaque cursor out of plain data. It is not a secret and grants nothing; whoever reads it checks it. */
export function encodeCursor(data: Record<string, unknown>): string {
  return base64Url(new TextEncoder().encode(JSON.stringify(data)));
}

/** The data of a cursor; throws `cursor_invalid` for a text that is none. */
export function decodeCursor(cursor: string): Record<string, unknown> {
  const bytes = fromBase64Url(cursor);
  try {
    const data: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
    if (typeof data === "object" && data !== null && !Array.isArray(data)) return data as Record<string, unknown>;
  } catch {
    // Falls through: every way of not being a cursor is the same error.
  }
  throw invalidCursor();
}

export function invalidCursor(): AppError {
  return new AppError("cursor_invalid", "This cursor is not one of this list or query.", {
    hint: "Pass next_cursor exactly as the answer before gave it, with the same arguments, or leave cursor out to start again.",
  });
}

export interface Page<Item> {
  items: Item[];
  returned: number;
  total: number;
  truncated: boolean;
  next_cursor?: string;
}

/**
 * A page of `items`, which must be sorted by `key`. The cursor holds the last key shown, so entries added or removed meanwhile
 * neither repeat nor hide others.
 */
export function pageOf<Item>(
  items: readonly Item[],
  options: { limit: number; cursor?: string | undefined; key: (item: Item) => string },
): Page<Item> {
  const after = options.cursor === undefined ? undefined : decodeCursor(options.cursor).after;
  if (after !== undefined && typeof after !== "string") throw invalidCursor();
  const start = after === undefined ? 0 : items.findIndex((item) => options.key(item) > after);
  const rest = start < 0 ? [] : items.slice(start);
  const shown = rest.slice(0, options.limit);
  const last = shown.at(-1);
  return {
    items: shown,
    returned: shown.length,
    total: items.length,
    truncated: shown.length < items.length,
    ...(rest.length > shown.length && last !== undefined
      ? { next_cursor: encodeCursor({ after: options.key(last) }) }
      : {}),
  };
}
