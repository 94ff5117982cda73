// The audit log over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { auditLimits } from "../../limits.ts";
import { type ChainPlace, cutTail, type Fault, followChain, type SealedEntry } from "./audit.ts";
import type { AuditFilter } from "./schema.ts";
import { type AuditFound, type AuditSearch, auditHead, readSlice, searchAudit } from "./store.ts";

/** The audit log of one team. It is written only along with what it tells of. */
export class AuditRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  search(search: AuditSearch): AuditFound {
    return searchAudit(this.#deps.db, search);
  }

  head(): ChainPlace {
    const { seq, hash } = auditHead(this.#deps.db);
    return { seq, hash };
  }

  /** Checks the next slice of the chain after `place`. `done`: it was the last. */
  verify(
    place: ChainPlace,
    expected: ChainPlace | undefined,
  ): { place: ChainPlace; head: ChainPlace; done: boolean; fault?: Fault } {
    const head = this.head();
    const { entries } = readSlice(this.#deps.db, place.seq, head.seq);
    const { place: reached, fault } = followChain(place, entries, expected);
    const done = fault !== undefined || reached.seq >= head.seq;
    const found = fault ?? (done ? cutTail(head, expected) : undefined);
    return { place: reached, head, done, ...(found === undefined ? {} : { fault: found }) };
  }

  /** The next slice of an export, from after `after` up to `upTo`; `after` of the answer is where to go on. A filtered one may be empty before its end. */
  slice(after: number, upTo: number, filter: AuditFilter): { entries: SealedEntry[]; after: number } {
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    const reach = filter.text === undefined ? auditLimits.searchEntries : auditLimits.searchTextEntries;
    const end = isFiltered ? Math.min(upTo, after + reach) : upTo;
    const { entries, isLast } = readSlice(this.#deps.db, after, end, filter);
    return { entries, after: isLast ? end : (entries.at(-1)?.seq ?? end) };
  }
}
