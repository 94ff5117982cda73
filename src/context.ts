// What a call at the edge is given: who asks, the team's definitions as of one revision, and the means to act. Types only.
import type { Actor } from "./features/access/access.ts";
import type { Dataset } from "./features/datasets/schema.ts";
import type { JqFunction } from "./features/jq-functions/schema.ts";
import type { JqTool } from "./features/jq-tools/schema.ts";
import type { TeamClient } from "./platform/team-client.ts";
import type { BackgroundMessage } from "./surfaces/background/messages.ts";

/** The team's definitions as of one revision. Immutable: a call sees one state from start to end. Inactive and deleted entries are absent. */
export interface Catalogue {
  team: string;
  name: string;
  incarnation: string;
  revision: number;
  functions: ReadonlyMap<string, JqFunction>;
  tools: ReadonlyMap<string, JqTool>;
  datasets: ReadonlyMap<string, Dataset>;
}

/** The part of an execution's log row that only the work itself knows. */
export interface ExecutionNotes {
  toolId?: string;
  /** The tool that ran in the end, when another tool called it. */
  toolName?: string;
  toolVersion?: number;
  dataset?: string;
  datasetVersion?: number;
  steps?: number;
  /** The engine was started, so the call counts as a use of its tool even when it fails. */
  ran?: boolean;
  cached?: boolean;
}

/** Hono's environment for every route behind a team's URL. */
export interface TeamRoutes {
  Bindings: Env;
  Variables: { call: CallContext };
}

export interface CallContext {
  team: string;
  actor: Actor;
  /** The MCP client or user agent, as it names itself; for the log only. */
  client: string | undefined;
  requestId: string;
  catalogue: Catalogue;
  stub: TeamClient;
  files: R2Bucket;
  background: Queue<BackgroundMessage>;
  now: () => number;
  /** Keeps the Worker alive for work after the answer. */
  waitUntil: (promise: Promise<unknown>) => void;
  /** Aborted when the caller goes away. */
  signal: AbortSignal | undefined;
  /** What the log will say of this call; whoever runs the work fills it in. */
  execution: ExecutionNotes;
  /** Reports progress of long work to the caller, where it can listen. */
  progress?: (done: number, total: number | undefined, message: string) => void;
}
