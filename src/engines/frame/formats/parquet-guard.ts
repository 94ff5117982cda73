// The pages of a Parquet column looked through before they are decoded: what they claim must be what they can hold. A run of two thousand
// million values takes six bytes, and the reader would write them all. Pure.
import { AppError } from "../../../core/errors.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { malformedFile } from "./errors.ts";

/** What is known of a column from the file's footer. */
export interface ColumnShape {
  name: string;
  isBoolean: boolean;
  maxRepetition: number;
  maxDefinition: number;
  /** Rows of its row group, where each is one value: the reader stops there, and some writers put more behind. */
  rows: number | undefined;
  /** Takes the bytes of a page and how many they come to; undefined when the column is not compressed. */
  decompress: ((input: Uint8Array, length: number) => Uint8Array) | undefined;
}

interface Page {
  type: number;
  uncompressed: number;
  compressed: number;
  values: number;
  /** Of the second version. */
  rows: number | undefined;
  encoding: number;
  /** Of the second version: bytes of levels, which are not compressed. */
  levels: [repetition: number, definition: number] | undefined;
  isCompressed: boolean;
}

const [dataPage, dictionaryPage, dataPage2] = [0, 2, 3];
const dictionaryEncodings: ReadonlySet<number> = new Set([2, 8]);
const runs = 3;
/** Values by which the last run may go beyond the page's: writers fill up. */
const slack = 4_096;

/** Throws `too_large` for a file that describes itself at such length that its description alone would fill the memory. */
export async function requireFooter(file: {
  byteLength: number;
  slice: (start: number, end?: number) => Promise<ArrayBuffer>;
}): Promise<void> {
  if (file.byteLength < 8) return;
  const end = new DataView(await file.slice(file.byteLength - 8));
  const [bytes, limit] = [end.getUint32(0, true), frameLimits.parquetFooterBytes];
  const isParquet = end.getUint32(4) === 0x50415231;
  if (bytes <= limit || !isParquet) return;
  throw new AppError(
    "too_large",
    `The footer of the Parquet file has ${bytes} bytes; ${limit} can be read (limit parquetFooterBytes).`,
    {
      hint: "Write it with fewer columns or larger row groups, or as several files.",
      details: { limit: "parquetFooterBytes", value: limit, bytes },
    },
  );
}

/** Throws `file_malformed` for pages that are not what they say, `too_large` for more than is decoded at once. */
export function requireHonestPages(chunk: Uint8Array, shape: ColumnShape): void {
  let [at, bytes, values, rows] = [0, 0, 0, 0];
  // The reader, too, takes one byte that is left for none.
  while (at < chunk.length - 1 && rows < (shape.rows ?? Number.POSITIVE_INFINITY)) {
    const reader = new Compact(chunk, at);
    const page = pageOf(reader.struct());
    const end = reader.at + page.compressed;
    if (page.compressed < 0 || page.uncompressed < 0 || page.values < 0 || end > chunk.length) throw dishonest(shape);
    bytes += page.uncompressed;
    values += page.values;
    if (bytes > frameLimits.parquetColumnBytes) throw tooLarge(shape, "parquetColumnBytes", bytes);
    if (values > frameLimits.parquetColumnValues) throw tooLarge(shape, "parquetColumnValues", values);
    checkPage(chunk.subarray(reader.at, end), page, shape);
    if (page.type !== dictionaryPage) rows += page.values;
    at = end;
  }
}

function checkPage(bytes: Uint8Array, page: Page, shape: ColumnShape): void {
  if (page.type !== dataPage && page.type !== dataPage2 && page.type !== dictionaryPage) throw dishonest(shape);
  if (page.type === dictionaryPage) return;
  const { maxRepetition, maxDefinition } = shape;
  const check = (from: Uint8Array, at: number, width: number) => checkRuns(from, at, width, page.values, shape);
  if (page.levels !== undefined) {
    const [repetition, definition] = page.levels;
    if (shape.rows !== undefined && page.rows !== page.values) throw dishonest(shape);
    if (repetition < 0 || definition < 0 || repetition + definition > bytes.length) throw dishonest(shape);
    if (maxRepetition > 0) check(bytes.subarray(0, repetition), 0, widthOf(maxRepetition));
    if (maxDefinition > 0) check(bytes.subarray(repetition, repetition + definition), 0, widthOf(maxDefinition));
    const data = bytes.subarray(repetition + definition);
    const length = page.uncompressed - repetition - definition;
    if (length < 0) throw dishonest(shape);
    checkValues(page.isCompressed ? plain(data, length, shape) : data, 0, page, shape, check);
    return;
  }
  const data = plain(bytes, page.uncompressed, shape);
  let at = 0;
  for (const level of [maxRepetition, maxDefinition]) {
    if (level === 0) continue;
    const length = sizeAt(data, at, shape);
    check(data.subarray(0, at + 4 + length), at + 4, widthOf(level));
    at += 4 + length;
  }
  checkValues(data, at, page, shape, check);
}

