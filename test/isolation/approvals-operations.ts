// The proof's operations on proposals and votes. Each is a tool and a route that take the same. Nothing is ever approved, so the library stays
// as the model knows it. Runs anywhere.
import {
  almost,
  cursorCodes,
  type Expectation,
  type Operations,
  type RouteUse,
  type Situation,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import { type Answer, dataOf, textAt } from "./wire.ts";
import { has, type LootedProposal } from "./world.ts";

interface Shared extends Expectation {
  args: Record<string, unknown>;
}

/** A secret that whoever reads or makes proposals of the team may see. */
function secret({ world, team }: Situation, what: string): string {
  return world.canaries.plant(
    team.slug,
    what,
    (viewer) => has(viewer, team.slug, "data:read") || has(viewer, team.slug, "library:propose"),
  );
}

function propose(situation: Situation, kind: LootedProposal["kind"]): Shared {
  const { world, team, viewer } = situation;
  // Names of their own: what is voted on here is never put in use.
  const name = `proposed_${kind}_${world.random.int(1_000_000_000)}`;
  const value = `"${secret(situation, `what a proposed ${kind} says`)}"`;
  const tested = secret(situation, "a test's expectation");
  const content =
    kind === "tool"
      ? { query: `[${value}, "${tested}"][]`, tests: [{ assert: `.[1] == "${tested}"` }] }
      : { definition: `def ${name}: ${value};`, tests: [{ expression: name, assert: `"${tested}" | length > 0` }] };
  return {
    args: {
      name,
      description: `Says ${secret(situation, "a proposed description")}.`,
      justification: `Since ${secret(situation, "a justification")}`,
      ...content,
    },
    needs: ["library:propose"],
    codes: ["too_large"],
    writes: true,
    after: (answer: Answer) => {
      const proposal = textAt(dataOf(answer), "proposal", "id");
      if (proposal !== undefined) team.loot.proposals.push({ id: proposal, kind, author: viewer?.username ?? "" });
    },
  };
}

/** A proposal of this team, or an id that is another team's or nobody's. */
function someProposal(situation: Situation): { found: LootedProposal | undefined; id: string } {
  const { world, team } = situation;
  const { random } = world;
  const owner = random.chance(0.3) ? random.pick(world.teams) : team;
  const found = random.pick(owner?.loot.proposals ?? []);
  if (found === undefined) return { found, id: "prop_nobody" };
  if (random.chance(0.1)) return { found: undefined, id: almost(situation, found.id) };
  return { found: owner === team ? found : undefined, id: found.id };
}

function onProposal(situation: Situation, args: (kind: LootedProposal["kind"]) => Record<string, unknown>): Shared {
  const { found, id } = someProposal(situation);
  return {
    args: { id, ...args(found?.kind ?? "tool") },
    needs: ["library:propose"],
    codes: found === undefined ? ["not_found"] : ["conflict", "forbidden"],
    neverOk: found === undefined,
    writes: true,
  };
}

function edit(situation: Situation): Shared {
  return onProposal(situation, () => ({
    content: { description: `Says ${secret(situation, "an edited description")}.` },
    justification: `Since ${secret(situation, "an edited justification")}`,
  }));
}

function vote(situation: Situation): Shared {
  const cast = onProposal(situation, () => ({ vote: "reject", comment: `No: ${secret(situation, "a comment")}` }));
  // A service account has no vote of its own, whatever it votes on.
  return { ...cast, codes: [...new Set([...(cast.codes ?? []), "forbidden"])] };
}

function comment(situation: Situation): Shared {
  const said = onProposal(situation, () => ({ comment: `Why? ${secret(situation, "a comment of the discussion")}` }));
  return { ...said, codes: [...(said.codes ?? []), "too_large"] };
}

function withdraw(situation: Situation): Shared {
  return onProposal(situation, () => ({ reason: `Since ${secret(situation, "a reason to withdraw")}` }));
}

function list(situation: Situation): Shared {
  const { random } = situation.world;
  return {
    args: withoutUndefined<unknown>({
      state: random.pick([undefined, "pending", "rejected"]),
      kind: random.pick([undefined, "tool", "function"]),
      limit: random.pick([1, 3, 50]),
      cursor: someCursor(situation),
    }),
    needs: ["data:read"],
    codes: cursorCodes,
  };
}

function read(situation: Situation): Shared {
  const { found, id } = someProposal(situation);
  return {
    args: { id },
    needs: ["data:read"],
    codes: found === undefined ? ["not_found"] : [],
    neverOk: found === undefined,
  };
}

export const approvalTools: Operations<ToolUse> = {
  propose_tool: (situation) => propose(situation, "tool"),
  propose_function: (situation) => propose(situation, "function"),
  edit_proposal: edit,
  list_proposals: list,
  get_proposal: read,
  vote_on_proposal: vote,
  comment_on_proposal: comment,
  withdraw_proposal: withdraw,
};

const base = "/t/:team/api/v1/proposals";

/** The same over REST: the id in the path, the rest as the body. */
function withBody({ args: { id, ...json }, ...rest }: Shared): RouteUse {
  return { ...rest, path: { id: String(id) }, json };
}

export const approvalRoutes: Operations<RouteUse> = {
  [`GET ${base}`]: (situation) => {
    const { args, ...rest } = list(situation);
    return { ...rest, query: args as Record<string, string | number> };
  },
  [`GET ${base}/:id`]: (situation) => {
    const { args, ...rest } = read(situation);
    return { ...rest, path: { id: String(args.id) } };
  },
  [`PATCH ${base}/:id`]: (situation) => withBody(edit(situation)),
  [`POST ${base}/:id/votes`]: (situation) => withBody(vote(situation)),
  [`POST ${base}/:id/comments`]: (situation) => withBody(comment(situation)),
  [`POST ${base}/:id/withdraw`]: (situation) => withBody(withdraw(situation)),
};
