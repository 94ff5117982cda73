// How a dataset's next version comes to be: planned, written by the edge, then swapped in. Rules on records; runs in the team object.
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TeamDeps, TeamEvent } from "../../durable/team-deps.ts";
import { datasetLimits } from "../../limits.ts";
import type { StoredObject } from "../../platform/r2.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { type Asker, type Caller, maySee } from "../access/access.ts";
import type { AuditEntry } from "../audit/schema.ts";
import {
  type Committed,
  type Dataset,
  type DatasetContent,
  type DatasetFormat,
  fileKey,
  stateEtag,
  type UploadStatus,
} from "./schema.ts";
import { countDatasets, definitionChars, readDataset, writeVersion } from "./store.ts";
import {
  claimObject,
  completeUpload,
  countKept,
  countUploads,
  deleteUpload,
  hastenObject,
  insertUpload,
  noteMultipart,
  readParts,
  readUpload,
  retireObject,
  type UploadRow,
  updateUpload,
  writePart,
} from "./upload-store.ts";
import { insertVersion, trimVersions } from "./version-store.ts";

/** Milliseconds after which the sweep deletes what the edge should have deleted by itself. */
const sweepAfterMs = 60_000;

/** The state a change asks for: one of these etags (any for `*`), or that there is no such dataset. undefined: whatever is there. */
export type Precondition = readonly string[] | "absent" | undefined;

export interface BeginUpload {
  team: string;
  name: string;
  format: DatasetFormat;
  kind: UploadRow["kind"];
  description: string | undefined;
  precondition: Precondition;
  by: Caller;
}

export interface CommitVersion {
  uploadId: string;
  r2Key: string;
  content: DatasetContent;
  notes: string[];
  precondition: Precondition;
  by: Caller;
}

/**
 * Opens an upload and plans the object it writes to. Throws `too_large` and `busy` at limits of the team, `precondition_failed`, and
 * `already_exists` for the name of a dataset that the caller does not see.
 */
export function beginUpload(deps: TeamDeps, input: BeginUpload): { id: string; r2Key: string; expiresAt: number } {
  const before = readDataset(deps.db, input.name);
  requireName(before, input.name, input.precondition, input.by.actor);
  requireState(before, input.name, input.precondition);
  if (before === undefined || before.deleted) requireRoom(deps);
  if (input.kind === "parts" && countUploads(deps.db) >= datasetLimits.openUploads) throw tooManyUploads();
  const now = deps.now();
  const expiresAt = now + (input.kind === "stream" ? datasetLimits.streamUploadMs : datasetLimits.partsUploadMs);
  const id = newId("up");
  // An upload in parts writes its content only when it is completed; that plans a key then.
  const r2Key = input.kind === "stream" ? contentKey(input.team, input.name) : "";
  const write = (): void => {
    insertUpload(deps.db, {
      id,
      datasetName: input.name,
      description: input.description ?? null,
      format: input.format,
      kind: input.kind,
      state: "open",
      r2Key,
      createdBy: input.by.actor.username,
      createdAt: new Date(now),
      expiresAt: new Date(expiresAt),
      outcome: null,
    });
    if (r2Key !== "") retireObject(deps.db, r2Key, expiresAt);
    deps.wakeAt(expiresAt);
  };
  // What one request uploads is logged once it is there; parts are a request of their own each, of which the first and the last are.
  if (input.kind === "stream") deps.atomically(write);
  else deps.record(input.by, () => ({ result: write(), audit: [uploadEntry("begin", input.name, id, input.format)] }));
  return { id, r2Key, expiresAt };
}

function uploadEntry(verb: "begin" | "abort", dataset: string, id: string, format: DatasetFormat): AuditEntry {
  const upload = { upload_id: id, format };
  const state = verb === "begin" ? { after: upload } : { before: upload };
  return { action: `upload.${verb}`, target: { kind: "dataset", name: dataset }, ...state };
}

