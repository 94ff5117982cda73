// Upload to stored content: bytes in, NDJSON (or one document) to R2, and what there is to know about it. Flat memory. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { exceedsBytes } from "../../../core/utf8.ts";
import { JsonRecordReader } from "../../../engines/records/json-records.ts";
import { ndjsonReader } from "../../../engines/records/ndjson.ts";
import type { RecordReader, RecordTarget } from "../../../engines/records/reader.ts";
import { Utf8Reader } from "../../../engines/records/utf8.ts";
import { datasetLimits } from "../../../limits.ts";
import type { R2Writer } from "../../../platform/r2.ts";
import type { DatasetContent, DatasetFormat } from "../schema.ts";
import { CsvReader } from "./csv.ts";
import { SchemaCollector } from "./infer-schema.ts";

/** Input is parsed in pieces this small, so that what one piece grows to (a CSV row repeats every column's name) stays small too. */
const pieceBytes = 16 * 1024;

/** Bytes from anywhere: a request body, the parts of an upload one after another, a text. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Content that is stored, and what its uploader should know about it. */
export interface Ingested {
  content: DatasetContent;
  notes: string[];
}

/**
 * Reads `source` as `format` and writes its records to `writer`, which it closes; on a throw the writer is left open and nothing is
 * readable under its key. Each record is kept as written, one a line. `notes`: what the uploader should know. Throws `dataset_malformed`, `too_large`, and what `source` throws.
 */
export async function ingest(source: ByteSource, format: DatasetFormat, writer: R2Writer): Promise<Ingested> {
  const intake = new Intake(format);
  for await (const chunk of source) {
    for (const text of intake.read(chunk)) {
      await writer.write(text);
      requireStorable(writer.bytes);
    }
  }
  await writer.write(intake.end());
  requireStorable(writer.bytes);
  const kind = intake.isWhole ? "whole" : "records";
  const stored = await writer.close(kind === "whole" ? "application/json" : "application/x-ndjson");
  return { content: { kind, format, ...stored, ...intake.finish() }, notes: [...intake.notes] };
}

/** Content on its way in: bytes go in, what is to be stored comes out, and what there is to know about it is collected. */
export class Intake {
  readonly #content = new ContentCollector();
  readonly #utf8 = new Utf8Reader();
  readonly #reader: RecordReader;

  constructor(format: DatasetFormat) {
    this.#reader = readerOf(format, this.#content);
  }

  /** Reads some bytes, cut anywhere; gives out what is to be stored, little by little. Throws `dataset_malformed`, `too_large`. */
  *read(chunk: Uint8Array): Generator<string> {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const { text, offset } = this.#utf8.decode(chunk.subarray(at, at + pieceBytes));
      this.#reader.push(text, offset);
      yield this.#content.takeText();
    }
  }

  /** The input has ended: the rest that is to be stored. Throws `dataset_malformed`, `too_large`. */
  end(): string {
    this.#reader.end(this.#utf8.end());
    return this.#content.takeText();
  }

  /** The input goes on, but no more of it is read: what can be said of the records so far. */
  stop(): string {
    this.#reader.stop?.();
    return this.#content.takeText();
  }

  finish(): Pick<DatasetContent, "record_count" | "schema" | "sample"> {
    return this.#content.finish();
  }

  get isWhole(): boolean {
    return this.#content.isWhole;
  }

  /** What the uploader should know about the content. */
  get notes(): readonly string[] {
    return this.#content.notes;
  }

  /** How a CSV file is written, once its header was read. */
  get csv(): { delimiter: string; columns: readonly string[] } | undefined {
    return this.#reader.csv?.();
  }
}

/** The reader of a format. */
export function readerOf(format: DatasetFormat, target: RecordTarget): RecordReader {
  switch (format) {
    case "json":
      return new JsonRecordReader(target);
    case "ndjson":
      return ndjsonReader(target);
    case "csv":
      return new CsvReader(target);
  }
}

/** Counts, samples and describes what the reader finds, and holds its text until it is written. */
class ContentCollector implements RecordTarget {
  readonly #schema = new SchemaCollector();
  readonly #sample: string[] = [];
  #text = "";
  #records = 0;
  isWhole = false;
  readonly notes: string[] = [];

  record(json: string, value?: unknown): void {
    this.#text += `${json}\n`;
    this.#note(json, value);
  }

  whole(json: string, value: unknown): void {
    this.isWhole = true;
    this.#text = json;
    this.#note(json, value);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  takeText(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  finish(): Pick<DatasetContent, "record_count" | "schema" | "sample"> {
    return { record_count: this.#records, schema: this.#schema.finish(), sample: this.#sample };
  }

  #note(json: string, value: unknown): void {
    const index = this.#records++;
    if (index < datasetLimits.sampleRecords && !exceedsBytes(json, datasetLimits.sampleRecordBytes))
      this.#sample.push(json);
    if (index >= datasetLimits.schemaRecords && index % datasetLimits.schemaEvery !== 0) return;
    this.#schema.add(value === undefined ? JSON.parse(json) : value);
  }
}

function requireStorable(bytes: number): void {
  const limit = datasetLimits.storedBytes;
  if (bytes <= limit) return;
  throw new AppError(
    "too_large",
    `As stored the dataset is larger than ${limit} bytes, the limit of one dataset (limit storedBytes).`,
    {
      hint: "Split it into several datasets.",
      details: { limit: "storedBytes", value: limit },
    },
  );
}
