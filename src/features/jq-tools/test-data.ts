// Datasets and tools for tests of tools: content in R2 as an upload leaves it. Runs in tests only.
import type { CallContext } from "../../context.ts";
import type { Dataset } from "../datasets/schema.ts";
import { toolTools } from "./tools.ts";

/** The same call with further datasets, each a list of records or one document. */
export async function withDatasets(context: CallContext, contents: Record<string, unknown>): Promise<CallContext> {
  const datasets = new Map(context.catalogue.datasets);
  for (const [name, content] of Object.entries(contents)) datasets.set(name, await putDataset(context, name, content));
  return { ...context, execution: {}, catalogue: { ...context.catalogue, datasets } };
}

async function putDataset(context: CallContext, name: string, content: unknown): Promise<Dataset> {
  const records = Array.isArray(content) ? content : undefined;
  const text =
    records === undefined ? JSON.stringify(content) : records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const r2_key = `teams/${context.team}/datasets/${name}`;
  await context.files.put(r2_key, text);
  const at = "2026-01-01T00:00:00.000Z";
  return {
    id: `ds_${name}`,
    name,
    description: "",
    kind: records === undefined ? "whole" : "records",
    format: "json",
    version: 1,
    etag: `"${context.team}-${name}"`,
    bytes: text.length,
    record_count: records?.length ?? 1,
    schema: { fields: [], records_examined: 0, fields_cut: false },
    created_by: "ada",
    created_at: at,
    updated_by: "ada",
    updated_at: at,
    revision: 1,
    r2_key,
    sample: [],
    deleted: false,
  };
}

/** Calls one of the built-in tools of this feature by name. */
export async function useTool(context: CallContext, name: string, args: unknown) {
  const tool = toolTools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool.call(context, args);
}
