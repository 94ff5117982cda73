// Which records of two versions are the same, changed, added or removed. Both are read side by side, so versions in the same order take no room. Runs at the edge.
import { canonicalJson } from "../../../core/canonical-json.ts";
import { isRecord, parseExact } from "../../../core/exact-json.ts";
import { cutText } from "../../../core/markdown.ts";
import { type JsonChange, jsonChanges, sameJson } from "./json-changes.ts";
import type { RecordLines } from "./record-lines.ts";

export interface RecordDiffLimits {
  /** Bytes read of each version. */
  bytes: number;
  /** Characters of records held while their counterparts are looked for. */
  heldChars: number;
  /** Records held so. */
  heldRecords: number;
  /** Records of each kind to show, and changes of each. */
  show: number;
  /** Characters of a record or value that is shown. */
  chars: number;
}

export interface ChangedRecord {
  /** The key's value, as JSON. */
  key: string;
  changes: JsonChange[];
  /** Places that differ, shown or not. */
  total: number;
}

export interface RecordDiff {
  unchanged: number;
  changed: number;
  added: number;
  removed: number;
  shown: { changed: ChangedRecord[]; added: string[]; removed: string[] };
  /** Which limit ended the comparison before the ends of both versions. */
  cut: "bytes" | "held" | undefined;
  /** Records read of each when it ended. */
  read: { before: number; after: number };
  /** Records whose key another record of their version has, too. */
  repeated: number;
}

type Side = "before" | "after";
const sides: readonly Side[] = ["before", "after"];
const otherOf = (side: Side): Side => (side === "before" ? "after" : "before");

/** Records of a version among which the other's are looked for as text, before they are parsed. */
const nearRecords = 256;
/** Characters of a record that is not kept for that. */
const nearChars = 4096;

/**
 * Compares by the value under `key` of each record, or by whole records where `key` is undefined: then a changed record counts as one removed
 * and one added. Records of the same key are matched in their order. A comparison that is cut counts as added or removed what had no
 * counterpart until then.
 */
export async function diffRecords(
  before: RecordLines,
  after: RecordLines,
  key: string | undefined,
  limits: RecordDiffLimits,
): Promise<RecordDiff> {
  const matching = new Matching(key, limits);
  let cut: RecordDiff["cut"];
  try {
    for (;;) {
      const [was, is] = [before.next(), after.next()];
      // Most lines are at hand: waiting for each would take a turn.
      const old = was instanceof Promise ? await was : was;
      const now = is instanceof Promise ? await is : is;
      if (old === undefined && now === undefined) break;
      matching.take(old, now);
      if (matching.isFull) cut = "held";
      else if (before.bytes > limits.bytes || after.bytes > limits.bytes) cut = "bytes";
      if (cut !== undefined) break;
    }
  } finally {
    await Promise.all([before.close(), after.close()]);
  }
  return { ...matching.finish(), cut, read: { before: before.count, after: after.count } };
}

