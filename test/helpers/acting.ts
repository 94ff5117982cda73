// People of a team who do things through real clients, for whole-system tests: what must be done, and in few words. Runs in Node.
import { expect } from "vitest";
import { call, type connectV1, type connectV2, createToken, type Target } from "./clients.ts";

export type Client = Awaited<ReturnType<typeof connectV1>> | Awaited<ReturnType<typeof connectV2>>;
export type TeamTarget = Target & { origin: string; team: string };

/** Someone of a team, with a token of their own. */
export async function person(
  server: { origin: string; persist: string },
  team: TeamTarget,
  username: string,
  role: string,
): Promise<TeamTarget> {
  return { ...team, token: (await createToken(server, team.team, { username, role })).token };
}

/** The answer of a call that must be done. */
export async function done<Data>(client: Client, name: string, args: Record<string, unknown>): Promise<Data> {
  const answer = await call<Data>(client, name, args);
  expect(answer.isError, answer.text).toBe(false);
  return answer.data;
}

/** The rows of a call that must be done. */
export async function rowsOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<unknown[]> {
  return (await done<{ rows: unknown[] }>(client, name, args)).rows;
}

export interface ProposalState {
  state: string;
  settled_how: string | null;
  applied_version: number | null;
  votes: { username: string }[];
  tally: { approve: number };
}

export async function proposalOf(client: Client, id: string): Promise<ProposalState> {
  return (await done<{ proposal: ProposalState }>(client, "get_proposal", { id })).proposal;
}

/** Proposes a tool that gives what `query` does with no input, and returns the proposal's id. */
export async function proposeTool(client: Client, name: string, query: string): Promise<string> {
  const args = { name, description: `Gives ${query}.`, query, null_input: true, justification: "We need it." };
  return (await done<{ proposal: { id: string } }>(client, "propose_tool", args)).proposal.id;
}
