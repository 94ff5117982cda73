// The proof's operations on exports, imports and the keys a team trusts. Runs anywhere.
import { madeByImport, secretFunction, secretTool } from "./library-operations.ts";
import {
  type Operations,
  type RouteUse,
  type Situation,
  scratchThing,
  someThing,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import type { Answer } from "./wire.ts";

/** A public key that nobody signs with, and its fingerprint. */
const someKey = "A".repeat(43);
const someFingerprint = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";

/** Names to ask an export for: mostly none, else some that may be hidden, out of use, or another team's. */
function someNames(situation: Situation): string[] | undefined {
  const { random } = situation.world;
  if (random.chance(0.6)) return undefined;
  const kinds = ["tool", "function"] as const;
  return kinds.map((kind) => someThing(situation, kind, true)?.name ?? "nothing_here");
}

/** A file with things of the team's own, made of secrets. */
function aFile(situation: Situation) {
  const [made, tool] = [scratchThing(situation, "function"), scratchThing(situation, "tool")];
  const content = JSON.stringify({
    functions: [secretFunction(situation, made)],
    tools: [secretTool(situation, tool)],
  });
  const after = (answer: Answer): void => madeByImport(situation, answer, [made, tool]);
  return { content, after };
}

const strategyOf = ({ world }: Situation): string => world.random.pick(["skip", "overwrite", "newest"]) ?? "skip";

export const sharingTools: Operations<ToolUse> = {
  export_library: (situation) => {
    const { random } = situation.world;
    const names = someNames(situation);
    const sign = random.chance(0.3) ? true : undefined;
    return {
      args: withoutUndefined<unknown>({
        what: random.pick(["tools", "functions", "all"]),
        format: random.pick(["json", "yaml"]),
        names,
        sign,
      }),
      needs: sign === true ? ["data:read", "library:write"] : ["data:read"],
      codes: ["not_found"],
      writes: sign === true,
    };
  },
  plan_import: (situation) => ({
    args: { content: aFile(situation).content, strategy: strategyOf(situation) },
    needs: ["library:write"],
  }),
  import_library: (situation) => {
    const { content, after } = aFile(situation);
    return { args: { content, strategy: "overwrite" }, needs: ["library:write"], writes: true, after };
  },
  list_signers: () => ({ args: {}, needs: ["data:read"] }),
  trust_signer: () => ({
    args: { public_key: someKey, name: "another team" },
    needs: ["settings:manage"],
    writes: true,
  }),
  distrust_signer: () => ({
    args: { fingerprint: someFingerprint },
    needs: ["settings:manage"],
    codes: ["not_found"],
    writes: true,
  }),
};

const library = "/t/:team/api/v1/library";
const signers = "/t/:team/api/v1/signers";

const exportRoute = (situation: Situation): RouteUse => ({
  query: withoutUndefined<string>({ names: someNames(situation)?.join(",") }),
  needs: ["data:read"],
  codes: ["not_found"],
});

export const sharingRoutes: Operations<RouteUse> = {
  ...Object.fromEntries(
    ["approved_tools", "functions", "library"].flatMap((file) =>
      ["json", "yaml"].map((format) => [`GET ${library}/${file}.${format}`, exportRoute]),
    ),
  ),
  [`POST ${library}/import`]: (situation) => {
    const { content, after } = aFile(situation);
    return {
      text: content,
      type: "application/json",
      query: { strategy: "overwrite" },
      needs: ["library:write"],
      writes: true,
      after,
    };
  },
  [`POST ${library}/plan`]: (situation) => {
    const { content } = aFile(situation);
    return {
      text: content,
      type: "application/json",
      query: { strategy: strategyOf(situation) },
      needs: ["library:write"],
    };
  },
  [`GET ${signers}`]: () => ({ needs: ["data:read"] }),
  [`POST ${signers}`]: () => ({
    json: { public_key: someKey, name: "another team" },
    needs: ["settings:manage"],
    writes: true,
  }),
  [`DELETE ${signers}/:fingerprint`]: () => ({
    path: { fingerprint: someFingerprint },
    needs: ["settings:manage"],
    codes: ["not_found"],
    writes: true,
  }),
};
