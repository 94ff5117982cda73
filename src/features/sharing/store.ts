// The team's signing key, the keys it trusts, and hashes of versions, in the team object's SQLite. Synchronous; SQL only.
import { count, desc, eq } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import { type Asker, maySee } from "../access/access.ts";
import { findFunctionRow } from "../jq-functions/store.ts";
import { jqFunctionVersions } from "../jq-functions/table.ts";
import { findToolRow } from "../jq-tools/store.ts";
import { toolVersions } from "../jq-tools/table.ts";
import type { Signer } from "./schema.ts";
import { earlierDigits, functionHash, toolHash } from "./sharing.ts";
import { signingKeys, trustedSigners } from "./table.ts";

export interface SigningKeyRow {
  publicKey: string;
  /** Sealed. */
  privateKey: string;
  createdAt: Date;
}

const onlyRow = 1;

/** The team's own key; undefined before its first signed export. */
export function readSigningKey(db: Db): SigningKeyRow | undefined {
  return db.select().from(signingKeys).where(eq(signingKeys.id, onlyRow)).get();
}

export function writeSigningKey(db: Db, row: SigningKeyRow): void {
  db.insert(signingKeys)
    .values({ id: onlyRow, ...row })
    .onConflictDoUpdate({ target: signingKeys.id, set: row })
    .run();
}

/** Every key the team trusts, by name. */
export function selectSigners(db: Db): Signer[] {
  return db.select().from(trustedSigners).orderBy(trustedSigners.name, trustedSigners.fingerprint).all().map(shown);
}

export function findSigner(db: Db, fingerprint: string): Signer | undefined {
  const row = db.select().from(trustedSigners).where(eq(trustedSigners.fingerprint, fingerprint)).get();
  return row && shown(row);
}

export function countSigners(db: Db): number {
  return db.select({ rows: count() }).from(trustedSigners).get()?.rows ?? 0;
}

export function writeSigner(db: Db, row: typeof trustedSigners.$inferSelect): void {
  db.insert(trustedSigners).values(row).onConflictDoUpdate({ target: trustedSigners.fingerprint, set: row }).run();
}

export function deleteSigner(db: Db, fingerprint: string): void {
  db.delete(trustedSigners).where(eq(trustedSigners.fingerprint, fingerprint)).run();
}

function shown(row: typeof trustedSigners.$inferSelect): Signer {
  const { fingerprint, publicKey, name, addedBy, addedAt } = row;
  return { fingerprint, public_key: publicKey, name, added_by: addedBy, added_at: addedAt.toISOString() };
}

/** Beginnings of the hashes of a function's newest versions, newest first, each once; none for a name that is not there. */
export function functionHashes(db: Db, name: string, limit: number): string[] {
  const row = findFunctionRow(db, name);
  if (row === undefined) return [];
  const versions = db
    .select()
    .from(jqFunctionVersions)
    .where(eq(jqFunctionVersions.functionId, row.id))
    .orderBy(desc(jqFunctionVersions.version))
    .limit(limit)
    .all();
  return beginnings(versions.map(functionHash));
}

/** Those of a tool; none for one that `asker` does not see. */
export function toolHashes(db: Db, name: string, limit: number, asker: Asker): string[] {
  const row = findToolRow(db, name);
  if (row === undefined || !maySee(asker, row)) return [];
  const versions = db
    .select()
    .from(toolVersions)
    .where(eq(toolVersions.toolId, row.id))
    .orderBy(desc(toolVersions.version))
    .limit(limit)
    .all();
  return beginnings(versions.map(({ snapshot }) => toolHash(snapshot)));
}

function beginnings(hashes: readonly string[]): string[] {
  return [...new Set(hashes.map((hash) => hash.slice(0, earlierDigits)))];
}
