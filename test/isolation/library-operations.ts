// The proof's operations on functions and tools of a team, as tools and as routes. Runs anywhere.

import { madeLive } from "./data-operations.ts";
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
import type { Answer } from "./wire.ts";
import type { Thing } from "./world.ts";

/** A definition and description full of secrets of the thing's. */
export function secretFunction({ world }: Pick<Situation, "world">, thing: Thing) {
  return {
    name: thing.name,
    definition: `def ${thing.name}: "${world.plantIn(thing, "a definition")}";`,
    description: `Says ${world.plantIn(thing, "the description")}.`,
    reason: `Since ${world.plantIn(thing, "a reason")}`,
  };
}

export function secretTool({ world }: Pick<Situation, "world">, thing: Thing, dataset?: Thing) {
  return {
    name: thing.name,
    description: `Answers ${world.plantIn(thing, "the description")}.`,
    query: `["${world.plantIn(thing, "a query")}", \${word}${dataset === undefined ? "" : ", length"}]`,
    parameters: [
      {
        name: "word",
        type: "string",
        default: world.plantIn(thing, "a default"),
        description: `Like ${world.plantIn(thing, "a parameter")}`,
      },
    ],
    ...(dataset === undefined ? {} : { datasets: [dataset.name] }),
    reason: `Since ${world.plantIn(thing, "a reason")}`,
  };
}

function named(situation: Situation, kind: Thing["kind"]): { thing: Thing | undefined; name: string; known: boolean } {
  const thing = someThing(situation, kind, true);
  if (thing === undefined) return { thing, name: "nothing_here", known: false };
  if (situation.world.random.chance(0.15))
    return { thing: undefined, name: almost(situation, thing.name), known: false };
  return { thing, name: thing.name, known: true };
}

/** Something done to one of the tools that come and go. */
function onTool(
  situation: Situation,
  args: Record<string, unknown>,
  live: boolean,
  codes: readonly string[] = [],
): ToolUse {
  const thing = scratchThing(situation, "tool");
  const known = situation.team.things.includes(thing);
  return {
    args: { name: thing.name, reason: `Since ${situation.world.plantIn(thing, "a reason")}`, ...args },
    needs: ["library:write"],
    things: [thing],
    codes: [...(known ? [] : ["not_found"]), "conflict", ...codes],
    neverOk: !known,
    writes: true,
    after: () => {
      thing.live = live;
    },
  };
}

function read(situation: Situation, kind: "function" | "tool", args: Record<string, unknown> = {}): ToolUse {
  const { thing, name, known } = named(situation, kind);
  return {
    args: { name, ...args },
    needs: ["data:read"],
    things: [thing],
    codes: ["cursor_invalid", ...(known ? [] : ["not_found"])],
    neverOk: !known,
  };
}

