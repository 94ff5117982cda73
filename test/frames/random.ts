// Random frames from a seed: all types that the operations compute with, nulls, NaN, duplicates, characters of all planes. Runs anywhere.
import { type Cell, type Column, floatCell, type Row } from "../../src/engines/frame/types.ts";

export interface Frame {
  columns: Column[];
  rows: Row[];
}

/** Numbers that are the same for the same seed, with what is drawn from them. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `below`. */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** Some of the items, at least one, in their order. */
  some<T>(items: readonly T[], most = items.length): T[] {
    const chosen = items.filter(() => this.chance(0.4)).slice(0, most);
    return chosen.length > 0 ? chosen : [this.pick(items)];
  }
}

const texts = [
  "",
  "a",
  "A",
  "b",
  "ab",
  "north",
  "South",
  "a b",
  " x",
  "it's",
  "é",
  "Ж",
  "\uff5e",
  "\u{1F600}",
  "50%",
  "_",
  "0",
  "10",
  "9",
];

/** How a value of each type is drawn: often one of few, so that values repeat. */
const draws: Record<string, (random: Random) => Cell> = {
  int: (random) => (random.chance(0.9) ? random.int(11) - 5 : random.pick([2 ** 53 - 1, 123_456, -77_777])),
  int64: (random) =>
    random.pick(["0", "1", "-1", "9007199254740993", "9007199254740992", "-9007199254740993", "4611686018427387904"]),
  float: (random) => floatCell(random.chance(0.12) ? Number.NaN : (random.int(41) - 20) / 4),
  bool: (random) => random.chance(0.5),
  text: (random) => random.pick(texts),
  date: (random) =>
    random.pick(["2024-02-29", "2024-01-01", "2023-12-31", "1970-01-01", "1969-07-20", "2000-02-29", "2024-03-31"]),
  timestamp: (random) =>
    random.pick([
      "2024-02-29T23:59:59.999999",
      "2024-03-01T00:00:00.000000",
      "1969-12-31T23:59:59.500000",
      "2024-01-01T12:30:00.000001",
    ]),
  decimal: (random) => ((random.int(41) - 20) / 4).toFixed(2),
};

const shapes: readonly Omit<Column, "name">[] = [
  ...([
    { type: "int" },
    { type: "int" },
    { type: "int64" },
    { type: "float", special: true },
    { type: "float", special: true },
  ] as const),
  ...([
    { type: "bool" },
    { type: "text" },
    { type: "text" },
    { type: "date" },
    { type: "timestamp", unit: "us" },
  ] as const),
  { type: "decimal", precision: 10, scale: 2 },
];

/** A frame of up to 40 rows and 6 columns, whose names begin with `prefix`. */
export function randomFrame(random: Random, prefix: string): Frame {
  const columns = Array.from(
    { length: 2 + random.int(5) },
    (_, index): Column => ({ ...random.pick(shapes), name: `${prefix}${index}` }),
  );
  const rows = Array.from(
    { length: random.chance(0.05) ? 0 : 1 + random.int(40) },
    (): Row => columns.map(({ type }) => (random.chance(0.15) ? null : (draws[type]?.(random) ?? null))),
  );
  return { columns, rows };
}
