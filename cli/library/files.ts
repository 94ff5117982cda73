// A library as YAML files of a folder: reading every entry with its place, writing entries so that comments stay. Runs under Node.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, stringify, type YAMLMap } from "yaml";
import { CliError } from "../core/errors.ts";
import { fileError, isMissing, readText, writeWhole } from "../core/files.ts";
import { canonical, isRecord, type JsonRecord } from "../core/json.ts";
import type { NamedEntry } from "../core/wire.ts";

export type Kind = NamedEntry["kind"];
const groups = { function: "functions", tool: "tools" } as const;
const kinds = ["function", "tool"] as const;

/** An entry of a file. */
export interface FileEntry extends NamedEntry {
  /** Relative to the folder. */
  path: string;
  /** Its first line in the file, from 1. */
  line: number;
  /** Its lines as the file has them, and the column at which its keys stand; undefined for YAML in braces. */
  source: { lines: string[]; indent: number } | undefined;
  value: JsonRecord;
}

/** A file of test cases ends like this; it is no library. */
export const testsEnding = /\.test\.ya?ml$/i;
const libraryEnding = /\.ya?ml$/i;

/** All YAML files below a folder, or the file itself, that pass; sorted, hidden ones left out. */
export async function yamlFiles(place: string, passes: (path: string) => boolean): Promise<string[]> {
  try {
    const found = await readdir(place, { recursive: true });
    return found.filter((path) => passes(path) && !/(^|[/\\])[.]|(^|[/\\])node_modules[/\\]/.test(path)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return [""];
    if (isMissing(error))
      throw new CliError("not_found", `There is no folder or file ${place}.`, {
        hint: "Get the team's library with `super-data tools pull`.",
      });
    throw fileError(place, "read", error);
  }
}

export const isLibraryFile = (path: string): boolean => libraryEnding.test(path) && !testsEnding.test(path);

export const pathIn = (folder: string, path: string): string => (path === "" ? folder : join(folder, path));

/** Every function and tool of the folder's files. Throws `library_invalid` for YAML that cannot be read and names that stand twice. */
export async function readFolder(folder: string): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  for (const path of await yamlFiles(folder, isLibraryFile)) {
    entries.push(...readEntries(path, (await readText(pathIn(folder, path))) ?? "", pathIn(folder, path)));
  }
  const places = new Map<string, FileEntry>();
  for (const entry of entries) {
    const before = places.get(keyOf(entry));
    if (before !== undefined) {
      const [first, second] = [before, entry].map((one) => `${pathIn(folder, one.path)}:${one.line}`);
      throw new CliError("library_invalid", `The ${entry.kind} ${entry.name} stands in ${first} and in ${second}.`, {
        hint: "Keep one of them.",
      });
    }
    places.set(keyOf(entry), entry);
  }
  return entries;
}

export const keyOf = ({ kind, name }: NamedEntry): string => `${kind} ${name}`;

function readEntries(path: string, text: string, shown: string): FileEntry[] {
  const counter = new LineCounter();
  const document = parse(text, shown, counter);
  const lines = text.split(/\r?\n/);
  return kinds.flatMap((kind) => {
    const list = document.get(groups[kind]);
    if (!isSeq(list)) return [];
    return list.items.flatMap((item): FileEntry[] => {
      if (!isMap(item)) return [];
      const name = item.get("name");
      const value: unknown = item.toJS(document);
      const [start = 0, , end = 0] = item.range ?? [];
      const { line, col } = counter.linePos(start);
      if (typeof name !== "string" || !isRecord(value)) {
        throw new CliError("library_invalid", `${shown}:${line}: the ${kind} has no name.`);
      }
      const last = counter.linePos(Math.max(start, end - 1)).line;
      const isBlock =
        item.flow !== true &&
        list.flow !== true &&
        !/\t/.test(
          lines
            .slice(line - 1, last)
            .join("")
            .match(/^\s*/)?.[0] ?? "",
        );
      const source = isBlock ? { lines: lines.slice(line - 1, last), indent: col - 1 } : undefined;
      return [{ kind, name, path, line, source, value }];
    });
  });
}

function parse(text: string, shown: string, counter?: LineCounter): Document {
  const document = parseDocument(text, {
    prettyErrors: false,
    ...(counter === undefined ? {} : { lineCounter: counter }),
  });
  const [error] = document.errors;
  if (error === undefined) return document;
  const place = counter?.linePos(error.pos[0]);
  throw new CliError(
    "library_invalid",
    `${shown}${place === undefined ? "" : `:${place.line}:${place.col}`}: ${error.message}`,
    { hint: "The file is not valid YAML." },
  );
}

/** Entries as one document for the server, and the way back from its lines to the files'. */
export interface Combined {
  text: string;
  placeOf: (line: number, column?: number) => { path: string; line: number; column?: number } | undefined;
}

const combinedIndent = 4;

