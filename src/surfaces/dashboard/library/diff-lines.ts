// A diff as text, cut into the lines that pages show. Pure.
import type { DiffLine } from "../parts.tsx";

const kinds = { "+": "added", "-": "removed" } as const;

/** Of a diff as `lineDiff` writes it. */
export function diffLines(diff: string): DiffLine[] {
  if (diff === "") return [];
  return diff.split("\n").map((line) => {
    const mark = line[0];
    const kind = mark === "+" || mark === "-" ? kinds[mark] : "same";
    return { kind, text: mark === "…" ? line : line.slice(1) };
  });
}
