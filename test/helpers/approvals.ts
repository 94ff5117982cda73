// A team whose proposals a test drives in its object, with the clock and the queue in its own hands. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { describeError } from "../../src/core/errors.ts";
import { Alarm } from "../../src/durable/alarm.ts";
import { openDb } from "../../src/durable/db.ts";
import { makeTeamDeps, type TeamDeps } from "../../src/durable/team-deps.ts";
import { type Caller, type Role, systemCaller } from "../../src/features/access/access.ts";
import type { SubmitProposal } from "../../src/features/approvals/approvals.ts";
import { ApprovalsRpc } from "../../src/features/approvals/rpc.ts";
import type { ProposalContent, Validation } from "../../src/features/approvals/schema.ts";
import { FunctionsRpc } from "../../src/features/jq-functions/rpc.ts";
import { ToolsRpc } from "../../src/features/jq-tools/rpc.ts";
import type { UpdateTeam } from "../../src/features/teams/schema.ts";
import { callerBy, member, operator } from "./people.ts";
import { type FreshTeam, freshTeam } from "./team.ts";

/** The server itself, as the queue's consumer comes. */
export const server = systemCaller("system", "test");

/** What a check that found nothing wrong says. */
export const passed: Validation = {
  ok: true,
  checked_at: "2026-01-01T00:00:00.000Z",
  revision: 1,
  errors: [],
  warnings: [],
  tests: [],
  dependants: { functions: [], tools: [] },
};

/** The whole of a tool that gives what `query` gives. */
export function toolContent(query: string, more: object = {}): ProposalContent {
  return {
    description: "d",
    query,
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    input: "whole",
    null_input: false,
    pinned: false,
    weight: 0,
    ...more,
  };
}

export function functionContent(definition: string): ProposalContent {
  return { definition, description: "", parameters: [], allow_builtin_name: false };
}

/** A proposal of a new tool `one`, unless told otherwise. */
export function aProposal(more: Partial<SubmitProposal> = {}): SubmitProposal {
  const { kind = "tool", name = "one", action = "create" } = more;
  return {
    kind,
    name,
    action,
    content: kind === "tool" ? toolContent("1") : functionContent(`def ${name}: 1;`),
    baseVersion: null,
    justification: "We need it.",
    tests: [],
    validation: passed,
    ...more,
  };
}

/** What a test does inside the team's object. */
export interface Inside {
  deps: TeamDeps;
  approvals: ApprovalsRpc;
  tools: ToolsRpc;
  functions: FunctionsRpc;
  /** Messages sent to the queue, which nobody delivers; delays in milliseconds. */
  sent: { proposal: string; delayMs: number | undefined }[];
  /** Times asked of the alarm. */
  wakes: number[];
}

export interface Bench extends FreshTeam {
  people: Record<string, Caller>;
  inside: <T>(work: (inside: Inside) => T) => Promise<T>;
  /** What a refused call says. */
  refusal: (work: (inside: Inside) => unknown) => Promise<string>;
  set: (settings: NonNullable<UpdateTeam["settings"]>) => Promise<void>;
}

/** One of the team's people, as they come with a call. */
export function caller(bench: Bench, name: string): Caller {
  const found = bench.people[name];
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found;
}

/** A team of these people: olga owns it, adam administers it, ana, ben, cy and di are members, vic is a viewer. */
export async function approvalsBench(): Promise<Bench> {
  const team = await freshTeam();
  const stub = env.TEAM.get(env.TEAM.idFromName(team.slug));
  const people: Record<string, Caller> = {};
  const roles: Record<string, Role> = {
    ...{ olga: "owner", adam: "admin", ana: "member", ben: "member", cy: "member", di: "member", vic: "viewer" },
  };
  for (const [name, role] of Object.entries(roles))
    people[name] = await callerBy(team.client, await member(team.client, name, role));
  const inside = <T>(work: (inside: Inside) => T): Promise<T> =>
    runInDurableObject(stub, (_object, { storage }) => work(workbench(storage)));
  return {
    ...team,
    people,
    inside,
    refusal: (work) =>
      inside((bench) => {
        try {
          return `no refusal: ${JSON.stringify(work(bench))}`;
        } catch (error) {
          const { code, message } = describeError(error);
          return `${code}: ${message}`;
        }
      }),
    set: async (settings) => void (await team.client.teams().update({ settings }, operator)),
  };
}

function workbench(storage: DurableObjectStorage): Inside {
  const db = openDb(storage);
  const sent: Inside["sent"] = [];
  const wakes: number[] = [];
  const alarm = new Alarm({
    getAlarm: () => Promise.resolve(null),
    setAlarm: async (time) => void wakes.push(Number(time)),
  });
  const deps = makeTeamDeps(
    storage,
    db,
    alarm,
    { publish: () => undefined, endFeeds: () => undefined },
    (message, delayMs) => {
      if (message.type === "settle_proposal") sent.push({ proposal: message.proposal, delayMs });
    },
  );
  return {
    deps,
    approvals: new ApprovalsRpc(deps),
    tools: new ToolsRpc(deps),
    functions: new FunctionsRpc(deps),
    sent,
    wakes,
  };
}

/** Sets the clock of everything that runs here. */
export function setClock(at: number): void {
  vi.spyOn(Date, "now").mockReturnValue(at);
}
