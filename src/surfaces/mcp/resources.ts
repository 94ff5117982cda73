// The team's datasets, functions and tools as MCP resources, with completion of their names. Runs at the edge.
import {
  type CompleteResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ReadResourceResult,
  ResourceNotFoundError,
} from "@modelcontextprotocol/server";
import type { CallContext, Catalogue } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { cutText } from "../../core/markdown.ts";
import { pageOf } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { requirePermission } from "../../features/access/access.ts";
import type { Dataset } from "../../features/datasets/schema.ts";
import { mcpLimits } from "../../limits.ts";
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
export function listResources(context: CallContext, cursor: string | undefined): ListResourcesResult {
  requirePermission(context.actor, "data:read", "read resources");
  const resources = resourceKinds
    .flatMap((kind) =>
      [...entriesOf(context.catalogue, kind).values()].map(({ name, description }) => ({
        uri: `${kind}://${name}`,
        name,
        description: cutText(description === "" ? `A ${kind} without a description.` : description, descriptionChars),
        mimeType: "application/json",
      })),
    )
    .sort((a, b) => (a.uri < b.uri ? -1 : 1));
  const page = pageOf(resources, { limit: mcpLimits.resourcePage, cursor, key: (resource) => resource.uri });
  return { resources: page.items, ...(page.next_cursor === undefined ? {} : { nextCursor: page.next_cursor }) };
}

/** The URI templates of the three kinds. */
export function listResourceTemplates(): ListResourceTemplatesResult {
  return {
    resourceTemplates: resourceKinds.map((kind) => ({
      uriTemplate: `${kind}://{name}`,
      name: kind,
      description: templates[kind],
      mimeType: "application/json",
    })),
  };
}

/** The resource behind a URI. Throws the protocol's own error for one that does not exist. */
export function readResource(context: CallContext, uri: string): ReadResourceResult {
  requirePermission(context.actor, "data:read", "read resources");
  const [, kind, name] = /^(dataset|function|tool):\/\/([^/?#]+)$/.exec(uri) ?? [];
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
  throw new ResourceNotFoundError(uri, `There is no resource ${JSON.stringify(cutText(uri, 200))} in this team.`);
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
export function completeName(
  context: CallContext,
  templateUri: string,
  argument: { name: string; value: string },
): CompleteResult {
  requirePermission(context.actor, "data:read", "have names completed");
  const kind = resourceKinds.find((candidate) => `${candidate}://{name}` === templateUri);
  if (kind === undefined) {
    throw new AppError(
      "invalid_argument",
      `There is no resource template ${JSON.stringify(cutText(templateUri, 200))}.`,
      {
        hint: `Templates: ${resourceKinds.map((candidate) => `${candidate}://{name}`).join(", ")}.`,
      },
    );
  }
  if (argument.name !== "name") return { completion: { values: [], total: 0, hasMore: false } };
  const typed = argument.value.toLowerCase();
  const names = [...entriesOf(context.catalogue, kind).keys()]
    .filter((name) => name.toLowerCase().includes(typed))
    .sort();
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
