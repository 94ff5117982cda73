// What a run left on disk and in the server's log: each team's storage holds its own secrets and nobody else's. Runs in Node.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Violation } from "./oracle.ts";
import type { World } from "./world.ts";

export interface DiskReport {
  violations: Violation[];
  /** Teams' SQLite files and R2 objects that were read. */
  databases: number;
  objects: number;
  /** Secrets found in their own team's storage: the search does find what is there. */
  found: number;
}

/** Reads the state directory of a server that has ended. */
export function checkDisk(world: World, persistDir: string): DiskReport {
  const state = join(persistDir, "state");
  const report: DiskReport = { violations: [], databases: 0, objects: 0, found: 0 };
  for (const path of filesUnder(join(state, "do"))) {
    if (!path.endsWith(".sqlite") || path.endsWith("metadata.sqlite")) continue;
    const team = path.includes("-TeamObject")
      ? nameIn(path, "select slug as name from team")
      : path.includes("-WorkspaceObject")
        ? nameIn(path, "select team as name from sd_life")
        : undefined;
    report.databases++;
    for (const file of [path, `${path}-wal`])
      if (existsSync(file)) check(world, report, `the database ${path}`, file, team);
  }
  for (const { key, file } of objectsUnder(join(state, "r2"))) {
    report.objects++;
    check(world, report, `the R2 object ${key}`, file, /^teams\/([^/]+)\//.exec(key)?.[1]);
  }
  for (const path of filesUnder(join(state, "kv"))) check(world, report, `the KV file ${path}`, path, undefined);
  return report;
}

function check(world: World, report: DiskReport, what: string, file: string, team: string | undefined): void {
  const { canaries } = world.canaries.find(readFileSync(file, "latin1"));
  for (const canary of canaries) {
    if (canary.team === team) report.found++;
    else if (isOwnName(canary.what, file)) report.found++;
    else if (team === undefined || !canary.sentTo.has(team)) {
      const detail = `${what} (${team ?? "no team's"}) holds ${canary.what} of team ${canary.team} (${canary.text})`;
      report.violations.push({ kind: "leak", operation: "storage", detail, excerpt: "" });
    }
  }
}

/** A person's own object knows what the person is called. */
function isOwnName(what: string, file: string): boolean {
  return file.includes("-PersonObject") && what.startsWith("the name of ");
}

/** Whose database a file is, as the database itself says. */
function nameIn(path: string, question: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare(question).get();
    return typeof row?.name === "string" ? row.name : undefined;
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

/** R2's objects as the local runtime keeps them: keys in SQLite, contents in files. */
function objectsUnder(folder: string): { key: string; file: string }[] {
  const blobs = new Map(filesUnder(folder).map((path) => [path.split("/").at(-1) ?? "", path]));
  return filesUnder(folder)
    .filter((path) => path.endsWith(".sqlite") && !path.endsWith("metadata.sqlite"))
    .flatMap((path) => {
      const database = new DatabaseSync(path, { readOnly: true });
      const rows = database
        .prepare(
          "select key, blob_id from _mf_objects where blob_id is not null union all select object_key, blob_id from _mf_multipart_parts",
        )
        .all();
      database.close();
      return rows.flatMap(({ key, blob_id }) => {
        const file = blobs.get(String(blob_id));
        return file === undefined ? [] : [{ key: String(key), file }];
      });
    });
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The server's own log holds no secret at all: no argument, no content, no token. Which tool was called, it says on purpose. */
export function checkLog(world: World, lines: readonly string[]): Violation[] {
  return (
    lines
      // The local runtime's own lines are not the product's log: requests with their URLs, refusals as they cross from a team's object.
      .filter((line) => !line.startsWith("[wrangler:info]") && !line.includes("Uncaught AppError"))
      .flatMap((line) =>
        world.canaries
          .find(line)
          .canaries.filter(({ what }) => what !== "an identifier" && !/^the (?:id|name of the tool)\b/.test(what))
          .map(({ what, team }) => ({
            kind: "leak" as const,
            operation: "the server's log",
            detail: `a line of the log holds ${what} of team ${team}`,
            excerpt: line.slice(0, 600),
          })),
      )
  );
}