/**
 * Makes what an upload wrote the dataset's next version and publishes it, all in one transaction. The last writer wins; the version
 * before stays readable and can be restored, see datasetLimits.keptVersions. Throws `upload_aborted` when the upload ended or another attempt took over,
 * `precondition_failed`, `too_large` at limits of the team, `already_exists` as `beginUpload` does.
 */
export function commitVersion(deps: TeamDeps, input: CommitVersion): Committed {
  return deps.change(input.by, (revision) => {
    const now = deps.now();
    const upload = readUpload(deps.db, input.uploadId);
    if (upload === undefined || upload.r2Key !== input.r2Key || !claimObject(deps.db, input.r2Key)) throw uploadEnded();
    const before = readDataset(deps.db, upload.datasetName);
    requireName(before, upload.datasetName, input.precondition, input.by.actor);
    requireState(before, upload.datasetName, input.precondition);
    const created = before === undefined || before.deleted;
    if (created) requireRoom(deps);
    requireDefinitionRoom(deps, upload.datasetName, input.content);
    const dataset = writeVersion(deps.db, before, {
      name: upload.datasetName,
      description: upload.description ?? undefined,
      content: input.content,
      r2Key: input.r2Key,
      by: input.by.actor.username,
      now: new Date(now),
      revision,
    });
    if (before !== undefined && !before.deleted) keep(deps, before, now);
    const outcome: Committed = { dataset, created, notes: input.notes };
    endCommitted(deps, upload, outcome, now);
    return {
      result: outcome,
      events: [eventOf(dataset, created ? "created" : "updated")],
      audit: [
        {
          action: created ? "dataset.create" : "dataset.replace",
          target: { kind: "dataset", name: dataset.name },
          ...(created ? {} : { before: auditedState(before) }),
          after: auditedState(dataset),
        },
      ],
    };
  });
}

/** What listeners are told of a change of a dataset. */
export function eventOf(
  { name, visibility = "everyone" }: Dataset,
  change: TeamEvent["change"],
): Omit<TeamEvent, "revision"> {
  return { kind: "dataset", name, change, visibility };
}

/** What the audit log keeps of a version: enough to know it by, never the data, nor examples of it. */
export function auditedState({ version, etag, kind, format, bytes, record_count, description }: Dataset): object {
  return { version, etag, kind, format, bytes, record_count, description };
}

/** A completion is remembered, since its answer may be lost on the way; a single request that failed is sent again as a whole. */
function endCommitted(deps: TeamDeps, upload: UploadRow, outcome: Committed, now: number): void {
  if (upload.kind === "stream") {
    deleteUpload(deps.db, upload.id, now);
    return;
  }
  const until = now + datasetLimits.completedUploadMs;
  completeUpload(deps.db, upload, outcome, now, until);
  deps.wakeAt(now);
}

/** Notes the multipart upload behind a planned object. Throws `upload_aborted` when the object is not planned any more. */
export function planMultipart(deps: TeamDeps, r2Key: string, multipartId: string): void {
  if (!noteMultipart(deps.db, r2Key, multipartId)) throw uploadEnded();
}

/**
 * Ends an upload without a new version. `r2Key` is what the caller was writing, if anything: it is to be deleted even when the upload
 * is long forgotten. Returns the objects to delete; the sweep deletes them again in case the caller could not.
 */
export function abandonUpload(deps: TeamDeps, uploadId: string, r2Key: string | undefined): StoredObject[] {
  const now = deps.now();
  const objects = deps.db.transaction((tx) => {
    const left = deleteUpload(tx, uploadId, now);
    const written = r2Key === undefined ? undefined : hastenObject(tx, r2Key, now);
    const isNew = written !== undefined && left.every((object) => object.r2_key !== written.r2_key);
    return isNew ? [...left, written] : left;
  });
  if (objects.length > 0) deps.wakeAt(now + sweepAfterMs);
  return objects;
}

