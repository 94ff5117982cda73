// What the workspace and the team's object tell each other, and who may read what came from a restricted dataset. Runs everywhere.
import type { CallContext } from "../../context.ts";
import { AppError, isAppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { readChunkStream } from "../../engines/frame/chunk-stream.ts";
import type { Row } from "../../engines/frame/types.ts";
import { type Caller, maySee, roles, type Visibility } from "../access/access.ts";
import type { AuditEntry } from "../audit/schema.ts";
import type { Reader, Source } from "./schema.ts";

/** A change that listeners of the team's feed are told of. */
export interface WorkspaceEvent {
  kind: "table" | "frame";
  /** A frame's data_ref when it has no name. */
  name: string;
  change: "created" | "updated" | "removed";
  /** The datasets behind it, which decide who is told. The workspace puts them in. */
  sources?: Source[];
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

/** Who may know of what came from datasets that these may see, each where there is one: never more than all of those. */
export function narrowest(visibilities: readonly (Visibility | undefined)[]): Visibility {
  const restricted = visibilities.filter((one) => one !== undefined && one !== "everyone");
  const distinct = [...new Map(restricted.map((one) => [JSON.stringify(one), one])).values()];
  const [first, ...others] = distinct;
  if (first === undefined) return "everyone";
  if (others.length === 0) return first;
  const strongest = roles.toReversed().find((role) => distinct.includes(role));
  if (distinct.every((one) => typeof one === "string")) return strongest ?? "owner";
  // Who of the people named has which role is not known here: owners see everything.
  return "owner";
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

/**
 * All rows of a table or frame, some at a time. Throws `conflict` for a table that is written to meanwhile, for then the parts would not be of
 * one state, and `not_found` for what is dropped or expires meanwhile.
 */
export async function* readAllRows(
  context: Pick<CallContext, "actor" | "catalogue" | "workspace">,
  { ref, version }: { ref: string; version?: number | undefined },
): AsyncGenerator<Row[], void> {
  const relations = () => context.workspace.relations();
  const reader = readerOf(context);
  try {
    yield* readChunkStream(await relations().stream(ref, reader));
  } catch (error) {
    // What broke the stream off does not come with it.
    const now = await relations().find(ref, reader);
    if (now.version === version) throw error;
    throw new AppError("conflict", `The table "${ref}" was written to while it was read.`, {
      hint: "Call again to read it as it is now.",
      cause: error,
    });
  }
}

/**
 * A call that looks for what is called `name`: when there is none, its `not_found` offers datasets with near names, too, which the workspace
 * does not know.
 */
export async function offeringDatasets<T>({ catalogue }: CallContext, name: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isAppError(error) || error.code !== "not_found") throw error;
    if (catalogue.datasets.has(name)) {
      throw new AppError("not_found", `"${name}" is a dataset, not a table or frame.`, {
        hint: "query_dataset reads it, and every tool that takes a data_ref takes its name.",
      });
    }
    const known = Array.isArray(error.details?.near) ? error.details.near.map(String) : [];
    const near = nearNames(name, [...catalogue.datasets.keys(), ...known]);
    const hint = didYouMean(near);
    throw hint === undefined ? error : new AppError("not_found", error.message, { hint, details: { near } });
  }
}

/** A call that may find something it names to be missing: what is missing is in `details.name`, and datasets with near names are offered, too. */
export async function offeringNear<T>(context: CallContext, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const name = isAppError(error) && error.code === "not_found" ? error.details?.name : undefined;
    if (typeof name !== "string") throw error;
    return await offeringDatasets(context, name, Promise.reject(error));
  }
}
