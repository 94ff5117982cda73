// Datasets over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { StoredObject } from "../../platform/r2.ts";
import type { Committed, Dataset, UploadStatus } from "./schema.ts";
import { forgetObjects } from "./store.ts";
import {
  abandonUpload,
  type BeginUpload,
  beginUpload,
  type CommitVersion,
  type CompletionPlan,
  commitVersion,
  describeUpload,
  giveUpPart,
  type Precondition,
  planCompletion,
  planMultipart,
  planPart,
  recordPart,
  releaseCompletion,
  removeDataset,
} from "./versions.ts";

/** The datasets of one team and the uploads under way; the rules are in versions.ts. */
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

  upload(name: string, uploadId: string): UploadStatus {
    return describeUpload(this.#deps, name, uploadId);
  }

  planPart(input: { team: string; name: string; uploadId: string; part: number }): string {
    return planPart(this.#deps, input);
  }

  recordPart(name: string, part: { uploadId: string; part: number; r2Key: string; bytes: number; etag: string }): void {
    recordPart(this.#deps, name, part);
  }

  giveUpPart(r2Key: string): StoredObject[] {
    return giveUpPart(this.#deps, r2Key);
  }

  planCompletion(input: {
    team: string;
    name: string;
    uploadId: string;
    parts: number | undefined;
  }): CompletionPlan | Committed {
    return planCompletion(this.#deps, input);
  }

  releaseCompletion(uploadId: string, r2Key: string): StoredObject[] {
    return releaseCompletion(this.#deps, uploadId, r2Key);
  }

  remove(input: { name: string; precondition: Precondition; by: string }): Dataset {
    return removeDataset(this.#deps, input);
  }

  /** The queue's consumer has deleted these. */
  forget(keys: string[]): void {
    forgetObjects(this.#deps.db, keys);
  }
}