/** Ends an upload in parts that someone no longer wants. Returns the objects to delete. Throws `not_found`. */
export function abortUpload(deps: TeamDeps, name: string, uploadId: string, by: Caller): StoredObject[] {
  const { format } = requireUpload(deps, name, uploadId, by.actor);
  return deps.record(by, () => {
    const now = deps.now();
    const result = deleteUpload(deps.db, uploadId, now);
    if (result.length > 0) deps.wakeAt(now + sweepAfterMs);
    return { result, audit: [uploadEntry("abort", name, uploadId, format)] };
  });
}

/** An upload in parts and those that arrived, also of one completed of late. Throws `not_found`. */
export function describeUpload(deps: TeamDeps, name: string, uploadId: string, asker: Asker): UploadStatus {
  const upload = completedUpload(deps, name, uploadId, asker) ?? requireUpload(deps, name, uploadId, asker);
  const parts = readParts(deps.db, uploadId).map(({ part, bytes, etag }) => ({ part, bytes, etag }));
  return {
    upload_id: upload.id,
    dataset: upload.datasetName,
    format: upload.format,
    state: upload.state,
    expires_at: upload.expiresAt.toISOString(),
    part_max_bytes: datasetLimits.requestBytes,
    parts_max: datasetLimits.parts,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts,
  };
}

/** An upload that was completed of late, if the asker sees its dataset. */
function completedUpload(deps: TeamDeps, name: string, uploadId: string, asker: Asker): UploadRow | undefined {
  const upload = readUpload(deps.db, uploadId);
  const isKnown = upload?.datasetName === name && upload.outcome !== null;
  return isKnown && isVisible(deps, name, asker) ? upload : undefined;
}

/** Plans the object of one part. Throws `not_found`. */
export function planPart(
  deps: TeamDeps,
  input: { team: string; name: string; uploadId: string; part: number },
  asker: Asker,
): string {
  const upload = requireUpload(deps, input.name, input.uploadId, asker);
  const r2Key = `teams/${input.team}/uploads/${upload.id}/${input.part}-${newId("p")}`;
  retireObject(deps.db, r2Key, upload.expiresAt.getTime());
  return r2Key;
}

/** Puts a written part in its place; one of the same number is replaced, and a completion under way gives way. Throws `not_found`. */
export function recordPart(
  deps: TeamDeps,
  name: string,
  part: { uploadId: string; part: number; r2Key: string; bytes: number; etag: string },
  asker: Asker,
): void {
  const upload = requireUpload(deps, name, part.uploadId, asker);
  const now = deps.now();
  deps.db.transaction((tx) => {
    if (upload.state === "completing") {
      hastenObject(tx, upload.r2Key, now);
      updateUpload(tx, upload.id, { state: "open", r2Key: "" });
    }
    writePart(tx, part, now);
  });
  deps.wakeAt(now + sweepAfterMs);
}

/** Ends an attempt to write a part. Returns the objects to delete: none when the part was recorded after all. */
export function giveUpPart(deps: TeamDeps, r2Key: string): StoredObject[] {
  const now = deps.now();
  const object = hastenObject(deps.db, r2Key, now);
  if (object !== undefined) deps.wakeAt(now + sweepAfterMs);
  return object === undefined ? [] : [object];
}

/**
 * Plans the object of a file that is read but becomes no dataset, and is deleted after `keptMs` at the latest: whoever writes it may die on
 * the way. The id is what names the file, and cannot be guessed. Throws `too_large` when the team keeps as many as it may.
 */
export function planFile(
  deps: TeamDeps,
  team: string,
  keptMs: number,
): { id: string; r2Key: string; expiresAt: number } {
  const held = countKept(deps.db, fileKey(team, ""), deps.now());
  if (held >= frameLimits.files) {
    throw new AppError("too_large", `The team keeps ${held} uploaded files, the most there may be (limit files).`, {
      hint: "Each is deleted within a day. Load files as frames with POST …/api/v1/frames, which keeps none of them.",
      details: { limit: "files", value: frameLimits.files, held },
    });
  }
  const id = newId("fl");
  const expiresAt = deps.now() + keptMs;
  const r2Key = fileKey(team, id);
  retire(deps, r2Key, expiresAt);
  return { id, r2Key, expiresAt };
}

