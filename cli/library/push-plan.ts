// What a push would do: the server's own plan, what others changed since the last pull, and what is only on one side. Runs under Node.
import type { Api } from "../core/http.ts";
import type { ImportPlan, NamedEntry, PlannedEntry } from "../core/wire.ts";
import { type Combined, combine, type FileEntry, keyOf, pathIn } from "./files.ts";
import type { Lock } from "./lock.ts";
import { type ImportRequest, planImport, type RemoteEntry, readRemote } from "./remote.ts";

export interface PushPlan {
  request: ImportRequest;
  plan: ImportPlan;
  /** The plan's entries; an update of what others changed since is a conflict here. */
  entries: (PlannedEntry & { place: string })[];
  /** The team has them, the files do not. */
  onlyRemote: NamedEntry[];
  /** Of those, what the files once had: what --prune takes out of use. */
  removable: NamedEntry[];
}

/** Actions that nothing comes of until somebody decides or repairs. */
export const blocked: ReadonlySet<string> = new Set(["conflict", "invalid", "missing_dependency"]);

export async function planPush(
  api: Api,
  {
    folder,
    local,
    lock,
    isForced,
  }: { folder: string; local: readonly FileEntry[]; lock: Lock | undefined; isForced: boolean },
): Promise<PushPlan> {
  const combined = combine(local);
  const request: ImportRequest = { content: combined.text, strategy: "overwrite", path: folder.slice(0, 300) };
  const [plan, remote] = await Promise.all([planImport(api, request), readRemote(api)]);
  const entries = plan.entries.map((entry) => ({
    ...(isForced ? entry : withConflict(entry, lock)),
    place: placeText(folder, combined, entry),
  }));
  const known = new Set(local.map(keyOf));
  const onlyRemote = remote.filter((entry) => !known.has(keyOf(entry))).map(({ kind, name }) => ({ kind, name }));
  const removable = onlyRemote.filter((entry) => lock?.versions[keyOf(entry)] !== undefined);
  return { request, plan, entries, onlyRemote, removable };
}

/** Git has the truth of what we wrote, not of what others saved on the server meanwhile. */
function withConflict(entry: PlannedEntry, lock: Lock | undefined): PlannedEntry {
  const base = lock?.versions[keyOf(entry)];
  const { action, version_here: here } = entry;
  if (action !== "update" || lock === undefined || here === undefined || here === base) return entry;
  const why =
    base === undefined
      ? `the team has had it since the last pull (version ${here})`
      : `changed on the server since the last pull (version ${base} there then, ${here} now)`;
  return { ...entry, action: "conflict", why };
}

function placeText(folder: string, combined: Combined, { line, error }: PlannedEntry): string {
  const place = combined.placeOf(line, error?.column);
  if (place === undefined) return `line ${line}`;
  return `${pathIn(folder, place.path)}:${place.line}${place.column === undefined ? "" : `:${place.column}`}`;
}

/** Functions after the tools that call them, so that nothing in use loses what it calls. */
export const removalOrder = (entries: readonly NamedEntry[]): NamedEntry[] =>
  [...entries].sort((a, b) => Number(a.kind === "function") - Number(b.kind === "function"));

export const versionsOf = (remote: readonly RemoteEntry[]): (NamedEntry & { version: number })[] =>
  remote.map(({ kind, name, version }) => ({ kind, name, version }));
