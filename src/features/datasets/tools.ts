// The datasets' MCP tools: list, describe, create. Runs at the edge.
import * as z from "zod";
import { readsOnly } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { cutText, markdownTable } from "../../core/markdown.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { cursorSchema, moreLines, pageFields, pageOf } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { datasetLimits, jqLimits, listLimits } from "../../limits.ts";
import { defineTool } from "../../tool.ts";
import { describeVisibility } from "../visibility/visibility.ts";
import { describedDataset, findDataset, fitsWhole, publicDataset, summarize } from "./datasets.ts";
import {
  type Dataset,
  datasetFormatSchema,
  datasetSchema,
  datasetSummarySchema,
  describedDatasetSchema,
  descriptionSchema,
} from "./schema.ts";
import { uploadDataset } from "./upload.ts";

const listedDescriptionChars = 120;
const schemaRowsShown = 60;

const listDatasets = defineTool({
  name: "list_datasets",
  title: "List datasets",
  description: "The team's datasets: name, kind, records, size, version, description.",
  input: z.object({
    limit: z.int().min(1).max(listLimits.maxEntries).default(listLimits.datasetEntries).describe("Datasets to return."),
    cursor: cursorSchema,
  }),
  output: z.object({
    datasets: z.array(datasetSummarySchema),
    ...pageFields,
  }),
  hints: readsOnly,
  permission: "data:read",
  toolset: "catalog",
  handler: async (context, { limit, cursor }) => {
    const { items, ...page } = pageOf([...context.catalogue.datasets.values()], {
      limit,
      cursor,
      key: (item) => item.name,
    });
    const data = { datasets: items.map(summarize), ...page };
    if (page.total === 0)
      return {
        text: "The team has no datasets yet. create_dataset makes one from text; larger files go over REST.",
        data,
      };
    const rows = items.map((item) => ({
      name: item.name,
      kind: item.kind,
      records: item.record_count,
      bytes: item.bytes,
      version: item.version,
      description: cutText(item.description, listedDescriptionChars),
    }));
    const lines = [`${page.returned} of ${page.total} datasets\n`, markdownTable(rows), ...moreLines(page)];
    return { text: lines.join("\n"), data };
  },
});

const describeDataset = defineTool({
  name: "describe_dataset",
  title: "Describe a dataset",
  description:
    "A dataset's fields with types and examples, first records, and how to query it. Call before query_dataset.",
  input: z.object({ dataset: z.string().describe("Its name.") }),
  output: describedDatasetSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "catalog",
  handler: async (context, { dataset: name }) => {
    const dataset = findDataset(context.catalogue, name);
    return { text: describe(dataset), data: describedDataset(dataset) };
  },
});

const createDataset = defineTool({
  name: "create_dataset",
  title: "Create a dataset",
  description:
    "Stores text as a dataset of the team; a name that exists gets a new version. For larger files use REST.",
  input: z.object({
    name: datasetNameSchema,
    content: z
      .string()
      .describe("The data itself. A JSON array, NDJSON lines or CSV rows become records; other JSON stays whole."),
    format: datasetFormatSchema,
    description: descriptionSchema.optional(),
  }),
  output: datasetSchema.extend({
    created: z.boolean().describe("false: it existed and this is its new version."),
    notes: z.array(z.string()).optional().describe("What to know about the content."),
  }),
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  permission: "data:write",
  toolset: "jq",
  handler: async (context, { name, content, format, description }) => {
    const source = textBytes(content);
    const { dataset, created, notes } = await uploadDataset(context, {
      name,
      format,
      description,
      precondition: undefined,
      source,
    });
    const done = created
      ? `Created the dataset ${name}`
      : `Replaced the content of the dataset ${name}; this is version ${dataset.version}`;
    const text = [
      `${done}: ${size(dataset)}. describe_dataset shows its fields.`,
      ...(notes.length === 0 ? [] : [fenceUntrusted(notes.join("\n"), `notes on ${name}`)]),
    ];
    return {
      text: text.join("\n\n"),
      data: { ...publicDataset(dataset), created, ...(notes.length === 0 ? {} : { notes }) },
    };
  },
});

export const datasetTools = [listDatasets, describeDataset, createDataset];

