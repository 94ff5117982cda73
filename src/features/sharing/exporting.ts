// Exports: which entries go, what a bundle says of them, and its text in pieces. Runs at the edge.
import { stringify } from "yaml";
import type { CallContext, Catalogue } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { sharingLimits } from "../../workflow-limits.ts";
import { requirePermission } from "../access/access.ts";
import type { JqFunction } from "../jq-functions/schema.ts";
import type { JqTool } from "../jq-tools/schema.ts";
import type { EntryHashes } from "./rpc.ts";
import {
  type BundleFunction,
  type BundleTool,
  bundleFormat,
  bundleVersion,
  type ExportFormat,
  type ExportLibrary,
  type MadeBy,
  type Signature,
} from "./schema.ts";
import { exportFunction, exportTool } from "./sharing.ts";
import { signBundle } from "./signing.ts";

export interface Bundle {
  format: typeof bundleFormat;
  format_version: typeof bundleVersion;
  made_by: MadeBy;
  functions: BundleFunction[];
  tools: BundleTool[];
  signature?: Signature;
}

/**
 * What the caller may see of the approved, active library, by name, with all the functions it reaches. Two exports of the same library differ in
 * `made_by` alone, and in the signature over it. Throws `not_found` for names that are not there; to sign takes the right to write the library.
 */
export async function exportLibrary(
  context: CallContext,
  { what = "all", names, sign = false }: Pick<ExportLibrary, "what" | "names" | "sign">,
): Promise<Bundle> {
  if (sign) requirePermission(context.actor, "library:write", "sign for the team");
  const { functions, tools } = chosen(context.catalogue, what, names);
  const earlier = await earlierHashes(context, functions, tools);
  const bundle: Bundle = {
    format: bundleFormat,
    format_version: bundleVersion,
    made_by: {
      team: context.team,
      origin: context.origin,
      exported_by: context.actor.username,
      exported_at: new Date(context.now()).toISOString(),
    },
    functions: functions.map((one) => exportFunction(one, earlier.functions[one.name] ?? [])),
    tools: tools.map((one) => exportTool(one, earlier.tools[one.name] ?? [])),
  };
  return sign ? { ...bundle, signature: await signBundle(context, bundle) } : bundle;
}

function chosen(
  catalogue: Catalogue,
  what: NonNullable<ExportLibrary["what"]>,
  names: readonly string[] | undefined,
): { functions: JqFunction[]; tools: JqTool[] } {
  const approved = [...catalogue.tools.values()].filter(
    (tool) => tool.is_active && tool.approval_status === "approved",
  );
  const tools = what === "functions" ? [] : approved;
  const functions = what === "tools" ? [] : [...catalogue.functions.values()];
  if (names !== undefined) requireNames(names, [...tools, ...functions]);
  const wanted = (one: { name: string }): boolean => names === undefined || names.includes(one.name);
  const chosenTools = tools.filter(wanted);
  const roots = [
    ...functions.filter(wanted).map(({ name }) => name),
    ...chosenTools.flatMap((tool) => tool.required_functions),
  ];
  return { functions: byName(reached(catalogue, roots)), tools: byName(chosenTools) };
}

function requireNames(names: readonly string[], known: readonly { name: string }[]): void {
  const there = new Set(known.map(({ name }) => name));
  const missing = names.filter((name) => !there.has(name));
  const [first] = missing;
  if (first === undefined) return;
  const near = nearNames(first, there);
  throw new AppError("not_found", `There is no active ${missing.join(", ")} to export.`, {
    hint: didYouMean(near) ?? "find_tools and list_functions show what there is.",
    details: { names: missing, near },
  });
}

function reached(catalogue: Catalogue, roots: readonly string[]): JqFunction[] {
  const names = new Set(roots);
  for (const name of names) for (const callee of catalogue.functions.get(name)?.depends_on ?? []) names.add(callee);
  return [...names].flatMap((name) => catalogue.functions.get(name) ?? []);
}

function byName<Item extends { name: string }>(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function earlierHashes(
  context: CallContext,
  functions: readonly JqFunction[],
  tools: readonly JqTool[],
): Promise<EntryHashes> {
  // A first version has none before it.
  const changed = {
    functions: functions.filter(({ version }) => version > 1).map(({ name }) => name),
    tools: tools.filter(({ version }) => version > 1).map(({ name }) => name),
  };
  const found: EntryHashes = { functions: {}, tools: {} };
  for (const names of slices(changed.functions)) {
    const { functions: hashes } = await context.stub.sharing().hashes({ functions: names, tools: [] }, context.actor);
    Object.assign(found.functions, hashes);
  }
  for (const names of slices(changed.tools)) {
    const { tools: hashes } = await context.stub.sharing().hashes({ functions: [], tools: names }, context.actor);
    Object.assign(found.tools, hashes);
  }
  return found;
}

function slices(names: readonly string[]): string[][] {
  const cut: string[][] = [];
  for (let at = 0; at < names.length; at += sharingLimits.historySlice)
    cut.push(names.slice(at, at + sharingLimits.historySlice));
  return cut;
}

/** A bundle's text, an entry at a time. The same bundle always gives the same text. */
export function bundlePieces(bundle: Bundle, format: ExportFormat): Iterable<string> {
  return format === "json" ? jsonPieces(bundle) : yamlPieces(bundle);
}

function* jsonPieces({ functions, tools, signature, ...head }: Bundle): Iterable<string> {
  yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n`;
  yield* jsonList("functions", functions);
  yield ",\n";
  yield* jsonList("tools", tools);
  yield signature === undefined ? "\n}\n" : `,\n  "signature": ${indented(signature, "  ")}\n}\n`;
}

function* jsonList(key: string, entries: readonly object[]): Iterable<string> {
  yield `  "${key}": [`;
  for (const [at, entry] of entries.entries()) yield `${at === 0 ? "" : ","}\n    ${indented(entry, "    ")}`;
  yield entries.length === 0 ? "]" : "\n  ]";
}

const indented = (value: object, by: string): string => JSON.stringify(value, null, 2).replaceAll("\n", `\n${by}`);

function* yamlPieces({ functions, tools, signature, ...head }: Bundle): Iterable<string> {
  yield yamlOf(head);
  yield* yamlList("functions", functions);
  yield* yamlList("tools", tools);
  if (signature !== undefined) yield yamlOf({ signature });
}

function* yamlList(key: string, entries: readonly object[]): Iterable<string> {
  yield entries.length === 0 ? `${key}: []\n` : `${key}:\n`;
  for (const entry of entries) yield yamlOf({ [key]: [entry] }).slice(key.length + 2);
}

/** Aliases are not read back, so none are written. */
const yamlOf = (value: object): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** A bundle's text as bytes, made while they are read. */
export function bundleStream(bundle: Bundle, format: ExportFormat): ReadableStream<Uint8Array> {
  const pieces = bundlePieces(bundle, format)[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
