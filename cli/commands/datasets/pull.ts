// `datasets pull`: a dataset's content, to standard output or a file. Runs under Node.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import { fileError } from "../../core/files.ts";
import { type Api, segment } from "../../core/http.ts";
import { undoneOnInterrupt } from "../../core/interrupts.ts";
import { byteText, type Output } from "../../core/output.ts";
import { startProgress } from "../../core/progress.ts";
import type { Dataset } from "../../core/wire.ts";
import { download } from "../../datasets/download.ts";

export const pullDataset: Command = {
  usage: "NAME",
  words: [1, 1],
  about: `Records come as NDJSON, one document as JSON. The content's SHA-256 is checked against the dataset's etag; a connection that breaks is taken
up again. A file is written beside its place and put there once it is whole.`,
  options: {
    output: {
      type: "text",
      short: "o",
      value: "FILE",
      help: "Where to write; a folder gets NAME.ndjson or NAME.json. Default -, standard output.",
    },
    force: { type: "flag", help: "Replace the file." },
  },
  examples: [
    "super-data datasets pull orders | jq -s 'map(.amount) | add'",
    "super-data datasets pull orders -o orders.ndjson",
    "super-data datasets pull orders -o data/ --force",
  ],
  run: async ({ output, session }, input) => {
    const [name = ""] = input.words;
    const { api } = await session();
    const to = input.text("output") ?? "-";
    if (to === "-") {
      await download(api, name, (chunk) => output.write(chunk));
      return exitCodes.ok;
    }
    const dataset = await api.json<Dataset>(`/datasets/${segment(name)}`);
    const isFolder = (await stat(to).catch(() => undefined))?.isDirectory() === true || /[/\\]$/.test(to);
    const path = isFolder ? join(to, `${name}.${dataset.kind === "records" ? "ndjson" : "json"}`) : to;
    const done = await toFile(api, dataset, path, input.flag("force"), output);
    const shown = { name, path, bytes: done.bytes, etag: done.etag };
    await output.result(shown, `${path}: ${byteText(done.bytes)}, checked.`);
    return exitCodes.ok;
  },
};

async function toFile(api: Api, { name, bytes }: Dataset, path: string, replaces: boolean, output: Output) {
  if (!replaces && (await stat(path).catch(() => undefined)) !== undefined) {
    throw new CliError("already_exists", `${path} exists.`, {
      hint: "Add --force to replace it, or give another file.",
    });
  }
  const beside = `${path}.${randomBytes(4).toString("hex")}.part`;
  const file: FileHandle = await open(beside, "wx").catch((error: unknown) => {
    throw fileError(path, "written", error);
  });
  const progress = startProgress(output, name, bytes);
  let over = 0;
  try {
    const write = async (chunk: Uint8Array): Promise<void> => {
      await file.writeFile(chunk);
      over += chunk.length;
      progress.set(over);
    };
    const done = await undoneOnInterrupt(
      () => rmSync(beside, { force: true }),
      () => download(api, name, write),
    );
    await file.sync();
    await file.close();
    await rename(beside, path);
    return done;
  } finally {
    progress.end();
    await file.close().catch(() => undefined);
    await rm(beside, { force: true });
  }
}
