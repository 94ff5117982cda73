// A stored backup read back: decrypted, decompressed, and checked to its last byte before anything is made of it. Runs at the edge.
import { newId } from "../../core/ids.ts";
import { digested, type Passed, through } from "../../platform/byte-streams.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { type BackupKey, openFrames, pieces } from "./frames.ts";
import { damaged, type Manifest, teamPrefix } from "./manifest.ts";
import { filePlace } from "./storing.ts";
import { bytesOf, writeObject } from "./streams.ts";

/** A backup, where it is, and what opens it. */
export interface Stored {
  /** Under whose prefix it is. */
  team: string;
  bucket: R2Bucket;
  key: BackupKey | undefined;
  manifest: Manifest;
}

async function* storedBytes(
  { team, bucket, key, manifest }: Stored,
  storedKey: string,
  place: string,
): AsyncGenerator<Uint8Array> {
  const object = await bucket.get(`${teamPrefix(team)}${storedKey}`);
  if (object === null) throw damaged(manifest.id, `its file ${storedKey} is missing`);
  const source = bytesOf(object);
  if (manifest.encryption === null || key === undefined) yield* source;
  else yield* openFrames(key, place, source);
}

/** The state as NDJSON. Throws `backup_unreadable` at the latest at its end, so nothing may be made of it before. */
async function* stateBytes(stored: Stored): AsyncGenerator<Uint8Array> {
  const { id, team, state } = stored.manifest;
  let passed: Passed | undefined;
  const spoilt = () => damaged(id, "its state is cut or was changed");
  const packed = storedBytes(stored, state.key, `${team}/${id}/state`);
  yield* digested(through(packed, new DecompressionStream("gzip"), spoilt), (all) => {
    passed = all;
  });
  if (passed?.sha256 !== state.sha256 || passed.bytes !== state.bytes) throw spoilt();
}

/** Brings the state into an object, piece by piece. Throws `backup_unreadable`. */
export async function stageState(
  stored: Stored,
  stage: (at: number, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let at = 0;
  for await (const piece of pieces(stateBytes(stored), backupLimits.chunkBytes)) await stage(at++, piece);
}

/** Copies a dataset's file back to `target`. Throws `backup_unreadable`, and then leaves nothing. */
export async function restoreFile(
  stored: Stored,
  file: Manifest["files"][number],
  target: string,
  onMultipart?: (id: string) => Promise<void>,
): Promise<void> {
  let passed: Passed | undefined;
  const source = digested(storedBytes(stored, file.stored_key, filePlace(file.sha256)), (all) => {
    passed = all;
  });
  const type = file.kind === "records" ? "application/x-ndjson" : "application/json";
  await writeObject(stored.bucket, target, source, { type, ...(onMultipart === undefined ? {} : { onMultipart }) });
  if (passed?.sha256 === file.sha256 && passed.bytes === file.bytes) return;
  await stored.bucket.delete(target);
  throw damaged(stored.manifest.id, `its copy of ${file.r2_key} was changed`);
}

/** A key for a copy of a dataset's file, as the dataset's next version would get one. */
export function keyBeside(r2Key: string): string {
  return `${r2Key.slice(0, r2Key.lastIndexOf("/"))}/${newId("v")}`;
}
