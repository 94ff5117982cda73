// A call context over a catalogue in memory, for unit tests of what runs at the edge. Runs in workerd.
import { env } from "cloudflare:workers";
import type { CallContext, Catalogue } from "../../src/context.ts";
import { scopes } from "../../src/core/define-tool.ts";
import type { Role } from "../../src/features/access/access.ts";
import type { Dataset } from "../../src/features/datasets/schema.ts";
import { makeAnswerSeal } from "../../src/features/idempotency/seal.ts";
import type { JqFunction } from "../../src/features/jq-functions/schema.ts";
import type { JqTool } from "../../src/features/jq-tools/schema.ts";
import type { ExecutionReport } from "../../src/features/metrics/schema.ts";
import { secretSeal } from "../../src/platform/secrets.ts";
import type { Site } from "../../src/platform/site.ts";
import type { TeamClient } from "../../src/platform/team-client.ts";
import { workspaceClient } from "../../src/platform/workspace-client.ts";
import { frameLimits } from "../../src/workspace-limits.ts";

const by = {
  created_by: "ana",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_by: "ana",
  updated_at: "2026-01-01T00:00:00.000Z",
};

/** A tool that needs no dataset, unless told otherwise. */
export function aTool(name: string, changes: Partial<JqTool> = {}): JqTool {
  return {
    id: `tool_${name}`,
    name,
    description: `Answers ${name.replaceAll("_", " ")}.`,
    query: "1",
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    input: "whole",
    null_input: false,
    required_functions: [],
    source: "manual",
    approval_status: "approved",
    is_active: true,
    pinned: false,
    weight: 0,
    version: 1,
    revision: 1,
    ...by,
    ...changes,
  };
}

export function aFunction(name: string, changes: Partial<JqFunction> = {}): JqFunction {
  return {
    id: `fn_${name}`,
    name,
    definition: `def ${name}: .;`,
    arity: 0,
    description: `Computes ${name}.`,
    parameters: [],
    depends_on: [],
    version: 1,
    is_active: true,
    source: "manual",
    revision: 1,
    ...by,
    ...changes,
  };
}

export function aDataset(name: string, changes: Partial<Dataset> = {}): Dataset {
  return {
    id: `ds_${name}`,
    name,
    description: `The ${name}.`,
    kind: "records",
    format: "ndjson",
    version: 1,
    etag: `etag-${name}`,
    bytes: 24,
    record_count: 2,
    schema: {
      fields: [{ path: "amount", types: ["number"], present: 1, examples: [1, 2] }],
      records_examined: 2,
      fields_cut: false,
    },
    revision: 1,
    r2_key: `teams/test/${name}`,
    sample: ['{"amount":1}', '{"amount":2}'],
    deleted: false,
    ...by,
    ...changes,
  };
}

export interface TestTeam {
  tools?: readonly JqTool[];
  functions?: readonly JqFunction[];
  datasets?: readonly Dataset[];
  role?: Role;
}

let teams = 0;

/** The context, and what reaches the team's log once `settle` has run. */
export function testContext(team: TestTeam = {}): {
  context: CallContext;
  executions: ExecutionReport[];
  settle: () => Promise<void>;
} {
  const executions: ExecutionReport[] = [];
  const pending: Promise<unknown>[] = [];
  // A name of its own: reports of one team travel together, and tests must not share them.
  const name = `test-${++teams}`;
  const stub = {
    metrics: () => ({ record: async (reports: ExecutionReport[]) => void executions.push(...reports) }),
    limits: () => ({ spend: async (limit: string) => ({ limit, quota: 600, remaining: 599, resetSeconds: 1 }) }),
  };
  const context: CallContext = {
    team: name,
    actor: {
      userId: "usr_ana",
      username: "ana",
      role: team.role ?? "owner",
      scopes,
      credential: { kind: "token", id: "tok_1", label: "test" },
    },
    credential: { kind: "token", hash: "hash" },
    logArguments: false,
    address: undefined,
    client: "unit-test",
    requestId: "request-1",
    limits: [],
    catalogue: catalogueOf(team),
    stub: stub as unknown as TeamClient,
    workspace: workspaceClient(env.WORKSPACE, name, "inc_1"),
    frameRows: frameLimits.rows,
    files: undefined as unknown as R2Bucket,
    background: undefined as unknown as CallContext["background"],
    now: () => 1_700_000_000_000,
    waitUntil: (promise) => void pending.push(promise),
    signal: undefined,
    asSystem: async () => context,
    site: undefined as unknown as Site,
    secrets: secretSeal({ OPERATOR_TOKEN: "a secret of the tests" }, "test"),
    answerSeal: makeAnswerSeal("test"),
    execution: {},
    resourceMetadataUrl: "http://localhost/.well-known/oauth-protected-resource/t/test/mcp",
    origin: "http://localhost",
    signInWays: () => ["passkey"],
    leftTeam: async () => undefined,
    forgetGrant: async () => undefined,
  };
  return { context, executions, settle: async () => void (await Promise.all(pending)) };
}

function catalogueOf(team: TestTeam): Catalogue {
  return {
    team: "test",
    name: "Test",
    incarnation: "inc_1",
    revision: 1,
    hiddenDatasets: [],
    functions: byName(team.functions ?? []),
    tools: byName(team.tools ?? []),
    datasets: byName(team.datasets ?? []),
  };
}

function byName<Item extends { name: string }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map([...items].sort((a, b) => (a.name < b.name ? -1 : 1)).map((item) => [item.name, item]));
}

/** What a Worker reports of an execution. */
export function aReport(changes: Partial<ExecutionReport> = {}): ExecutionReport {
  return {
    id: `exe_${crypto.randomUUID()}`,
    toolId: "tool_1",
    toolName: "t",
    toolVersion: 1,
    userId: "usr_1",
    username: "ada",
    client: null,
    parameters: null,
    dataset: null,
    datasetVersion: null,
    executedAt: 1_800_000_000_000,
    durationMs: 10,
    steps: 5,
    success: true,
    ran: true,
    cached: false,
    errorCode: null,
    resultBytes: 2,
    ...changes,
  };
}
