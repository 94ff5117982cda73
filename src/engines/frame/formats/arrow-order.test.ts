import { expect, it } from "vitest";
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
