// The call context of what the Worker does in a team by itself: no person asks, so the server is the actor. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { systemCaller } from "../../features/access/access.ts";
import { makeAnswerSeal } from "../../features/idempotency/seal.ts";
import { secretSeal } from "../../platform/secrets.ts";
import { siteOf } from "../../platform/site.ts";
import { teamClient } from "../../platform/team-client.ts";
import { workspaceClient } from "../../platform/workspace-client.ts";
import { knownOf } from "../team-catalogue.ts";

/** What every call in a team is given to act with, whoever asks. */
export function teamMeans(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  team: string,
): Pick<
  CallContext,
  "team" | "stub" | "files" | "background" | "now" | "waitUntil" | "asSystem" | "site" | "secrets" | "answerSeal"
> {
  return {
    team,
    stub: teamClient(env.TEAM, team),
    files: env.FILES,
    background: env.BACKGROUND,
    now: () => Date.now(),
    waitUntil: (promise) => ctx.waitUntil(promise),
    asSystem: () => teamContext(env, ctx, team),
    site: siteOf(env),
    secrets: secretSeal(env, team),
    answerSeal: makeAnswerSeal(env.OPERATOR_TOKEN),
  };
}

/** A context of the server's own in a team, with all its definitions; undefined when the team is not there any more. */
export async function teamContext(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  team: string,
): Promise<CallContext | undefined> {
  const means = teamMeans(env, ctx, team);
  const known = knownOf(team);
  const state = await means.stub.look(known.state);
  if (state === undefined) return undefined;
  const requestId = newId("req");
  const { actor } = systemCaller("system", requestId);
  const origin = Reflect.get(env, "PUBLIC_ORIGIN");
  const catalogue = known.updated(state);
  return {
    ...means,
    workspace: workspaceClient(env.WORKSPACE, team, catalogue.incarnation),
    frameRows: state.frameRows,
    actor,
    credential: { kind: "token", hash: "" },
    logArguments: false,
    address: undefined,
    client: undefined,
    requestId,
    limits: [],
    catalogue,
    signal: undefined,
    execution: {},
    resourceMetadataUrl: "",
    origin: typeof origin === "string" ? origin : "",
    signInWays: () => [],
    leftTeam: async () => undefined,
    forgetGrant: async () => undefined,
  };
}
