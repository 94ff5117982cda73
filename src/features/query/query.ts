// Running a compiled jq program over datasets and answering with a page of rows. Runs at the edge.
import type { CallContext } from "../../context.ts";
import type { ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { sha256Hex } from "../../core/ids.ts";
import { Lru } from "../../core/lru.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../core/paging.ts";
import { typeText } from "../../engines/frame/types.ts";
import { type JqLimits, type JqOutcome, type JqRequest, runJq } from "../../engines/jq/run.ts";
import { cacheLimits, jqLimits, resultLimits } from "../../limits.ts";
import { fitsWhole } from "../datasets/datasets.ts";
import type { Frame } from "../frames/schema.ts";
import { chargeCall } from "../rate-limits/rate-limits.ts";
import { answerPage } from "../results/results.ts";
import type { PageArguments, Rows } from "../results/schema.ts";
import { frameWindow, keepOutputs, readToFrame } from "./keeping.ts";
import type { QuerySource } from "./source.ts";

export { datasetSource, findSource, type QuerySource } from "./source.ts";

export interface RowsQuery {
  /** The complete jq program. */
  program: string;
  /** Variable name to JSON text; bound, never spliced. */
  args: Readonly<Record<string, string>>;
  /** The same inputs always give the same outputs, so its answer may be cached. */
  pure: boolean;
  /** none: no input; one: `.` is it (or its records); all: `.` is an object of them by name, whole only. */
  source: { kind: "none" } | { kind: "one"; data: QuerySource } | { kind: "all"; data: readonly QuerySource[] };
  /** whole: `.` is all of it; records: the program runs once per record. */
  input: "whole" | "records";
  nullInput: boolean;
  page: PageArguments;
  /** A trial: no further page of it can be asked for, and what `debug` and `stderr` wrote is added to `messages`. */
  trial?: { messages: string[] };
  /** Narrower limits of the run than the product's. */
  limits?: Partial<JqLimits>;
}

/** Outputs of one program over one state of its data: `outputs` begin at `offset` of `total`. */
interface Window {
  offset: number;
  outputs: string[];
  total: number;
  steps: number;
  /** The frame that holds all of them, when one was asked for. */
  frame?: Frame;
}

// Per isolate. Keys hold the team's incarnation and the datasets' etags, values never change, so nothing crosses teams or grows stale.
const resultCache = new Lru<Window>(cacheLimits.resultBytes);
const contentCache = new Lru<Uint8Array>(cacheLimits.datasetBytes);
/** Queries under way and when they began, Unix milliseconds. */
const running = new Map<string, number>();
const twinPollMs = 20;
/** Bytes a kept output takes besides its text. */
const outputOverhead = 32;

/**
 * Runs the program and answers with one page of its outputs. Pages of one query are parts of one result: a cursor is refused
 * once the dataset has changed. Throws the engine's errors, `dataset_too_large_for_whole`, `cursor_invalid`, `cursor_stale`, `result_too_large`.
 */
export async function answerRows(context: CallContext, query: RowsQuery): Promise<ToolAnswer<Rows>> {
  const sources = sourcesOf(query.source);
  noteSources(context, sources);
  const question = JSON.stringify([
    query.program,
    query.args,
    query.input,
    query.nullInput,
    sources.map(({ name }) => name),
  ]);
  const state = sources.map(({ etag }) => etag).join(" ");
  const offset = await readOffset(query.page.cursor, question, state);
  const limit = query.page.limit ?? resultLimits.defaultRows;

  const kept = query.trial === undefined ? readToFrame(query.page) : undefined;
  const mayShare = query.pure && query.page.fresh !== true && kept === undefined;
  const key = `${context.catalogue.incarnation} ${question} ${state}`;
  if (mayShare) await waitForTwin(context, key);
  const remembered = mayShare ? resultCache.get(key) : undefined;
  const cached = remembered !== undefined && covers(remembered, offset, limit);
  const window = cached
    ? remembered
    : kept === undefined
      ? await runAndRemember(context, query, offset, key)
      : await runAndKeep(context, query, kept.name);
  context.execution.steps = cached ? 0 : window.steps;
  context.execution.cached = cached;

  const [only] = sources;
  return answerPage(window.outputs.slice(offset - window.offset), {
    offset,
    total: window.total,
    page: query.page,
    ...(query.trial === undefined
      ? { cursorOf: async (o) => encodeCursor({ q: await markOf(question), v: await markOf(state), o }) }
      : {}),
    about: {
      ...(sources.length === 1 && only !== undefined ? shownSource(only) : {}),
      input: query.source.kind === "none" ? "none" : query.input,
      cached,
      ...(window.frame === undefined ? {} : shownFrame(window.frame)),
    },
  });
}

/**
 * Waits while the same query runs for another call of this isolate, so that many callers of one slow query cost one run.
 * It watches by its own timer and not by the other's promise: a call may not live on another's, which the platform can end at any time.
 */
async function waitForTwin(context: CallContext, key: string): Promise<void> {
  for (;;) {
    const startedAt = running.get(key);
    if (startedAt === undefined || context.now() - startedAt > cacheLimits.sharedRunMs) return;
    await scheduler.wait(twinPollMs);
    context.signal?.throwIfAborted();
  }
}

async function runAndRemember(context: CallContext, query: RowsQuery, offset: number, key: string): Promise<Window> {
  if (!query.pure) return runWindow(context, query, offset);
  const startedAt = context.now();
  running.set(key, startedAt);
  try {
    const window = await runWindow(context, query, offset);
    resultCache.set(
      key,
      window,
      window.outputs.reduce((size, output) => size + output.length + outputOverhead, key.length),
    );
    return window;
  } finally {
    if (running.get(key) === startedAt) running.delete(key);
  }
}

async function runAndKeep(context: CallContext, query: RowsQuery, name: string | undefined): Promise<Window> {
  const outcome = await runQuery(context, query, frameWindow(context));
  const { program } = query;
  const sources = sourcesOf(query.source);
  const frame = await keepOutputs(context, outcome, { program, sources, ...(name === undefined ? {} : { name }) });
  return { offset: 0, outputs: outcome.outputs, total: outcome.total, steps: outcome.steps, frame };
}

/** All that a query reads. */
export function sourcesOf(source: RowsQuery["source"]): readonly QuerySource[] {
  if (source.kind === "none") return [];
  return source.kind === "one" ? [source.data] : source.data;
}

function shownFrame({ id, columns }: Frame): Pick<Rows, "data_ref" | "columns"> {
  return { data_ref: id, columns: columns.map((column) => ({ name: column.name, type: typeText(column) })) };
}

function shownSource({ name, version }: QuerySource): Pick<Rows, "dataset" | "dataset_version"> {
  return { dataset: name, ...(version === undefined ? {} : { dataset_version: version }) };
}

/** Notes in the log which data a call is about, by the datasets behind it: whoever may not see those is not shown the call. */
export function noteSources(context: CallContext, sources: readonly QuerySource[]): void {
  const [only] = sources;
  if (only === undefined) return;
  const names = sources.flatMap((source) => [source.name, ...source.sources.map(({ name }) => name)]);
  context.execution.dataset = [...new Set(names)].join(",");
  if (sources.length === 1 && only.version !== undefined) context.execution.datasetVersion = only.version;
}

/** What a cursor remembers of its query and of its data, to notice that either is another. Short: models pay for it by the token. */
async function markOf(text: string): Promise<string> {
  return (await sha256Hex(text)).slice(0, 10);
}

async function readOffset(cursor: string | undefined, question: string, state: string): Promise<number> {
  if (cursor === undefined) return 0;
  const { q, v, o } = decodeCursor(cursor);
  if (q !== (await markOf(question)) || typeof o !== "number" || !Number.isSafeInteger(o) || o < 0)
    throw invalidCursor();
  if (v !== (await markOf(state))) {
    throw new AppError("cursor_stale", "The data has changed since the page before, so its rows no longer line up.", {
      hint: "Call again without cursor to start over on what it is now.",
    });
  }
  return o;
}

function covers(window: Window, offset: number, limit: number): boolean {
  const end = window.offset + window.outputs.length;
  return (
    offset >= window.offset &&
    (end >= window.total || offset + limit <= end) &&
    (offset < end || offset >= window.total)
  );
}

async function runWindow(context: CallContext, query: RowsQuery, offset: number): Promise<Window> {
  const window = { offset, limit: resultLimits.maxRows, maxBytes: cacheLimits.resultEntryBytes };
  const outcome = await runQuery(context, query, window);
  query.trial?.messages.push(...outcome.messages);
  return { offset, outputs: outcome.outputs, total: outcome.total, steps: outcome.steps };
}

/** Runs it past every cache, charged as a run of jq. Throws `rate_limited` and what the engine throws. */
export async function runQuery(
  context: CallContext,
  query: Omit<RowsQuery, "page" | "trial">,
  window: JqRequest["window"],
): Promise<JqOutcome> {
  await chargeCall(context, "query");
  context.execution.ran = true;
  return runJq({
    program: query.program,
    args: query.args,
    ...inputOf(context, query),
    nullInput: query.nullInput || query.source.kind === "none",
    window,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    ...(query.limits === undefined ? {} : { limits: query.limits }),
    now: context.now,
  });
}

/**
 * What the program reads and how. Nothing is loaded here: the engine asks for it once it has memory.
 * Throws `dataset_too_large_for_whole`.
 */
export function inputOf(
  context: CallContext,
  { source, input }: Pick<RowsQuery, "source" | "input">,
): Pick<JqRequest, "input" | "mode"> {
  if (source.kind === "none") return { input: undefined, mode: "records" };
  if (source.kind === "all") {
    requireWhole(
      source.data.reduce((sum, { bytes }) => sum + bytes, 0),
      source.data.map(({ name }) => name).join(" + "),
      'A tool that reads all its datasets at once reads them whole: save it over fewer or smaller ones, or over one with input "records".',
    );
    return { input: () => joinSources(context, source.data), mode: "whole" };
  }
  const { data } = source;
  if (input === "records") {
    const isSmall = data.bytes <= cacheLimits.datasetEntryBytes;
    return {
      input: () => (isSmall ? readSource(context, data) : data.open(context)),
      mode: data.kind === "whole" ? "whole" : "records",
    };
  }
  requireWhole(data.bytes, data.name);
  return { input: () => readSource(context, data), mode: data.kind === "whole" ? "whole" : "slurp" };
}

const wholeHint =
  'Pass input: "records" to run the program once per record, e.g. `select(.x > 1) | {id}`; to aggregate, add null_input: true and read with `inputs`, e.g. `reduce inputs as $r (0; . + $r.amount)`.';

function requireWhole(bytes: number, name: string, hint = wholeHint): void {
  if (fitsWhole({ bytes })) return;
  throw new AppError(
    "dataset_too_large_for_whole",
    `${name} is ${bytes} bytes; as a whole a program may read ${jqLimits.wholeInputBytes} (limit wholeInputBytes).`,
    {
      hint,
      details: { limit: "wholeInputBytes", value: jqLimits.wholeInputBytes, bytes },
    },
  );
}

async function readSource(context: CallContext, source: QuerySource): Promise<Uint8Array> {
  const key = [context.catalogue.incarnation, source.kind, source.name, source.etag].join(" ");
  const known = contentCache.get(key);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(await new Response(await source.open(context)).arrayBuffer());
  if (bytes.length <= cacheLimits.datasetEntryBytes) contentCache.set(key, bytes, bytes.length);
  return bytes;
}

/** One JSON object of all sources by name; a list of records becomes an array. */
async function joinSources(context: CallContext, sources: readonly QuerySource[]): Promise<Uint8Array> {
  const decoder = new TextDecoder();
  const members: string[] = [];
  for (const source of sources) {
    const text = decoder.decode(await readSource(context, source));
    const value = source.kind === "whole" ? text : `[${text.trimEnd().replaceAll("\n", ",")}]`;
    members.push(`${JSON.stringify(source.name)}:${value}`);
  }
  return new TextEncoder().encode(`{${members.join(",")}}`);
}
