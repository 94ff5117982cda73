// Files whose few bytes claim to be millions of values: refused before they are decoded. Runs in workerd.
import { describe, expect, it } from "vitest";
import { describeError } from "../../../core/errors.ts";
import { type ColumnShape, requireHonestPages } from "./parquet-guard.ts";
import { openParquet } from "./parquet-in.ts";

const shape: ColumnShape = {
  name: "n",
  isBoolean: false,
  maxRepetition: 0,
  maxDefinition: 1,
  rows: undefined,
  decompress: undefined,
};

/** Thrift's compact encoding of a number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

function varint(value: number): number[] {
  return signed(value / 2);
}

const field = (value: number): number[] => [0x15, ...signed(value)];

/** A page of the first version: so many values, encoded so, in these bytes. */
function page(values: number, encoding: number, data: number[], sizes = [data.length, data.length]): Uint8Array {
  const header = [
    ...field(0),
    ...sizes.flatMap(field),
    0x2c,
    ...field(values),
    ...field(encoding),
    0x15,
    6,
    0x15,
    6,
    0,
    0,
  ];
  return Uint8Array.from([...header, ...data]);
}

const sized = (bytes: number[]): number[] => [bytes.length, 0, 0, 0, ...bytes];
/** Levels of `count` values that are all there. */
const present = (count: number): number[] => sized([...varint(count * 2), 1]);
const dictionary = 8;

describe("pages of Parquet", () => {
  it("are taken when they hold what they say", () => {
    // As Polars writes it: with the least and the greatest value.
    const hex = "1500153c153c2c15081500150615061c3602280800000000000010401808000000000000f03f00000002000000030b";
    const doubles = "000000000000f03f00000000000000400000000000001040";
    const page1 = Uint8Array.from((hex + doubles).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    expect(requireHonestPages(page1, { ...shape, rows: 4 })).toBeUndefined();
    const packed = [2, 3, 0b11100100, 0b00000000];
    expect(requireHonestPages(page(8, dictionary, [...present(8), ...packed]), shape)).toBeUndefined();
    expect(requireHonestPages(page(8, dictionary, [...present(8), 2, 16, 3]), shape)).toBeUndefined();
    expect(requireHonestPages(page(2, 0, [...present(2), 1, 2, 3, 4]), shape)).toBeUndefined();
    const [one, two] = [page(8, dictionary, [...present(8), 2, 16, 3]), page(2, 0, [...present(2), 1, 2])];
    expect(requireHonestPages(Uint8Array.from([...one, ...two]), shape)).toBeUndefined();
    // Polars has more behind the last page.
    expect(requireHonestPages(Uint8Array.from([...one, 0x19, 0xf5, 0xff]), { ...shape, rows: 8 })).toBeUndefined();
  });

  const dishonest = 'The pages of column "n" do not hold what they say.';
  it.each([
    ["a run of levels that is longer", page(8, 0, [...present(2 ** 30), 1]), dishonest],
    ["a run of values that is longer", page(8, dictionary, [...present(8), 2, ...varint(2 ** 31), 3]), dishonest],
    ["packed values that are more", page(8, dictionary, [...present(8), 0, ...varint(2 ** 30 + 1)]), dishonest],
    ["a page that is longer than the file", page(8, 0, present(8), [100, 100]), dishonest],
    ["a negative size", page(8, 0, present(8), [8, -8]), dishonest],
    ["negative values", page(-8, 0, present(8)), dishonest],
    [
      "more values than are read",
      page(2 ** 30, dictionary, [...present(2 ** 30), 0]),
      'Column "n" has 1073741824 values in one row group; 5000000 can be read (limit parquetColumnValues).',
    ],
    [
      "more bytes than are read",
      page(8, 0, present(8), [2 ** 30, 6]),
      'Column "n" has 1073741824 bytes in one row group; 67108864 can be read (limit parquetColumnBytes).',
    ],
    ["a header that is cut off", Uint8Array.from([0x15, 0x80, 0x80]), "A page of the file ends too soon."],
    ["a header of lists", Uint8Array.from([0x19, 0xf5, 0xff]), "A page of the file has a header that cannot be read."],
  ])("are refused with %s", (_name, bytes, message) => {
    let refusal: unknown;
    try {
      requireHonestPages(bytes, shape);
    } catch (error) {
      refusal = describeError(error).message;
    }
    expect(refusal).toBe(message);
  });

  it("are not looked for in a file whose footer is as large as a file", async () => {
    const end = Uint8Array.from([...new Uint8Array(100), 0xff, 0xff, 0xff, 0x7f, ...new TextEncoder().encode("PAR1")]);
    const file = { byteLength: end.length, slice: async (from: number, to?: number) => end.slice(from, to).buffer };
    await expect(openParquet(file)).rejects.toThrow(
      "The footer of the Parquet file has 2147483647 bytes; 4194304 can be read (limit parquetFooterBytes).",
    );
  });
});
