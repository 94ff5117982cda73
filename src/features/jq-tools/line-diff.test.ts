// Line diffs: what they show, and that they are the least there is, on texts of any size.
import { describe, expect, it } from "vitest";
import { lineDiff, lineEdits } from "./line-diff.ts";

/** Numbers below n, the same for a seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The length of the longest common subsequence, the plain way. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const next = [0];
    for (const [at, other] of b.entries()) {
      next.push(line === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

const sides = (edits: readonly { mark: string; line: string }[]) => ({
  before: edits.filter(({ mark }) => mark !== "+").map(({ line }) => line),
  after: edits.filter(({ mark }) => mark !== "-").map(({ line }) => line),
  kept: edits.filter(({ mark }) => mark === " ").length,
});

describe("lineDiff", () => {
  it("shows changed lines with two around them, and dots for the rest", () => {
    const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    const after = before.map((line) => (line === "e" ? "E" : line));
    expect(lineDiff(before.join("\n"), after.join("\n"))).toBe("…\n c\n d\n-e\n+E\n f\n g\n…");
    expect(lineDiff("", "a\nb")).toBe("+a\n+b");
    expect(lineDiff("a", "")).toBe("-a");
    expect(lineDiff("same", "same")).toBe("");
  });

  it("shows two small changes far apart in a long text as two", () => {
    const before = Array.from({ length: 3_000 }, (_, at) => `line ${at}`);
    const after = before.map((line, at) => (at === 1 || at === 2_998 ? `${line}!` : line));
    expect(lineDiff(before.join("\n"), after.join("\n"))).toBe(
      " line 0\n-line 1\n+line 1!\n line 2\n line 3\n…\n line 2996\n line 2997\n-line 2998\n+line 2998!\n line 2999",
    );
  });
});

describe("lineEdits", () => {
  it("keeps as many lines as can be kept, and gives both texts back", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const text = () => Array.from({ length: random(25) }, () => String(random(6)));
      const [before, after] = [text(), text()];
      const { edits } = lineEdits(before, after);
      expect([seed, sides(edits)]).toEqual([seed, { before, after, kept: common(before, after) }]);
    }
  });

  it("does so for texts too large for a table, too, and gives up on what has nothing in common", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = seeded(seed);
      const before = Array.from({ length: 1_500 }, () => String(random(900)));
      const after = before.flatMap((line) => {
        const change = random(40);
        return change === 0 ? [] : change === 1 ? [line, String(random(900))] : [change === 2 ? "new" : line];
      });
      const { edits } = lineEdits(["start", ...before], [...after, "end"]);
      const [all, own] = [
        ["start", ...before],
        [...after, "end"],
      ] as const;
      expect([seed, sides(edits)]).toEqual([seed, { before: all, after: own, kept: common(all, own) }]);
    }
    const before = Array.from({ length: 1_500 }, (_, at) => `a${at}`);
    const after = Array.from({ length: 1_500 }, (_, at) => `b${at}`);
    expect(sides(lineEdits(before, after).edits)).toEqual({ before, after, kept: 0 });
  });
});