/** Functions first, each entry's own lines as they are, so that what the server says of a line holds for the file. */
export function combine(entries: readonly FileEntry[]): Combined {
  const lines: string[] = [];
  const origins: ({ entry: FileEntry; line: number } | undefined)[] = [];
  const add = (line: string, origin?: { entry: FileEntry; line: number }): void => {
    lines.push(line);
    origins.push(origin);
  };
  for (const kind of kinds) {
    const ofKind = entries.filter((entry) => entry.kind === kind);
    if (ofKind.length === 0) continue;
    add(`${groups[kind]}:`);
    for (const entry of ofKind) {
      const written = entry.source === undefined ? undefined : shifted(entry.source);
      (written ?? jsonLines(entry.value)).forEach((line, at) => {
        add(line, { entry, line: entry.line + (written === undefined ? 0 : at) });
      });
    }
  }
  return {
    text: `${lines.join("\n")}\n`,
    placeOf(line, column) {
      const origin = origins[line - 1];
      if (origin === undefined) return undefined;
      const indent = origin.entry.source?.indent;
      const there =
        column === undefined || indent === undefined ? {} : { column: Math.max(1, column - combinedIndent + indent) };
      return { path: origin.entry.path, line: origin.line, ...there };
    },
  };
}

function shifted({ lines, indent }: NonNullable<FileEntry["source"]>): string[] {
  return lines.map((line, at) => {
    if (at === 0) return `  - ${line.slice(indent)}`;
    if (line.trim() === "") return "";
    // A comment that stands further left ends nothing, but would not fit in here.
    return line.slice(0, indent).trim() === "" ? " ".repeat(combinedIndent) + line.slice(indent) : "";
  });
}

const jsonLines = (value: JsonRecord): string[] => [`  - ${JSON.stringify(value)}`];

/** What an export says of an entry besides what its author wrote: it changes, or is found, by itself and has no place in a repository. */
const exportedOnly: ReadonlySet<string> = new Set([
  ...["version", "updated_at", "hash", "earlier"],
  ...["required_functions", "depends_on"],
]);

export const authored = (value: JsonRecord): JsonRecord =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !exportedOnly.has(key)));

export type WriteOutcome = "created" | "updated" | "unchanged";

/** Writes an entry: in the file that has it, where everything else stays as it is, or in a new one. */
export async function writeEntry(
  folder: string,
  kind: Kind,
  value: JsonRecord,
  at: FileEntry | undefined,
): Promise<WriteOutcome> {
  if (at === undefined) {
    const path = join(folder, groups[kind], `${String(value.name)}.yaml`);
    await writeWhole(path, writeYaml({ [groups[kind]]: [value] }));
    return "created";
  }
  if (canonical(normal(at.value)) === canonical(normal(value))) return "unchanged";
  const path = pathIn(folder, at.path);
  const document = parse((await readText(path)) ?? "", path);
  const list = document.get(groups[kind]);
  const index = isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get("name") === value.name) : -1;
  const item = isSeq(list) ? list.items[index] : undefined;
  if (isMap(item)) changeMap(document, item, value);
  await writeWhole(path, document.toString({ lineWidth: 0 }));
  return "updated";
}

/** Sets what differs and removes what is gone, so that comments beside what stays are kept. */
function changeMap(document: Document, map: YAMLMap, value: JsonRecord): void {
  const before = map.toJS(document) as JsonRecord;
  for (const key of Object.keys(before)) if (!(key in value)) map.delete(key);
  for (const [key, part] of Object.entries(value)) {
    if (canonical(before[key]) !== canonical(part)) map.set(key, nodeOf(document, part));
  }
}

function nodeOf(document: Document, part: unknown): unknown {
  const node = document.createNode(part);
  if (isScalar(node) && typeof part === "string" && part.includes("\n")) node.type = "BLOCK_LITERAL";
  return node;
}

const writeYaml = (value: unknown): string => stringify(value, { lineWidth: 0 });

/** Removes an entry; its file too, when nothing else is in it. */
export async function removeEntry(folder: string, { kind, name, path: within }: FileEntry): Promise<void> {
  const path = pathIn(folder, within);
  const document = parse((await readText(path)) ?? "", path);
  const list = document.get(groups[kind]);
  if (!isSeq(list)) return;
  list.items = list.items.filter((item) => !(isMap(item) && item.get("name") === name));
  const isEmpty = kinds.every((one) => {
    const other = document.get(groups[one]);
    return !isSeq(other) || other.items.length === 0;
  });
  if (isEmpty) await rm(path);
  else await writeWhole(path, document.toString({ lineWidth: 0 }));
}

/** What a file leaves out is the default, so both say the same. */
const defaults: JsonRecord = {
  parameters: [],
  datasets: [],
  dataset_mode: "one",
  null_input: false,
  pinned: false,
  weight: 0,
};

/** An entry without what says nothing: defaults, and the functions that are found by themselves. */
function normal(value: JsonRecord): JsonRecord {
  const mode = value.null_input === true ? "records" : "whole";
  const kept = Object.entries(authored(value)).filter(
    ([key, part]) => canonical(defaults[key]) !== canonical(part) && !(key === "input" && part === mode),
  );
  return Object.fromEntries(kept.map(([key, part]) => [key, typeof part === "string" ? part.trimEnd() : part]));
}
