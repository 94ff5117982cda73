// The one way to page a list and to say so, and the one form of a cursor. Runs everywhere.
import * as z from "zod";
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

/** The error for a cursor of something else. */
export function invalidCursor(): AppError {
  return new AppError("cursor_invalid", "This cursor is not one of this list or query.", {
    hint: "Pass next_cursor exactly as the answer before gave it, with the same arguments, or leave cursor out to start again.",
  });
}

/** The argument that asks for the page after. */
export const cursorSchema = z.string().max(2000).optional().describe("next_cursor of the answer before.");

/** What every answer with a page says besides its entries, as fields of its schema. */
export const pageFields = {
  returned: z.int(),
  total: z.int(),
  truncated: z.boolean().describe("True when more follow these."),
  next_cursor: z.string().optional(),
};

/** The query string of a list over REST. */
export function listQuerySchema(limits: { preset: number; max: number }) {
  return z.object({
    limit: z.coerce.number().int().min(1).max(limits.max).default(limits.preset),
    cursor: cursorSchema,
  });
}

/** The line of a text answer that says how to get the next page; none after the last. */
export function moreLines(page: { next_cursor?: string | undefined }): string[] {
  return page.next_cursor === undefined ? [] : [`More: the same call with cursor ${page.next_cursor}`];
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
 * neither repeat nor hide others. Throws `cursor_invalid`.
 */
export function pageOf<Item>(
  items: readonly Item[],
  options: { limit: number; cursor?: string | undefined; key: (item: Item) => string },
): Page<Item> {
  const after = options.cursor === undefined ? undefined : decodeCursor(options.cursor).after;
  if (after !== undefined && typeof after !== "string") throw invalidCursor();
  const start = after === undefined ? 0 : items.findIndex((item) => options.key(item) > after);
  const rest = start < 0 ? [] : items.slice(start);
  return firstOf(rest, options.limit, items.length, (last) => ({ after: options.key(last) }));
}

/** The number before which a list that shows the newest first goes on. Throws `cursor_invalid`. */
export function readBefore(cursor: string | undefined): number | undefined {
  const before = cursor === undefined ? undefined : decodeCursor(cursor).before;
  if (before !== undefined && typeof before !== "number") throw invalidCursor();
  return before;
}

/** A page of a list that shows the newest first, `rows` read with one more than `limit`; `key` is the number that `readBefore` gives back. */
export function pageBefore<Item>(
  rows: readonly Item[],
  options: { limit: number; total: number; key: (item: Item) => number },
): Page<Item> {
  return firstOf(rows, options.limit, options.total, (last) => ({ before: options.key(last) }));
}

function firstOf<Item>(
  rest: readonly Item[],
  limit: number,
  total: number,
  placeOf: (last: Item) => Record<string, unknown>,
): Page<Item> {
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    returned: items.length,
    total,
    truncated: rest.length > items.length,
    ...(rest.length > items.length && last !== undefined ? { next_cursor: encodeCursor(placeOf(last)) } : {}),
  };
}
