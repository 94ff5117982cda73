// Finding and reading datasets. Runs at the edge.
import type { Catalogue } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { jqLimits } from "../../limits.ts";
import type { Dataset, DatasetSummary } from "./schema.ts";

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

/** A dataset's stored bytes: NDJSON for records, the document for whole. Throws `conflict` when they gave way to a newer version. */
export async function openDataset(files: R2Bucket, dataset: Dataset): Promise<ReadableStream<Uint8Array>> {
  const object = await files.get(dataset.r2_key);
  if (object !== null) return object.body;
  throw new AppError(
    "conflict",
    `Version ${dataset.version} of the dataset "${dataset.name}" was replaced or deleted, and its content is no longer kept.`,
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

/** True when a program may read the whole dataset at once. */
export function fitsWhole(dataset: Pick<Dataset, "bytes">): boolean {
  return dataset.bytes <= jqLimits.wholeInputBytes;
}
