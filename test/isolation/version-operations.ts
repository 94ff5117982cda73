// The proof's operations on versions of datasets, deleted datasets and previews of uploads. Runs anywhere.
import { read } from "./data-operations.ts";
import { asRoute, type Shared } from "./people-operations.ts";
import {
  cursorCodes,
  type Operations,
  type RouteUse,
  type Situation,
  scratchThing,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";

/** Few versions are made in a run, so most of these numbers are of none. */
const someVersion = ({ world }: Situation): number | undefined =>
  world.random.chance(0.5) ? world.random.int(4) + 1 : undefined;

function history(situation: Situation): Shared {
  const { thing, name, codes } = read(situation);
  return { args: { dataset: name }, needs: ["data:read"], things: [thing], codes };
}

function compare(situation: Situation): Shared {
  const { thing, name, codes } = read(situation);
  const args = { dataset: name, from: someVersion(situation), to: someVersion(situation) };
  return {
    args: withoutUndefined<unknown>(args),
    needs: ["data:read"],
    things: [thing],
    codes: [...codes, "not_found"],
  };
}

/** The confirmation is always wrong: the route deletes. */
function remove(situation: Situation): Shared {
  const thing = scratchThing(situation, "dataset");
  return {
    args: { dataset: thing.name, confirm: "none" },
    needs: ["data:write"],
    things: [thing],
    codes: thing.live ? ["confirmation_required"] : ["not_found"],
    neverOk: true,
  };
}

function restore(situation: Situation): Shared {
  const thing = scratchThing(situation, "dataset");
  return {
    args: withoutUndefined<unknown>({ dataset: thing.name, version: someVersion(situation) }),
    needs: ["data:write"],
    things: [thing],
    codes: ["not_found", "conflict"],
    neverOk: !situation.team.things.includes(thing),
    writes: true,
    after: () => {
      thing.live = true;
    },
  };
}

const listDeleted = (situation: Situation): Shared => ({
  args: withoutUndefined<unknown>({ limit: 2, cursor: someCursor(situation) }),
  needs: ["data:read"],
  codes: cursorCodes,
});

export const versionTools: Operations<ToolUse> = {
  dataset_history: history,
  compare_dataset_versions: compare,
  delete_dataset: remove,
  restore_dataset: restore,
  list_deleted_datasets: listDeleted,
};

const base = "/t/:team/api/v1/datasets/:dataset";

const ofDataset = (use: Shared, form: "query" | "json"): RouteUse => asRoute(use, form, { dataset: "dataset" });

export const versionRoutes: Operations<RouteUse> = {
  [`GET ${base}/versions`]: (situation) => ofDataset(history(situation), "query"),
  [`GET ${base}/versions/:version`]: (situation) => {
    const use = ofDataset(history(situation), "query");
    const version = String(someVersion(situation) ?? 1);
    return { ...use, path: { ...use.path, version }, codes: [...(use.codes ?? []), "not_found"] };
  },
  [`GET ${base}/compare`]: (situation) => ofDataset(compare(situation), "query"),
  [`POST ${base}/restore`]: (situation) => ofDataset(restore(situation), "json"),
  "GET /t/:team/api/v1/deleted-datasets": (situation) => asRoute(listDeleted(situation), "query"),
  "POST /t/:team/api/v1/datasets/preview": () => ({
    text: '[{"amount":1}]',
    type: "application/json",
    needs: ["data:write"],
  }),
};
