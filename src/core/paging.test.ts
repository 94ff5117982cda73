// Pages and cursors. Runs in workerd.
import { expect, it } from "vitest";
import { decodeCursor, encodeCursor, moreLines, pageBefore, pageOf, readBefore } from "./paging.ts";

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
  expect(third).toEqual({ items: ["d", "e"], returned: 2, total: 5, truncated: false });
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

it("goes back through a list that shows the newest first", () => {
  const read = { limit: 2, total: 5, key: (row: number) => row };
  const first = pageBefore([5, 4, 3], read);
  expect(first).toEqual({
    items: [5, 4],
    returned: 2,
    total: 5,
    truncated: true,
    next_cursor: encodeCursor({ before: 4 }),
  });
  expect([readBefore(undefined), readBefore(first.next_cursor)]).toEqual([undefined, 4]);
  expect(pageBefore([1], read)).toEqual({ items: [1], returned: 1, total: 5, truncated: false });
  expect(() => readBefore(encodeCursor({ before: "4" }))).toThrow("This cursor is not one of this list or query.");
});

it("says how to get the next page, and nothing after the last", () => {
  expect(moreLines({ next_cursor: "abc" })).toEqual(["More: the same call with cursor abc"]);
  expect(moreLines({})).toEqual([]);
});
