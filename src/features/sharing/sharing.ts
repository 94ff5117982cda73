// What makes two entries the same, and how a bundle's bytes are fixed for its signature. Runs everywhere.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "../../core/canonical-json.ts";
import { builtinArities } from "../../engines/jq/syntax/builtins.ts";
import type { FunctionParameter, JqFunction } from "../jq-functions/schema.ts";
import type { JqTool, ToolContent } from "../jq-tools/schema.ts";
import type { BundleFunction, BundleTool } from "./schema.ts";

/** Digits of an earlier version's hash that travel with an entry. */
export const earlierDigits = 16;

/** What an author writes of a function. */
export interface FunctionContent {
  definition: string;
  description: string;
  parameters: readonly FunctionParameter[];
}

/** SHA-256 of UTF-8 text, as lower-case hex; at once, where nothing may come between. */
export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** SHA-256 of a function's canonical content, as hex. */
export function functionHash({ definition, description, parameters }: FunctionContent): string {
  return digestOf(canonicalJson(["function", definition, description, parameters]));
}

/** SHA-256 of a tool's canonical content, as hex. Pins and weights are each team's own and do not count. */
export function toolHash(content: Omit<ToolContent, "pinned" | "weight">): string {
  const { description, query, parameters, datasets, dataset_mode, input, null_input } = content;
  return digestOf(canonicalJson(["tool", description, query, parameters, datasets, dataset_mode, input, null_input]));
}

/** A function as a bundle carries it; `earlier` are hashes of the versions before, newest first. */
export function exportFunction(found: JqFunction, earlier: readonly string[]): BundleFunction {
  const { name, definition, description, parameters, depends_on, version, updated_at } = found;
  const hash = functionHash(found);
  return {
    name,
    description,
    definition,
    parameters,
    // It was allowed once, and has to be allowed again where it goes.
    ...(builtinArities(name).length > 0 ? { allow_builtin_name: true } : {}),
    depends_on,
    ...marks({ version, updated_at, hash, earlier }),
  };
}

/** A tool likewise. A pin and a weight are written where there are any: a team that has the tool keeps its own. */
export function exportTool(found: JqTool, earlier: readonly string[]): BundleTool {
  const { name, description, query, parameters, datasets, dataset_mode, input, null_input } = found;
  const { required_functions, pinned, weight, version, updated_at } = found;
  const hash = toolHash(found);
  return {
    name,
    description,
    query,
    parameters,
    datasets,
    dataset_mode,
    input,
    null_input,
    required_functions,
    ...(pinned ? { pinned } : {}),
    ...(weight === 0 ? {} : { weight }),
    ...marks({ version, updated_at, hash, earlier }),
  };
}

function marks({
  version,
  updated_at,
  hash,
  earlier,
}: {
  version: number;
  updated_at: string;
  hash: string;
  earlier: readonly string[];
}): Pick<BundleFunction, "version" | "updated_at" | "hash" | "earlier"> {
  const others = earlier.filter((one) => one !== hash.slice(0, earlierDigits));
  return { version, updated_at, hash, ...(others.length === 0 ? {} : { earlier: others }) };
}
