// `backup download`: all that a backup is, as one tar file. Runs under Node.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../../core/command.ts";
import { download } from "../../core/download.ts";
import { exitCodes } from "../../core/errors.ts";
import { segment } from "../../core/http.ts";
import { byteText } from "../../core/output.ts";
import { saveFile } from "../../core/save-file.ts";

export const downloadBackup: Command = {
  usage: "ID",
  words: [1, 1],
  about: `For owners: a backup holds everything, also what is shown to few. Where a connection breaks, the next one goes on. Unpacked below teams/TEAM/
of a bucket, the operator restores it from there (docs/guides/backups.md).`,
  options: {
    output: {
      type: "text",
      short: "o",
      value: "FILE",
      help: "Where to write; a folder gets TEAM-ID.tar, which is the default here. -: standard output.",
    },
    force: { type: "flag", help: "Replace the file." },
  },
  examples: [
    "super-data backup download bkp_3f9a",
    "super-data backup download bkp_3f9a -o - | gpg --encrypt -r ops > team.tar.gpg",
  ],
  run: async ({ output, session }, input) => {
    const [id = ""] = input.words;
    const { api, team } = await session();
    const to = input.text("output") ?? ".";
    const content = { path: `/backups/${segment(id)}/content`, name: id };
    if (to === "-") {
      await download(api, { ...content, write: (chunk) => output.write(chunk) });
      return exitCodes.ok;
    }
    const isFolder = (await stat(to).catch(() => undefined))?.isDirectory() === true || /[/\\]$/.test(to);
    const path = isFolder ? join(to, `${team}-${id}.tar`) : to;
    const file = { path, name: id, bytes: undefined, replaces: input.flag("force") };
    const done = await saveFile(output, file, (write) => download(api, { ...content, write }));
    await output.result({ backup_id: id, path, bytes: done.bytes }, `${path}: ${byteText(done.bytes)}.`);
    return exitCodes.ok;
  },
};
