// Setting who sees a dataset or tool, over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, type Caller, maySee } from "../access/access.ts";
import type { SetVisibility } from "./schema.ts";
import { findItem, hiddenItems, strangersAmong, writeVisibility } from "./store.ts";
import { noSuchItem, notMembers, requireMaySet, requireOwnSight, tidy } from "./visibility.ts";

/** Who sees the datasets and tools of one team. */
export class VisibilityRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Names of tools and datasets that are not shown to `asker`, of those that have changed after a team revision. */
  hiddenSince(revision: number, asker: Asker): string[] {
    const { toolNames, datasetNames } = hiddenItems(this.#deps.db, asker, revision);
    return [...toolNames, ...datasetNames];
  }

  /** Who sees a dataset or tool now. Throws `not_found` for what `asker` does not see. */
  get({ kind, name }: Pick<SetVisibility, "kind" | "name">, asker: Asker): SetVisibility {
    const item = findItem(this.#deps.db, kind, name);
    if (item === undefined || !maySee(asker, item)) throw noSuchItem(kind, name);
    return { kind, name, visibility: item.visibility };
  }

  /**
   * Sets who sees a dataset or tool from now on. Throws `not_found` for what the caller does not see, `forbidden`, `insufficient_scope`, and
   * `invalid_argument` for names of nobody and for what would hide it from the caller.
   */
  set(input: SetVisibility, by: Caller): SetVisibility {
    const { db } = this.#deps;
    const { kind, name } = input;
    const item = findItem(db, kind, name);
    if (item === undefined || !maySee(by.actor, item)) throw noSuchItem(kind, name);
    requireMaySet(by.actor, kind, item.createdBy);
    const visibility = tidy(input.visibility);
    const strangers = typeof visibility === "string" ? [] : strangersAmong(db, visibility);
    if (strangers.length > 0) throw notMembers(strangers);
    requireOwnSight(by.actor, visibility);
    const result = { kind, name, visibility };
    const before = item.visibility;
    if (JSON.stringify(before) === JSON.stringify(visibility)) return result;
    return this.#deps.change(by, (revision) => {
      writeVisibility(db, kind, item.id, visibility, revision);
      return {
        result,
        // To whoever loses sight of it, it is gone; to whoever gains it, new. Whoever keeps it asks again once.
        events: item.isListed
          ? [
              { kind, name, change: "removed", visibility: before },
              { kind, name, change: "created", visibility },
            ]
          : [],
        audit: [
          {
            action: `${kind}.set_visibility`,
            target: { kind, name },
            before: { visibility: before },
            after: { visibility },
          },
        ],
      };
    });
  }
}
