// Repeatable chance: the same seed gives the same choices. Runs anywhere.

const canaryLetters = "abcdefghijklmnopqrstuvwxyz234567";

/** A small generator (sfc32) good enough to choose with; never for secrets. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = (seed ^ 0x9e3779b9) >>> 0;
    this.#c = Math.floor(seed / 2 ** 32) >>> 0;
    for (let round = 0; round < 16; round++) this.next();
  }

  /** An integer of 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** 0 to `below` - 1. */
  int(below: number): number {
    return this.next() % below;
  }

  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  pick<Item>(items: readonly Item[]): Item | undefined;
  pick<Item>(items: readonly Item[]): Item | undefined {
    // It draws from an empty list too: what is chosen afterwards must not depend on what a server happened to answer.
    const drawn = this.next();
    return items.length === 0 ? undefined : items[drawn % items.length];
  }

  /** One of the items, each as likely as its weight says. */
  weighted<Item extends { weight: number }>(items: readonly Item[]): Item {
    let left = this.int(items.reduce((sum, { weight }) => sum + weight, 0));
    for (const item of items) {
      left -= item.weight;
      if (left < 0) return item;
    }
    throw new Error("nothing to choose from");
  }

  /** Lower-case letters and digits 2 to 7. */
  letters(count: number): string {
    return Array.from({ length: count }, () => canaryLetters[this.int(32)]).join("");
  }
}
