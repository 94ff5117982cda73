// From a frame to a file, as a stream that holds little of it at a time. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { parseExact } from "../../core/exact-json.ts";
import { readChunkStream } from "../../engines/frame/chunk-stream.ts";
import { arrowBytes } from "../../engines/frame/formats/arrow-out.ts";
import { parquetBytes } from "../../engines/frame/formats/parquet-out.ts";
import { type CsvOutput, csvText, jsonText } from "../../engines/frame/formats/text-out.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import type { Frame } from "../frames/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import type { OutputFormat } from "./schema.ts";

/** Chunks of a frame that become one record batch or row group: some megabytes, 10,000 and 24,000 rows. */
const arrowChunks = 5;
const parquetChunks = 12;

/** Texts of CSV and JSON, bytes of the others. */
export type FilePieces = AsyncGenerator<string> | AsyncGenerator<Uint8Array>;

/** The file of a frame, piece by piece. */
export async function filePieces(
  context: Pick<CallContext, "workspace" | "actor" | "catalogue">,
  frame: Pick<Frame, "id" | "columns">,
  format: OutputFormat,
  csv: CsvOutput = {},
): Promise<FilePieces> {
  const stream = await context.workspace.frames().stream(frame.id, readerOf(context));
  return rowPieces(frame.columns, chunkRows(frame.columns, stream), format, csv);
}

/** The rows of a chunk stream. */
export function chunkRows(columns: readonly Column[], stream: ReadableStream<Uint8Array>): AsyncGenerator<Row[]> {
  // Numbers inside JSON values may have more digits than a double.
  return readChunkStream(stream, columns.some(({ type }) => type === "json") ? parseExact : undefined);
}

/** The file of rows that come some at a time. */
export function rowPieces(
  columns: readonly Column[],
  chunks: AsyncIterable<Row[]>,
  format: OutputFormat,
  csv: CsvOutput = {},
): FilePieces {
  switch (format) {
    case "csv":
      return csvText(columns, chunks, csv);
    case "json":
    case "ndjson":
      return jsonText(columns, chunks, format);
    case "parquet":
      return parquetBytes(columns, gathered(chunks, parquetChunks));
    case "arrow":
    case "arrows":
      return arrowBytes(columns, gathered(chunks, arrowChunks), format === "arrow" ? "file" : "stream");
  }
}

async function* gathered(chunks: AsyncIterable<readonly Row[]>, count: number): AsyncGenerator<Row[]> {
  let rows: Row[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    for (const row of chunk) rows.push(row);
    if (++held < count) continue;
    yield rows;
    rows = [];
    held = 0;
  }
  if (rows.length > 0) yield rows;
}

/** Pieces as a stream of bytes that asks for each when it is wanted. */
export function byteStream(pieces: FilePieces): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const next = await pieces.next();
        if (next.done === true) {
          controller.close();
          return;
        }
        const bytes = typeof next.value === "string" ? encoder.encode(next.value) : next.value;
        if (bytes.length === 0) continue;
        controller.enqueue(bytes);
        return;
      }
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}
