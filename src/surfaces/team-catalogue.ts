// What an isolate knows of teams' definitions, brought up to date by each answer of a team's object. Runs at the edge.
import type { Catalogue } from "../context.ts";
import { Lru } from "../core/lru.ts";
import type { TeamChanges, TeamState } from "../durable/team-object.ts";
import { cacheLimits } from "../limits.ts";

// Per isolate: what each team looked like at the newest revision seen. Only ever handed out after the team's object accepted the caller.
// What a catalogue with nothing in it counts for.
const emptyCatalogueChars = 4096;
// A catalogue weighs as much as the text it came in, differences added up; one that outgrows the cache so is read anew at its true size.
const catalogues = new Lru<{ catalogue: Catalogue; chars: number }>(
  cacheLimits.catalogueChars,
  cacheLimits.catalogueChars,
);

/** What is known of a team: what to tell its object, and how to go on from what the object answers. */
export function knownOf(team: string): {
  state: { incarnation?: string; revision?: number };
  updated: (entry: TeamState) => Catalogue;
} {
  const known = catalogues.get(team);
  const state =
    known === undefined ? {} : { incarnation: known.catalogue.incarnation, revision: known.catalogue.revision };
  return { state, updated: (entry) => updateCatalogue(team, known, entry) };
}

function updateCatalogue(
  team: string,
  known: { catalogue: Catalogue; chars: number } | undefined,
  entry: TeamState,
): Catalogue {
  if (entry.changes === undefined && known !== undefined) return known.catalogue;
  const changes = entry.changes === undefined ? undefined : (JSON.parse(entry.changes) as TeamChanges);
  const old = changes?.full === false ? known : undefined;
  const base = old?.catalogue;
  const catalogue: Catalogue = {
    team,
    name: entry.name,
    incarnation: entry.incarnation,
    revision: entry.revision,
    functions: merge(base?.functions, changes?.functions ?? [], (item) => item.is_active),
    tools: merge(base?.tools, changes?.tools ?? [], (item) => item.is_active && item.approval_status === "approved"),
    datasets: merge(base?.datasets, changes?.datasets ?? [], (item) => !item.deleted),
    hiddenDatasets: [],
  };
  const newest = catalogues.get(team)?.catalogue;
  const isNewer = newest === undefined || newest.incarnation !== entry.incarnation || newest.revision < entry.revision;
  const chars = (old?.chars ?? emptyCatalogueChars) + (entry.changes?.length ?? 0);
  if (isNewer) catalogues.set(team, { catalogue, chars }, chars);
  return catalogue;
}

/** A new map, so that calls under way keep the state they began with; sorted by name, which lists and cursors rely on. */
function merge<Item extends { name: string }>(
  base: ReadonlyMap<string, Item> | undefined,
  changed: readonly Item[],
  isLive: (item: Item) => boolean,
): ReadonlyMap<string, Item> {
  if (base !== undefined && changed.length === 0) return base;
  const merged = new Map(base);
  for (const item of changed) {
    if (isLive(item)) merged.set(item.name, item);
    else merged.delete(item.name);
  }
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
