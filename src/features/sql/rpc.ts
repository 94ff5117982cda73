// SQL over RPC: thin. Runs in the workspace.
import { RpcTarget } from "cloudflare:workers";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { readSql } from "./read-store.ts";
import type { Missing, ReadFrame, ReadOptions, ReadRows, SqlRequest, WriteOptions, Written } from "./schema.ts";
import { writeSql } from "./write-store.ts";

export class SqlRpc extends RpcTarget {
  readonly #deps: WorkspaceDeps;

  constructor(deps: WorkspaceDeps) {
    super();
    this.#deps = deps;
  }

  /** Runs a statement that reads: its first rows, or a frame of all. */
  read(request: SqlRequest, options: ReadOptions, reader: Reader, by: Caller): ReadRows | ReadFrame | Missing {
    return readSql(this.#deps, request, options, reader, by);
  }

  /** Runs a statement that changes rows of tables. */
  async write(request: SqlRequest, options: WriteOptions, reader: Reader, by: Caller): Promise<Written | Missing> {
    return await writeSql(this.#deps, request, options, reader, by);
  }
}
