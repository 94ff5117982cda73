// Calls about tables from the edge: arguments on their way to the workspace, answers as text. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { digestOfCall } from "../../core/confirmation.ts";
import type { ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { cutText, markdownTable } from "../../core/markdown.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { moreLines } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { openCsv } from "../../engines/frame/formats/csv-in.ts";
import { openJson } from "../../engines/frame/formats/json-in.ts";
import type { Row } from "../../engines/frame/types.ts";
import { callerOf } from "../access/access.ts";
import { answerFrame, rowsWanted } from "../frames/answers.ts";
import type { Frame, NewFrame } from "../frames/schema.ts";
import type { Rows } from "../results/schema.ts";
import { relationNameSchema } from "../workspace/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import type { DescribedTable, DropTable, ExportTable, ImportTable, RowChange, ShownTable } from "./schema.ts";

/** What features that stand on tables do for them. */
export interface TableSources {
  /** The data_ref of what an argument names: a dataset becomes a frame. */
  frameRefOf: (context: CallContext, nameOrRef: string) => Promise<string>;
  loadFrame: (context: CallContext, frame: NewFrame, rows: AsyncIterable<readonly Row[]>) => Promise<Frame>;
  uploadDataset: (
    context: CallContext,
    upload: {
      name: string;
      format: "ndjson";
      description: string | undefined;
      precondition: undefined;
      source: AsyncIterable<Uint8Array>;
    },
  ) => Promise<{ dataset: { name: string; version: number; record_count: number }; created: boolean }>;
}

export async function dropCalled(context: CallContext, { confirm, ...input }: DropTable) {
  const call = await digestOfCall("drop_table", input);
  const data = await context.workspace.tables().drop({ ...input, confirm, call }, readerOf(context), callerOf(context));
  const rows = data.rows === 1 ? "1 row" : `${data.rows} rows`;
  return {
    text: `Dropped the table ${data.name} with ${rows}. restore_table brings it back until ${data.restorable_until}.`,
    data,
  };
}

export async function listCalled(context: CallContext, page: { limit: number; cursor?: string | undefined }) {
  const data = await context.workspace.tables().list(page, readerOf(context));
  const dropped = data.dropped.map(({ name, restorable_until }) => `${name} (until ${restorable_until})`);
  const back = dropped.length === 0 ? [] : [`restore_table brings back: ${dropped.join(", ")}`];
  if (data.total === 0) {
    return {
      text: ["The team has no tables yet. create_table makes one, import_table one of data.", ...back].join("\n"),
      data,
    };
  }
  const rows = data.tables.map(({ name, rows, bytes, columns, description }) => ({
    ...{ name, rows, bytes },
    columns: cutText(columns.map((column) => `${column.name} ${column.type}`).join(", "), 200),
    description: cutText(description, 120),
  }));
  const table = fenceUntrusted(markdownTable(rows), "tables");
  return { text: [`${data.returned} of ${data.total} tables`, table, ...moreLines(data), ...back].join("\n"), data };
}

const sampleChars = 4_000;

/** A table as text: what is by the server first, then what people wrote, fenced. */
export function describeText(table: DescribedTable): string {
  const rows = table.rows === 1 ? "1 row" : `${table.rows} rows`;
  const columns = table.columns.map((column) => ({
    column: column.name,
    type: `${column.type}${column.unit === undefined ? "" : `[${column.unit}]`}`,
    rules: rulesOf(column).join("; "),
    description: column.description ?? "",
  }));
  const facts = [
    ...(table.description === "" ? [] : [table.description]),
    markdownTable(columns),
    ...(table.unique.length === 0
      ? []
      : [`Unique together: ${table.unique.map((list) => `(${list.join(", ")})`).join(", ")}`]),
    ...(table.checks.length === 0 ? [] : [`Checks: ${table.checks.join("; ")}`]),
    ...(table.full_text.length === 0 ? [] : [`Full-text search in ${table.full_text.join(", ")}`]),
    ...(table.indexes.length === 0 ? [] : [`Indexes: ${table.indexes.map(indexText).join(", ")}`]),
    ...(table.referenced_by.length === 0
      ? []
      : [`Referred to by ${table.referenced_by.map((by) => `${by.table}.${by.column}`).join(", ")}`]),
    ...(table.sources.length === 0
      ? []
      : [`Rows from ${table.sources.map(({ dataset, version }) => `${dataset} v${version}`).join(", ")}`]),
  ];
  const about = [
    `**${table.name}**: ${rows}, ${table.bytes} bytes; written by ${table.updated_by} at ${table.updated_at}.`,
    ...(table.full_text.length === 0
      ? []
      : [`Words are found by query_records with search, and in SQL by ${table.name}_fts.`]),
    ...(table.history ? ["It keeps the history of its rows (row_history)."] : []),
  ];
  const sample = table.sample.map((row) => cutText(row, sampleChars)).join("\n");
  return [
    about.join("\n"),
    fenceUntrusted(facts.join("\n\n"), `definition of ${table.name}`),
    ...(sample === "" ? [] : [fenceUntrusted(sample, `first rows of ${table.name}`)]),
  ].join("\n\n");
}

const indexText = ({ name, columns, unique }: DescribedTable["indexes"][number]) =>
  `${name} (${columns.join(", ")}${unique ? "; unique" : ""})`;

function rulesOf({
  primary_key,
  nullable,
  unique,
  check,
  references,
  ...column
}: DescribedTable["columns"][number]): string[] {
  return [
    ...(primary_key ? ["primary key"] : []),
    ...(nullable || primary_key ? [] : ["not null"]),
    ...(unique ? ["unique"] : []),
    ...(column.default === undefined ? [] : [`default ${JSON.stringify(column.default)}`]),
    ...(check === undefined ? [] : [`check ${check}`]),
    ...(references === undefined
      ? []
      : [`refers to ${references.table}.${references.column}, on delete ${references.on_delete}`]),
  ];
}

export async function historyCalled(
  context: CallContext,
  {
    table_name: table,
    ...query
  }: {
    table_name: string;
    key?: string | number | Record<string, string | number> | undefined;
    limit: number;
    cursor?: string | undefined;
  },
) {
  const { items, history, name, ...page } = await context.workspace.tables().history(table, query, readerOf(context));
  const changes = items.map((change) => ({ ...change, before: stateOf(change.before), after: stateOf(change.after) }));
  const off = history ? [] : [`The table ${name} keeps no history now; alter_table with history true begins one.`];
  const lines = [`${page.returned} of ${page.total} changes of ${name}, the newest first`];
  if (items.length > 0) lines.push(fenceUntrusted(markdownTable(items.map(changeRow)), `changes of ${name}`));
  return { text: [...lines, ...moreLines(page), ...off].join("\n"), data: { changes, ...page } };
}

const stateOf = (json: string | null): unknown => (json === null ? null : parseExact(json));

const changeRow = ({ at, by, action, before, after }: RowChange) => ({
  at,
  by,
  action,
  before: before ?? "",
  after: after ?? "",
});

export async function importCalled(
  context: CallContext,
  input: ImportTable,
  sources: TableSources,
): Promise<ToolAnswer<{ table: ShownTable; created: boolean; rows: number; notes: string[] }>> {
  const { data_ref: ref, text, text_format: format, ...request } = input;
  if ((ref === undefined) === (text === undefined)) {
    throw new AppError("invalid_argument", "import_table takes either data_ref or text.", {
      hint: "Give data_ref for a dataset, frame or table, or text with the data itself.",
    });
  }
  const loaded = text === undefined ? undefined : await loadText(context, text, format, sources);
  try {
    const from = loaded?.frame.id ?? (await sources.frameRefOf(context, ref ?? ""));
    const data = await context.workspace
      .tables()
      .import({ ...request, ref: from }, readerOf(context), callerOf(context));
    const notes = [...(loaded?.notes ?? []), ...data.notes];
    const rows = data.rows === 1 ? "1 row" : `${data.rows} rows`;
    const done = data.created
      ? `Created the table ${data.table.name} of ${rows}.`
      : `Added ${rows} to the table ${data.table.name}, which has ${data.table.rows} now.`;
    return {
      text: [done, ...(notes.length === 0 ? [] : [fenceUntrusted(notes.join("\n"), "notes on the source")])].join("\n"),
      data: { ...data, notes },
    };
  } finally {
    if (loaded !== undefined) await context.workspace.frames().abandon(loaded.frame.id);
  }
}

async function loadText(
  context: CallContext,
  text: string,
  format: ImportTable["text_format"],
  { loadFrame }: TableSources,
): Promise<{ frame: Frame; notes: string[] }> {
  const open = async function* () {
    yield new TextEncoder().encode(text);
  };
  const table = format === "csv" ? await openCsv(open) : await openJson(open, { kind: format });
  if (table.total > context.frameRows) {
    throw new AppError(
      "too_large",
      `The text has ${table.total} rows; a frame of this team has ${context.frameRows} at most (limit rows).`,
      { hint: "Import it in parts.", details: { limit: "rows", value: context.frameRows, rows: table.total } },
    );
  }
  const lineage = { operation: "import_table", inputs: [{ kind: "text" as const, name: format }] };
  const frame = await loadFrame(context, { columns: table.columns, lineage, sources: [] }, table.rows(0, table.total));
  return { frame, notes: table.notes };
}

export async function exportCalled(
  context: CallContext,
  input: ExportTable,
  sources: TableSources,
): Promise<ToolAnswer<Partial<Rows> & { exported: { to: "frame" | "dataset"; name: string; version?: number } }>> {
  const { table_name: table, to, name } = input;
  if (to === "dataset") return exportToDataset(context, table, name, sources);
  const page = { limit: input.limit, format: input.format };
  const made = await context.workspace.tables().exportToFrame(
    {
      table_name: table,
      name: name === undefined ? undefined : parseWith(relationNameSchema, name, "name"),
      maxRows: context.frameRows,
      shown: rowsWanted(page),
    },
    readerOf(context),
    callerOf(context),
  );
  const answer = await answerFrame(made, { page });
  return { ...answer, data: { ...answer.data, exported: { to, name: made.frame.name ?? made.frame.id } } };
}

async function exportToDataset(
  context: CallContext,
  table: string,
  given: string | undefined,
  { uploadDataset }: TableSources,
) {
  if (given === undefined) {
    throw new AppError("invalid_argument", "A dataset needs a name.", { hint: "Give name, e.g. the table's own." });
  }
  const name = parseWith(datasetNameSchema, given, "name");
  const reader = readerOf(context);
  const about = await context.workspace.tables().sources(table, reader);
  requireOpen(context, about);
  const { dataset, created } = await uploadDataset(context, {
    name,
    format: "ndjson",
    description: undefined,
    precondition: undefined,
    source: bytesOf(await context.workspace.tables().stream(table, reader)),
  });
  const { version } = dataset;
  const rows = dataset.record_count === 1 ? "1 row" : `${dataset.record_count} rows`;
  const what = created ? "a new dataset" : `version ${version} of it`;
  return {
    text: `Exported ${rows} of ${about.name} to the dataset ${dataset.name}, ${what}.`,
    data: { exported: { to: "dataset" as const, name: dataset.name, version } },
  };
}

/** A dataset is shown to everyone: rows of a restricted one do not get into it. */
function requireOpen(
  { catalogue }: CallContext,
  { name, sources }: { name: string; sources: readonly { id: string; name: string; visibility?: unknown }[] },
): void {
  const now = new Map([...catalogue.datasets.values()].map((dataset) => [dataset.id, dataset.visibility]));
  const restricted = sources.filter(({ id, visibility }) =>
    [visibility, now.get(id)].some((one) => one !== undefined && one !== "everyone"),
  );
  if (restricted.length === 0) return;
  const list = [...new Set(restricted.map((source) => source.name))].join(", ");
  throw new AppError("forbidden", `Rows of "${name}" come from datasets that not everyone sees: ${list}.`, {
    hint: "A dataset made of them would be shown to everyone. Export to a frame, which those alone can read who may read these.",
  });
}

async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}