/** What a completion reads and where it writes. */
export interface CompletionPlan {
  format: DatasetFormat;
  r2Key: string;
  parts: { part: number; r2_key: string; bytes: number }[];
}

/**
 * Begins an attempt to complete. It takes over from one that is under way, which can be one that died. Throws `not_found`, and
 * `upload_incomplete` unless exactly the parts 1 to `parts` (or to the last one) are there.
 */
export function planCompletion(
  deps: TeamDeps,
  input: { team: string; name: string; uploadId: string; parts: number | undefined },
  asker: Asker,
): CompletionPlan | Committed {
  const outcome = completedUpload(deps, input.name, input.uploadId, asker)?.outcome;
  if (outcome !== undefined && outcome !== null) return outcome;
  const upload = requireUpload(deps, input.name, input.uploadId, asker);
  const parts = readParts(deps.db, upload.id);
  requireAllParts(
    parts.map(({ part }) => part),
    input.parts,
  );
  const now = deps.now();
  const r2Key = contentKey(input.team, input.name);
  deps.db.transaction((tx) => {
    hastenObject(tx, upload.r2Key, now);
    retireObject(tx, r2Key, upload.expiresAt.getTime());
    updateUpload(tx, upload.id, { state: "completing", r2Key });
  });
  if (upload.r2Key !== "") deps.wakeAt(now + sweepAfterMs);
  return {
    format: upload.format,
    r2Key,
    parts: parts.map(({ part, r2Key: key, bytes }) => ({ part, r2_key: key, bytes })),
  };
}

/** Ends a failed attempt to complete: the upload is open again. Returns the objects to delete. */
export function releaseCompletion(deps: TeamDeps, uploadId: string, r2Key: string): StoredObject[] {
  const now = deps.now();
  const object = deps.db.transaction((tx) => {
    if (readUpload(tx, uploadId)?.r2Key === r2Key) updateUpload(tx, uploadId, { state: "open", r2Key: "" });
    return hastenObject(tx, r2Key, now);
  });
  deps.wakeAt(now + sweepAfterMs);
  return object === undefined ? [] : [object];
}

/** Keeps the version that was current until now, and lets go the oldest beyond datasetLimits.keptVersions. Returns until when it is kept. */
export function keep(deps: TeamDeps, before: Dataset, now: number): number {
  const keptUntil = insertVersion(deps.db, before, now);
  const isTrimmed = trimVersions(deps.db, before.id, now);
  deps.wakeAt(isTrimmed ? now + datasetLimits.retiredGraceMs : keptUntil);
  return keptUntil;
}

/** Every upload writes an object of its own under a name that cannot be guessed. */
function contentKey(team: string, dataset: string): string {
  return `teams/${team}/datasets/${dataset}/${newId("v")}`;
}

function retire(deps: TeamDeps, r2Key: string, dueAt: number): void {
  retireObject(deps.db, r2Key, dueAt);
  deps.wakeAt(dueAt);
}

function isVisible(deps: TeamDeps, name: string, asker: Asker): boolean {
  return maySee(asker, readDataset(deps.db, name) ?? {});
}

function requireUpload(deps: TeamDeps, name: string, uploadId: string, asker: Asker): UploadRow {
  const upload = readUpload(deps.db, uploadId);
  const isOpen = upload?.kind === "parts" && upload.state !== "completed";
  if (isOpen && upload.datasetName === name && isVisible(deps, name, asker)) return upload;
  throw new AppError("not_found", `There is no open upload with this id for the dataset "${name}".`, {
    hint: "It was completed, aborted or expired. Create a new upload and send its parts.",
  });
}

