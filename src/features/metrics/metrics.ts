// Logging executions from the edge and reading the log. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { logFailure } from "../../core/log.ts";
import { encodeCursor, type Page, pageBefore, readBefore } from "../../core/paging.ts";
import { listLimits, logLimits } from "../../limits.ts";
import { may } from "../access/access.ts";
import type { CallCount, Execution, ExecutionReport, ListExecutions } from "./schema.ts";

export interface FinishedExecution {
  /** The tool that was called. */
  toolName: string;
  args: unknown;
  /** Unix milliseconds. */
  startedAt: number;
  success: boolean;
  errorCode: string | undefined;
  resultBytes: number;
}

const sendAttempts = 3;
const resendAfterMs = 500;

interface Batch {
  reports: ExecutionReport[];
  /** Calls that have no row in the log. */
  calls: CallCount[];
  /** When the call that will send them began to wait, Unix milliseconds; undefined: nobody does. */
  awaitedSince: number | undefined;
}

// Per isolate and team: reports of calls that end at about the same time travel together. Plain data, sent with the sender's own team client.
const batches = new Map<string, Batch>();

/**
 * Puts one row into the team's log. Meant for `waitUntil`: many calls at once are one write, and a log that cannot be written
 * fails no answer but is reported. The log takes each report once, however often it arrives.
 */
export async function recordExecution(context: CallContext, finished: FinishedExecution): Promise<void> {
  const batch = batchOf(context);
  batch.reports.push(reportOf(context, finished));
  await sendSoon(context, batch);
}

/** Counts a call for the team's metrics alone, together with what is logged at about the same time. Meant for `waitUntil`, likewise. */
export async function countCall(context: CallContext, call: CallCount): Promise<void> {
  const batch = batchOf(context);
  batch.calls.push(call);
  await sendSoon(context, batch);
}

function batchOf(context: CallContext): Batch {
  const batch = batches.get(context.team) ?? { reports: [], calls: [], awaitedSince: undefined };
  batches.set(context.team, batch);
  return batch;
}

async function sendSoon(context: CallContext, batch: Batch): Promise<void> {
  // A sender whose invocation was ended by the platform never comes; after a while another takes its place.
  if (batch.awaitedSince !== undefined && context.now() - batch.awaitedSince < logLimits.batchMs * 20) return;
  batch.awaitedSince = context.now();
  await scheduler.wait(logLimits.batchMs);
  await sendBatch(context);
}

async function sendBatch(context: CallContext): Promise<void> {
  const batch = batches.get(context.team);
  batches.delete(context.team);
  if (batch === undefined) return;
  // An object that restarts refuses the calls under way; each report counts once, so sending again is safe.
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.stub.metrics().record(batch.reports, batch.calls);
    } catch (error) {
      if (attempt === sendAttempts) {
        const { team, requestId: request_id } = context;
        logFailure(
          "executions_not_logged",
          { team, request_id, count: batch.reports.length + batch.calls.length },
          error,
        );
        return;
      }
      await scheduler.wait(attempt * resendAfterMs);
    }
  }
}

function reportOf(context: CallContext, finished: FinishedExecution): ExecutionReport {
  const notes = context.execution;
  const parameters = finished.args === undefined ? null : JSON.stringify(finished.args);
  return {
    id: newId("exe"),
    toolId: notes.toolId ?? null,
    toolName: notes.toolName ?? finished.toolName,
    toolVersion: notes.toolVersion ?? null,
    userId: context.actor.userId,
    username: context.actor.username,
    through: context.actor.through ?? null,
    client: context.client ?? null,
    parameters: parameters === null ? null : cutParameters(parameters),
    dataset: notes.dataset ?? null,
    datasetVersion: notes.datasetVersion ?? null,
    executedAt: finished.startedAt,
    durationMs: Math.max(0, context.now() - finished.startedAt),
    steps: notes.steps ?? null,
    success: finished.success,
    ran: finished.success || notes.ran === true,
    cached: notes.cached ?? false,
    errorCode: finished.errorCode ?? null,
    resultBytes: finished.resultBytes,
    ...(notes.pattern === undefined || !finished.success ? {} : { pattern: notes.pattern }),
  };
}

function cutParameters(text: string): string {
  return text.length <= logLimits.parametersChars ? text : `${text.slice(0, logLimits.parametersChars)}…`;
}

/**
 * A page of the log, newest first. Whoever is not an admin sees their own executions only. A search of text looks at so many executions at
 * once and says how far back it came (`searched_to`). Throws `cursor_invalid`.
 */
export async function listExecutions(
  context: CallContext,
  input: ListExecutions,
): Promise<Page<Execution> & { searched_to?: string }> {
  const limit = input.limit ?? listLimits.toolEntries;
  const username = may(context.actor, "activity:read") ? input.user : context.actor.username;
  const filter = {
    tool: input.tool,
    username,
    ...(input.failed === true ? { outcome: "failed" } : { outcome: input.outcome }),
    ...{ dataset: input.dataset, from: input.from, to: input.to, text: input.text },
    before: readBefore(input.cursor),
    limit: limit + 1,
  };
  const { rows, total, searched } = await context.stub.metrics().list(filter, context.actor);
  const page = pageBefore(rows, { limit, total, key: (row) => row.seq });
  const items = page.items.map((row) => row.execution);
  if (searched === undefined) return { ...page, items };
  const next_cursor = page.next_cursor ?? encodeCursor({ before: searched.seq });
  return { ...page, items, truncated: true, next_cursor, searched_to: searched.at };
}