/** Records that wait for their counterpart, by side and key. */
class Matching {
  readonly #key: string | undefined;
  readonly #limits: RecordDiffLimits;
  readonly #waiting: Readonly<Record<Side, Map<string, string[]>>> = { before: new Map(), after: new Map() };
  /** The newest records, and how often each stands there. */
  readonly #near: Readonly<Record<Side, Map<string, number>>> = { before: new Map(), after: new Map() };
  /** Records that have no counterpart for certain. */
  readonly #alone: Readonly<Record<Side, { count: number; first: string[] }>> = {
    before: { count: 0, first: [] },
    after: { count: 0, first: [] },
  };
  #heldChars = 0;
  #heldRecords = 0;
  #unchanged = 0;
  #changed = 0;
  #repeated = 0;
  readonly #shown: ChangedRecord[] = [];

  constructor(key: string | undefined, limits: RecordDiffLimits) {
    this.#key = key;
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#heldChars > this.#limits.heldChars || this.#heldRecords > this.#limits.heldRecords;
  }

  take(before: string | undefined, after: string | undefined): void {
    if (before !== undefined && before === after) {
      this.#unchanged++;
      return;
    }
    if (before === undefined || after === undefined) {
      // The other version has ended: what does not wait there already never comes.
      for (const side of sides) this.#flush(side, 0);
      this.#offer(before === undefined ? "after" : "before", before ?? after ?? "", true);
      return;
    }
    this.#glance("before", before);
    this.#glance("after", after);
  }

  /** Most records of two versions are the very same text, a few places apart: those are found without being parsed. */
  #glance(side: Side, line: string): void {
    const others = this.#near[otherOf(side)];
    const count = others.get(line);
    if (count !== undefined) {
      if (count === 1) others.delete(line);
      else others.set(line, count - 1);
      this.#unchanged++;
      return;
    }
    const near = this.#near[side];
    near.set(line, (near.get(line) ?? 0) + 1);
    this.#flush(side, line.length > nearChars ? 0 : nearRecords);
  }

  /** Of what was only glanced at, all but the newest `keep` is matched by its key. */
  #flush(side: Side, keep: number): void {
    const near = this.#near[side];
    for (const [line, count] of near) {
      if (near.size <= keep) return;
      near.delete(line);
      for (let time = 0; time < count; time++) this.#offer(side, line, false);
    }
  }

  finish(): Pick<RecordDiff, "unchanged" | "changed" | "added" | "removed" | "shown" | "repeated"> {
    for (const side of sides) this.#flush(side, 0);
    const [removed, added] = [this.#left("before"), this.#left("after")];
    return {
      unchanged: this.#unchanged,
      changed: this.#changed,
      added: added.count,
      removed: removed.count,
      shown: { changed: this.#shown, added: added.first, removed: removed.first },
      repeated: this.#repeated,
    };
  }

  /** `isAlone`: the other version has ended. */
  #offer(side: Side, line: string, isAlone: boolean): void {
    const value = parseExact(line);
    const key = this.#keyOf(value);
    const others = this.#waiting[otherOf(side)];
    const queue = others.get(key);
    const other = queue?.shift();
    if (other === undefined) {
      if (isAlone) this.#settle(side, line);
      else this.#hold(side, key, line);
      return;
    }
    if (queue?.length === 0) others.delete(key);
    this.#heldChars -= other.length;
    this.#heldRecords--;
    if (other === line) this.#unchanged++;
    else this.#compare(key, side === "before" ? [value, parseExact(other)] : [parseExact(other), value]);
  }

  #settle(side: Side, line: string): void {
    const settled = this.#alone[side];
    settled.count++;
    if (settled.first.length < this.#limits.show) settled.first.push(cutText(line, this.#limits.chars));
  }

  #hold(side: Side, key: string, line: string): void {
    this.#heldChars += line.length;
    this.#heldRecords++;
    const waiting = this.#waiting[side];
    const queue = waiting.get(key);
    if (queue === undefined) {
      waiting.set(key, [line]);
      return;
    }
    queue.push(line);
    if (this.#key !== undefined) this.#repeated++;
  }

  #compare(key: string, [before, after]: [unknown, unknown]): void {
    if (sameJson(before, after)) {
      this.#unchanged++;
      return;
    }
    this.#changed++;
    const { show, chars } = this.#limits;
    if (this.#shown.length === show) return;
    const { shown, added, removed, changed } = jsonChanges(before, after, { show, chars });
    this.#shown.push({ key: cutText(key, chars), changes: shown, total: added + removed + changed });
  }

  /** A record without the key is known by its whole content. */
  #keyOf(value: unknown): string {
    const key = this.#key;
    if (key === undefined || !isRecord(value) || !Object.hasOwn(value, key)) return canonicalJson(value);
    return JSON.stringify(value[key]);
  }

  #left(side: Side): { count: number; first: string[] } {
    const { show, chars } = this.#limits;
    const alone = this.#alone[side];
    let { count } = alone;
    const first: string[] = [];
    for (const lines of this.#waiting[side].values()) {
      count += lines.length;
      for (const line of lines) if (first.length < show) first.push(cutText(line, chars));
    }
    return { count, first: [...first, ...alone.first].slice(0, show) };
  }
}
