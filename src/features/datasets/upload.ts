// Bringing content in: in one request, or in parts that are then read as one. A failure leaves the old version serving. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { datasetLimits } from "../../limits.ts";
import { checked, type ExpectedDigest } from "../../platform/digests.ts";
import { type ContentType, deleteObjects, R2Writer, type StoredObject } from "../../platform/r2.ts";
import { callerOf } from "../access/access.ts";
import { type ByteSource, type Ingested, ingest } from "./ingest/ingest.ts";
import type { Committed, DatasetFormat } from "./schema.ts";
import type { CompletionPlan, Precondition } from "./versions.ts";

/** What an upload needs of a call. */
export type UploadDeps = Pick<CallContext, "team" | "stub" | "files" | "waitUntil"> & Parameters<typeof callerOf>[0];

export interface Upload {
  name: string;
  format: DatasetFormat;
  description: string | undefined;
  precondition: Precondition;
  source: ByteSource;
}

/** Reads `source` to its end and makes it the dataset's next version. Throws ingest's errors, `precondition_failed`, `upload_aborted`, limits' errors. */
export async function uploadDataset(deps: UploadDeps, upload: Upload): Promise<Committed> {
  const { name, format, description, precondition } = upload;
  const by = callerOf(deps);
  const begun = await deps.stub.datasets().begin({
    team: deps.team,
    name,
    format,
    kind: "stream",
    description,
    precondition,
    by,
  });
  return undoOnFailure(
    deps,
    async () => {
      const stored = await store(deps, begun.r2Key, format, upload.source);
      return deps.stub.datasets().commit({ uploadId: begun.id, r2Key: begun.r2Key, ...stored, precondition, by });
    },
    () => deps.stub.datasets().abandon(begun.id, begun.r2Key),
  );
}

/** Stores one part of an upload as it is. A part of the same number is replaced once this one is there. Throws `not_found`, `too_large`, `upload_aborted`. */
export async function putPart(
  deps: UploadDeps,
  target: { name: string; uploadId: string; part: number },
  source: ByteSource,
): Promise<{ part: number; bytes: number; etag: string }> {
  const { name, uploadId, part } = target;
  const r2Key = await deps.stub.datasets().planPart({ team: deps.team, ...target }, deps.actor);
  return undoOnFailure(
    deps,
    async () => {
      const stored = await write(deps, r2Key, "application/octet-stream", async (writer) => {
        for await (const chunk of source) await writer.write(chunk);
        return writer.close();
      });
      await deps.stub.datasets().recordPart(name, { uploadId, part, r2Key, ...stored }, deps.actor);
      return { part, ...stored };
    },
    () => deps.stub.datasets().giveUpPart(r2Key),
  );
}

/**
 * Reads the parts in order as one stream and makes them the next version. A failure leaves the upload open, so that parts can be
 * replaced; an upload completed of late answers as it did then.
 */
export async function completeUpload(
  deps: UploadDeps,
  target: {
    name: string;
    uploadId: string;
    parts: number | undefined;
    /** What the parts must be, one after another. */
    expected: readonly ExpectedDigest[];
    precondition: Precondition;
  },
): Promise<Committed> {
  const { name, uploadId, parts, expected, precondition } = target;
  const plan = await deps.stub.datasets().planCompletion({ team: deps.team, name, uploadId, parts }, deps.actor);
  if ("dataset" in plan) return plan;
  const { r2Key, format } = plan;
  return undoOnFailure(
    deps,
    async () => {
      const stored = await store(deps, r2Key, format, checked(readParts(deps.files, plan.parts), expected));
      return deps.stub.datasets().commit({ uploadId, r2Key, ...stored, precondition, by: callerOf(deps) });
    },
    () => deps.stub.datasets().releaseCompletion(uploadId, r2Key),
  );
}

/** Ends an upload in parts and deletes what it left. Throws `not_found`. */
export async function abortUpload(deps: UploadDeps, name: string, uploadId: string): Promise<void> {
  const by = callerOf(deps);
  await clean(deps, () => deps.stub.datasets().abort(name, uploadId, by));
}

function store(deps: UploadDeps, r2Key: string, format: DatasetFormat, source: ByteSource): Promise<Ingested> {
  return write(deps, r2Key, "application/x-ndjson", (writer) => ingest(source, format, writer));
}

async function write<T>(
  deps: UploadDeps,
  r2Key: string,
  type: ContentType,
  work: (writer: R2Writer) => Promise<T>,
): Promise<T> {
  const writer = new R2Writer(deps.files, r2Key, type, (id) => deps.stub.datasets().noteMultipart(r2Key, id));
  try {
    return await work(writer);
  } finally {
    writer.release();
  }
}

async function* readParts(files: R2Bucket, parts: CompletionPlan["parts"]): ByteSource {
  for (const part of parts) {
    const object = await files.get(part.r2_key);
    if (object === null) {
      throw new AppError("upload_incomplete", `Part ${part.part} was replaced while the upload was being completed.`, {
        hint: "Complete the upload again.",
      });
    }
    yield* object.body;
  }
}

/**
 * Runs `work`; when it throws, asks the team's object what is left behind and deletes that, then throws the same error. Only the object
 * knows: a commit whose answer was lost has left nothing. What this cannot delete, the sweep will.
 */
async function undoOnFailure<T>(
  deps: UploadDeps,
  work: () => Promise<T>,
  undo: () => Promise<StoredObject[]>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cleaning = clean(deps, undo).catch((failure: unknown) => {
      logFailure("upload_cleanup_failed", { team: deps.team }, failure);
    });
    deps.waitUntil(cleaning);
    await cleaning;
    throw error;
  }
}

/** Deletes what the team's object says is left. What fails here is logged: the sweep will do it. */
async function clean(deps: UploadDeps, left: () => Promise<StoredObject[]>): Promise<void> {
  const { failures } = await deleteObjects(deps.files, await left());
  for (const failure of failures) logFailure("upload_cleanup_failed", { team: deps.team }, failure);
}

/** The error for a request that ends before its body does. */
export function uploadBrokenOff(bytes: number, cause: unknown): AppError {
  return new AppError("upload_aborted", `The upload broke off after ${bytes} bytes; the dataset is as it was.`, {
    hint: `Send it again; above a few megabytes on an unsteady line send it in parts (POST …/uploads), which can be resumed, each up to ${datasetLimits.requestBytes} bytes.`,
    cause,
  });
}
