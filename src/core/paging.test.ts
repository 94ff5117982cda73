import { expect, it } from "vitest";
import { decodeCursor, encodeCursor, pageOf } from "./paging.ts";

const items = ["a", "b", "c", "d", "e"];
const key = (item: string): string => item;

it("walks a list to its end without repeating or hiding entries", () => {
  const first = pageOf(items, { limit: 2, key });
  expect(first).toEqual({
    items: ["a", "b"],
    returned: 2,
    total: 5,
    truncated: true,
    next_cursor: encodeCursor({ after: "b" }),
  });
  // "b" is gone and "bb" is new when the next page is asked for.
  const second = pageOf(["a", "bb", "c", "d", "e"], { limit: 2, cursor: first.next_cursor, key });
  expect(second.items).toEqual(["bb", "c"]);
  const third = pageOf(items, { limit: 2, cursor: second.next_cursor, key });
  expect(third).toEqual({ items: ["d", "e"], returned: 2, total: 5, truncated: true });
});

it("says nothing is cut when all is shown", () => {
  expect(pageOf(items, { limit: 5, key })).toEqual({ items, returned: 5, total: 5, truncated: false });
});

it.each(["", "???", "bm90IGpzb24", encodeCursor({ after: 3 }), encodeCursor({ after: "b" }).slice(1)])(
  "refuses the cursor %j",
  (cursor) => {
    expect(() => pageOf(items, { limit: 2, cursor, key })).toThrow("This cursor is not one of this list or query.");
  },
);

it("brings any text back", () => {
  expect(decodeCursor(encodeCursor({ after: 'żółć 👩 " \\' }))).toEqual({ after: 'żółć 👩 " \\' });
});
