// Reads a library as text, YAML or JSON (which YAML contains): its entries, where each stands, and what a bundle says of itself. Runs at the edge.
import {
  type Document,
  isAlias,
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
import { parseWith } from "../../core/parse.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { libraryLimits } from "../../limits.ts";
import { type BundleHead, bundleHeadSchema, type EntryKind } from "./schema.ts";

/** A place in the YAML, both from 1. */
export interface Place {
  line: number;
  column: number;
}

export interface LibraryEntry {
  kind: EntryKind;
  name: string;
  /** The entry as plain data. */
  value: unknown;
  place: Place;
  /**
   * Where a place in the entry's jq is in the YAML: exactly, or as the line its text begins on when the two are not written alike;
   * undefined without jq.
   */
  locate: (at: Place) => { place: Place; exact: true } | { place: Pick<Place, "line">; exact: false } | undefined;
}

export interface LibraryText {
  entries: LibraryEntry[];
  head: BundleHead;
  /** All that the text holds but its signature, as plain data: what a signature is over. Absent without one. */
  signed?: Record<string, unknown>;
}

/**
 * The entries of `functions:` and `tools:` in the order they are written, and the head of an export. Throws `invalid_argument` with line and
 * column for text that is no YAML or holds something else or aliases, `too_large` for more text or entries than the limits.
 */
export function readLibraryText(text: string): LibraryText {
  if (utf8Bytes(text) > libraryLimits.yamlBytes) throw textTooLong();
  const lines = new LineCounter();
  const documents = parseDocuments(text, lines);
  for (const { contents } of documents) checkNodes(contents, lines);
  const entries = documents.flatMap((document) => readDocument(document, text, lines));
  const head = readHead(documents, lines);
  for (const kind of ["function", "tool"] as const) requireFew(kind, entries);
  if (entries.length === 0) {
    throw new AppError("invalid_argument", "The YAML holds no functions and no tools.", { hint: formHint });
  }
  return { entries, head, ...signedPart(documents, head) };
}

/** The error for more text than one import takes. */
export function textTooLong(): AppError {
  return new AppError("too_large", `The YAML is over ${libraryLimits.yamlBytes} bytes (limit yamlBytes).`, {
    hint: "Import it in several files, functions before the tools that call them; an export takes names.",
    details: { limit: "yamlBytes", value: libraryLimits.yamlBytes },
  });
}

const headKeys = ["format", "format_version", "made_by", "signature"] as const;

/** What an export says of itself. A file of several documents is not one, and says nothing. */
function readHead(documents: readonly Document[], lines: LineCounter): BundleHead {
  const head: Record<string, unknown> = {};
  for (const document of documents) {
    const { contents } = document;
    if (!isMap(contents)) continue;
    for (const { key, value } of contents.items) {
      const name = headKeys.find((one) => isScalar(key) && one === key.value);
      if (name === undefined) continue;
      const node = isNode(value) ? value : contents;
      if (documents.length > 1) throw wrongForm(node, lines, `${name} belongs to a file of one document`);
      const { line, column } = placeOf(node, lines);
      head[name] = parseWith(
        bundleHeadSchema.shape[name],
        plainValue(node, document),
        `line ${line}, column ${column}: ${name}`,
      );
    }
  }
  return head;
}

function signedPart(documents: readonly Document[], { signature }: BundleHead): Pick<LibraryText, "signed"> {
  const [document] = documents;
  if (signature === undefined || document === undefined || document.contents === null) return {};
  const { signature: _, ...signed } = plainValue(document.contents, document) as Record<string, unknown>;
  return { signed };
}

/** Before any of them is checked: what is over the limit cannot be saved, and checking costs. */
function requireFew(kind: EntryKind, entries: readonly LibraryEntry[]): void {
  const limit = kind === "function" ? "functions" : "tools";
  const count = entries.filter((entry) => entry.kind === kind).length;
  if (count <= libraryLimits[limit]) return;
  throw new AppError(
    "too_large",
    `The YAML holds ${count} ${limit}; the limit of a team is ${libraryLimits[limit]} (limit ${limit}).`,
    { hint: "Leave out what is not needed.", details: { limit, value: libraryLimits[limit], count } },
  );
}

/**
 * Refuses what costs more to read than it is long, or what a reader could take for something else: aliases, keys that are no plain
 * text, keys written twice. Walks without recursion, since the nesting is the sender's.
 */
function checkNodes(contents: Node | null, lines: LineCounter): void {
  const open: unknown[] = [contents];
  for (let at = 0; at < open.length; at++) {
    const node = open[at];
    if (isAlias(node)) throw wrongForm(node, lines, "aliases are not read; write the value out");
    if (isSeq(node)) for (const item of node.items) open.push(item);
    if (!isMap(node)) continue;
    const keys = new Set<string>();
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw wrongForm(isNode(key) ? key : node, lines, "a key must be plain text");
      const name = String(key.value);
      if (keys.has(name)) throw wrongForm(key, lines, `the key ${JSON.stringify(name)} is there twice`);
      keys.add(name);
      open.push(value);
    }
  }
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
      // Both cost the square of the length: a set of keys per map finds doubles, and places are worked out once.
      uniqueKeys: false,
      prettyErrors: false,
    });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (cause) {
    // The parser descends into nested collections by recursion.
    throw tooDeep(cause);
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

function tooDeep(cause: unknown): AppError {
  return new AppError("invalid_argument", "The YAML is nested too deep to be read.", { hint: formHint, cause });
}

function plainValue(node: Node, document: Document): unknown {
  try {
    return node.toJS(document);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooDeep(cause);
    throw cause;
  }
}

function readDocument(document: Document, text: string, lines: LineCounter): LibraryEntry[] {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) throw wrongForm(contents, lines, "a library is a map");
  return contents.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? key.value : undefined;
    if (headKeys.some((one) => one === name)) return [];
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
    locate: (at) => (code === undefined ? undefined : locateCode(code, at, text, lines)),
  };
}

