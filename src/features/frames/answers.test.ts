import { expect, it } from "vitest";
import { answerFrame, readFrameCursor } from "./answers.ts";
import type { Frame } from "./schema.ts";

const frame: Frame = {
  ...{
    id: "df_abcdefghij",
    name: "numbers",
    storage: 1,
    rows: 3,
    chunks: 1,
    bytes: 60,
    lineage: { operation: "read_csv", inputs: [] },
  },
  ...{ sources: [], createdBy: "ana", createdAt: 0, lastUsedAt: 0, expiresAt: 1, pinned: false },
  columns: [
    { name: "id", type: "int64" },
    { name: "x", type: "float", special: true },
    { name: "raw", type: "binary" },
  ],
};

it("answers with exact values, the data_ref and the way to the rest", async () => {
  const rows = [
    ["9007199254740993", "NaN", "00ff"],
    ["1", "-0", null],
  ];
  const answer = await answerFrame({ frame, rows }, { page: { limit: 2, format: "json" }, isPaged: true });
  expect(JSON.stringify(answer.data.rows)).toBe(
    '[{"id":9007199254740993,"x":"NaN","raw":"AP8="},{"id":1,"x":0,"raw":null}]',
  );
  const { rows: _, next_cursor: cursor = "", ...rest } = answer.data;
  expect(rest).toEqual({
    ...{ returned: 2, total: 3, truncated: true, input: "frame", cached: false, data_ref: "df_abcdefghij" },
    columns: [
      { name: "id", type: "int64" },
      { name: "x", type: "float" },
      { name: "raw", type: "binary" },
    ],
    notes: [
      "Numbers beyond double precision are exact in this answer's text; a client that reads them as doubles rounds them.",
    ],
  });
  expect(readFrameCursor(cursor)).toEqual({ ref: "df_abcdefghij", offset: 2 });
  expect(answer.text).toContain("All 3 rows: data_ref df_abcdefghij (read_frame shows them)");
});

it("refuses a cursor of something else", () => {
  expect(() => readFrameCursor("bm90IG9uZQ")).toThrow(expect.objectContaining({ code: "cursor_invalid" }));
});
