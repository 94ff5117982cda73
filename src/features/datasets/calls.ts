// What tools, routes and pages do with a dataset's versions and with deleted datasets. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { type Confirmable, confirmToken, digestOfCall, requireConfirmation } from "../../core/confirmation.ts";
import { pageOf } from "../../core/paging.ts";
import { callerOf } from "../access/access.ts";
import { findDataset, publicDataset } from "./datasets.ts";
import type { Dataset, DatasetVersion, DeletedDataset } from "./schema.ts";
import type { Precondition } from "./versions.ts";

/** A version of a dataset: the current one where none is named. Throws `not_found`. */
export async function findVersion(
  context: CallContext,
  name: string,
  version: number | undefined,
): Promise<Pick<DatasetVersion, "name" | "version" | "kind" | "bytes" | "etag" | "r2_key">> {
  const dataset = findDataset(context.catalogue, name);
  if (version === undefined || version === dataset.version) return dataset;
  return await context.stub.datasets().version(name, version, context.actor);
}

/** Deleted datasets that can be brought back, by name, in pages. */
export async function listDeleted(context: CallContext, page: { limit: number; cursor?: string | undefined }) {
  const all: readonly DeletedDataset[] = await context.stub.datasets().deleted(context.actor);
  const { items, ...more } = pageOf(all, { ...page, key: ({ name }) => name });
  return { datasets: items, ...more };
}

/**
 * Deletes a dataset once that is confirmed for just this version of it. Throws `not_found`, `confirmation_required`, `precondition_failed` when it
 * changed meanwhile.
 */
export async function deleteDataset(context: CallContext, name: string, confirm: string | undefined) {
  const dataset = findDataset(context.catalogue, name);
  const { etag, record_count: count, kind } = dataset;
  const what = kind === "whole" ? "document" : count === 1 ? "1 record" : `${count} records`;
  requireConfirmation(await deletionOf(dataset), confirm, `delete the dataset ${name} with its ${what}`);
  return await removeDataset(context, name, [etag]);
}

/** The confirmation of deleting a dataset as it is now, for a page that asks by itself. */
export async function deletionToken(dataset: Dataset): Promise<string> {
  return confirmToken(await deletionOf(dataset));
}

async function deletionOf({ name, version, record_count: count }: Dataset): Promise<Confirmable> {
  return { call: await digestOfCall("delete_dataset", { dataset: name }), version, count };
}

/** Deletes a dataset in the state that is asked for. Throws `not_found`, `precondition_failed`. */
export async function removeDataset(context: CallContext, name: string, precondition: Precondition) {
  const by = callerOf(context);
  const { dataset, restorableUntil } = await context.stub.datasets().remove({ name, precondition, by });
  return { name, version: dataset.version, restorable_until: new Date(restorableUntil).toISOString() };
}

/** Brings back a deleted dataset, or makes an older version current. Throws what `restoreDataset` of the object throws. */
export async function restoreDataset(
  context: CallContext,
  input: { name: string; version: number | undefined; precondition: Precondition },
) {
  return publicDataset(await context.stub.datasets().restore({ ...input, by: callerOf(context) }));
}
