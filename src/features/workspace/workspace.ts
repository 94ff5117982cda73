// What the workspace and the team's object tell each other, and who may read what came from a restricted dataset. Runs everywhere.
import type { CallContext } from "../../context.ts";
import { type Caller, maySee } from "../access/access.ts";
import type { AuditEntry } from "../audit/schema.ts";
import type { Reader, Source } from "./schema.ts";

/** A change that listeners of the team's feed are told of. */
export interface WorkspaceEvent {
  kind: "table" | "frame";
  name: string;
  change: "created" | "updated" | "removed";
}

/** What a write in the workspace has to say to the team's log and feed. */
export interface Told {
  by: Caller;
  audit: AuditEntry[];
  events: WorkspaceEvent[];
}

/** True when `reader` may read what came from these datasets: each is shown to them now, and was open to such as them when it was read. */
export function mayRead(reader: Reader, sources: readonly Source[]): boolean {
  return sources.every((source) => !reader.hidden.includes(source.id) && maySee(reader, source));
}

/** The reader that a call at the edge stands for. */
export function readerOf({ actor, catalogue }: Pick<CallContext, "actor" | "catalogue">): Reader {
  const { role, scopes, username, through } = actor;
  return { role, scopes, username, ...(through === undefined ? {} : { through }), hidden: catalogue.hiddenDatasets };
}

/** All of the lists, each dataset once: of two versions the newer. */
export function unionOfSources(...lists: readonly (readonly Source[])[]): Source[] {
  const union = new Map<string, Source>();
  for (const source of lists.flat()) {
    // What was for fewer then stays for fewer.
    const key = JSON.stringify([source.id, source.visibility ?? null]);
    if ((union.get(key)?.version ?? 0) < source.version) union.set(key, source);
  }
  return [...union.values()];
}
