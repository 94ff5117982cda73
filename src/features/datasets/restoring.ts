// Deleting a dataset and what is kept of datasets: versions that were replaced, datasets that were deleted, and how they come back. Rules on records; runs in the team object.
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, type Caller, maySee } from "../access/access.ts";
import type { Dataset, DatasetHistory, DatasetVersion, DeletedDataset, VersionSummary } from "./schema.ts";
import { markDeleted, readDataset, reviveDataset, writeVersion } from "./store.ts";
import {
  currentVersion,
  deletedDatasets,
  insertVersion,
  prolongVersions,
  readVersion,
  readVersions,
  takeVersion,
  toVersion,
} from "./version-store.ts";
import {
  auditedState,
  eventOf,
  keep,
  noDataset,
  type Precondition,
  requireDefinitionRoom,
  requireRoom,
  requireState,
} from "./versions.ts";

/**
 * Deletes a dataset: it is gone for every call that enters from now on, and kept with all its versions for datasetLimits.keptDays. Returns
 * until when, as Unix milliseconds. Throws `not_found`, `precondition_failed`.
 */
export function removeDataset(
  deps: TeamDeps,
  input: { name: string; precondition: Precondition; by: Caller },
): { dataset: Dataset; restorableUntil: number } {
  const { name, by } = input;
  return deps.change(by, (revision) => {
    const now = deps.now();
    const before = requireDataset(deps, name, by.actor);
    requireState(before, name, input.precondition);
    const restorableUntil = insertVersion(deps.db, before, now);
    prolongVersions(deps.db, before.id, restorableUntil);
    deps.wakeAt(restorableUntil);
    const dataset = markDeleted(deps.db, before.id, { by: by.actor.username, now: new Date(now), revision });
    return {
      result: { dataset, restorableUntil },
      events: [eventOf(dataset, "removed")],
      audit: [{ action: "dataset.delete", target: { kind: "dataset", name }, before: auditedState(before) }],
    };
  });
}

export interface RestoreDataset {
  name: string;
  /** The version whose content becomes current as a new version; left out: the one that was current when the dataset was deleted, as it was. */
  version: number | undefined;
  precondition: Precondition;
  by: Caller;
}

/**
 * Brings back a deleted dataset, or makes a kept version's content and description the dataset's next version. Throws `not_found`, `conflict`
 * for what is current already, `precondition_failed`, `too_large` at limits of the team.
 */
export function restoreDataset(deps: TeamDeps, input: RestoreDataset): Dataset {
  const { name, by } = input;
  return deps.change(by, (revision) => {
    const before = readDataset(deps.db, name);
    if (before === undefined || !maySee(by.actor, before)) throw notKept(name);
    requireState(before, name, input.precondition);
    const present = before.deleted ? revive(deps, before, revision) : before;
    const dataset =
      input.version === undefined || (before.deleted && input.version === present.version)
        ? present
        : makeCurrent(deps, present, input.version, { by, revision });
    if (dataset === before) throw isCurrent(name, before.version);
    return {
      result: dataset,
      events: [eventOf(dataset, before.deleted ? "created" : "updated")],
      audit: [
        {
          action: "dataset.restore",
          target: { kind: "dataset", name },
          ...(before.deleted ? {} : { before: auditedState(before) }),
          after: {
            ...auditedState(dataset),
            ...(dataset === present ? {} : { restored_version: input.version }),
          },
        },
      ],
    };
  });
}

function revive(deps: TeamDeps, before: Dataset, revision: number): Dataset {
  const last = readVersion(deps.db, before.id, before.version);
  if (last === undefined) throw notKept(before.name);
  requireRoom(deps);
  requireDefinitionRoom(deps, before.name, last);
  takeVersion(deps.db, last);
  return reviveDataset(deps.db, before.id, last, revision);
}

function makeCurrent(
  deps: TeamDeps,
  present: Dataset,
  version: number,
  { by, revision }: { by: Caller; revision: number },
): Dataset {
  if (version === present.version) throw isCurrent(present.name, version);
  const kept = readVersion(deps.db, present.id, version);
  if (kept === undefined) throw noVersion(present.name, version);
  const { kind, format, etag, bytes, schema, sample, recordCount: record_count, description, r2Key } = kept;
  const content = { kind, format, etag, bytes, schema, sample, record_count };
  requireDefinitionRoom(deps, present.name, content);
  const now = deps.now();
  const { name } = present;
  const next = { name, description, content, r2Key, by: by.actor.username, now: new Date(now), revision };
  const dataset = writeVersion(deps.db, present, next);
  // Only now: the version that is restored may be the oldest, and its object is let go with it unless the dataset points at it.
  keep(deps, present, now);
  return dataset;
}

/** The versions of a dataset, the newest first. Throws `not_found`. */
export function datasetHistory(deps: TeamDeps, name: string, asker: Asker): DatasetHistory {
  const dataset = requireDataset(deps, name, asker);
  const kept = readVersions(deps.db, dataset.id).map((row) => toVersion(name, row));
  const all = [currentVersion(dataset), ...kept];
  const versions = all.map((version, index): VersionSummary => {
    const { schema: _schema, sample: _sample, r2_key: _key, name: _name, ...summary } = version;
    const same = all.slice(index + 1).find(({ etag, kind }) => etag === version.etag && kind === version.kind);
    return { ...summary, ...(same === undefined ? {} : { same_content_as: same.version }) };
  });
  return { dataset: name, versions };
}

/** One version of a dataset, the current one or a kept one. Throws `not_found`. */
export function datasetVersion(deps: TeamDeps, name: string, version: number, asker: Asker): DatasetVersion {
  const dataset = requireDataset(deps, name, asker);
  if (version === dataset.version) return currentVersion(dataset);
  const kept = readVersion(deps.db, dataset.id, version);
  if (kept === undefined) throw noVersion(name, version);
  return toVersion(name, kept);
}

/** Deleted datasets that can be brought back, as far as `asker` may see them. */
export function listDeleted(deps: TeamDeps, asker: Asker): DeletedDataset[] {
  return deletedDatasets(deps.db)
    .filter((dataset) => maySee(asker, dataset))
    .map(({ visibility: _visibility, ...shown }) => shown);
}

function requireDataset(deps: TeamDeps, name: string, asker: Asker): Dataset {
  const dataset = readDataset(deps.db, name);
  if (dataset === undefined || dataset.deleted || !maySee(asker, dataset)) throw noDataset(name);
  return dataset;
}

function notKept(name: string): AppError {
  return new AppError("not_found", `There is no dataset "${name}", and no deleted one of that name is kept.`, {
    hint: "list_deleted_datasets shows those that can be brought back.",
  });
}

function noVersion(name: string, version: number): AppError {
  return new AppError("not_found", `Version ${version} of the dataset "${name}" is not kept.`, {
    hint: "dataset_history shows those that are.",
    details: { version },
  });
}

function isCurrent(name: string, version: number): AppError {
  return new AppError("conflict", `The dataset "${name}" is there, and version ${version} is its current one.`, {
    hint: "Name an older version to make it current; dataset_history shows them.",
    details: { version },
  });
}
