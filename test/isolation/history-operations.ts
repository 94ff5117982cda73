// The proof's operations on the past of functions and tools: versions, differences, blame, going back. Runs anywhere.
import {
  almost,
  cursorCodes,
  type Expectation,
  type Operations,
  type RouteUse,
  type Situation,
  scratchThing,
  someCursor,
  someThing,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import type { Thing } from "./world.ts";

type Kind = "function" | "tool";

/** Reading about one function or tool: hidden ones, deactivated ones, and names that are almost right. */
function reading(situation: Situation, kind: Kind, args: Record<string, string | number | undefined>) {
  const { random } = situation.world;
  const thing = someThing(situation, kind, true);
  const known = thing !== undefined && !random.chance(0.15);
  const name = thing === undefined ? "nothing_here" : known ? thing.name : almost(situation, thing.name);
  const expected: Expectation = {
    needs: ["data:read"],
    things: [known ? thing : undefined],
    // A version that is not there, a cursor of another list.
    codes: ["not_found", ...cursorCodes],
    neverOk: !known,
  };
  return { name, args: withoutUndefined(args), expected };
}

const page = (situation: Situation) => ({
  limit: situation.world.random.pick([1, 3, 50]),
  cursor: someCursor(situation),
});

/** Any versions: the last two, two that are there, two that are not. */
const versions = ({ world: { random } }: Situation) => ({
  from: random.pick([undefined, 1, 2, 99]),
  to: random.pick([undefined, 1, 2, 3]),
});

function anyKind(situation: Situation): Kind {
  return situation.world.random.pick(["function", "tool"]) ?? "tool";
}

function tool(
  situation: Situation,
  args: Record<string, string | number | undefined>,
  kind = anyKind(situation),
): ToolUse {
  const read = reading(situation, kind, args);
  return { ...read.expected, args: { kind, name: read.name, ...read.args } };
}

function route(situation: Situation, kind: Kind, query: Record<string, string | number | undefined>): RouteUse {
  const read = reading(situation, kind, query);
  return { ...read.expected, path: { name: read.name }, query: read.args };
}

/** Something done to one of the functions and tools that come and go. */
function changing(
  situation: Situation,
  kind: Kind,
  live: boolean,
  codes: readonly string[],
): Expectation & { thing: Thing } {
  const thing = scratchThing(situation, kind);
  const known = situation.team.things.includes(thing);
  return {
    thing,
    needs: ["library:write"],
    things: [thing],
    codes: ["not_found", "conflict", ...codes],
    neverOk: !known,
    writes: true,
    after: () => {
      thing.live = live;
    },
  };
}

const goingBack = ["invalid_argument", "jq_unknown_name", "jq_breaks_dependants"];

function functionTool(
  situation: Situation,
  live: boolean,
  codes: readonly string[],
  args: Record<string, unknown> = {},
): ToolUse {
  const { thing, ...expected } = changing(situation, "function", live, codes);
  const reason = `Since ${situation.world.plantIn(thing, "a reason")}`;
  return { ...expected, args: { name: thing.name, reason, ...args } };
}

function someVersion({ world }: Situation): number {
  return world.random.int(4) + 1;
}

export const historyTools: Operations<ToolUse> = {
  function_history: (situation) => {
    const read = reading(situation, "function", page(situation));
    return { ...read.expected, args: { name: read.name, ...read.args } };
  },
  compare_versions: (situation) => tool(situation, versions(situation)),
  blame: (situation) => tool(situation, page(situation)),
  list_deactivated: (situation) => ({
    args: withoutUndefined<unknown>({
      kind: situation.world.random.pick([undefined, "function", "tool"]),
      ...page(situation),
    }),
    needs: ["data:read"],
    codes: cursorCodes,
  }),
  rollback_function: (situation) => functionTool(situation, true, goingBack, { version: someVersion(situation) }),
  deactivate_function: (situation) => functionTool(situation, false, ["jq_breaks_dependants"]),
  restore_function: (situation) => functionTool(situation, true, goingBack),
};

const base = "/t/:team/api/v1/library";

function rollbackRoute(kind: Kind): (situation: Situation) => RouteUse {
  return (situation) => {
    const { thing, ...expected } = changing(situation, kind, true, goingBack);
    const reason = `Since ${situation.world.plantIn(thing, "a reason")}`;
    return { ...expected, path: { name: thing.name }, json: { version: someVersion(situation), reason } };
  };
}

function toolRoute(live: boolean): (situation: Situation) => RouteUse {
  return (situation) => {
    const { thing, ...expected } = changing(situation, "tool", live, live ? goingBack : []);
    return { ...expected, path: { name: thing.name } };
  };
}

export const historyRoutes: Operations<RouteUse> = {
  [`GET ${base}/deactivated`]: (situation) => ({
    query: withoutUndefined(page(situation)),
    needs: ["data:read"],
    codes: cursorCodes,
  }),
  [`GET ${base}/functions/:name/versions`]: (situation) => route(situation, "function", page(situation)),
  [`GET ${base}/tools/:name/versions`]: (situation) => route(situation, "tool", page(situation)),
  [`GET ${base}/functions/:name/compare`]: (situation) => route(situation, "function", versions(situation)),
  [`GET ${base}/tools/:name/compare`]: (situation) => route(situation, "tool", versions(situation)),
  [`GET ${base}/functions/:name/blame`]: (situation) => route(situation, "function", page(situation)),
  [`GET ${base}/tools/:name/blame`]: (situation) => route(situation, "tool", page(situation)),
  [`POST ${base}/functions/:name/rollback`]: rollbackRoute("function"),
  [`POST ${base}/tools/:name/rollback`]: rollbackRoute("tool"),
  [`DELETE ${base}/tools/:name`]: toolRoute(false),
  [`POST ${base}/tools/:name/restore`]: toolRoute(true),
};

/** The live feed: asked plainly it says to come as a WebSocket; what it tells is watched all along, as other streams are. */
export const liveRoutes: Operations<RouteUse> = {
  "GET /t/:team/live": (situation) => ({
    query: withoutUndefined({ since: situation.world.random.pick([undefined, 0, 5, 1_000_000]) }),
    needs: ["data:read"],
    codes: ["upgrade_required"],
    // A session opens it only from a page of the site.
    before: ["forbidden"],
    neverOk: true,
  }),
};
