// Two versions of a dataset compared: fields, counts, records. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { parseExact } from "../../../core/exact-json.ts";
import { readInLarge } from "../../../core/read-in-large.ts";
import { datasetLimits } from "../../../limits.ts";
import { openDataset } from "../datasets.ts";
import type { DatasetVersion } from "../schema.ts";
import { jsonChanges } from "./json-changes.ts";
import { diffRecords, type RecordDiff } from "./record-diff.ts";
import { RecordLines } from "./record-lines.ts";
import type { CompareVersions, Comparison } from "./schema.ts";
import { keyFieldOf, schemaChanges } from "./schema-changes.ts";

type Found = Pick<Comparison, "compared" | "key" | "counts" | "changed" | "added" | "removed" | "complete" | "notes">;

const nothingShown = { changed: [], added: [], removed: [] };

/**
 * What differs between two versions. Reads datasetLimits.compareBytes of each at most and holds compareHeldBytes of records; where that ends a
 * comparison, `complete` is false and a note says so. Throws `not_found`, `invalid_argument` for a key that no record has.
 */
export async function compareVersions(
  context: Pick<CallContext, "stub" | "actor" | "files">,
  { dataset, from, to, key, limit }: CompareVersions,
): Promise<Comparison> {
  const numbers = await versionsOf(context, dataset, from, to);
  const read = (version: number) => context.stub.datasets().version(dataset, version, context.actor);
  const [before, after] = await Promise.all([read(numbers[0]), read(numbers[1])]);
  const found = await contentChanges(context.files, before, after, key, limit);
  const schema = schemaChanges(before.schema, after.schema);
  return { dataset, from: summaryOf(before), to: summaryOf(after), schema, ...found };
}

async function versionsOf(
  { stub, actor }: Pick<CallContext, "stub" | "actor">,
  dataset: string,
  from: number | undefined,
  to: number | undefined,
): Promise<[number, number]> {
  if (from !== undefined && to !== undefined) return [from, to];
  const { versions } = await stub.datasets().history(dataset, actor);
  const later = to ?? versions[0]?.version ?? 1;
  const earlier = from ?? versions.find(({ version }) => version < later)?.version;
  if (earlier !== undefined) return [earlier, later];
  throw new AppError("not_found", `No version of the dataset "${dataset}" before version ${later} is kept.`, {
    hint: "dataset_history shows the versions there are.",
    details: { version: later },
  });
}

function summaryOf(version: DatasetVersion): Comparison["from"] {
  const { schema: _schema, sample: _sample, r2_key: _key, name: _name, ...summary } = version;
  return summary;
}

async function contentChanges(
  files: R2Bucket,
  before: DatasetVersion,
  after: DatasetVersion,
  key: string | undefined,
  show: number,
): Promise<Found> {
  if (before.kind !== after.kind) {
    const kinds = { whole: "one JSON document", records: "a list of records" };
    const note = `Version ${before.version} is ${kinds[before.kind]}, version ${after.version} ${kinds[after.kind]}: only their fields are compared.`;
    return { compared: "nothing", ...nothingShown, complete: true, notes: [note] };
  }
  if (before.kind === "whole") return await documentChanges(files, before, after, show);
  const by = key === undefined ? keyFieldOf(before.schema, after.schema) : requireKey(key, before, after);
  const how = by === undefined ? { compared: "records" as const } : { compared: "key" as const, key: by };
  if (before.etag === after.etag) {
    const counts = { unchanged: after.record_count, changed: 0, added: 0, removed: 0 };
    return { ...how, counts, ...nothingShown, complete: true, notes: [] };
  }
  const limits = {
    bytes: datasetLimits.compareBytes,
    heldChars: datasetLimits.compareHeldBytes,
    heldRecords: datasetLimits.compareHeldRecords,
    show,
    chars: datasetLimits.comparedChars,
  };
  const [was, is] = await Promise.all([linesOf(files, before), linesOf(files, after)]);
  const diff = await diffRecords(was, is, by, limits);
  const { unchanged, changed, added, removed, shown } = diff;
  const counts = { unchanged, changed, added, removed };
  return { ...how, counts, ...shown, complete: diff.cut === undefined, notes: notesOf(diff, before, after, by) };
}

async function linesOf(files: R2Bucket, version: DatasetVersion): Promise<RecordLines> {
  return new RecordLines(readInLarge(await openDataset(files, version)));
}

async function documentChanges(
  files: R2Bucket,
  before: DatasetVersion,
  after: DatasetVersion,
  show: number,
): Promise<Found> {
  const read = async (version: DatasetVersion): Promise<unknown> =>
    parseExact(await new Response(await openDataset(files, version)).text());
  const [was, is] = await Promise.all([read(before), read(after)]);
  const { shown, changed, added, removed } = jsonChanges(was, is, { show, chars: datasetLimits.comparedChars });
  return {
    compared: "document",
    counts: { changed, added, removed },
    changed: shown.length === 0 ? [] : [{ key: "", changes: shown, total: changed + added + removed }],
    added: [],
    removed: [],
    complete: true,
    notes: [],
  };
}

function requireKey(key: string, before: DatasetVersion, after: DatasetVersion): string {
  const isIn = ({ schema }: DatasetVersion): boolean =>
    schema.fields_cut || schema.fields.some(({ path }) => path === key || path === `[${JSON.stringify(key)}]`);
  if (isIn(before) && isIn(after)) return key;
  const missing = isIn(before) ? after : before;
  throw new AppError(
    "invalid_argument",
    `key: no record of version ${missing.version} has the field ${JSON.stringify(key)}.`,
    {
      hint: "Name a top-level field that both versions have, or leave key out.",
      details: { key, version: missing.version },
    },
  );
}

function notesOf(diff: RecordDiff, before: DatasetVersion, after: DatasetVersion, key: string | undefined): string[] {
  const { read, cut, repeated } = diff;
  const limit = cut === "bytes" ? "compareBytes" : "compareHeldBytes";
  const of = (version: DatasetVersion, count: number): string =>
    `${count} of ${version.record_count} records of version ${version.version}`;
  return [
    ...(cut === undefined
      ? []
      : [
          `Only the first ${of(before, read.before)} and ${of(after, read.after)} were compared (limit ${limit}); added and removed count those without a counterpart among them.`,
        ]),
    ...(repeated === 0
      ? []
      : [
          `${repeated} records share their ${key} with another one of their version; those were matched in their order.`,
        ]),
    ...(key === undefined && diff.added + diff.removed > 0
      ? [
          "No field tells the records apart, so a changed record counts as one removed and one added. Name a key to match by.",
        ]
      : []),
  ];
}
