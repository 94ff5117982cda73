// Tables and frames as what is read, over RPC: thin. Runs in the workspace.
import { RpcTarget } from "cloudflare:workers";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Row } from "../../engines/frame/types.ts";
import type { Reader } from "../workspace/schema.ts";
import { listRelations, readRelation, sliceRelation, streamRelation } from "./relation-store.ts";
import type { FoundRelation, ListedRelation } from "./schema.ts";

export class RelationsRpc extends RpcTarget {
  readonly #deps: WorkspaceDeps;

  constructor(deps: WorkspaceDeps) {
    super();
    this.#deps = deps;
  }

  list(reader: Reader): ListedRelation[] {
    return listRelations(this.#deps, reader);
  }

  find(nameOrRef: string, reader: Reader): FoundRelation {
    return readRelation(this.#deps, nameOrRef, reader);
  }

  /** Rows from `offset` on. */
  slice(nameOrRef: string, reader: Reader, offset: number, limit: number): { found: FoundRelation; rows: Row[] } {
    return sliceRelation(this.#deps, nameOrRef, reader, offset, limit);
  }

  /** All rows: one line of JSON (an array of rows) for each chunk. */
  stream(nameOrRef: string, reader: Reader): ReadableStream<Uint8Array> {
    return streamRelation(this.#deps, nameOrRef, reader);
  }
}
