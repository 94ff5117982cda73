// One CSV row into its cells (RFC 4180), and what the header line tells. Runs at the edge.

/** Why a row is not CSV: the physical line within the row, from 0, and the cause. */
export interface RowFault {
  line: number;
  cause: string;
}

const delimiters = [",", ";", "\t", "|"] as const;

/** The delimiter that a header line holds most often outside quotes; the first of `,` `;` tab `|` wins a tie. */
export function detectDelimiter(header: string): string {
  const bare = header
    .split('"')
    .filter((_, index) => index % 2 === 0)
    .join("");
  let best: string = delimiters[0];
  let most = 0;
  for (const delimiter of delimiters) {
    const count = bare.split(delimiter).length - 1;
    if (count > most) {
      best = delimiter;
      most = count;
    }
  }
  return best;
}

/** The cells of a row without its line end, or why it is none. */
export function splitRow(row: string, delimiter: string): string[] | RowFault {
  if (!row.includes('"')) return row.split(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    const cell = row.charAt(at) === '"' ? quotedCell(row, at) : bareCell(row, at, delimiter);
    if ("cause" in cell) return cell;
    cells.push(cell.text);
    if (cell.end === row.length) return cells;
    if (!row.startsWith(delimiter, cell.end)) {
      return { line: lineOf(row, cell.end), cause: "there is text between a closing quote and the next delimiter" };
    }
    at = cell.end + 1;
  }
}

function quotedCell(row: string, start: number): { text: string; end: number } | RowFault {
  let end = row.indexOf('"', start + 1);
  while (end >= 0 && row.charAt(end + 1) === '"') end = row.indexOf('"', end + 2);
  if (end < 0) return { line: lineOf(row, start), cause: "a quoted cell that opens here is not closed" };
  return { text: row.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 };
}

function bareCell(row: string, start: number, delimiter: string): { text: string; end: number } | RowFault {
  const next = row.indexOf(delimiter, start);
  const end = next < 0 ? row.length : next;
  const text = row.slice(start, end);
  if (!text.includes('"')) return { text, end };
  return {
    line: lineOf(row, row.indexOf('"', start)),
    cause: "there is a quote inside a cell that does not begin with one",
  };
}

/** Line breaks before `at`. */
export function lineOf(row: string, at: number): number {
  let lines = 0;
  for (let next = row.indexOf("\n"); next >= 0 && next < at; next = row.indexOf("\n", next + 1)) lines++;
  return lines;
}

/** Column names without repeats: an empty one becomes `column_<n>`, a repeated one gets `_2`, `_3`. */
export function columnNames(header: readonly string[]): string[] {
  const written = new Set(header);
  const taken = new Set<string>();
  const nextSuffix = new Map<string, number>();
  return header.map((cell, index) => {
    const wanted = cell.trim() === "" ? `column_${index + 1}` : cell.trim();
    let name = wanted;
    let suffix = nextSuffix.get(wanted) ?? 2;
    while (taken.has(name) || (name !== wanted && written.has(name))) name = `${wanted}_${suffix++}`;
    nextSuffix.set(wanted, suffix);
    taken.add(name);
    return name;
  });
}
