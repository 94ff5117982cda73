// What changed between two texts, line by line, as people read it in a patch. Runs anywhere.

/** Comparing takes time and room in proportion to the product of the changed lines; beyond this the change is shown as one block. */
const maxCells = 1_000_000;
const contextLines = 2;

type Edit = { mark: " " | "-" | "+"; line: string };

/** The changed lines with two of context around them, marked as in a unified diff; empty when nothing changed. */
export function lineDiff(before: string, after: string): string {
  const edits = editsBetween(linesOf(before), linesOf(after));
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
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  return [
    ...before.slice(0, head).map((line): Edit => ({ mark: " ", line })),
    ...editsInside(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map((line): Edit => ({ mark: " ", line })),
  ];
}

/** The longest common subsequence decides which lines stay. */
function editsInside(before: readonly string[], after: readonly string[]): Edit[] {
  const removed = before.map((line): Edit => ({ mark: "-", line }));
  const added = after.map((line): Edit => ({ mark: "+", line }));
  if (before.length === 0 || after.length === 0 || before.length * after.length > maxCells)
    return [...removed, ...added];
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
  return [...edits, ...removed.slice(row), ...added.slice(column)];
}
