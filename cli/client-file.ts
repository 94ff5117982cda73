// Putting a server into a client's JSON file: everything else stays, a copy of the file as it was is kept. Runs under Node.
import { copyFile, stat } from "node:fs/promises";
import { CliError } from "./core/errors.ts";
import { fileError, readText, writeWhole } from "./core/files.ts";
import { canonical, isRecord, type JsonRecord, parseJson } from "./core/json.ts";

export interface Written {
  path: string;
  outcome: "created" | "updated" | "unchanged";
  /** The copy of the file as it was. */
  backup: string | undefined;
}

const ownerOnly = 0o600;

/** Sets `file[key][name]`. `isSecret`: the entry holds a token, so a new file is its owner's alone. Throws `client_file` for a file that is no plain JSON. */
export async function writeServer(
  path: string,
  key: string,
  name: string,
  entry: JsonRecord,
  isSecret: boolean,
): Promise<Written> {
  const text = await readText(path);
  const before = text === undefined || text.trim() === "" ? {} : parseJson(text.replace(/^\ufeff/, ""));
  const servers = isRecord(before) ? (before[key] ?? {}) : undefined;
  if (!isRecord(before) || !isRecord(servers)) {
    throw new CliError("client_file", `${path} is not plain JSON with an object "${key}", so it was left as it is.`, {
      hint: "It may hold comments. Run the command without --write and add the lines yourself.",
    });
  }
  if (canonical(servers[name]) === canonical(entry)) return { path, outcome: "unchanged", backup: undefined };
  const after = { ...before, [key]: { ...servers, [name]: entry } };
  const backup = text === undefined ? undefined : await keepCopy(path);
  const mode = text === undefined && isSecret ? ownerOnly : undefined;
  await writeWhole(path, `${JSON.stringify(after, null, indentOf(text))}\n`, mode);
  return { path, outcome: text === undefined ? "created" : "updated", backup };
}

/** The file's own indentation, so that a diff shows what was added and no more. */
const indentOf = (text: string | undefined): string | number => /\n([ \t]+)"/.exec(text ?? "")?.[1] ?? 2;

async function keepCopy(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const copy = `${path}.backup-${number}`;
    if ((await stat(copy).catch(() => undefined)) !== undefined) continue;
    await copyFile(path, copy).catch((error: unknown) => {
      throw fileError(copy, "written", error);
    });
    return copy;
  }
}
