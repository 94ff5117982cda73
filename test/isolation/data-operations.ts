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

/** Filters of the execution log: also for texts that are in what others sent. */
function someExecutions(situation: Situation): Record<string, unknown> {
  const { random } = situation.world;
  const thing = someThing(situation, "dataset", true);
  return {
    user: random.chance(0.4) ? random.pick(situation.team.people)?.username : undefined,
    outcome: random.chance(0.2) ? random.pick(["ok", "failed", "not_found"]) : undefined,
    dataset: random.chance(0.1) ? thing?.name : undefined,
    text: random.chance(0.2) ? random.pick(["a", "query", thing?.name ?? "x"]) : undefined,
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

/** A dataset to read: mostly one there is. */
export function read(situation: Situation): { thing: Thing | undefined; name: string; codes: string[] } {
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
  team_activity: ({ world: { random } }) => ({
    args: { window: random.pick(["1h", "24h", "7d", "30d"]), limit: random.pick([1, 10, 100]) },
    needs: ["metrics:read"],
    log: "executions",
  }),
  list_executions: (situation) => {
    const { random } = situation.world;
    return {
      args: withoutUndefined<unknown>({
        ...someExecutions(situation),
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
    path: { dataset, upload_id: id, part: "1" },
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
  [`GET ${base}/:dataset`]: (situation) => {
    const { thing, name, codes } = read(situation);
    return { path: { dataset: name }, needs: ["data:read"], things: [thing], codes };
  },
  [`GET ${base}/:dataset/content`]: (situation) => {
    const { thing, name, codes } = read(situation);
    const etag = situation.world.random.pick(situation.world.teams.flatMap((team) => team.loot.ids));
    return {
      path: { dataset: name },
      query: withoutUndefined({ format: situation.world.random.pick([undefined, "csv", "json", "parquet"]) }),
      headers: {
        ...(etag === undefined ? {} : { "if-none-match": `"${etag}"` }),
        ...(situation.world.random.chance(0.3) ? { range: "bytes=1-40" } : {}),
      },
      needs: ["data:read"],
      things: [thing],
      codes: [...codes, "range_not_satisfiable", "file_malformed"],
    };
  },
  [`PUT ${base}/:dataset`]: (situation) => {
    const thing = scratchThing(situation, "dataset");
    const { rows, description } = secretRows(situation, thing);
    return {
      path: { dataset: thing.name },
      query: { description },
      text: rows,
      type: "application/json",
      needs: ["data:write"],
      things: [thing],
      writes: true,
      after: () => madeLive(situation, thing),
    };
  },
  [`DELETE ${base}/:dataset`]: (situation) => {
    const thing = scratchThing(situation, "dataset");
    return {
      path: { dataset: thing.name },
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
  [`POST ${base}/:dataset/uploads`]: (situation) => {
    const { world, team } = situation;
    const thing = scratchThing(situation, "dataset");
    return {
      path: { dataset: thing.name },
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
  [`GET ${base}/:dataset/uploads/:upload_id`]: (situation) => uploadStep(situation),
  [`PUT ${base}/:dataset/uploads/:upload_id/parts/:part`]: (situation) =>
    uploadStep(situation, {
      text: JSON.stringify([{ amount: situation.world.random.int(9) }]),
      type: "application/json",
      writes: true,
    }),
  [`POST ${base}/:dataset/uploads/:upload_id/complete`]: (situation) => {
    const step = uploadStep(situation, { json: {}, writes: true }, ["dataset_malformed", "precondition_failed"]);
    const name = step.path?.dataset ?? "";
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
  [`DELETE ${base}/:dataset/uploads/:upload_id`]: (situation) => uploadStep(situation, { writes: true }),
  "GET /t/:team/api/v1/activity": (situation) => {
    const { args, ...use } = dataTools.team_activity?.(situation) ?? { args: {}, needs: [] };
    return { ...use, query: args as Record<string, string | number> };
  },
  "GET /t/:team/api/v1/executions/export": (situation) => {
    const { random } = situation.world;
    const query = withoutUndefined<unknown>({ ...someExecutions(situation), format: random.pick(["csv", "ndjson"]) });
    return { query: query as Record<string, string | number>, needs: ["data:read"], log: "executions" };
  },
  "GET /t/:team/api/v1/executions": (situation) => {
    const { args, ...use } = dataTools.list_executions?.(situation) ?? { args: {}, needs: [] };
    return { ...use, query: args as Record<string, string | number> };
  },
};
