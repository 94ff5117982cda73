// What a file is, by its first bytes and its name: one of the formats that datasets are uploaded in, or what to do about it. Pure.
import type { DatasetFormat } from "../schema.ts";

/** What cannot be uploaded as it is, and what can be done. */
export interface Obstacle {
  message: string;
  hint: string;
}

interface Signature {
  bytes: readonly number[];
  what: string;
  hint: string;
}

const unpack = "Unpack it and choose the file inside.";
const signatures: readonly Signature[] = [
  {
    bytes: [0x1f, 0x8b],
    what: "compressed with gzip",
    hint: "Unpack it, or send it over REST with Content-Encoding: gzip.",
  },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "compressed with zstd", hint: unpack },
  { bytes: [0x42, 0x5a, 0x68], what: "compressed with bzip2", hint: unpack },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "compressed with xz", hint: unpack },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: "a ZIP archive or an Excel workbook",
    hint: "Save the sheet as CSV (UTF-8), or unpack the archive and choose the file inside.",
  },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: "an old Excel or Office file", hint: "Save the sheet as CSV (UTF-8)." },
  {
    bytes: [0x50, 0x41, 0x52, 0x31],
    what: "a Parquet file",
    hint: "read_parquet, or POST …/api/v1/frames, makes a frame of it; export_table or to_json then gives records.",
  },
  {
    bytes: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31],
    what: "an Arrow file",
    hint: "POST …/api/v1/frames makes a frame of it.",
  },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: "a PDF", hint: "Export the data behind it as CSV or JSON." },
  {
    bytes: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65],
    what: "an SQLite database",
    hint: "Export its tables as CSV.",
  },
  { bytes: [0xff, 0xfe], what: "text in UTF-16", hint: "Save it as UTF-8." },
  { bytes: [0xfe, 0xff], what: "text in UTF-16", hint: "Save it as UTF-8." },
];

/** Why a file that begins with these bytes is none of the formats; undefined when it may be one. */
export function obstacleOf(bytes: Uint8Array): Obstacle | undefined {
  const found = signatures.find((signature) => signature.bytes.every((byte, index) => bytes[index] === byte));
  return found && { message: `The file is ${found.what}, which is not uploaded as it is.`, hint: found.hint };
}

/** The format of a text, by how it begins, then by the file's name. */
export function detectFormat(start: string, fileName: string): DatasetFormat {
  const text = start.replace(/^\ufeff/, "").trimStart();
  const byName = formatOfName(fileName);
  const first = text[0];
  if (first === "{") return isLines(text) || byName === "ndjson" ? "ndjson" : "json";
  if (first === "[") return byName === "ndjson" ? "ndjson" : "json";
  if (byName !== undefined) return byName;
  return isLines(text) ? "ndjson" : "csv";
}

function formatOfName(name: string): DatasetFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  switch (extension) {
    case "json":
    case "geojson":
      return "json";
    case "ndjson":
    case "jsonl":
    case "ldjson":
      return "ndjson";
    case "csv":
    case "tsv":
      return "csv";
    default:
      return undefined;
  }
}

/** True when the first line is an object or array by itself and more follows. */
function isLines(text: string): boolean {
  const end = text.indexOf("\n");
  if (end < 0 || text.slice(end).trim() === "") return false;
  try {
    const value: unknown = JSON.parse(text.slice(0, end));
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

/** A dataset name made of a file's: its last extension off, what no name may have as underscores. */
export function proposeName(fileName: string): string {
  const base = fileName.split(/[\\/]/).at(-1) ?? "";
  const plain = base
    .replace(/(?<=.)\.[A-Za-z]{2,8}$/, "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, "_")
    .replaceAll(/^[^a-z0-9_]+|[^a-z0-9_]+$/g, "")
    .replaceAll(/_{2,}/g, "_")
    .slice(0, 100)
    .replace(/[^a-z0-9_]+$/, "")
    .replaceAll(/^_+|_+$/g, "");
  return plain === "" || plain in Object.prototype ? "dataset" : plain;
}
