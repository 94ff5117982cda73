// Which format a file is in, by its name and else by how it begins. Runs under Node.
import { usageError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";

export const formats = ["json", "ndjson", "csv"] as const;
export type Format = (typeof formats)[number];

export const contentTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
};

const formatOfEnding: Readonly<Record<string, Format>> = {
  json: "json",
  ndjson: "ndjson",
  jsonl: "ndjson",
  ldjson: "ndjson",
  csv: "csv",
};

/** Bytes at the beginning of a file that are looked at. */
export const headBytes = 64 * 1024;

/**
 * The format of a file named `path` that begins with `head`; `asked` is what --format says. Throws `usage` for what is no dataset: another
 * format, compressed content, UTF-16.
 */
export function formatOf(path: string, head: Uint8Array, asked: string | undefined): Format {
  const foreign = foreignFormat(head);
  if (foreign !== undefined) throw usageError(`${path} is ${foreign.what}.`, foreign.hint);
  if (asked !== undefined) {
    const format = formats.find((one) => one === asked);
    if (format !== undefined) return format;
    throw usageError(`--format takes ${formats.join(", ")}, not "${asked}".`);
  }
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return formatOfEnding[ending] ?? guess(head, path);
}

function foreignFormat(head: Uint8Array): { what: string; hint: string } | undefined {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  const unpack = "Unpack it: gunzip -c FILE | super-data datasets push - --name NAME --format csv";
  if (begins(0x1f, 0x8b)) return { what: "compressed (gzip)", hint: unpack };
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return { what: "compressed (zstd)", hint: unpack.replace("gunzip", "zstd -d") };
  if (begins(0x50, 0x4b, 0x03, 0x04)) {
    return { what: "a ZIP archive or a spreadsheet", hint: "Unpack it, or save the spreadsheet as CSV." };
  }
  if (begins(0x50, 0x41, 0x52, 0x31)) {
    return { what: "a Parquet file, which datasets do not take", hint: "Convert it to NDJSON or CSV first." };
  }
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff))
    return { what: "UTF-16", hint: "Convert it to UTF-8: iconv -f UTF-16 -t UTF-8" };
  return undefined;
}

function guess(head: Uint8Array, path: string): Format {
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text === "") throw usageError(`${path} is empty.`, "A dataset needs content; `[]` is an empty list.");
  const [first = "", second = ""] = text.split("\n", 2);
  if (text.startsWith("[")) return "json";
  if (text.startsWith("{")) return parseJson(first) !== undefined && second.trim().startsWith("{") ? "ndjson" : "json";
  if (first.includes(",")) return "csv";
  throw usageError(
    `The format of ${path} cannot be told from its name or content.`,
    `Say it: --format ${formats.join(", --format ")}.`,
  );
}
