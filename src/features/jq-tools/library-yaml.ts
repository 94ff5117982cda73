// Reads the YAML form of a library: which functions and tools it holds and where each stands in the text. Runs at the edge.
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
} from "yaml";
import { AppError } from "../../core/errors.ts";
import { libraryLimits } from "../../limits.ts";
import type { EntryKind } from "./schema.ts";

/** A place in the YAML, both from 1. */
export interface Place {
  line: number;
  column: number;
}

export interface LibraryEntry {
  kind: EntryKind;
  name: string;
  /** The entry as plain data; undefined when its aliases are over the limit. */
  value: unknown;
  place: Place;
  /** Where a line and column of the entry's jq is in the YAML; undefined when that cannot be told. */
  locate: (at: Place) => Place | undefined;
}

/**
 * The entries of `functions:` and `tools:` in the order they are written. Throws `invalid_argument` with line and column for text
 * that is no YAML or holds something else, `too_large` over the limit of bytes.
 */
export function readLibraryYaml(text: string): LibraryEntry[] {
  const lines = new LineCounter();
  const documents = parseDocuments(text, lines);
  const entries = documents.flatMap((document) => readDocument(document, text, lines));
  if (entries.length === 0) {
    throw new AppError("invalid_argument", "The YAML holds no functions and no tools.", { hint: formHint });
  }
  return entries;
}

const formHint = "Write a map with `functions:` or `tools:` or both, each a list of entries with a name.";

function parseDocuments(text: string, lineCounter: LineCounter): Document[] {
  let documents: Document[];
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter,
      version: "1.2",
      schema: "core",
      merge: false,
      logLevel: "silent",
    });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (cause) {
    // The parser descends into nested collections by recursion.
    throw new AppError("invalid_argument", "The YAML is nested too deep to be read.", { hint: formHint, cause });
  }
  for (const { errors, warnings } of documents) {
    const [problem] = [...errors, ...warnings];
    if (problem === undefined) continue;
    const { line, col: column } = lineCounter.linePos(problem.pos[0]);
    throw new AppError(
      "invalid_argument",
      `line ${line}, column ${column}: this cannot be read as YAML (${problem.code}).`,
      {
        hint: "Check indentation and quotes there; only plain YAML without custom tags is read.",
        details: { line, column, problem: problem.code },
      },
    );
  }
  return documents;
}

function readDocument(document: Document, text: string, lines: LineCounter): LibraryEntry[] {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) throw wrongForm(contents, lines, "a library is a map");
  return contents.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? key.value : undefined;
    if (name !== "functions" && name !== "tools")
      throw wrongForm(
        isNode(key) ? key : contents,
        lines,
        `${JSON.stringify(name ?? "this")} is neither functions nor tools`,
      );
    if (isScalar(value) && value.value === null) return [];
    if (!isSeq(value)) throw wrongForm(isNode(value) ? value : contents, lines, `${name} is a list`);
    const kind = name === "functions" ? "function" : "tool";
    return value.items.map((item) => readEntry(kind, item, { document, text, lines, around: value }));
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "range" in value;
}

function wrongForm(node: Node, lines: LineCounter, what: string): AppError {
  const { line, column } = placeOf(node, lines);
  return new AppError("invalid_argument", `line ${line}, column ${column}: ${what}.`, {
    hint: formHint,
    details: { line, column },
  });
}

function placeOf(node: Node, lines: LineCounter): Place {
  const { line, col } = lines.linePos(node.range?.[0] ?? 0);
  return { line, column: col };
}

interface Surroundings {
  document: Document;
  text: string;
  lines: LineCounter;
  around: Node;
}

function readEntry(kind: EntryKind, item: unknown, { document, text, lines, around }: Surroundings): LibraryEntry {
  const node = isNode(item) ? item : around;
  const name = isMap(item) ? item.get("name") : undefined;
  const code = isMap(item) ? codeOf(item) : undefined;
  return {
    kind,
    name: typeof name === "string" ? name : "(without a name)",
    value: plainValue(node, document),
    place: placeOf(node, lines),
    locate: (at) => (code === undefined ? undefined : locateInBlock(code, at, text, lines)),
  };
}

function plainValue(node: Node, document: Document): unknown {
  try {
    return node.toJS(document, { maxAliasCount: libraryLimits.yamlAliases });
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function codeOf(item: YAMLMap): Scalar | undefined {
  const code = item.get("query", true) ?? item.get("definition", true);
  return isScalar(code) ? code : undefined;
}

/** Only a literal block (`|`) keeps lines as they are; its text begins on the line after the mark. */
function locateInBlock(code: Scalar, at: Place, text: string, lines: LineCounter): Place | undefined {
  if (code.type !== Scalar.BLOCK_LITERAL || code.range == null) return undefined;
  const mark = lines.linePos(code.range[0]).line;
  const body = text.split("\n").slice(mark);
  const indent = body.find((line) => line.trim() !== "")?.search(/\S/) ?? 0;
  return { line: mark + at.line, column: indent + at.column };
}