export const libraryTools: Operations<ToolUse> = {
  find_tools: ({ world }) => ({
    args: withoutUndefined<unknown>({
      query: world.random.pick([
        "",
        "report",
        "pay",
        "plan answers",
        "zq",
        "scratch tool",
        "members",
        "nothing like it",
      ]),
      limit: world.random.pick([1, 8, 200]),
    }),
    needs: ["data:read"],
  }),
  // What it runs is chosen by the prover for every other tool; here it is asked for what it must refuse.
  run_tool: (situation) => {
    const { thing, name } = named(situation, "tool");
    const refused = situation.world.random.chance(0.3);
    return {
      args: { name: refused ? "run_tool" : name, arguments: {} },
      needs: ["data:read"],
      things: refused ? [] : [thing],
      codes: ["not_found", "invalid_argument"],
      neverOk: refused || thing?.live !== true,
    };
  },
  list_functions: (situation) => ({
    args: withoutUndefined<unknown>({
      query: situation.world.random.pick(["", "says", "margin"]),
      limit: situation.world.random.pick([1, 2, 50]),
      cursor: someCursor(situation),
    }),
    needs: ["data:read"],
    codes: cursorCodes,
  }),
  get_function: (situation) => read(situation, "function"),
  save_function: (situation) => {
    const thing = scratchThing(situation, "function");
    return {
      args: secretFunction(situation, thing),
      needs: ["library:write"],
      writes: true,
      after: () => madeLive(situation, thing),
    };
  },
  get_tool: (situation) => read(situation, "tool"),
  save_tool: (situation) => {
    const thing = scratchThing(situation, "tool");
    const dataset = situation.world.random.chance(0.5) ? someThing(situation, "dataset") : undefined;
    const usable = dataset === undefined || dataset.visibility === "everyone" ? dataset : undefined;
    return {
      args: secretTool(situation, thing, usable),
      needs: ["library:write"],
      things: [thing],
      writes: true,
      after: () => madeLive(situation, thing),
    };
  },
  test_tool: (situation) => {
    const { world } = situation;
    const { thing, name, known } = named(situation, "tool");
    const own = world.random.chance(0.5);
    const dataset = someThing(situation, "dataset");
    return {
      args: own
        ? withoutUndefined<unknown>({
            query: world.random.pick([
              ".",
              ".[0:1]",
              "map(.note)",
              "margin(1; 2)",
              "scratch_function_0",
              "marginn(1; 2)",
            ]),
            datasets: dataset === undefined ? undefined : [dataset.name],
          })
        : { name },
      needs: ["data:read"],
      // Of a tool that is hidden, or not there, nothing is left to try.
      things: own ? [] : [thing],
      codes: ["not_found", "tool_error", "invalid_argument"],
      neverOk: !own && !known,
    };
  },
  tool_history: (situation) =>
    read(situation, "tool", withoutUndefined<unknown>({ limit: 2, cursor: someCursor(situation) })),
  rollback_tool: (situation) =>
    onTool(situation, { version: situation.world.random.int(4) + 1 }, true, [
      "not_found",
      "invalid_argument",
      "jq_unknown_name",
    ]),
  deactivate_tool: (situation) => onTool(situation, {}, false),
  restore_tool: (situation) => onTool(situation, {}, true, ["jq_unknown_name", "not_found"]),
};

const base = "/t/:team/api/v1/library";

function listRoute(situation: Situation): RouteUse {
  return {
    query: withoutUndefined<string | number>({
      limit: situation.world.random.pick([1, 3, 100]),
      cursor: someCursor(situation),
    }),
    needs: ["data:read"],
    codes: cursorCodes,
  };
}

/** An entry that could not be imported is in the report by its name, not an error of the request; the others are there. */
export function madeByImport(situation: Situation, answer: Answer, things: readonly Thing[]): void {
  const failed = /"failed":\[([^\]]*)/.exec(answer.text)?.[1] ?? "";
  for (const thing of things) if (!failed.includes(`"${thing.name}"`)) madeLive(situation, thing);
}

export const libraryRoutes: Operations<RouteUse> = {
  [`POST ${base}`]: (situation) => {
    const made = scratchThing(situation, "function");
    const tool = scratchThing(situation, "tool");
    return {
      text: JSON.stringify({
        functions: [secretFunction(situation, made)],
        tools: [secretTool(situation, tool)],
      }),
      type: "application/yaml",
      needs: ["library:write"],
      codes: ["invalid_argument"],
      writes: true,
      after: (answer) => madeByImport(situation, answer, [made, tool]),
    };
  },
  [`GET ${base}/functions`]: listRoute,
  [`GET ${base}/tools`]: listRoute,
  [`DELETE ${base}/functions/:name`]: (situation) => {
    const thing = scratchThing(situation, "function");
    return {
      path: { name: thing.name },
      needs: ["library:write"],
      codes: ["not_found", "jq_breaks_dependants"],
      writes: true,
      after: () => {
        thing.live = false;
      },
    };
  },
  [`POST ${base}/functions/:name/restore`]: (situation) => {
    const thing = scratchThing(situation, "function");
    const known = situation.team.things.includes(thing);
    return {
      path: { name: thing.name },
      needs: ["library:write"],
      codes: ["not_found", "jq_unknown_name"],
      neverOk: !known,
      writes: true,
      after: () => {
        thing.live = true;
      },
    };
  },
};
