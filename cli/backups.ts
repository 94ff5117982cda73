// A restore as a person reads it before it is done. Runs under Node.
import { type Api, segment } from "./core/http.ts";
import { plural } from "./core/output.ts";
import type { RestoreOutcome } from "./core/wire.ts";

const namesShown = 5;

/** Asks for a restore: without `confirm` for its preview. */
export const restore = (api: Api, id: string, confirm?: string): Promise<RestoreOutcome> =>
  api.json<RestoreOutcome>(`/backups/${segment(id)}/restore`, {
    method: "POST",
    json: confirm === undefined ? {} : { confirm },
  });

/** What would change, a line for each kind of thing. */
export function changeLines({ changes }: RestoreOutcome): string[] {
  if (changes.length === 0) return ["Nothing would change."];
  return changes.flatMap(({ kind, created, changed, removed, names }) => [
    `${kind}: ${created} created, ${changed} changed, ${removed} removed`,
    ...listed("+", names.created, created),
    ...listed("~", names.changed, changed),
    ...listed("-", names.removed, removed),
  ]);
}

function listed(mark: string, names: readonly string[], total: number): string[] {
  const shown = names.slice(0, namesShown).map((name) => `  ${mark} ${name}`);
  const rest = total - shown.length;
  return rest > 0 ? [...shown, `  ${mark} and ${plural(rest, "other")}`] : shown;
}
