// Datasets over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { StoredObject } from "../../platform/r2.ts";
import type { Asker, Caller } from "../access/access.ts";
import {
  datasetHistory,
  datasetVersion,
  listDeleted,
  type RestoreDataset,
  removeDataset,
  restoreDataset,
} from "./restoring.ts";
import type { Committed, Dataset, DatasetHistory, DatasetVersion, DeletedDataset, UploadStatus } from "./schema.ts";
import { forgetObjects } from "./store.ts";
import {
  abandonUpload,
  abortUpload,
  type BeginUpload,
  beginUpload,
  type CommitVersion,
  type CompletionPlan,
  commitVersion,
  describeUpload,
  giveUpPart,
  type Precondition,
  planCompletion,
  planFile,
  planMultipart,
  planPart,
  recordPart,
  releaseCompletion,
} from "./versions.ts";

/** The datasets of one team and the uploads under way; the rules are in versions.ts and restoring.ts. To whoever does not see a dataset it does not exist, except that its name is taken. */
export class DatasetsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  begin(input: BeginUpload): { id: string; r2Key: string; expiresAt: number } {
    return beginUpload(this.#deps, input);
  }

  noteMultipart(r2Key: string, multipartId: string): void {
    planMultipart(this.#deps, r2Key, multipartId);
  }

  commit(input: CommitVersion): Committed {
    return commitVersion(this.#deps, input);
  }

  abandon(uploadId: string, r2Key?: string): StoredObject[] {
    return abandonUpload(this.#deps, uploadId, r2Key);
  }

  abort(name: string, uploadId: string, by: Caller): StoredObject[] {
    return abortUpload(this.#deps, name, uploadId, by);
  }

  upload(name: string, uploadId: string, asker: Asker): UploadStatus {
    return describeUpload(this.#deps, name, uploadId, asker);
  }

  planPart(input: { team: string; name: string; uploadId: string; part: number }, asker: Asker): string {
    return planPart(this.#deps, input, asker);
  }

  recordPart(
    name: string,
    part: { uploadId: string; part: number; r2Key: string; bytes: number; etag: string },
    asker: Asker,
  ): void {
    recordPart(this.#deps, name, part, asker);
  }

  giveUpPart(r2Key: string): StoredObject[] {
    return giveUpPart(this.#deps, r2Key);
  }

  planFile(team: string, keptMs: number): { id: string; r2Key: string; expiresAt: number } {
    return planFile(this.#deps, team, keptMs);
  }

  planCompletion(
    input: { team: string; name: string; uploadId: string; parts: number | undefined },
    asker: Asker,
  ): CompletionPlan | Committed {
    return planCompletion(this.#deps, input, asker);
  }

  releaseCompletion(uploadId: string, r2Key: string): StoredObject[] {
    return releaseCompletion(this.#deps, uploadId, r2Key);
  }

  remove(input: { name: string; precondition: Precondition; by: Caller }): {
    dataset: Dataset;
    restorableUntil: number;
  } {
    return removeDataset(this.#deps, input);
  }

  restore(input: RestoreDataset): Dataset {
    return restoreDataset(this.#deps, input);
  }

  history(name: string, asker: Asker): DatasetHistory {
    return datasetHistory(this.#deps, name, asker);
  }

  version(name: string, version: number, asker: Asker): DatasetVersion {
    return datasetVersion(this.#deps, name, version, asker);
  }

  deleted(asker: Asker): DeletedDataset[] {
    return listDeleted(this.#deps, asker);
  }

  /** The queue's consumer has deleted these. */
  forget(keys: string[]): void {
    forgetObjects(this.#deps.db, keys);
  }
}
