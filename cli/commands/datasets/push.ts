// `datasets push`: a file or standard input becomes a dataset's next version. Runs under Node.
import { basename } from "node:path";
import type { Command, Input } from "../../core/command.ts";
import { CliError, exitCodes, usageError } from "../../core/errors.ts";
import { undoneOnInterrupt } from "../../core/interrupts.ts";
import { byteText, plural } from "../../core/output.ts";
import { startProgress } from "../../core/progress.ts";
import { formatOf } from "../../datasets/format.ts";
import { openUploads } from "../../datasets/open-uploads.ts";
import { openFile, openStream, type Source } from "../../datasets/source.ts";
import { mostPartBytes, upload, usualPartBytes } from "../../datasets/upload.ts";

const goesOn = "Run the same command again: it goes on with what is missing.";

export const pushDataset: Command = {
  usage: "FILE|-",
  words: [1, 1],
  about: `The format (json, ndjson, csv) is told from the file's name, else from its content. A large file goes over in parts, each checked by its
SHA-256; when the connection or the command breaks off, the same command goes on with what is missing, for a day.`,
  options: {
    name: { type: "text", value: "NAME", help: "The dataset; default: the file's name without its ending." },
    format: { type: "text", value: "FORMAT", help: "json, ndjson or csv." },
    description: { type: "text", value: "TEXT", help: "What the data is; left out, it stays what it was." },
    "if-match": { type: "text", value: "ETAG", help: "Only replace the version that has this etag." },
    "create-only": { type: "flag", help: "Refuse when the dataset exists." },
    "part-size": { type: "text", value: "SIZE", help: "Of a part, e.g. 8m; default 16m, at most 95m." },
  },
  examples: [
    "super-data datasets push orders.csv",
    'super-data datasets push export.json --name orders_2026 --description "Orders of 2026"',
    "zcat events.ndjson.gz | super-data datasets push - --name events --format ndjson",
    'super-data datasets push orders.csv --if-match "$(super-data datasets list --json | jq -r \'.datasets[] | select(.name == "orders").etag\')"',
  ],
  run: async ({ output, env, session }, input) => {
    const [path = ""] = input.words;
    const partBytes = partSize(input.text("part-size"));
    const condition = conditionOf(input);
    const name = input.text("name") ?? nameOf(path);
    const source = path === "-" ? await openStream("standard input", process.stdin) : await openFile(path);
    const { api, url } = await session();
    const format = formatOf(source.name, source.head, input.text("format"));
    const progress = startProgress(output, name, source.size);
    try {
      const what = { url, name, format, description: input.text("description"), condition, partBytes };
      const deps = {
        api,
        open: openUploads(env),
        onProgress: progress.set,
        onResume: (bytes: number) =>
          output.note(`Going on with an upload that broke off: ${byteText(bytes)} are there.`),
      };
      const leave = (): void => {
        progress.end();
        if (source.identity !== undefined) output.note(`Interrupted. ${goesOn}`);
      };
      const done = await undoneOnInterrupt(leave, () => upload(deps, source, what));
      progress.end();
      const { dataset, created, parts, resumed } = done;
      const notes = dataset.notes ?? [];
      await output.result({ ...dataset, created, parts, parts_resumed: resumed }, () =>
        [
          `${created ? "Created" : "Replaced"} ${dataset.name}: version ${dataset.version}, ${dataset.kind === "records" ? plural(dataset.record_count, "record") : "one document"}, ${byteText(dataset.bytes)}.`,
          ...notes.map((note) => `Note: ${note}`),
        ].join("\n"),
      );
      return exitCodes.ok;
    } catch (error) {
      progress.end();
      throw resumable(error, source, partBytes);
    } finally {
      await source.close();
    }
  },
};

function nameOf(path: string): string {
  if (path === "-") throw usageError("Standard input has no name.", "Give the dataset's: --name NAME.");
  return basename(path).replace(/\.[A-Za-z0-9]+$/, "");
}

const powerOfUnit: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3 };

function partSize(text: string | undefined): number {
  if (text === undefined) return usualPartBytes;
  const [, number = "", unit = ""] = /^(\d+)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** (powerOfUnit[unit.toLowerCase()] ?? 0);
  if (number !== "" && bytes >= 1024 && bytes <= mostPartBytes) return bytes;
  throw usageError(`--part-size takes a size from 1k to 95m, not "${text}".`);
}

function conditionOf(input: Input): Record<string, string> {
  const etag = input.text("if-match");
  if (!input.flag("create-only"))
    return etag === undefined ? {} : { "if-match": /^(W\/)?"/.test(etag) ? etag : `"${etag}"` };
  if (etag === undefined) return { "if-none-match": "*" };
  throw usageError("--if-match and --create-only exclude each other.");
}

/** Says that nothing is lost when an upload of a file breaks off for want of a connection. */
function resumable(error: unknown, { identity, size = 0 }: Source, partBytes: number): unknown {
  const isBroken = error instanceof CliError && error.exitCode === exitCodes.unavailable;
  if (!isBroken || identity === undefined || size <= partBytes) return error;
  return new CliError(error.code, error.message, {
    hint: goesOn,
    exitCode: error.exitCode,
    requestId: error.requestId,
    cause: error,
  });
}