function requireAllParts(present: readonly number[], expected: number | undefined): void {
  const wanted = expected ?? Math.max(1, ...present);
  const missing: number[] = [];
  for (let part = 1; part <= wanted && missing.length < 20; part++) if (!present.includes(part)) missing.push(part);
  const extra = present.filter((part) => part > wanted);
  if (missing.length === 0 && extra.length === 0) return;
  const problems = [
    ...(missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(extra.length > 0 ? [`too many: ${extra.join(", ")}`] : []),
  ];
  throw new AppError(
    "upload_incomplete",
    `The upload must have exactly the parts 1 to ${wanted}; ${problems.join("; ")}.`,
    {
      hint: "Send the missing parts, or name the right number of parts, and complete again.",
      details: { wanted, missing, extra },
    },
  );
}

/** The error for a dataset that there is not, or that the caller does not see. */
export function noDataset(name: string): AppError {
  return new AppError("not_found", `There is no dataset "${name}".`);
}

/** The name of a dataset that the caller does not see, deleted or not, cannot be had; asked about, there is no such dataset. */
function requireName(before: Dataset | undefined, name: string, wanted: Precondition, asker: Asker): void {
  if (before === undefined || maySee(asker, before)) return;
  if (wanted !== undefined && wanted !== "absent") requireState(undefined, name, wanted);
  throw new AppError("already_exists", `The name "${name}" is taken.`, {
    hint: "Choose another name.",
    details: { name },
  });
}

/** Throws `precondition_failed` unless the dataset is in the state that a change asks for. */
export function requireState(before: Dataset | undefined, name: string, wanted: Precondition): void {
  if (wanted === undefined) return;
  const etag = before === undefined || before.deleted ? undefined : before.etag;
  const absent = wanted === "absent";
  const named = before === undefined ? [] : ["*", before.etag, stateEtag(before)];
  const holds = absent ? etag === undefined : etag !== undefined && named.some((one) => wanted.includes(one));
  if (holds) return;
  const header = absent ? "If-None-Match" : "If-Match";
  const state = etag === undefined ? "there is no such dataset" : `it exists and its etag is ${etag}`;
  throw new AppError(
    "precondition_failed",
    `The dataset "${name}" is not in the state that ${header} asks for: ${state}.`,
    {
      hint: absent
        ? "Choose another name, or send If-Match with its etag to replace it."
        : "Read the dataset again and repeat with its etag, or leave If-Match out to replace whatever is there.",
      details: { etag: etag ?? null },
    },
  );
}

/** Throws `too_large`: all datasets' definitions travel to an isolate in one message, which has a limit of its own. */
export function requireDefinitionRoom(
  deps: TeamDeps,
  name: string,
  { schema, sample }: Pick<DatasetContent, "schema" | "sample">,
): void {
  const limit = datasetLimits.definitionChars;
  const own = JSON.stringify(schema).length + JSON.stringify(sample).length + datasetLimits.descriptionChars;
  if (definitionChars(deps.db, name) + own <= limit) return;
  throw new AppError(
    "too_large",
    `The descriptions, schemas and samples of the team's datasets would take more than ${limit} characters (limit definitionChars).`,
    {
      hint: "Delete datasets that are no longer needed, or upload this one with fewer fields.",
      details: { limit: "definitionChars", value: limit },
    },
  );
}

/** Throws `too_large` when the team has datasetLimits.datasets. */
export function requireRoom(deps: TeamDeps): void {
  const limit = datasetLimits.datasets;
  if (countDatasets(deps.db) < limit) return;
  throw new AppError("too_large", `The team has ${limit} datasets, the most a team may have (limit datasets).`, {
    hint: "Delete a dataset that is no longer needed, or put the data into an existing one.",
    details: { limit: "datasets", value: limit },
  });
}

function tooManyUploads(): AppError {
  const limit = datasetLimits.openUploads;
  return new AppError(
    "busy",
    `The team has ${limit} uploads open, the most a team may have at once (limit openUploads).`,
    {
      hint: "Complete or abort some, or try again later: unfinished ones expire by themselves.",
      details: { limit: "openUploads", value: limit },
    },
  );
}

function uploadEnded(): AppError {
  return new AppError(
    "upload_aborted",
    "This upload ended before its content could become a version: it was aborted, it expired, or another completion or part took over.",
    {
      hint: "The dataset is as it was. Upload again.",
    },
  );
}
