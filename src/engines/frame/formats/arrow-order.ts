// An Arrow file with its dictionaries before its rows: a file may hold them after, as polars writes it. Pure.

const magic = "ARROW1";
/** Room for the magic at the start; what is moved begins at multiples of it. */
const alignment = 64;
/** What ends a file: the length of its footer, and the magic. */
const tailBytes = 10;
/** Fields of a footer, by number. */
const footerFields = { dictionaries: 2, records: 3 };

/** A part of the file, and where the footer says where it begins. */
interface Block {
  place: number;
  start: number;
  bytes: number;
}

/** `bytes` as they are, or a copy in which a file's dictionaries come first. Throws RangeError for what is cut off. */
export function dictionariesFirst(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 2 * tailBytes || !isMagic(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const footer = bytes.length - tailBytes - view.getInt32(bytes.length - tailBytes, true);
  const dictionaries = blocksOf(view, footer, footerFields.dictionaries);
  const records = blocksOf(view, footer, footerFields.records);
  const firstRecord = Math.min(...records.map(({ start }) => start));
  if (dictionaries.every(({ start }) => start < firstRecord)) return bytes;
  return moved(bytes, footer, [...dictionaries, ...records]);
}

function isMagic(bytes: Uint8Array): boolean {
  return [...magic].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

function blocksOf(view: DataView, footer: number, field: number): Block[] {
  const table = footer + view.getUint32(footer, true);
  const fields = table - view.getInt32(table, true);
  const at = 4 + 2 * field;
  const offset = at < view.getUint16(fields, true) ? view.getUint16(fields + at, true) : 0;
  if (offset === 0) return [];
  const vector = table + offset + view.getUint32(table + offset, true);
  const count = view.getUint32(vector, true);
  if (vector + 4 + 24 * count > view.byteLength) throw new RangeError("a footer names more blocks than it holds");
  return Array.from({ length: count }, (_, index) => {
    const place = vector + 4 + 24 * index;
    const start = Number(view.getBigInt64(place, true));
    const bytes = view.getInt32(place + 8, true) + Number(view.getBigInt64(place + 16, true));
    if (start < 0 || bytes < 0 || start + bytes > footer) throw new RangeError("a block reaches beyond its file");
    return { place, start, bytes };
  });
}

/** The blocks in this order, then the footer, which says where they are now. */
function moved(bytes: Uint8Array, footer: number, blocks: readonly Block[]): Uint8Array {
  const sizes = blocks.map((block) => Math.ceil(block.bytes / alignment) * alignment);
  const body = sizes.reduce((sum, size) => sum + size, alignment);
  // Blocks may overlap: what they come to is not more than the file.
  if (body > bytes.length + alignment * (blocks.length + 1)) throw new RangeError("blocks overlap");
  const copy = new Uint8Array(body + bytes.length - footer);
  copy.set(bytes.subarray(0, magic.length));
  copy.set(bytes.subarray(footer), body);
  const view = new DataView(copy.buffer);
  let at = alignment;
  for (const [index, { place, start, bytes: length }] of blocks.entries()) {
    copy.set(bytes.subarray(start, start + length), at);
    view.setBigInt64(place - footer + body, BigInt(at), true);
    at += sizes[index] ?? 0;
  }
  return copy;
}
