// `tools pull`: the team's library as YAML files for a repository. Runs under Node.
import type { Command } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import type { NamedEntry } from "../../core/wire.ts";
import { authored, type FileEntry, keyOf, pathIn, readFolder, removeEntry, writeEntry } from "../../library/files.ts";
import { writeLock } from "../../library/lock.ts";
import { readRemote } from "../../library/remote.ts";

export const defaultFolder = "library";

export const pullTools: Command = {
  usage: "[DIR]",
  words: [0, 1],
  about: `DIR (default ${defaultFolder}) gets functions/NAME.yaml and tools/NAME.yaml; an entry that stands in another file is changed there, and comments
beside what did not change stay. super-data.lock.json keeps the versions, so that a push sees what others changed since; put it in the
repository too.`,
  options: { prune: { type: "flag", help: "Remove entries from the files that the team does not have." } },
  examples: ["super-data tools pull", "super-data tools pull library --prune && git diff library"],
  run: async ({ output, session }, { words: [folder = defaultFolder], flag }) => {
    const { api, url } = await session();
    const remote = await readRemote(api);
    const local = await readFolder(folder).catch((error: unknown) => {
      if (error instanceof CliError && error.code === "not_found") return [];
      throw error;
    });
    const places = new Map(local.map((entry) => [keyOf(entry), entry]));
    const done: (NamedEntry & { outcome: string })[] = [];
    for (const { kind, name, value } of remote) {
      const outcome = await writeEntry(folder, kind, authored(value), places.get(keyOf({ kind, name })));
      done.push({ kind, name, outcome });
    }
    const known = new Set(remote.map(keyOf));
    const extra = local.filter((entry) => !known.has(keyOf(entry)));
    if (flag("prune")) for (const entry of extra) await removeEntry(folder, entry);
    await writeLock(folder, url, remote);
    const shown = extra.map(({ kind, name, path }: FileEntry) => ({ kind, name, path: pathIn(folder, path) }));
    const counts = (outcome: string): number => done.filter((one) => one.outcome === outcome).length;
    await output.result({ folder, entries: done, only_local: shown, pruned: flag("prune") }, () =>
      [
        `${folder}: ${counts("created")} created, ${counts("updated")} updated, ${counts("unchanged")} unchanged.`,
        ...shown.map((one) =>
          flag("prune")
            ? `Removed ${one.kind} ${one.name} (${one.path}).`
            : `Only in the files: ${one.kind} ${one.name} (${one.path}).`,
        ),
      ].join("\n"),
    );
    return exitCodes.ok;
  },
};
