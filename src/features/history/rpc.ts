// The past of functions and tools over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { type Page, pageOf } from "../../core/paging.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Asker } from "../access/access.ts";
import { requireFunction } from "../jq-functions/change-store.ts";
import { requireTool } from "../jq-tools/change-store.ts";
import type { Deactivated, EntryKind, WholeVersion } from "./schema.ts";
import { keyOf, selectDeactivated, selectVersions, type VersionPage } from "./store.ts";

/** An entry's newest versions, those before `before` when asked so. */
export interface EntryVersions {
  name: string;
  is_active: boolean;
  /** How many there are; the newest has this number. */
  total: number;
  versions: WholeVersion[];
}

/** The history of one team's library. To whoever does not see a tool it does not exist. */
export class HistoryRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Throws `not_found`. */
  versions(kind: EntryKind, name: string, page: VersionPage, asker: Asker): EntryVersions {
    const { db } = this.#deps;
    const row = kind === "tool" ? requireTool(db, name, asker) : requireFunction(db, name);
    const versions = selectVersions(db, kind, row.id, page);
    return { name: row.name, is_active: row.isActive, total: row.version, versions };
  }

  /** What was taken out of use, by name. Throws `cursor_invalid`. */
  deactivated(
    input: { kind?: EntryKind | undefined; limit: number; cursor?: string | undefined },
    asker: Asker,
  ): Page<Deactivated> {
    const found = selectDeactivated(this.#deps.db, input.kind, asker);
    return pageOf(found, { limit: input.limit, cursor: input.cursor, key: keyOf });
  }
}
