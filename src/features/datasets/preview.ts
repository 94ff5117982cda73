// What an upload of a file would make, found out from its first bytes: the same reading as the upload's own. Runs at the edge.
import * as z from "zod";
import type { Catalogue } from "../../context.ts";
import { describeError, isAppError } from "../../core/errors.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { datasetLimits } from "../../limits.ts";
import { detectFormat, obstacleOf, proposeName } from "./ingest/detect.ts";
import { Intake } from "./ingest/ingest.ts";
import { type DatasetFormat, datasetFormatSchema, datasetSchema } from "./schema.ts";

export const previewQuerySchema = z.object({
  file: z
    .string()
    .max(500)
    .default("")
    .describe("The file's name: what its format and the dataset's name are guessed by."),
  format: datasetFormatSchema.optional().describe("Left out: found out from the content."),
  bytes: z
    .int()
    .min(0)
    .optional()
    .describe("The whole file's size; left out: as many as are sent, or more when those are previewBytes."),
});

export const previewSchema = z.object({
  format: datasetFormatSchema.nullable().describe("null: none that can be uploaded; problem says why."),
  complete: z.boolean().describe("true: this is the whole file, so what is said holds for all of it."),
  kind: z.enum(["records", "whole"]).nullable(),
  csv: z.object({ delimiter: z.string(), columns: z.array(z.string()) }).optional(),
  record_count: z.int().describe("Records in the part that was looked at."),
  schema: datasetSchema.shape.schema,
  records: z.array(z.string()).describe("The first records as JSON texts; long ones are left out."),
  problem: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional(), line: z.int().optional() })
    .optional()
    .describe("What an upload would be refused for."),
  notes: z.array(z.string()),
  name: datasetNameSchema.describe("A name for the dataset."),
  replaces: z
    .object({ version: z.int(), record_count: z.int() })
    .optional()
    .describe("The dataset of that name that there is: an upload makes its next version."),
});
export type Preview = z.infer<typeof previewSchema>;

/** Says what a file is that begins with `head`, as far as that tells. */
export function previewUpload(
  head: Uint8Array,
  { file, format: wanted, bytes }: z.infer<typeof previewQuerySchema>,
  catalogue: Pick<Catalogue, "datasets">,
): Preview {
  const complete = bytes === undefined ? head.length < datasetLimits.previewBytes : bytes <= head.length;
  const name = proposeName(file);
  const there = catalogue.datasets.get(name);
  const rest = {
    complete,
    name,
    ...(there === undefined ? {} : { replaces: { version: there.version, record_count: there.record_count } }),
  };
  const obstacle = obstacleOf(head);
  if (obstacle !== undefined) {
    const nothing = { format: null, kind: null, ...nothingFound() };
    return { ...nothing, problem: { code: "unsupported", ...obstacle }, ...rest };
  }
  const start = new TextDecoder().decode(head);
  const format = wanted ?? detectFormat(start, file);
  return { format, ...readHead(head, format, complete), ...rest };
}

function nothingFound(): Pick<Preview, "record_count" | "schema" | "records" | "notes"> {
  return { record_count: 0, schema: { fields: [], records_examined: 0, fields_cut: false }, records: [], notes: [] };
}

function readHead(
  head: Uint8Array,
  format: DatasetFormat,
  complete: boolean,
): Omit<Preview, "format" | "complete" | "name" | "replaces"> {
  const intake = new Intake(format);
  const out: string[] = [];
  let problem: Preview["problem"];
  try {
    for (const text of intake.read(head)) out.push(text);
    out.push(complete ? intake.end() : intake.stop());
  } catch (error) {
    if (!isAppError(error)) throw error;
    problem = problemOf(error, head);
    out.push(intake.stop());
  }
  const { record_count, schema } = intake.finish();
  const isDocument = intake.isWhole || (format === "json" && firstCharacter(head) !== "[");
  const text = out.join("");
  const { csv } = intake;
  return {
    kind: record_count === 0 && problem !== undefined ? null : isDocument ? "whole" : "records",
    ...(csv === undefined ? {} : { csv: { delimiter: csv.delimiter, columns: [...csv.columns] } }),
    record_count,
    schema,
    records: firstRecords(text, intake.isWhole),
    ...(problem === undefined ? {} : { problem }),
    notes: [...notesOf(format, { isDocument, complete, record_count, csv, problem }), ...intake.notes],
  };
}

function firstRecords(text: string, isWhole: boolean): string[] {
  const records = isWhole ? [text] : text.split("\n").filter((line) => line !== "");
  return records
    .slice(0, datasetLimits.previewRecords)
    .filter((record) => utf8Bytes(record) <= datasetLimits.sampleRecordBytes);
}

function problemOf(error: Error, head: Uint8Array): Preview["problem"] {
  const { code, message, hint, details } = describeError(error);
  const line = typeof details?.line === "number" ? details.line : lineAt(head, details?.offset);
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(line === undefined ? {} : { line }) };
}

/** The line of a byte, both as people count them. */
function lineAt(head: Uint8Array, offset: unknown): number | undefined {
  if (typeof offset !== "number") return undefined;
  return head.subarray(0, offset).reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 1);
}

function firstCharacter(head: Uint8Array): string | undefined {
  return new TextDecoder().decode(head.subarray(0, 1024)).trimStart()[0];
}

function notesOf(
  format: DatasetFormat,
  found: {
    isDocument: boolean;
    complete: boolean;
    record_count: number;
    csv: Intake["csv"];
    problem: Preview["problem"];
  },
): string[] {
  const { isDocument, complete, record_count, csv, problem } = found;
  return [
    ...(format === "csv" && csv?.columns.length === 1 && problem === undefined
      ? ["There is one column only. If there should be more, separate them by commas, semicolons, tabs or bars."]
      : []),
    ...(isDocument && !complete ? ["One JSON document: its fields are found out when all of it is uploaded."] : []),
    ...(!isDocument && !complete && problem === undefined && record_count === 0
      ? ["The first record is longer than the preview."]
      : []),
    ...(complete || isDocument ? [] : ["Only the beginning of the file was looked at; the upload checks all of it."]),
  ];
}