function checkValues(
  data: Uint8Array,
  at: number,
  { encoding, values }: Page,
  shape: ColumnShape,
  check: (from: Uint8Array, at: number, width: number) => void,
): void {
  if (values === 0 || at >= data.length || (encoding !== runs && !dictionaryEncodings.has(encoding))) return;
  if (!shape.isBoolean) check(data, at + 1, data[at] ?? 0);
  else check(data.subarray(0, at + 4 + sizeAt(data, at, shape)), at + 4, 1);
}

/** Runs of one value, and of values packed by their bits, as far as there are any. */
function checkRuns(data: Uint8Array, start: number, width: number, values: number, shape: ColumnShape): void {
  const reader = new Compact(data, start);
  for (let seen = 0; seen < values && reader.at < data.length; ) {
    const header = reader.varint();
    const isPacked = (header & 1) === 1;
    const count = isPacked ? (header >> 1) * 8 : header >>> 1;
    if (count < 0 || count > values + slack) throw dishonest(shape);
    reader.at += isPacked ? (count / 8) * width : Math.ceil(width / 8);
    seen += count;
  }
}

function plain(bytes: Uint8Array, length: number, { decompress }: ColumnShape): Uint8Array {
  return decompress === undefined ? bytes : decompress(bytes, length);
}

function sizeAt(data: Uint8Array, at: number, shape: ColumnShape): number {
  if (at + 4 > data.length) throw dishonest(shape);
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(at, true);
}

const widthOf = (level: number): number => 32 - Math.clz32(level);

function dishonest({ name }: ColumnShape): AppError {
  return malformedFile(
    `The pages of column ${JSON.stringify(name)} do not hold what they say.`,
    "Write the file again.",
  );
}

function tooLarge({ name }: ColumnShape, limit: "parquetColumnBytes" | "parquetColumnValues", found: number): AppError {
  const value = frameLimits[limit];
  const what = limit === "parquetColumnBytes" ? "bytes" : "values";
  return new AppError(
    "too_large",
    `Column ${JSON.stringify(name)} has ${found} ${what} in one row group; ${value} can be read (limit ${limit}).`,
    {
      hint: "Write the file with smaller row groups, e.g. row_group_size=50000, or leave the column out with `columns`.",
      details: { limit, value, [what]: found, column: name },
    },
  );
}

type Field = number | Map<number, Field> | undefined;

function pageOf(header: Map<number, Field>): Page {
  const number = (field: Field, preset = -1): number => (typeof field === "number" ? field : preset);
  const inner = [5, 7, 8].map((id) => header.get(id)).find((field) => field instanceof Map);
  const fields = inner instanceof Map ? inner : new Map<number, Field>();
  const isSecond = header.get(8) instanceof Map;
  return {
    type: number(header.get(1)),
    uncompressed: number(header.get(2)),
    compressed: number(header.get(3)),
    values: number(fields.get(1)),
    rows: isSecond ? number(fields.get(3)) : undefined,
    encoding: number(fields.get(isSecond ? 4 : 2)),
    levels: isSecond ? [number(fields.get(6)), number(fields.get(5))] : undefined,
    isCompressed: fields.get(7) !== 0,
  };
}

/** Thrift's compact protocol, as far as page headers have it. Throws `file_malformed` past the end. */
class Compact {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw malformedFile("A page of the file ends too soon.", "Write the file again.");
    return byte;
  }

  /** 32 bits, with sign. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  struct(depth = 0): Map<number, Field> {
    const fields = new Map<number, Field>();
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? this.#signed() : id + (head >> 4);
      fields.set(id, this.#value(type, depth));
    }
  }

  #signed(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  #value(type: number, depth: number): Field {
    switch (type) {
      case 1:
        return 1;
      case 2:
        return 0;
      case 3:
        return this.#byte();
      case 4:
      case 5:
      case 6:
        return this.#signed();
      case 7:
        this.at += 8;
        return undefined;
      case 8: {
        const length = this.varint() >>> 0;
        this.at += length;
        return undefined;
      }
      case 12:
        if (depth < 4) return this.struct(depth + 1);
        break;
      default:
    }
    throw malformedFile("A page of the file has a header that cannot be read.", "Write the file again.");
  }
}
