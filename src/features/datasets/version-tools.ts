// MCP tools on what is kept of datasets: older versions, what changed between them, and undoing a deletion. Runs at the edge.
import * as z from "zod";
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { datasetNameSchema } from "../../core/names.ts";
import { cursorSchema, moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { datasetLimits, listLimits } from "../../limits.ts";
import { defineTool } from "../../tool.ts";
import { deleteDataset, listDeleted, restoreDataset } from "./calls.ts";
import { compareVersions } from "./comparing/compare.ts";
import { type Comparison, compareSchema, comparisonSchema } from "./comparing/schema.ts";
import {
  datasetSchema,
  deleteDatasetSchema,
  deletedListSchema,
  historySchema,
  restoreDatasetSchema,
  type VersionSummary,
} from "./schema.ts";

const records = (count: number): string => (count === 1 ? "1 record" : `${count} records`);

const datasetHistory = defineTool({
  name: "dataset_history",
  title: "Versions of a dataset",
  description: "A dataset's versions, the newest first: records, size, who made each, until when it is kept.",
  input: z.object({ dataset: datasetNameSchema }),
  output: historySchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, { dataset }) => {
    const data = await context.stub.datasets().history(dataset, context.actor);
    const rows = data.versions.map(historyRow);
    const kept =
      data.versions.length === 1
        ? ["It has this version only."]
        : ["restore_dataset makes an older one current; compare_dataset_versions shows what changed."];
    return { text: [`Versions of ${dataset}\n`, markdownTable(rows), ...kept].join("\n"), data };
  },
});

function historyRow(version: VersionSummary): Record<string, unknown> {
  return {
    version: version.version,
    records: version.kind === "whole" ? "document" : version.record_count,
    bytes: version.bytes,
    by: version.written_by,
    at: version.written_at,
    kept_until: version.kept_until ?? "current",
    same_content_as: version.same_content_as ?? "",
  };
}

const compareDatasetVersions = defineTool({
  name: "compare_dataset_versions",
  title: "Compare two versions of a dataset",
  description:
    "What changed between two versions of a dataset: fields, counts, and the first records added, removed and changed.",
  input: compareSchema,
  output: comparisonSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, input) => {
    const data = await compareVersions(context, input);
    return { text: comparisonText(data), data };
  },
});

function comparisonText(comparison: Comparison): string {
  const { dataset, from, to, notes } = comparison;
  const shown = [...fieldLines(comparison), ...recordLines(comparison)];
  return [
    `**${dataset}**: version ${from.version} (${from.written_by}, ${from.written_at}) to version ${to.version} (${to.written_by}, ${to.written_at}).`,
    countText(comparison),
    ...(shown.length === 0 ? [] : [fenceUntrusted(shown.join("\n"), `changes of ${dataset}`)]),
    ...(notes.length === 0 ? [] : [fenceUntrusted(notes.join("\n"), "notes")]),
  ].join("\n\n");
}

function countText({ compared, counts, schema, complete }: Comparison): string {
  if (counts === undefined) return "Records were not compared.";
  const { unchanged = 0, changed, added, removed } = counts;
  const fields = schema.added.length + schema.removed.length + schema.changed.length;
  if (changed + added + removed + fields === 0 && complete) return "They hold the same.";
  const what = compared === "document" ? "places" : "records";
  const same = compared === "document" ? "" : `, ${unchanged} unchanged`;
  return `${added} ${what} added, ${removed} removed, ${changed} changed${same}${complete ? "" : ", as far as was read"}.`;
}

function fieldLines({ schema }: Comparison): string[] {
  return [
    ...schema.added.map(({ path, types }) => `+ field ${path}: ${types.join(", ")}`),
    ...schema.removed.map(({ path, types }) => `- field ${path}: ${types.join(", ")}`),
    ...schema.changed.map(({ path, before, after }) => `~ field ${path}: ${before.join(", ")} -> ${after.join(", ")}`),
  ];
}

function recordLines({ added, removed, changed, key }: Comparison): string[] {
  const changes = changed.flatMap((record) => [
    ...(key === undefined ? [] : [`~ ${key} ${record.key}`]),
    ...record.changes.map(({ path, before = "nothing", after = "nothing" }) => `    ${path}: ${before} -> ${after}`),
    ...(record.total > record.changes.length ? [`    and ${record.total - record.changes.length} more places`] : []),
  ]);
  return [...added.map((record) => `+ ${record}`), ...removed.map((record) => `- ${record}`), ...changes];
}

const deleteDatasetTool = defineTool({
  name: "delete_dataset",
  title: "Delete a dataset",
  description: `Deletes a dataset with all its versions; restore_dataset brings it back for ${datasetLimits.keptDays} days. Needs a confirmation.`,
  input: deleteDatasetSchema,
  output: z.object({ name: datasetNameSchema, version: z.int(), restorable_until: z.string() }),
  hints: replaces,
  permission: "data:write",
  toolset: "jq",
  handler: async (context, { dataset, confirm }) => {
    const data = await deleteDataset(context, dataset, confirm);
    return {
      text: `Deleted the dataset ${data.name}. restore_dataset brings it back until ${data.restorable_until}.`,
      data,
    };
  },
});

const restoreDatasetTool = defineTool({
  name: "restore_dataset",
  title: "Restore a dataset",
  description: "Undoes the deletion of a dataset, or makes an older version current again, as a new version.",
  input: restoreDatasetSchema,
  output: datasetSchema,
  hints: adds,
  permission: "data:write",
  toolset: "jq",
  handler: async (context, { dataset, version }) => {
    const data = await restoreDataset(context, { name: dataset, version, precondition: undefined });
    const size = data.kind === "whole" ? "one JSON document" : records(data.record_count);
    const what =
      version === undefined || version === data.version
        ? `The dataset ${dataset} is back as version ${data.version}`
        : `Version ${version} of the dataset ${dataset} is current again, as version ${data.version}`;
    return { text: `${what}: ${size}.`, data };
  },
});

const listDeletedDatasets = defineTool({
  name: "list_deleted_datasets",
  title: "List deleted datasets",
  description:
    "Deleted datasets that restore_dataset can bring back: who deleted them, when, until when they are kept.",
  input: z.object({
    limit: z.int().min(1).max(listLimits.maxEntries).default(listLimits.datasetEntries).describe("Datasets to return."),
    cursor: cursorSchema,
  }),
  output: deletedListSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, page) => {
    const data = await listDeleted(context, page);
    if (data.total === 0) return { text: "No deleted dataset can be brought back.", data };
    const rows = data.datasets.map(({ kind: _kind, ...row }) => row);
    const text = [`${data.returned} of ${data.total} deleted datasets\n`, markdownTable(rows), ...moreLines(data)];
    return { text: text.join("\n"), data };
  },
});

export const datasetVersionTools = [
  datasetHistory,
  compareDatasetVersions,
  deleteDatasetTool,
  restoreDatasetTool,
  listDeletedDatasets,
];
