// Looks through the metadata of an Arrow file before its reader does, which believes every count that stands in it. Pure.

import { frameLimits } from "../../../workspace-limits.ts";

/** Messages of the format, by number. */
const messages = { schema: 1, dictionary: 2, records: 3 };
/** A union says which types it has in a list of its own. */
const unionType = 14;
/** Columns, nested ones counted, and entries of their metadata in all. */
const mostEntries = 100_000;
const deepest = 64;
const magic = "ARROW1";

/** A flatbuffer's table at a place that holds how far away it is. Reading beyond the bytes throws RangeError. */
class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #fields: number;

  constructor(view: DataView, place: number) {
    this.#view = view;
    this.#at = place + view.getInt32(place, true);
    this.#fields = this.#at - view.getInt32(this.#at, true);
  }

  /** Where the field of that number stands; undefined when the table has none. */
  place(field: number): number | undefined {
    const at = 4 + 2 * field;
    const offset = at < this.#view.getUint16(this.#fields, true) ? this.#view.getUint16(this.#fields + at, true) : 0;
    return offset === 0 ? undefined : this.#at + offset;
  }

  byte(field: number): number {
    const place = this.place(field);
    return place === undefined ? 0 : this.#view.getUint8(place);
  }

  /** Where the items of a list stand, each so many bytes. Throws RangeError when there are not as many as it says. */
  list(field: number, stride: number): number[] {
    const place = this.place(field);
    if (place === undefined) return [];
    const start = place + this.#view.getInt32(place, true);
    const count = this.#view.getUint32(start, true);
    if (start < 0 || start + 4 + count * stride > this.#view.byteLength)
      throw new RangeError("a list ends outside its message");
    return Array.from({ length: count }, (_, index) => start + 4 + index * stride);
  }

  table(field: number): FlatTable | undefined {
    const place = this.place(field);
    return place === undefined ? undefined : new FlatTable(this.#view, place);
  }
}

/** Throws RangeError for an Arrow file, stream or message whose metadata says more than its bytes hold, or goes in circles. */
export function guardArrow(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if ([...magic].every((letter, index) => bytes[index] === letter.charCodeAt(0))) guardFile(view);
  else for (let at: number | undefined = 0; at !== undefined && at < view.byteLength; ) at = guardMessage(view, at);
}

function guardFile(view: DataView): void {
  const tail = view.byteLength - magic.length - 4;
  const footer = new FlatTable(view, tail - view.getInt32(tail, true));
  guardSchema(view, footer.table(1));
  footer.list(4, 4);
  for (const block of [...footer.list(2, 24), ...footer.list(3, 24)])
    guardMessage(view, Number(view.getBigInt64(block, true)));
}

/** Where the message after this one begins; undefined at the end. */
function guardMessage(view: DataView, start: number): number | undefined {
  // What a stream may end with.
  if (start + 4 > view.byteLength) return undefined;
  const isNew = view.getInt32(start, true) === -1;
  const at = isNew ? start + 8 : start + 4;
  if (at > view.byteLength) return undefined;
  const length = view.getInt32(at - 4, true);
  if (length === 0) return undefined;
  const head = new DataView(view.buffer, view.byteOffset + at, length);
  if (at + length > view.byteLength) throw new RangeError("a message ends outside its file");
  const message = new FlatTable(head, 0);
  const content = message.table(2);
  const kind = message.byte(1);
  if (kind === messages.schema) guardSchema(head, content);
  // A bit is the least that a value takes; a dictionary is read whole.
  if (kind === messages.records) guardBatch(head, content, Math.max(frameLimits.maxRows, 8 * view.byteLength));
  if (kind === messages.dictionary) guardBatch(head, content?.table(1), frameLimits.maxRows);
  const body = message.place(3);
  const bytes = body === undefined || content === undefined ? 0 : Number(head.getBigInt64(body, true));
  return at + length + Math.max(0, bytes);
}

function guardBatch(view: DataView, batch: FlatTable | undefined, mostValues: number): void {
  const length = batch?.place(0);
  const nodes = batch?.list(1, 16) ?? [];
  for (const place of [...(length === undefined ? [] : [length]), ...nodes]) {
    const values = view.getBigInt64(place, true);
    if (values < 0n || values > BigInt(mostValues))
      throw new RangeError("a batch has more values than its file can hold");
  }
  const buffers = batch?.list(2, 16) ?? [];
  for (const place of batch?.list(4, 8) ?? []) {
    const data = view.getBigInt64(place, true);
    if (data < 0n || data > BigInt(buffers.length)) throw new RangeError("a column has more buffers than its batch");
  }
}

function guardSchema(view: DataView, schema: FlatTable | undefined): void {
  let entries = 0;
  const count = (more: number): void => {
    entries += more;
    if (entries > mostEntries) throw new RangeError("a schema has more entries than a file needs");
  };
  const guardFields = (places: readonly number[], depth: number): void => {
    if (depth > deepest) throw new RangeError("a schema is nested too deeply");
    count(places.length);
    for (const place of places) {
      const field = new FlatTable(view, place);
      count(field.list(6, 4).length);
      if (field.byte(2) === unionType) count(field.table(3)?.list(1, 4).length ?? 0);
      guardFields(field.list(5, 4), depth + 1);
    }
  };
  if (schema === undefined) return;
  count(schema.list(2, 4).length);
  guardFields(schema.list(1, 4), 0);
}
