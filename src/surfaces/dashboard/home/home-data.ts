// What the home page shows, of everything its reader may see: asked for at once, side by side. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { dayMs } from "../../../core/durations.ts";
import { logFailure } from "../../../core/log.ts";
import { callerOf, may } from "../../../features/access/access.ts";
import { readActivity } from "../../../features/activity/activity.ts";
import type { TeamActivity } from "../../../features/activity/schema.ts";
import { listProposals } from "../../../features/approvals/calls.ts";
import type { ProposalSummary } from "../../../features/approvals/schema.ts";
import { listSuggestions } from "../../../features/learning/learning.ts";
import type { Suggestion } from "../../../features/learning/schema.ts";
import { listExecutions } from "../../../features/metrics/metrics.ts";
import type { Execution } from "../../../features/metrics/schema.ts";
import { listNotifications } from "../../../features/notifications/calls.ts";
import type { Notification } from "../../../features/notifications/schema.ts";
import type { Team } from "../../../features/teams/schema.ts";
import { readerOf } from "../../../features/workspace/workspace.ts";

/** Entries of each list of the page; the rest is a link away. */
export const shown = 5;
/** Runs looked through for failures and for a client's name. */
const looked = 50;

/** The newest of what there is of a kind, and how many there are. */
export interface Holding {
  total: number;
  newest?: { name: string; at: string } | undefined;
}

interface Listed<Item> {
  items: readonly Item[];
  total: number;
}

/** A tool that failed in the last day. */
export interface Failing {
  tool: string;
  errors: number;
  /** Calls in all; undefined: only the reader's own failures are known. */
  calls?: number;
  code?: string | undefined;
}

export interface HomeData {
  team: Team;
  votes: Listed<ProposalSummary>;
  mine: Listed<ProposalSummary>;
  news: { items: readonly Notification[]; unread: number };
  suggestions: Listed<Suggestion>;
  failing: readonly Failing[];
  /** Webhooks and mails given up on; for admins alone. */
  deliveriesDead: number;
  tables: Holding | undefined;
  frames: Holding | undefined;
  /** For who may read metrics. */
  activity: TeamActivity | undefined;
  /** A client of this person's has asked something, or is connected. */
  isConnected: boolean;
}

/** Reads all of it for who may read data. What a workspace that does not answer holds is undefined. */
export async function readHome(call: CallContext): Promise<HomeData> {
  const { username } = call.actor;
  const seesMetrics = may(call.actor, "metrics:read");
  const [team, votes, mine, news, suggestions, activity, runs, connections, tables, frames] = await Promise.all([
    call.stub.teams().describe(),
    listProposals(call, { mine_to_vote: true, limit: shown }, shown),
    listProposals(call, { author: username, state: "open", limit: shown }, shown),
    listNotifications(call, { unread: true, limit: looked }, looked),
    listSuggestions(call, { limit: shown }),
    seesMetrics ? readActivity(call, { window: "24h", limit: shown }) : undefined,
    listExecutions(call, { user: username, limit: looked }),
    may(call.actor, "tokens:own") ? call.stub.connections().listConnections(callerOf(call), false) : [],
    ofWorkspace(call, tablesOf(call)),
    ofWorkspace(call, framesOf(call)),
  ]);
  return {
    team,
    votes,
    mine,
    news: newsBeside(news, [...votes.items, ...suggestions.items]),
    suggestions,
    failing: activity === undefined ? failingOf(runs.items, call.now()) : failingTools(activity),
    deliveriesDead: activity?.now.deliveries_dead ?? 0,
    tables,
    frames,
    activity,
    isConnected: connections.length > 0 || runs.items.some(({ client }) => isProgram(client)),
  };
}

/** What is listed by itself is no news besides. */
function newsBeside(
  { items, unread }: { items: readonly Notification[]; unread: number },
  listed: readonly { id: string }[],
): HomeData["news"] {
  const ids = new Set(listed.map(({ id }) => id));
  const others = items.filter(({ subject }) => !ids.has(subject.name));
  return { items: others.slice(0, shown), unread: unread - (items.length - others.length) };
}

async function ofWorkspace<T>(call: CallContext, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    logFailure("workspace_not_listed", { team: call.team, request_id: call.requestId }, error);
    return undefined;
  }
}

async function tablesOf(call: CallContext): Promise<Holding> {
  const { tables, total } = await call.workspace.tables().list({ limit: looked }, readerOf(call));
  // Past a page nobody knows which is the newest without counting all of them.
  const newest = total > tables.length ? undefined : newestOf(tables.map(({ name, updated_at: at }) => ({ name, at })));
  return { total, newest };
}

async function framesOf(call: CallContext): Promise<Holding> {
  const frames = await call.workspace.frames().list(readerOf(call));
  return {
    total: frames.length,
    newest: newestOf(
      frames.map(({ id, name, createdAt }) => ({ name: name ?? id, at: new Date(createdAt).toISOString() })),
    ),
  };
}

/** The one that changed last. */
export function newestOf<Item extends { at: string }>(items: Iterable<Item>): Item | undefined {
  let newest: Item | undefined;
  for (const item of items) if (newest === undefined || item.at > newest.at) newest = item;
  return newest;
}

/** What failed of the reader's own runs in the last day, most failures first. */
export function failingOf(runs: readonly Execution[], now: number): Failing[] {
  const failing = new Map<string, Failing>();
  for (const { tool, success, error_code, executed_at } of runs) {
    if (success || now - Date.parse(executed_at) > dayMs) continue;
    const known = failing.get(tool);
    failing.set(tool, { tool, errors: (known?.errors ?? 0) + 1, code: known?.code ?? error_code ?? undefined });
  }
  return [...failing.values()].sort((a, b) => b.errors - a.errors).slice(0, shown);
}

/** The team's, as far as they are tools: addresses of the REST API are the monitoring page's. */
function failingTools({ failing_tools: tools }: TeamActivity): Failing[] {
  return tools
    .filter(({ tool }) => /^[a-z][a-z0-9_]*$/i.test(tool))
    .map(({ tool, errors, calls }) => ({ tool, errors, calls }));
}

/** True for the name of a program: a browser's begins alike everywhere. */
export function isProgram(client: string | null): boolean {
  return client !== null && !client.startsWith("Mozilla/");
}
