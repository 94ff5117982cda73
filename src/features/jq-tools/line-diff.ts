// What changed between two texts, line by line, as people read it in a patch. Runs anywhere.

/** A table of this many cells is searched for the fewest changes; larger texts are walked along their changes instead. */
const maxCells = 1_000_000;
/** Changed lines such a walk finds; with more the change is shown as one block. It takes room in proportion to their square. */
const maxEdits = 1_000;
const contextLines = 2;

export type Edit = { mark: " " | "-" | "+"; line: string };

/** The changed lines with two of context around them, marked as in a unified diff; empty when nothing changed. */
export function lineDiff(before: string, after: string): string {
  const { edits } = lineEdits(linesOf(before), linesOf(after));
  if (edits.every((edit) => edit.mark === " ")) return "";
  const near = (at: number): boolean =>
    edits.slice(Math.max(0, at - contextLines), at + contextLines + 1).some((edit) => edit.mark !== " ");
  const lines: string[] = [];
  let skipping = false;
  for (const [at, { mark, line }] of edits.entries()) {
    if (near(at)) lines.push(`${mark}${line}`);
    else if (!skipping) lines.push("…");
    skipping = !near(at);
  }
  return lines.join("\n");
}

/** No text has no lines: what was not there before was not an empty line either. */
export function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

/**
 * The fewest lines removed and added that make `after` of `before`, in order, with those that stay; beyond what can be compared, all of the
 * lines between the first and the last change. `steps` says what it cost, in comparisons of lines.
 */
export function lineEdits(before: readonly string[], after: readonly string[]): { edits: Edit[]; steps: number } {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  const inside = editsInside(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  const edits = [
    ...before.slice(0, head).map((line): Edit => ({ mark: " ", line })),
    ...removedFirst(inside.edits),
    ...before.slice(before.length - tail).map((line): Edit => ({ mark: " ", line })),
  ];
  return { edits, steps: inside.steps + before.length + after.length };
}

/** Where lines changed with none that stays in between, what was there comes first and then what is there now. */
function removedFirst(edits: readonly Edit[]): Edit[] {
  const ordered: Edit[] = [];
  let added: Edit[] = [];
  for (const edit of edits) {
    if (edit.mark === " ") {
      ordered.push(...added, edit);
      added = [];
    } else if (edit.mark === "+") added.push(edit);
    else ordered.push(edit);
  }
  return [...ordered, ...added];
}

function editsInside(before: readonly string[], after: readonly string[]): { edits: Edit[]; steps: number } {
  const cells = before.length * after.length;
  if (cells > 0 && cells <= maxCells) return { edits: editsByTable(before, after), steps: cells };
  const walked = cells === 0 ? undefined : editsByWalk(before, after);
  const block = [
    ...before.map((line): Edit => ({ mark: "-", line })),
    ...after.map((line): Edit => ({ mark: "+", line })),
  ];
  return { edits: walked ?? block, steps: cells === 0 ? 0 : maxCells + 2 * (before.length + after.length) };
}

/** The longest common subsequence decides which lines stay. */
function editsByTable(before: readonly string[], after: readonly string[]): Edit[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const cell = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] =
        before[row] === after[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1));
    }
  }
  const edits: Edit[] = [];
  let [row, column] = [0, 0];
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      edits.push({ mark: " ", line: before[row++] ?? "" });
      column++;
    } else if (cell(row + 1, column) >= cell(row, column + 1)) edits.push({ mark: "-", line: before[row++] ?? "" });
    else edits.push({ mark: "+", line: after[column++] ?? "" });
  }
  return [
    ...edits,
    ...before.slice(row).map((line): Edit => ({ mark: "-", line })),
    ...after.slice(column).map((line): Edit => ({ mark: "+", line })),
  ];
}

/**
 * Myers' greedy walk (An O(ND) Difference Algorithm and Its Variations, 1986): for each number of edits, how far one gets on each diagonal.
 * Undefined when it takes more than maxEdits.
 */
function editsByWalk(before: readonly string[], after: readonly string[]): Edit[] | undefined {
  const reached: Int32Array[] = [];
  let last = new Int32Array(3);
  for (let edits = 0; edits <= maxEdits; edits++) {
    // Diagonal k stands at index edits + 1 + k, with room for a neighbour on either side.
    const next = new Int32Array(2 * edits + 5);
    const at = (k: number): number => last[edits + k] ?? 0;
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(k - 1) < at(k + 1));
      let row = edits === 0 ? 0 : down ? at(k + 1) : at(k - 1) + 1;
      while (row < after.length && row - k < before.length && row - k >= 0 && after[row] === before[row - k]) row++;
      next[edits + 1 + k] = row;
      if (row >= after.length && row - k >= before.length) {
        reached.push(next);
        return walkBack(before, after, reached, k);
      }
    }
    reached.push(next);
    last = next;
  }
  return undefined;
}

/** The way that led to the end, from its last step to its first. `row` counts lines of `after`, `row - k` those of `before`. */
function walkBack(
  before: readonly string[],
  after: readonly string[],
  reached: readonly Int32Array[],
  lastDiagonal: number,
): Edit[] {
  const edits: Edit[] = [];
  let k = lastDiagonal;
  let row = after.length;
  const stay = (until: number): void => {
    while (row > until) edits.push({ mark: " ", line: after[--row] ?? "" });
  };
  for (let d = reached.length - 1; d > 0; d--) {
    const at = (diagonal: number): number => reached[d - 1]?.[d + diagonal] ?? 0;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const from = down ? at(k + 1) : at(k - 1);
    stay(down ? from : from + 1);
    if (down) edits.push({ mark: "-", line: before[row - k - 1] ?? "" });
    else edits.push({ mark: "+", line: after[--row] ?? "" });
    k = down ? k + 1 : k - 1;
  }
  stay(0);
  return edits.reverse();
}
