// An entry of a file beside what the team has under its name. Runs at the edge.

import { stringify } from "yaml";
import { canonicalJson } from "../../core/canonical-json.ts";
import { isRecord } from "../../core/exact-json.ts";
import type { CheckedFunction } from "../jq-functions/jq-functions.ts";
import type { JqFunction, SaveFunction } from "../jq-functions/schema.ts";
import { contentOf } from "../jq-tools/jq-tools.ts";
import type { JqTool, ToolContent } from "../jq-tools/schema.ts";
import type { Side } from "./deciding.ts";
import type { BundleFunction } from "./schema.ts";
import { earlierDigits, type FunctionContent, functionHash, toolHash } from "./sharing.ts";

/** What only an export says of an entry. */
export type Marks = Pick<BundleFunction, "version" | "updated_at" | "hash" | "earlier">;

/** The function a save leads to: what the file leaves unsaid stays as it was. */
export function nextFunction(input: SaveFunction, checked: CheckedFunction, here?: JqFunction): FunctionContent {
  const names = (parameters: readonly { name: string }[]): string => JSON.stringify(parameters.map(({ name }) => name));
  const keepsNotes =
    here !== undefined && input.parameters === undefined && names(here.parameters) === names(checked.parameters);
  return {
    definition: input.definition,
    description: input.description ?? here?.description ?? "",
    parameters: keepsNotes ? here.parameters : checked.parameters,
  };
}

export function isSameFunction(a: FunctionContent, b: FunctionContent): boolean {
  return functionHash(a) === functionHash(b);
}

export function isSameTool(a: ToolContent, b: ToolContent): boolean {
  return canonicalJson(contentOf(a)) === canonicalJson(contentOf(b));
}

/** The file's side. A content that is not the one its hash is of was changed since its export, so that one came before it. */
export function fileSide(hash: string, { hash: marked, earlier = [], updated_at, version }: Marks): Side {
  const before = marked === undefined || marked === hash ? [] : [marked.slice(0, earlierDigits)];
  return { hash, earlier: [...before, ...earlier], updatedAt: updated_at, version };
}

/** The team's side; `hashes` are those of its newest versions, the present one among them. */
export function functionSide(here: JqFunction, hashes: readonly string[] = []): Side {
  return sideOf(functionHash(here), here, hashes);
}

export function toolSide(here: JqTool, hashes: readonly string[] = []): Side {
  return sideOf(toolHash(here), here, hashes);
}

function sideOf(
  hash: string,
  { updated_at, version }: { updated_at: string; version: number },
  hashes: readonly string[],
): Side {
  const earlier = hashes.filter((one) => one !== hash.slice(0, earlierDigits));
  return { hash, earlier, updatedAt: updated_at, version };
}

/** False when an entry, as it is written, surely differs from what the team has: then its history is worth asking for. */
export function looksSame(value: unknown, here: object): boolean {
  if (!isRecord(value)) return true;
  return Object.entries(here).every(
    ([key, member]) =>
      ignored.has(key) || value[key] === undefined || canonicalJson(value[key]) === canonicalJson(member),
  );
}

/** Members that are not what an author writes, or that each team has for itself. */
const ignored: ReadonlySet<string> = new Set(
  `id arity depends_on required_functions version is_active source approval_status created_by created_at updated_by updated_at revision visibility
   pinned weight`.split(/\s+/),
);

/** Content as lines, to show a difference of. */
export function contentText(content: object): string {
  return stringify(content, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
}
