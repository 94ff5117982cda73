// `datasets pull`: a dataset's content, to standard output or a file. Runs under Node.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../../core/command.ts";
import { download } from "../../core/download.ts";
import { exitCodes } from "../../core/errors.ts";
import { segment } from "../../core/http.ts";
import { byteText } from "../../core/output.ts";
import { saveFile } from "../../core/save-file.ts";
import type { Dataset } from "../../core/wire.ts";

export const pullDataset: Command = {
  usage: "NAME",
  words: [1, 1],
  about: `Records come as NDJSON, one document as JSON. The content's SHA-256 is checked; where a connection breaks, the next one goes on. A file is
written beside its place and put there once it is whole.`,
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
    const content = `/datasets/${segment(name)}/content`;
    if (to === "-") {
      await download(api, { path: content, name, write: (chunk) => output.write(chunk) });
      return exitCodes.ok;
    }
    const dataset = await api.json<Dataset>(`/datasets/${segment(name)}`);
    const isFolder = (await stat(to).catch(() => undefined))?.isDirectory() === true || /[/\\]$/.test(to);
    const path = isFolder ? join(to, `${name}.${dataset.kind === "records" ? "ndjson" : "json"}`) : to;
    const file = { path, name, bytes: dataset.bytes, replaces: input.flag("force") };
    const done = await saveFile(output, file, (write) => download(api, { path: content, name, write }));
    const shown = { name, path, bytes: done.bytes, etag: done.etag };
    await output.result(shown, `${path}: ${byteText(done.bytes)}, checked.`);
    return exitCodes.ok;
  },
};
