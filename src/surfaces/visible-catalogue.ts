// The catalogue as one actor sees it: what is not shown to them is not there, so nothing built on it can show it. Runs at the edge.
import type { Catalogue } from "../context.ts";
import { type Asker, maySee, type Visibility } from "../features/access/access.ts";

/** What of a catalogue is not for everyone, and what it came to for those who asked. */
interface Restrictions {
  /** Everyone whom some visibility names. */
  named: ReadonlySet<string>;
  /** By who sees what; goes with the catalogue it was made from. */
  views: Map<string, Catalogue>;
}

// Per isolate. A catalogue never changes, so this is found out once for each; null: everyone sees all of it.
const restrictions = new WeakMap<Catalogue, Restrictions | null>();

/** The part of a team's catalogue that is shown to `asker`. The same object for all who see the same. */
export function visibleCatalogue(catalogue: Catalogue, asker: Asker): Catalogue {
  const restricted = restrictionsOf(catalogue);
  if (restricted === null || asker.role === "owner") return catalogue;
  // A role decides, and a name where it is on some list.
  const key = restricted.named.has(asker.username) ? `${asker.role} ${asker.username}` : asker.role;
  const known = restricted.views.get(key);
  if (known !== undefined) return known;
  const datasets = shownOf(catalogue.datasets, asker);
  const view: Catalogue = {
    ...catalogue,
    tools: shownOf(catalogue.tools, asker),
    datasets,
    hiddenDatasets: [...catalogue.datasets.values()].filter(({ name }) => !datasets.has(name)).map(({ id }) => id),
  };
  restricted.views.set(key, view);
  return view;
}

function restrictionsOf(catalogue: Catalogue): Restrictions | null {
  const known = restrictions.get(catalogue);
  if (known !== undefined) return known;
  const limited = [...catalogue.tools.values(), ...catalogue.datasets.values()].flatMap(
    ({ visibility }): Visibility[] => (visibility === undefined ? [] : [visibility]),
  );
  const named = new Set(limited.flatMap((visibility) => (typeof visibility === "string" ? [] : visibility)));
  const found = limited.length === 0 ? null : { named, views: new Map<string, Catalogue>() };
  restrictions.set(catalogue, found);
  return found;
}

function shownOf<Item extends { visibility?: Visibility | undefined }>(
  items: ReadonlyMap<string, Item>,
  asker: Asker,
): ReadonlyMap<string, Item> {
  const shown = [...items].filter(([, item]) => maySee(asker, item));
  return shown.length === items.size ? items : new Map(shown);
}
