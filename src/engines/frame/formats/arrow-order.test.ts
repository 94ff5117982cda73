import { expect, it } from "vitest";
import { isAppError } from "../../../core/errors.ts";
import { openArrow } from "./arrow-in.ts";
import { dictionariesFirst } from "./arrow-order.ts";

/** As polars writes a column of categories (write_ipc): the dictionary after the rows. */
const file = Uint8Array.from(
  atob(
    [
      "QVJST1cxAAAEAAAA8v///xQAAAAEAAEAAAAKAAsACAAKAAQAdP///wQAAAABAAAABAAAAOb///+YAAAAjAAAAGgAAABgAAAAGAAAAAEYEgAaAAQA",
      "GAAZAAgADAAQABQAAQAAAAQAAAD0////IAAAAAwAAAAIAAwABAAIAAgAAAAwOzA7dTMyOwAAAAAQAAAAX1BMX0NBVEVHT1JJQ0FMMgAAAAAAAAAA",
      "+P///wwAAAAIAAgAAAAEAPb///8gAAAAAAAGAAgABAD8////BAAEAAEAAABjAAAA/////4AAAAAEAAAA7P///0AAAAAAAAAAFAAAAAQAAwAMABMA",
      "EAASAAwABADq////AwAAAAAAAAA8AAAAEAAAAAAACgAUAAQADAAQAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAAAAAAAAAAAABAAAA",
      "AwAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD/////",
      "qAAAAAQAAADs////QAAAAAAAAAAUAAAABAACAAwAEwAQABIADAAEAPj///8MAAAACAAIAAAABADm////AgAAAAAAAABUAAAAKAAAABQAAAAAAA4A",
      "GAAEAAwAEAAAABQAAQAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAABAAAAAgAAAAAAAAAAAAAA",
      "AAAAAAEAAABhAAAAAAAAAAAAAAABAAAAYgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD/////AAAAAAQAAADs////",
      "WAAAADgAAAAUAAAABAAAAAwAEgAQAAQACAAMAAEAAADYAAAAAAAAAIgAAAAAAAAAQAAAAAAAAAAAAAAAAQAAAKABAAAAAAAAsAAAAAAAAABAAAAA",
      "AAAAAHT///8EAAAAAQAAAAQAAADm////mAAAAIwAAABoAAAAYAAAABgAAAABGBIAGgAEABgAGQAIAAwAEAAUAAEAAAAEAAAA9P///yAAAAAMAAAA",
      "CAAMAAQACAAIAAAAMDswO3UzMjsAAAAAEAAAAF9QTF9DQVRFR09SSUNBTDIAAAAAAAAAAPj///8MAAAACAAIAAAABAD2////IAAAAAAABgAIAAQA",
      "/P///wQABAABAAAAYwASAQAAQVJST1cx",
    ].join(""),
  ),
  (letter) => letter.charCodeAt(0),
);

it("reads a file that holds its dictionaries after its rows", async () => {
  const table = openArrow(file);
  expect(table.columns).toEqual([{ name: "c", type: "text" }]);
  const rows: unknown[] = [];
  for await (const batch of table.rows(0, 10)) rows.push(...batch);
  expect(rows).toEqual([["a"], ["b"], ["a"]]);
});

it("leaves alone what is no such file, and refuses one that is cut off", () => {
  const stream = file.subarray(8);
  expect(dictionariesFirst(stream)).toBe(stream);
  const broken = file.slice();
  // Where the footer says that the dictionary begins.
  broken.fill(0x7f, 0x2e0, 0x2e8);
  for (const bytes of [file.slice(0, 400), broken])
    expect(() => openArrow(bytes)).toThrow(expect.objectContaining({ code: "file_malformed" }));
});

it("ends soon on files whose counts lie, with a table or with an error of ours", async () => {
  let state = 7;
  const below = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
  const came = { opened: 0, refused: 0 };
  for (let round = 0; round < 3_000; round++) {
    const bytes = (round % 2 === 0 ? file : file.subarray(8)).slice();
    for (let place = below(4); place >= 0; place--) {
      const at = below(bytes.length);
      bytes.fill([0x7f, 0xff, 0, 1, 0x80][below(5)] ?? 0, at, at + 1 + below(8));
    }
    try {
      for await (const _ of openArrow(bytes).rows(0, 10));
      came.opened++;
    } catch (error) {
      expect(isAppError(error) ? error.code : error).toMatch(/^(file_malformed|too_large|unsupported)$/);
      came.refused++;
    }
  }
  expect(came.opened).toBeGreaterThan(100);
  expect(came.refused).toBeGreaterThan(1_000);
});
