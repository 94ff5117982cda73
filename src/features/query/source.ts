// What a program reads, in one form: a dataset, or a table or frame as records. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { streamOf } from "../../engines/frame/chunk-stream.ts";
import { recordJson } from "../../engines/frame/output.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { openDataset } from "../datasets/datasets.ts";
import type { Dataset } from "../datasets/schema.ts";
import type { Lineage } from "../frames/schema.ts";
import type { Source } from "../workspace/schema.ts";
import { offeringDatasets, readAllRows, readerOf } from "../workspace/workspace.ts";
import type { FoundRelation } from "./schema.ts";

export interface QuerySource {
  name: string;
  /** Of a dataset. */
  version?: number;
  /** Another one whenever the content is another. */
  etag: string;
  /** records: JSON texts, one a line; whole: one document. */
  kind: Dataset["kind"];
  /** Of what `open` gives: exactly of a dataset, at most of a table or frame. */
  bytes: number;
  records: number;
  open: (context: CallContext) => Promise<ReadableStream<Uint8Array>>;
  /** How a frame of the results says where it came from. */
  input: Lineage["inputs"][number];
  /** The datasets behind it, with who sees them: whoever may not, may not see what is made of it. */
  sources: Source[];
}

/** A dataset as a source. */
export function datasetSource(dataset: Dataset): QuerySource {
  const { id, name, version, etag, kind, bytes, record_count, visibility } = dataset;
  return {
    ...{ name, version, etag, kind, bytes },
    records: record_count,
    open: (context) => openDataset(context.files, dataset),
    input: { kind: "dataset", name, version },
    sources: [{ id, name, version, ...(visibility === undefined ? {} : { visibility }) }],
  };
}

/**
 * What is called so: a dataset, else a table or frame by its name or data_ref. Throws `not_found` that offers near names of all of them.
 */
export async function findSource(context: CallContext, name: string): Promise<QuerySource> {
  const dataset = context.catalogue.datasets.get(name);
  if (dataset !== undefined) return datasetSource(dataset);
  return relationSource(
    await offeringDatasets(context, name, context.workspace.relations().find(name, readerOf(context))),
  );
}

function relationSource(found: FoundRelation): QuerySource {
  const { kind, id, name, columns, rows } = found;
  const names = columns.reduce((sum, column) => sum + JSON.stringify(column.name).length + 2, 2);
  const shown = name ?? id;
  const ref = kind === "frame" ? id : shown;
  return {
    name: shown,
    etag: kind === "frame" ? id : `${id}@${found.version}`,
    kind: "records",
    // A column's name stands in each record, and once in a row of text.
    bytes: found.bytes + rows * names,
    records: rows,
    open: async (context) => streamOf(asRecords(readAllRows(context, { ref, version: found.version }), columns)),
    input: kind === "frame" ? { kind, name: shown, ref: id } : { kind, name: shown },
    sources: found.sources,
  };
}

/** Rows as records, a line each. */
async function* asRecords(all: AsyncGenerator<Row[]>, columns: readonly Column[]): AsyncGenerator<string, void> {
  for await (const rows of all) yield rows.map((row) => `${recordJson(columns, row)}\n`).join("");
}
