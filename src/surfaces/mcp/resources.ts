// The team's datasets, tables, frames, functions, tools and proposals as MCP resources, with completion of their names. Runs at the edge.
import {
  type CompleteResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ReadResourceResult,
  ResourceNotFoundError,
} from "@modelcontextprotocol/server";
import type { CallContext, Catalogue } from "../../context.ts";
import { AppError, undefinedOn } from "../../core/errors.ts";
import { cutText } from "../../core/markdown.ts";
import { pageOf } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { recordJson } from "../../engines/frame/output.ts";
import { typeText } from "../../engines/frame/types.ts";
import { requirePermission } from "../../features/access/access.ts";
import { listProposals, readProposal } from "../../features/approvals/calls.ts";
import type { Dataset } from "../../features/datasets/schema.ts";
import { chartAppUri, chartPage } from "../../features/plots/plots.ts";
import { readerOf } from "../../features/workspace/workspace.ts";
import { mcpLimits, resultLimits } from "../../limits.ts";
import { wireTool } from "./wire-tool.ts";

const resourceKinds = ["dataset", "function", "tool"] as const;
type ResourceKind = (typeof resourceKinds)[number];

const templates: Record<ResourceKind, string> = {
  dataset: "A dataset: what it is, its inferred schema and a sample.",
  function: "A jq function of the team's library: definition and documentation.",
  tool: "A tool of the team: query, parameters and what it reads.",
};
const descriptionChars = 200;

function entriesOf(
  catalogue: Catalogue,
  kind: ResourceKind,
): ReadonlyMap<string, { name: string; description: string }> {
  return { dataset: catalogue.datasets, function: catalogue.functions, tool: catalogue.tools }[kind];
}

/** One page of resources/list, sorted by URI. Throws `cursor_invalid`, `insufficient_scope`. */
export async function listResources(context: CallContext, cursor: string | undefined): Promise<ListResourcesResult> {
  requirePermission(context.actor, "data:read", "read resources");
  const defined = resourceKinds.flatMap((kind) =>
    [...entriesOf(context.catalogue, kind).values()].map(({ name, description }) => ({ kind, name, description })),
  );
  const relations = await context.workspace.relations().list(readerOf(context));
  const resources = [...defined, ...relations.map((one) => ({ ...one, name: one.name ?? one.id }))]
    .map(({ kind, name, description }) => ({
      uri: `${kind}://${name}`,
      name,
      description: cutText(description === "" ? `A ${kind} without a description.` : description, descriptionChars),
      mimeType: "application/json",
    }))
    .sort((a, b) => (a.uri < b.uri ? -1 : 1));
  const page = pageOf(resources, { limit: mcpLimits.resourcePage, cursor, key: (resource) => resource.uri });
  return { resources: page.items, ...(page.next_cursor === undefined ? {} : { nextCursor: page.next_cursor }) };
}

/** Proposals are read by id, and not listed: each list would have to ask the team's object. */
const proposalTemplate = "proposal://{id}";

const relationTemplates = {
  table: { uri: "table://{name}", description: "A table: its columns, how many rows, and the first of them." },
  frame: {
    uri: "frame://{name}",
    description: "A data frame by its name or data_ref: its columns, how many rows, and the first of them.",
  },
} as const;
type RelationTemplate = keyof typeof relationTemplates;
const relationKinds = Object.keys(relationTemplates) as RelationTemplate[];

/** The URI templates of all kinds. */
export function listResourceTemplates(): ListResourceTemplatesResult {
  const mimeType = "application/json";
  return {
    resourceTemplates: [
      ...resourceKinds.map((kind) => ({
        uriTemplate: templateOf(kind),
        name: kind,
        description: templates[kind],
        mimeType,
      })),
      ...relationKinds.map((kind) => ({
        uriTemplate: relationTemplates[kind].uri,
        name: kind,
        description: relationTemplates[kind].description,
        mimeType,
      })),
      {
        uriTemplate: proposalTemplate,
        name: "proposal",
        description: "A proposal: what it changes and why, how its check went, votes and conflicts.",
        mimeType,
      },
    ],
  };
}

const templateOf = (kind: ResourceKind): string => `${kind}://{name}`;

