// A result as a file: all rows, as CSV or JSON, written while it is sent. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { isRecord, parseExact } from "../../../core/exact-json.ts";
import { ownValue } from "../../../core/markdown.ts";
import { streamOf } from "../../../engines/frame/chunk-stream.ts";
import { csvField } from "../../../features/results/results.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { isWrite, type Running } from "./asked.ts";
import { spreadRows } from "./running.ts";
import { allOutputs, type Outputs } from "./whole.ts";

export const downloadFormats = ["csv", "json"] as const;
export type DownloadFormat = (typeof downloadFormats)[number];

/** Rows written at a time. */
const rowsAtATime = 500;

/** The file of all that a query gives. Throws what its tool throws, `too_large` for more than a file holds, `sql_forbidden` for SQL that changes rows. */
export async function download(running: Running, format: DownloadFormat): Promise<Response> {
  if (isWrite(running.state)) {
    throw new AppError("sql_forbidden", "A statement that changes rows gives no file.", {
      hint: "Run it in the playground, then download a SELECT.",
    });
  }
  const all = await allOutputs(running, playgroundLimits.resultBytes);
  if (all.cutBy !== undefined) throw tooLongToSend(all.total, all.cutBy);
  const [only] = all.outputs;
  // One list is as good as its items.
  const spread = all.outputs.length === 1 && only?.startsWith("[") === true;
  const texts = spread ? spreadRows([parseExact(only)]).rows.map((row) => JSON.stringify(row)) : all.outputs;
  const pieces = format === "csv" ? csvPieces(texts) : jsonPieces(texts);
  const name = running.state.dataset === "" ? "result" : running.state.dataset.replaceAll(/[^\w.-]/g, "_");
  return new Response(streamOf(pieces), {
    headers: {
      "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
      "content-disposition": `attachment; filename="${name}-result.${format}"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

function tooLongToSend(total: number, { limit, value }: NonNullable<Outputs["cutBy"]>): AppError {
  return new AppError("too_large", `The result has ${total} rows, and a download holds fewer (limit ${limit}).`, {
    hint: "Keep all rows as a frame and download that, or aggregate in the query.",
    details: { limit, value, rows: total },
  });
}

/** One array of all outputs, each as the engine wrote it. */
async function* jsonPieces(texts: readonly string[]): AsyncGenerator<string, void> {
  if (texts.length === 0) return yield "[]\n";
  for (let at = 0; at < texts.length; at += rowsAtATime) {
    yield `${at === 0 ? "[\n" : ",\n"}${texts.slice(at, at + rowsAtATime).join(",\n")}`;
  }
  yield "\n]\n";
}

/** A heading of all keys there are, then a line for each output; what is no record is in one column. Each is parsed twice, and none kept. */
async function* csvPieces(texts: readonly string[]): AsyncGenerator<string, void> {
  const columns = new Set<string>();
  for (const text of texts) for (const key of Object.keys(recordOf(text))) columns.add(key);
  yield `${[...columns].map(spreadsheetField).join(",")}\r\n`;
  for (let at = 0; at < texts.length; at += rowsAtATime) {
    const lines = texts.slice(at, at + rowsAtATime).map((text) => {
      const record = recordOf(text);
      return `${[...columns].map((column) => spreadsheetField(ownValue(record, column))).join(",")}\r\n`;
    });
    yield lines.join("");
  }
}

/** Text that a spreadsheet would run as a formula is marked as text: data is anyone's. What can only be a number, a date or a phone's is left. */
function spreadsheetField(value: unknown): string {
  const isFormula = typeof value === "string" && /^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d ().,:/-]*$/.test(value);
  return csvField(isFormula ? `'${value}` : value);
}

function recordOf(text: string): Record<string, unknown> {
  const value = parseExact(text);
  return isRecord(value) ? value : { value };
}
