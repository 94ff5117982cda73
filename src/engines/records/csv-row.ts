// One CSV row into its cells (RFC 4180), and what the header line tells. Pure.

/** Why a row is not CSV: the physical line within the row, from 0, and the cause. */
export interface RowFault {
  line: number;
  cause: string;
}

/** A cell's text; null for one with nothing in it, not even quotes. */
export type CsvCell = string | null;

const delimiters = [",", ";", "\t", "|"] as const;

/** The delimiter that a header line holds most often outside quotes; the first of `,` `;` tab `|` wins a tie. */
export function detectDelimiter(header: string, quote = '"'): string {
  const bare =
    quote === ""
      ? header
      : header
          .split(quote)
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

/** The cells of a row without its line end, or why it is none. `quote`: one character, or empty for a file without quotes. */
export function splitRow(row: string, delimiter: string, quote = '"'): CsvCell[] | RowFault {
  if (quote === "" || !row.includes(quote)) {
    const cells: CsvCell[] = row.split(delimiter);
    for (let index = 0; index < cells.length; index++) if (cells[index] === "") cells[index] = null;
    return cells;
  }
  const cells: CsvCell[] = [];
  let at = 0;
  for (;;) {
    const isQuoted = row.charAt(at) === quote;
    const cell = isQuoted ? quotedCell(row, at, quote) : bareCell(row, at, delimiter, quote);
    if ("cause" in cell) return cell;
    cells.push(cell.text === "" && !isQuoted ? null : cell.text);
    if (cell.end === row.length) return cells;
    if (!row.startsWith(delimiter, cell.end)) {
      return { line: lineOf(row, cell.end), cause: "there is text between a closing quote and the next delimiter" };
    }
    at = cell.end + 1;
  }
}

function quotedCell(row: string, start: number, quote: string): { text: string; end: number } | RowFault {
  let end = row.indexOf(quote, start + 1);
  while (end >= 0 && row.charAt(end + 1) === quote) end = row.indexOf(quote, end + 2);
  if (end < 0) return { line: lineOf(row, start), cause: "a quoted cell that opens here is not closed" };
  return { text: row.slice(start + 1, end).replaceAll(quote + quote, quote), end: end + 1 };
}

function bareCell(
  row: string,
  start: number,
  delimiter: string,
  quote: string,
): { text: string; end: number } | RowFault {
  const next = row.indexOf(delimiter, start);
  const end = next < 0 ? row.length : next;
  const text = row.slice(start, end);
  if (!text.includes(quote)) return { text, end };
  return {
    line: lineOf(row, row.indexOf(quote, start)),
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