async function* textBytes(content: string): AsyncIterable<Uint8Array> {
  const bytes = utf8Bytes(content);
  if (bytes > datasetLimits.toolContentBytes) {
    throw new AppError(
      "too_large",
      `The content has ${bytes} bytes; this tool takes ${datasetLimits.toolContentBytes} (limit toolContentBytes).`,
      {
        hint: "Upload it over REST instead: PUT /t/<team>/api/v1/datasets/<name> with Content-Type application/json, application/x-ndjson or text/csv.",
        details: { limit: "toolContentBytes", value: datasetLimits.toolContentBytes },
      },
    );
  }
  yield new TextEncoder().encode(content);
}

function describe(dataset: Dataset): string {
  const { name, version, updated_at, updated_by, description } = dataset;
  return [
    `**${name}** version ${version}: ${size(dataset)}, uploaded as ${dataset.format} by ${updated_by} at ${updated_at}.`,
    ...(description === "" ? [] : [description]),
    ...(dataset.visibility === undefined ? [] : [`Shown to ${describeVisibility(dataset.visibility)}.`]),
    fenceUntrusted(schemaTable(dataset), `fields of ${name}`),
    ...sampleText(dataset),
    howToQuery(dataset),
  ].join("\n\n");
}

function size(dataset: Dataset): string {
  const records =
    dataset.kind === "whole"
      ? "one JSON document"
      : `${dataset.record_count} ${dataset.record_count === 1 ? "record" : "records"}`;
  return `${records}, ${dataset.bytes} bytes`;
}

function schemaTable(dataset: Dataset): string {
  const { fields, records_examined, fields_cut } = dataset.schema;
  if (fields.length === 0) return "No fields: there are no records, or they are empty.";
  const rows = fields.slice(0, schemaRowsShown).map((field) => ({
    field: field.path,
    types: field.types.join(", "),
    present: `${Math.round(field.present * 1000) / 10}%`,
    examples: field.examples.map((example) => JSON.stringify(example)).join(", "),
  }));
  const hidden = fields.length - rows.length;
  const notes = [
    ...(records_examined < dataset.record_count
      ? [`Seen in ${records_examined} of ${dataset.record_count} records.`]
      : []),
    ...(hidden > 0 ? [`${hidden} more fields are in the structured content.`] : []),
    ...(fields_cut ? ["There are more fields than are kept."] : []),
  ];
  return [markdownTable(rows), ...notes].join("\n");
}

function sampleText(dataset: Dataset): string[] {
  const { sample, record_count, name } = dataset;
  const left = Math.min(record_count, datasetLimits.sampleRecords) - sample.length;
  const note = `${left} of the first ${datasetLimits.sampleRecords} are longer than ${datasetLimits.sampleRecordBytes} bytes and left out.`;
  const what = dataset.kind === "whole" ? `the document ${name}` : `first records of ${name}`;
  if (sample.length === 0 && dataset.kind === "whole") {
    return [`The document is longer than ${datasetLimits.sampleRecordBytes} bytes, so it is not shown here.`];
  }
  if (sample.length === 0) return left > 0 ? [`First records: ${note}`] : [];
  return [fenceUntrusted(sample.join("\n"), what) + (left > 0 ? `\n${note}` : "")];
}

/** Which input modes work and one call that does, made of this dataset's own fields. */
function howToQuery(dataset: Dataset): string {
  const call = (query: string, more = ""): string =>
    `query_dataset {"dataset":"${dataset.name}","query":${JSON.stringify(query)}${more}}`;
  const whole = jqLimits.wholeInputBytes;
  if (dataset.kind === "whole")
    return `Query with \`.\` as the document, e.g. \`${call(isObject(dataset) ? "keys" : "type")}\``;
  const shape = projection(dataset);
  const perRecord = `\`${call(shape, ',"input":"records"')}\``;
  if (fitsWhole(dataset)) {
    const first = shape === "." ? ".[0:3]" : `.[0:3] | map(${shape})`;
    return `Query whole (default; \`.\` is the array), e.g. \`${call(first)}\`, or once per record, e.g. ${perRecord}`;
  }
  const count = `\`${call("reduce inputs as $r (0; . + 1)", ',"input":"records","null_input":true')}\``;
  return `Too large to query whole (limit ${whole} bytes). Query once per record, e.g. ${perRecord}, or aggregate over \`inputs\`, e.g. ${count}`;
}

function isObject(dataset: Dataset): boolean {
  return dataset.schema.fields.some((field) => field.path !== ".");
}

/** An object of the first two plain top-level fields; field names come from data, so only identifiers are shown outside the fence. */
function projection(dataset: Dataset): string {
  const plain = dataset.schema.fields.filter((field) => /^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(field.path)).slice(0, 2);
  return plain.length === 0 ? "." : `{${plain.map((field) => field.path).join(", ")}}`;
}