function codeOf(item: YAMLMap): Scalar | undefined {
  const code = item.get("query", true) ?? item.get("definition", true);
  return isScalar(code) ? code : undefined;
}

/** A literal block (`|`) and a value on one line without escapes keep the jq as it was written; others fold or escape it. */
function locateCode(code: Scalar, at: Place, text: string, lines: LineCounter): ReturnType<LibraryEntry["locate"]> {
  if (code.range == null || typeof code.value !== "string") return undefined;
  const [start, end] = code.range;
  const first = lines.linePos(start);
  const { line, column } = withinCode(code.value, at);
  if (code.type === Scalar.BLOCK_LITERAL) {
    // Its text begins on the line after the mark.
    const written = text.split("\n")[first.line + line - 1]?.replace(/\r$/, "") ?? "";
    const read = code.value.split("\n")[line - 1] ?? "";
    if (written.endsWith(read))
      return { place: { line: first.line + line, column: written.length - read.length + column }, exact: true };
  }
  const isQuoted = code.type === Scalar.QUOTE_DOUBLE || code.type === Scalar.QUOTE_SINGLE;
  const inner = isQuoted ? text.slice(start + 1, end - 1) : text.slice(start, end);
  if (inner === code.value && line === 1)
    return { place: { line: first.line, column: first.col + (isQuoted ? 1 : 0) + column - 1 }, exact: true };
  return { place: { line: first.line }, exact: false };
}

/** An error at the end of the jq is shown on its last line with text: after it come blank lines, or the next entry. */
function withinCode(code: string, at: Place): Place {
  const written = code.trimEnd().split("\n");
  if (at.line <= written.length) return at;
  return { line: written.length, column: (written.at(-1)?.length ?? 0) + 1 };
}