/** The resource behind a URI. Throws the protocol's own error for one that does not exist. */
export async function readResource(context: CallContext, uri: string): Promise<ReadResourceResult> {
  requirePermission(context.actor, "data:read", "read resources");
  const [, kind, name] = /^(dataset|function|tool|proposal|table|frame):\/\/([^/?#]+)$/.exec(uri) ?? [];
  const { datasets, functions, tools } = context.catalogue;
  if (kind === "dataset" && name !== undefined) {
    const dataset = datasets.get(name);
    if (dataset !== undefined) return { contents: describeDataset(uri, dataset) };
  }
  if (kind === "function" && name !== undefined) {
    const found = functions.get(name);
    if (found !== undefined) return { contents: [jsonContent(uri, found)] };
  }
  if (kind === "tool" && name !== undefined) {
    const tool = tools.get(name);
    if (tool !== undefined) {
      return { contents: [jsonContent(uri, { ...tool, input_schema: wireTool({ kind: "team", tool }).inputSchema })] };
    }
  }
  if ((kind === "table" || kind === "frame") && name !== undefined) {
    const contents = await describeRelation(context, uri, kind, name);
    if (contents !== undefined) return { contents };
  }
  if (uri === chartAppUri) {
    const _meta = { ui: { csp: { connectDomains: [], resourceDomains: [] } } };
    return { contents: [{ uri, mimeType: "text/html;profile=mcp-app", text: chartPage, _meta }] };
  }
  if (kind === "proposal" && name !== undefined) {
    const contents = await describeProposal(context, uri, name);
    if (contents !== undefined) return { contents };
  }
  throw new ResourceNotFoundError(uri, `There is no resource ${JSON.stringify(cutText(uri, 200))} in this team.`);
}

/** A proposal as JSON; what its runs gave apart and fenced. Undefined when there is none of that id. */
async function describeProposal(
  context: CallContext,
  uri: string,
  id: string,
): Promise<ReadResourceResult["contents"] | undefined> {
  const found = await undefinedOn(["not_found"], readProposal(context, id));
  if (found === undefined) return undefined;
  const { proposal, diff, comments } = found;
  const { sample, tests, ...validation } = proposal.validation;
  const given = [...tests.flatMap(({ outputs = [] }) => outputs), ...(sample ?? [])];
  const shown = { ...validation, tests: tests.map(({ outputs: _, message: __, ...test }) => test) };
  const json = jsonContent(uri, { ...proposal, validation: shown, diff, comments });
  if (given.length === 0) return [json];
  const text = fenceUntrusted(given.map((row) => JSON.stringify(row)).join("\n"), "what its tests and sample gave");
  return [json, { uri, mimeType: "text/markdown", text }];
}

/** A table or frame as JSON, and its first rows apart and fenced. Undefined when there is none of that name and kind. */
async function describeRelation(
  context: CallContext,
  uri: string,
  kind: RelationTemplate,
  name: string,
): Promise<ReadResourceResult["contents"] | undefined> {
  const sliced = context.workspace.relations().slice(name, readerOf(context), 0, mcpLimits.resourceRows);
  const read = await undefinedOn(["not_found"], sliced);
  if (read === undefined || read.found.kind !== kind) return undefined;
  const { id, columns, rows: total, description, version, bytes } = read.found;
  const shown = columns.map((column) => ({ name: column.name, type: typeText(column) }));
  const json = jsonContent(uri, {
    ...{ kind, name: read.found.name, description },
    ...(kind === "frame" ? { data_ref: id } : { data_version: version }),
    ...{ rows: total, bytes, columns: shown },
  });
  if (read.rows.length === 0) return [json];
  const records = read.rows.map((row) => cutText(recordJson(columns, row), resultLimits.cellChars * 10));
  const text = fenceUntrusted(records.join("\n"), `first rows of ${name}`);
  return [json, { uri, mimeType: "text/markdown", text }];
}

/** What we know of it as JSON; what came out of the data apart and fenced. */
function describeDataset(uri: string, dataset: Dataset): ReadResourceResult["contents"] {
  const { r2_key: _key, deleted: _deleted, sample, schema, ...shown } = dataset;
  const fields = schema.fields.map(({ examples: _examples, ...field }) => field);
  const examples = schema.fields.map(
    (field) => `${field.path}: ${field.examples.map((example) => JSON.stringify(example)).join(", ")}`,
  );
  return [
    jsonContent(uri, { ...shown, schema: { ...schema, fields } }),
    {
      uri,
      mimeType: "text/markdown",
      text: [
        fenceUntrusted(examples.join("\n"), `examples of the fields of ${dataset.name}`),
        fenceUntrusted(sample.join("\n"), `first records of ${dataset.name}`),
      ].join("\n"),
    },
  ];
}

function jsonContent(uri: string, value: unknown): ReadResourceResult["contents"][number] {
  return { uri, mimeType: "application/json", text: JSON.stringify(value, undefined, 1) };
}

/** Names that begin with what is typed, then those that hold it. Throws `invalid_argument` for a template that does not exist. */
export async function completeName(
  context: CallContext,
  templateUri: string,
  argument: { name: string; value: string },
): Promise<CompleteResult> {
  requirePermission(context.actor, "data:read", "have names completed");
  const typed = argument.value.toLowerCase();
  const kind = resourceKinds.find((candidate) => templateOf(candidate) === templateUri);
  const relation = relationKinds.find((candidate) => relationTemplates[candidate].uri === templateUri);
  if (relation !== undefined)
    return completion(argument.name === "name" ? await namesOfRelations(context, relation) : [], typed);
  if (templateUri === proposalTemplate)
    return completion(argument.name === "id" ? await openProposals(context) : [], typed);
  if (kind === undefined) {
    throw new AppError(
      "invalid_argument",
      `There is no resource template ${JSON.stringify(cutText(templateUri, 200))}.`,
      {
        hint: `Templates: ${[...resourceKinds.map(templateOf), ...relationKinds.map((one) => relationTemplates[one].uri), proposalTemplate].join(", ")}.`,
      },
    );
  }
  return completion(argument.name === "name" ? [...entriesOf(context.catalogue, kind).keys()] : [], typed);
}

/** Names, and of frames without one their data_refs. */
async function namesOfRelations(context: CallContext, kind: RelationTemplate): Promise<string[]> {
  const all = await context.workspace.relations().list(readerOf(context));
  return all.filter((one) => one.kind === kind).map(({ id, name }) => name ?? id);
}

/** The ids of the newest open proposals. */
async function openProposals(context: CallContext): Promise<string[]> {
  const { items } = await listProposals(context, { state: "pending" }, mcpLimits.completionValues);
  return items.map(({ id }) => id);
}

function completion(all: readonly string[], typed: string): CompleteResult {
  const names = all.filter((name) => name.toLowerCase().includes(typed)).sort();
  const begins = (name: string): boolean => name.toLowerCase().startsWith(typed);
  const ordered = [...names.filter(begins), ...names.filter((name) => !begins(name))];
  return {
    completion: {
      values: ordered.slice(0, mcpLimits.completionValues),
      total: ordered.length,
      hasMore: ordered.length > mcpLimits.completionValues,
    },
  };
}
