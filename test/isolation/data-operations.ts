// The proof's operations on datasets, queries and executions, as tools and as routes. Runs anywhere.
import {
  almost,
  cursorCodes,
  type Operations,
  type RouteUse,
  type Situation,
  scratchThing,
  someCursor,
  someThing,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import { at, dataOf, textAt } from "./wire.ts";
import type { Thing } from "./world.ts";

const limits = [1, 2, 5, 50];

function list(situation: Situation): ToolUse {
  const { random } = situation.world;
  return {
    args: withoutUndefined<unknown>({ limit: random.pick(limits), cursor: someCursor(situation) }),
    needs: ["data:read"],
    codes: cursorCodes,
  };
}

/** Rows whose values, one field's name and the description are secrets of the dataset's. */
export function secretRows({ world }: Pick<Situation, "world">, thing: Thing): { rows: string; description: string } {
  const column = world.plantIn(thing, "a column's name");
  const rows = Array.from({ length: 3 }, (_, index) => ({
    amount: index + 1,
    note: world.plantIn(thing, "a row"),
    [column]: world.plantIn(thing, "a row"),
  }));
  return { rows: JSON.stringify(rows), description: `About ${world.plantIn(thing, "the description")}.` };
}

/** What follows from a write that made or replaced a thing; one that comes back keeps its visibility. */
export function madeLive({ team, viewer }: Situation, thing: Thing): void {
  const isKnown = team.things.includes(thing);
  // A dataset that comes back was made by whoever brought it back; a tool stays its maker's.
  if (!isKnown || (thing.kind === "dataset" && !thing.live)) thing.madeBy = viewer?.username ?? "";
  thing.live = true;
  if (!isKnown) team.things.push(thing);
}

function read(situation: Situation): { thing: Thing | undefined; name: string; codes: string[] } {
  const { random } = situation.world;
  const thing = someThing(situation, "dataset", true);
  if (thing === undefined) return { thing, name: "nothing_here", codes: ["not_found"] };
  if (random.chance(0.15)) return { thing: undefined, name: almost(situation, thing.name), codes: ["not_found"] };
  return { thing, name: thing.name, codes: thing.live ? [] : ["not_found"] };
}

const queries = [
  ".",
  ".[]",
  "map(.note)",
  ".[0] | keys",
  "map(.amount) | add",
  ".[] | tojson",
  "error(.[0].note)",
  "input_filename",
];

export const dataTools: Operations<ToolUse> = {
  list_datasets: list,
  describe_dataset: (situation) => {
    const { thing, name, codes } = read(situation);
    return { args: { dataset: name }, needs: ["data:read"], things: [thing], codes };
  },
  query_dataset: (situation) => {
    const { random } = situation.world;
    const { thing, name, codes } = read(situation);
    return {
      args: withoutUndefined<unknown>({
        dataset: name,
        query: random.chance(0.1) ? "map(margin(2; 1))" : random.pick(queries),
        limit: random.pick([1, 2, 20]),
        cursor: someCursor(situation),
        format: random.pick(["markdown", "json", "csv"]),
        fresh: random.chance(0.3) ? true : undefined,
      }),
      needs: ["data:read"],
      things: [thing],
      codes: [...codes, ...cursorCodes, "jq_runtime", "jq_forbidden", "jq_unknown_name"],
    };
  },
  create_dataset: (situation) => {
    const thing = scratchThing(situation, "dataset");
    const { rows, description } = secretRows(situation, thing);
    return {
      args: { name: thing.name, content: rows, format: "json", description },
      needs: ["data:write"],
      things: [thing],
      codes: [],
      writes: true,
      after: () => madeLive(situation, thing),
    };
  },
  list_executions: (situation) => {
    const { random } = situation.world;
    return {
      args: withoutUndefined<unknown>({
        user: random.chance(0.4) ? random.pick(situation.team.people)?.username : undefined,
        failed: random.chance(0.2) ? true : undefined,
        limit: random.pick(limits),
        cursor: someCursor(situation),
      }),
      needs: ["data:read"],
      codes: cursorCodes,
      log: "executions",
    };
  },
};

const base = "/t/:team/api/v1/datasets";

/** An upload to go on with: of this team, or one that another team began. */
function someUpload(situation: Situation): { dataset: string; id: string; own: boolean } {
  const { world, team } = situation;
  const own = world.random.chance(0.5);
  const owner = own ? team : (world.random.pick(world.teams) ?? team);
  const upload = world.random.pick(owner.loot.uploads);
  return { dataset: upload?.dataset ?? "scratch_dataset_0", id: upload?.id ?? "upl_none", own: owner === team };
}

function uploadStep(situation: Situation, changes: Partial<RouteUse> = {}, codes: string[] = []): RouteUse {
  const { dataset, id, own } = someUpload(situation);
  return {
    path: { name: dataset, id, part: "1" },
    needs: ["data:write"],
    things: [situation.world.thing(situation.team.slug, "dataset", dataset)],
    codes: ["not_found", "conflict", "upload_incomplete", "upload_aborted", ...codes],
    neverOk: !own,
    ...changes,
  };
}

export const dataRoutes: Operations<RouteUse> = {
  [`GET ${base}`]: (situation) => {
    const { args, ...use } = list(situation);
    return { ...use, query: args as Record<string, string | number> };
  },
  [`GET ${base}/:name`]: (situation) => {
    const { thing, name, codes } = read(situation);
    return { path: { name }, needs: ["data:read"], things: [thing], codes };
  },
  [`GET ${base}/:name/content`]: (situation) => {
    const { thing, name, codes } = read(situation);
    const etag = situation.world.random.pick(situation.world.teams.flatMap((team) => team.loot.ids));
    return {
      path: { name },
      ...(etag === undefined ? {} : { headers: { "if-none-match": `"${etag}"` } }),
      needs: ["data:read"],
      things: [thing],
      codes,
    };
  },
  [`PUT ${base}/:name`]: (situation) => {
    const thing = scratchThing(situation, "dataset");
    const { rows, description } = secretRows(situation, thing);
    return {
      path: { name: thing.name },
      query: { description },
      text: rows,
      type: "application/json",
      needs: ["data:write"],
      things: [thing],
      writes: true,
      after: () => madeLive(situation, thing),
    };
  },
  [`DELETE ${base}/:name`]: (situation) => {
    const thing = scratchThing(situation, "dataset");
    return {
      path: { name: thing.name },
      needs: ["data:write"],
      things: [thing],
      codes: thing.live ? [] : ["not_found"],
      neverOk: !thing.live,
      writes: true,
      after: () => {
        thing.live = false;
      },
    };
  },
  [`POST ${base}/:name/uploads`]: (situation) => {
    const { world, team } = situation;
    const thing = scratchThing(situation, "dataset");
    return {
      path: { name: thing.name },
      json: { format: "json", description: `Of ${world.plantIn(thing, "an upload's description")}` },
      needs: ["data:write"],
      things: [thing],
      codes: ["too_large", "conflict"],
      writes: true,
      after: (answer) => {
        const id = textAt(dataOf(answer), "upload_id");
        if (id === undefined) return "no upload_id in the answer";
        team.loot.uploads.push({ dataset: thing.name, id });
        if (team.loot.uploads.length > 8) team.loot.uploads.shift();
        return undefined;
      },
    };
  },
  [`GET ${base}/:name/uploads/:id`]: (situation) => uploadStep(situation),
  [`PUT ${base}/:name/uploads/:id/parts/:part`]: (situation) =>
    uploadStep(situation, {
      text: JSON.stringify([{ amount: situation.world.random.int(9) }]),
      type: "application/json",
      writes: true,
    }),
  [`POST ${base}/:name/uploads/:id/complete`]: (situation) => {
    const step = uploadStep(situation, { json: {}, writes: true }, ["dataset_malformed", "precondition_failed"]);
    const name = step.path?.name ?? "";
    return {
      ...step,
      after: (answer) => {
        if (at(answer.json, "name") !== name) return "another dataset was completed";
        const thing = situation.world.thing(situation.team.slug, "dataset", name);
        if (thing === undefined) madeLive(situation, { ...scratchThing(situation, "dataset"), name });
        else madeLive(situation, thing);
        return undefined;
      },
    };
  },
  [`DELETE ${base}/:name/uploads/:id`]: (situation) => uploadStep(situation, { writes: true }),
  "GET /t/:team/api/v1/executions": (situation) => {
    const { args, ...use } = dataTools.list_executions?.(situation) ?? { args: {}, needs: [] };
    return { ...use, query: args as Record<string, string | number> };
  },
};
