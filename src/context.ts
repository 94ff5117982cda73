// What a call at the edge is given: who asks, the team's definitions as of one revision, and the means to act. Types only.
import type { Actor, Unless } from "./features/access/access.ts";
import type { EndedConnection } from "./features/access/connections.ts";
import type { Credential } from "./features/access/schema.ts";
import type { Dataset } from "./features/datasets/schema.ts";
import type { AnswerSeal } from "./features/idempotency/seal.ts";
import type { JqFunction } from "./features/jq-functions/schema.ts";
import type { JqTool } from "./features/jq-tools/schema.ts";
import type { QueryPattern } from "./features/metrics/schema.ts";
import type { RateState } from "./features/rate-limits/rate-limits.ts";
import type { SecretSeal } from "./platform/secrets.ts";
import type { Site } from "./platform/site.ts";
import type { TeamClient } from "./platform/team-client.ts";
import type { WorkspaceClient } from "./platform/workspace-client.ts";
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
  /** Ids of datasets that there are but that the caller does not see. */
  hiddenDatasets: readonly string[];
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
  /** The answer is that of an earlier call with the same idempotency key. */
  replayed?: boolean;
  /** The ad hoc query that was answered, unless it was a further page. */
  pattern?: QueryPattern;
}

/** What is learned of a request on its way, for the operator's log. Copies of a call context share one. */
export interface RequestTrace {
  /** The MCP method, and the tool that was called. */
  method?: string;
  tool?: string;
  era?: "legacy" | "modern";
  client?: string;
  /** `ok`, an error's code, or `failed`. */
  outcome?: string;
  /** Arguments of a tool call; set only where the team wants them logged. */
  args?: unknown;
  /** Tool calls under way: the answer may begin before they end. */
  running: Promise<unknown>[];
}

/** Hono's environment for every route behind a team's URL. */
export interface TeamRoutes {
  Bindings: Env;
  Variables: { call: CallContext };
}

export interface CallContext {
  team: string;
  actor: Actor;
  /** What the actor came with; it opens the team's feed. */
  credential: Credential;
  /** The operator's log may show arguments of this team's calls. */
  logArguments: boolean;
  /** The network address the request came from. */
  address: string | undefined;
  /** The MCP client or user agent, as it names itself; for the log only. */
  client: string | undefined;
  requestId: string;
  /** Where the rate limits of the caller stand; what the call spends is put in here. */
  limits: RateState[];
  catalogue: Catalogue;
  stub: TeamClient;
  /** The team's tables and frames. */
  workspace: WorkspaceClient;
  /** Rows that a frame of this team may have. */
  frameRows: number;
  files: R2Bucket;
  background: Queue<BackgroundMessage>;
  now: () => number;
  /** Keeps the Worker alive for work after the answer. */
  waitUntil: (promise: Promise<unknown>) => void;
  /** Aborted when the caller goes away. */
  signal: AbortSignal | undefined;
  /** What the log will say of this call; whoever runs the work fills it in. */
  execution: ExecutionNotes;
  /** Where the team's OAuth metadata is; a refusal for want of a scope names it. */
  resourceMetadataUrl: string;
  /** The origin that people and clients use; links to pages begin with it. */
  origin: string;
  /** The ways to sign in that the deployment offers to this team, as its setting sign_in_providers names them. */
  signInWays: () => readonly string[];
  /** Takes this team off a person's own list, once the team's object has let them go. */
  leftTeam: (personId: string) => Promise<void>;
  /** Removes what the OAuth server keeps of a connection that has ended. */
  forgetGrant: (connection: EndedConnection) => Promise<void>;
  /** A context of the server's own in this team, with all its definitions as they are then: for what the team decided, whoever asks. */
  asSystem: () => Promise<CallContext | undefined>;
  /** The deployment around the team: for backups, whose previews are teams of their own. */
  site: Site;
  /** Seals secrets that the team keeps. */
  secrets: SecretSeal;
  /** Seals the answers that idempotency keys give again. */
  answerSeal: AnswerSeal;
  /** The idempotency key's row that this call runs under, if any. */
  idempotencyId?: string;
  /** The newest entry of the team's log when the call entered; known of a request with a precondition. */
  auditHead?: number;
  /** What the call's writes are refused for; see features/access. */
  unless?: Unless;
  /** What the request log will say of this request; whoever learns it fills it in. */
  trace?: RequestTrace;
  /** Reports progress of long work to the caller, where it can listen. */
  progress?: (done: number, total: number | undefined, message: string) => void;
}
