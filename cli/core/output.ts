// What a command prints: results on standard output, everything else on standard error; colour and bars only on a terminal. Runs under Node.
import type { CliError } from "./errors.ts";
import { isRecord } from "./json.ts";

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  env: NodeJS.ProcessEnv;
}

const styles = { bold: [1, 22], dim: [2, 22], green: [32, 39], red: [31, 39], yellow: [33, 39] } as const;
type Style = keyof typeof styles;

export interface Column {
  title: string;
  key: string;
  right?: boolean;
}

export class Output {
  readonly json: boolean;
  readonly isTerminal: boolean;
  readonly canDraw: boolean;
  readonly #quiet: boolean;
  readonly #colour: { out: boolean; err: boolean };

  constructor({ json, quiet, env }: OutputOptions) {
    this.json = json;
    this.#quiet = quiet;
    this.isTerminal = process.stdout.isTTY === true;
    const isDumb = env.TERM === "dumb";
    this.canDraw = process.stderr.isTTY === true && !quiet && !json && !isDumb;
    const mayColour = !json && !isDumb && (env.NO_COLOR ?? "") === "";
    this.#colour = { out: mayColour && this.isTerminal, err: mayColour && process.stderr.isTTY === true };
  }

  /** The result: `value` as JSON with --json, else `text`. */
  async result(value: unknown, text: string | (() => string)): Promise<void> {
    if (this.json) return this.write(`${JSON.stringify(value, null, 2)}\n`);
    const shown = typeof text === "string" ? text : text();
    if (shown !== "") await this.write(`${this.safe(shown)}\n`);
  }

  /** Bytes or text for standard output as they are; resolves once there is room for more. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A remark for a person; a script, which has no terminal, does not get it. */
  note(text: string): void {
    if (process.stderr.isTTY === true && !this.#quiet && !this.json) this.#err(text);
  }

  /** What nobody may miss, script or person. */
  warn(text: string): void {
    if (!this.#quiet) this.#err(`${this.paint("yellow", "warning:", "err")} ${text}`);
  }

  /** A text that is the point of the command but no result, such as an address to open. */
  say(text: string): void {
    this.#err(text);
  }

  fail(error: CliError): void {
    const { code, message, hint, status, requestId, details, exitCode } = error;
    if (this.json) {
      const shown = { code, message, hint, status, request_id: requestId, details, exit_code: exitCode };
      process.stderr.write(`${JSON.stringify({ error: shown })}\n`);
      return;
    }
    const lines = [`${this.paint("red", "error:", "err")} ${message}`];
    if (hint !== undefined) lines.push(`  ${hint}`);
    const marks = [...(code === "usage" ? [] : [code]), ...(requestId === undefined ? [] : [`request ${requestId}`])];
    if (marks.length > 0) lines.push(this.paint("dim", `  (${marks.join(", ")})`, "err"));
    this.#err(lines.join("\n"));
  }

  paint(style: Style, text: string, where: "out" | "err" = "out"): string {
    const [on, off] = styles[style];
    return this.#colour[where] ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }

  /** Text from elsewhere may hold commands for the terminal; they are shown, not obeyed. Colours of ours are kept. */
  safe(text: string): string {
    return this.isTerminal ? showControls(text) : text;
  }

  #err(text: string): void {
    process.stderr.write(`${process.stderr.isTTY === true ? showControls(text) : text}\n`);
  }
}

const ours = Object.values(styles)
  .flat()
  .map((code) => `\x1b[${code}m`);

/** The text with control characters and those that turn its direction written out, but for line ends, tabs and the colours of `paint`. */
export function showControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character, at: number) => {
    if (character === "\n" || character === "\t") return character;
    if (ours.some((code) => text.startsWith(code, at))) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** A cell's text: one line, without commands for the terminal. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return showControls(text.replaceAll("\n", "\\n")).replaceAll("\x1b", "\\u001b");
}

/** Rows as aligned columns under their titles. */
export function table(rows: readonly object[], columns: readonly Column[]): string {
  const cells = rows.map((row) => columns.map(({ key }) => cellText((row as Record<string, unknown>)[key])));
  const widths = columns.map(({ title }, at) => Math.max(width(title), ...cells.map((row) => width(row[at] ?? ""))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - width(cell)));
        return columns[at]?.right === true ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join("\n");
}

/** Rows of any form as a table: by their fields when they are records, else one value a line. */
export function valueTable(rows: readonly unknown[]): string {
  const keys = new Set(rows.flatMap((row) => (isRecord(row) ? Object.keys(row) : [])));
  if (keys.size === 0 || !rows.every(isRecord)) return rows.map(cellText).join("\n");
  const columns = [...keys].map((key) => ({
    title: cellText(key),
    key,
    right: rows.every((row) => typeof row[key] === "number" || row[key] == null),
  }));
  return table(rows, columns);
}

const segments = new Intl.Segmenter();

function width(text: string): number {
  let columns = 0;
  for (const { segment } of segments.segment(text))
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
        segment,
      )
        ? 2
        : 1;
  return columns;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for a person: `12.3 MiB`. */
export function byteText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** `1 record`, `2 records`. */
export const plural = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;
