// The proof's operations of the MCP protocol that are no tool calls: lists, resources, completions. Runs anywhere.
import {
  almost,
  lacksData,
  type Operations,
  type ProtocolUse,
  type Situation,
  someCursor,
  someThing,
  withoutUndefined,
} from "./plan.ts";

const lookups = [
  "?toolsets=all",
  "?toolsets=jq,admin",
  "?toolsets=catalog",
  "",
  "?tools=report,list_datasets",
  "?toolsets=nothing",
];

function listed(situation: Situation, url?: string): ProtocolUse {
  return {
    params: withoutUndefined<unknown>({ cursor: someCursor(situation) }),
    ...(url === undefined ? {} : { url }),
    needs: [],
    codes: ["cursor_invalid", "not_found", "invalid_argument"],
  };
}

export const protocolOperations: Operations<ProtocolUse> = {
  "tools/list": (situation) => {
    const { random } = situation.world;
    const hidden = someThing(situation, "tool");
    const named = hidden !== undefined && random.chance(0.2);
    return listed(situation, named ? `?tools=${almost(situation, hidden.name)}` : random.pick(lookups));
  },
  "resources/list": (situation) => ({ ...listed(situation), needs: ["data:read"] }),
  "resources/templates/list": (situation) => listed(situation),
  "resources/read": (situation) => {
    const { random } = situation.world;
    const kind = random.pick(["dataset", "tool", "function", "table", "frame"] as const);
    const thing = someThing(situation, kind, true);
    const missed = thing === undefined || random.chance(0.15);
    const name = thing === undefined ? "nothing_here" : missed ? almost(situation, thing.name) : thing.name;
    return {
      params: { uri: `${kind}://${name}` },
      needs: ["data:read"],
      things: missed ? [] : [thing],
      codes: missed || !thing.live ? ["not_found"] : [],
      neverOk: missed || !thing.live,
    };
  },
  "completion/complete": ({ world }) => ({
    params: {
      ref: {
        type: "ref/resource",
        uri: `${world.random.pick(["dataset", "tool", "function", "table", "frame"])}://{name}`,
      },
      argument: { name: "name", value: world.random.pick(["", "zq", "s", "pay", "plan", "inbox"]) },
    },
    needs: ["data:read"],
  }),
  "server/discover": () => ({ params: {}, needs: [], codes: ["rpc -32601"] }),
  initialize: () => ({
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "proof", version: "1" } },
    needs: [],
    codes: ["rpc -32601", "rpc -32022"],
  }),
  "prompts/list": () => ({ params: {}, needs: [], codes: ["rpc -32601"] }),
};

/** A call of one of the team's own tools by its own name. */
export function teamToolCall(situation: Situation): ProtocolUse {
  const { random } = situation.world;
  const thing = someThing(situation, "tool", true);
  const missed = thing === undefined || random.chance(0.15);
  const name = thing === undefined ? "nothing_here" : missed ? almost(situation, thing.name) : thing.name;
  return {
    params: {
      name,
      arguments: withoutUndefined<unknown>({
        word: random.chance(0.3) ? "w" : undefined,
        cursor: someCursor(situation),
      }),
    },
    needs: ["data:read"],
    things: missed ? [] : [thing],
    codes: [
      ...(missed || !thing.live || lacksData(situation.viewer, thing) ? ["not_found"] : []),
      "cursor_invalid",
      "cursor_stale",
      "jq_runtime",
      "jq_unknown_name",
    ],
    // Whether there is such a tool comes before whether one may use it.
    before: missed || !thing.live ? ["not_found"] : [],
    neverOk: missed || !thing.live,
  };
}
