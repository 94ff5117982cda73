// The proof's operations on suggestions, performance and explanations, as tools and as routes. Runs anywhere.
import {
  cursorCodes,
  lacksData,
  type Operations,
  type RouteUse,
  type Situation,
  someCursor,
  someThing,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";

/** Nobody's: what suggestions there are depends on what was asked how often, and an id is a hash of that. */
const noSuggestion = `sug_${"0".repeat(24)}`;

const queries = ["map(.amount) | add", "map(select(.amount > 1)) | length", ".[] | .note", "error(.[0].note)"];

function listed(situation: Situation): Pick<RouteUse, "needs" | "codes"> & { cursor: string | undefined } {
  return { needs: ["data:read"], codes: cursorCodes, cursor: someCursor(situation) };
}

function missing(needs: ToolUse["needs"]): Pick<ToolUse, "needs" | "codes" | "neverOk"> {
  return { needs, codes: ["not_found"], neverOk: true };
}

export const learningTools: Operations<ToolUse> = {
  list_suggestions: (situation) => {
    const { cursor, ...expected } = listed(situation);
    return {
      args: withoutUndefined<unknown>({
        state: situation.world.random.pick(["suggested", "proposed", "dismissed"]),
        dataset: someThing(situation, "dataset")?.name,
        limit: 5,
        cursor,
      }),
      ...expected,
    };
  },
  get_suggestion: () => ({ args: { id: noSuggestion }, ...missing(["data:read"]) }),
  propose_suggestion: () => ({ args: { id: noSuggestion }, ...missing(["library:propose"]) }),
  dismiss_suggestion: () => ({ args: { id: noSuggestion }, ...missing(["library:propose"]) }),
  explain_query: (situation) => {
    const dataset = someThing(situation, "dataset");
    return {
      args: withoutUndefined<unknown>({ dataset: dataset?.name, query: situation.world.random.pick(queries) }),
      needs: ["data:read"],
      things: dataset === undefined ? [] : [dataset],
      codes: [],
    };
  },
  tool_performance: (situation) => {
    const tool = someThing(situation, "tool", true);
    const { random } = situation.world;
    const name = tool !== undefined && random.chance(0.5) ? tool.name : undefined;
    return {
      args: withoutUndefined<unknown>({ name, days: random.pick([1, 30]) }),
      needs: ["data:read"],
      things: name === undefined ? [] : [tool],
      codes: tool?.live === true ? [] : ["not_found"],
    };
  },
  optimize_tool: (situation) => {
    const tool = someThing(situation, "tool", true);
    return {
      args: { name: tool?.name ?? "nothing_here" },
      needs: ["data:read"],
      things: [tool],
      codes: ["not_found", "invalid_argument"],
      neverOk: tool?.live !== true && !lacksData(situation.viewer, tool),
    };
  },
};

const base = "/t/:team/api/v1";

export const learningRoutes: Operations<RouteUse> = {
  [`GET ${base}/suggestions`]: (situation) => {
    const { cursor, ...expected } = listed(situation);
    return { query: withoutUndefined<string | number>({ limit: 5, cursor }), ...expected };
  },
  [`GET ${base}/suggestions/:id`]: () => ({ path: { id: noSuggestion }, ...missing(["data:read"]) }),
  [`POST ${base}/suggestions/:id/propose`]: () => ({
    path: { id: noSuggestion },
    json: {},
    ...missing(["library:propose"]),
  }),
  [`POST ${base}/suggestions/:id/dismiss`]: () => ({
    path: { id: noSuggestion },
    json: {},
    ...missing(["library:propose"]),
  }),
  [`GET ${base}/performance`]: () => ({ query: { days: 30 }, needs: ["data:read"] }),
};
