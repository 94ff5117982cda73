// Finding and reading datasets. Runs at the edge.
import type { z } from "zod";
import type { Catalogue } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { jqLimits } from "../../limits.ts";
import type { Download } from "../../platform/downloads.ts";
import type { Dataset, DatasetSummary, describedDatasetSchema } from "./schema.ts";

/** The dataset of that name. Throws `not_found` that offers near names. */
export function findDataset(catalogue: Pick<Catalogue, "datasets">, name: string): Dataset {
  const dataset = catalogue.datasets.get(name);
  if (dataset !== undefined) return dataset;
  const near = nearNames(name, catalogue.datasets.keys());
  throw new AppError("not_found", `There is no dataset "${name}".`, {
    hint: didYouMean(near) ?? "list_datasets shows all datasets of the team.",
    details: { near },
  });
}

/** What there is to know of a version, current or kept, to read its content. */
export type StoredContent = Pick<Dataset, "name" | "version" | "kind" | "bytes" | "etag" | "r2_key">;

/** A dataset's stored bytes: NDJSON for records, the document for whole. Throws `conflict` when they gave way to a newer version. */
export function openDataset(files: R2Bucket, dataset: StoredContent): Promise<ReadableStream<Uint8Array>> {
  return contentOf(files, dataset).open();
}

/** The same as a download. */
export function contentOf(files: R2Bucket, dataset: StoredContent): Download {
  const { name, kind, bytes, etag, r2_key: key } = dataset;
  const isWhole = kind === "whole";
  return {
    bytes,
    etag,
    contentType: isWhole ? "application/json" : "application/x-ndjson",
    filename: `${name}.${isWhole ? "json" : "ndjson"}`,
    sha256: /^"([0-9a-f]{64})"$/.exec(etag)?.[1],
    // Not by platform/downloads.ts: the team's object reads these rules too.
    open: async (range) => {
      const object = await files.get(key, range === undefined ? {} : { range });
      if (object === null) throw gone(dataset);
      return object.body;
    },
  };
}

function gone({ name, version }: StoredContent): AppError {
  return new AppError(
    "conflict",
    `Version ${version} of the dataset "${name}" was replaced or deleted, and its content is no longer kept.`,
    {
      hint: "Call again to read the version that is current now.",
    },
  );
}

/** The dataset without what only the server needs, and without its schema. */
export function summarize(dataset: Dataset): DatasetSummary {
  const { r2_key: _key, sample: _sample, deleted: _deleted, schema: _schema, ...summary } = dataset;
  return summary;
}

/** The dataset as requests see it. */
export function publicDataset(dataset: Dataset): DatasetSummary & Pick<Dataset, "schema"> {
  return { ...summarize(dataset), schema: dataset.schema };
}

/** The dataset with what it looks like and how it can be read. */
export function describedDataset(dataset: Dataset): z.input<typeof describedDatasetSchema> {
  const modes = { whole: fitsWhole(dataset), records: dataset.kind === "records" };
  return { ...publicDataset(dataset), sample: dataset.sample, modes };
}

/** True when a program may read the whole dataset at once. */
export function fitsWhole(dataset: Pick<Dataset, "bytes">): boolean {
  return dataset.bytes <= jqLimits.wholeInputBytes;
}
