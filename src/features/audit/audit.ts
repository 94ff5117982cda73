// How the audit log is sealed: canonical rows, a chain of hashes. Runs everywhere.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { auditLimits } from "../../limits.ts";
import { redactMember } from "./redact.ts";

/** Everything of a row that its hash covers, besides the hash of the row before. */
export interface SealedRow {
  seq: number;
  /** Unix milliseconds. */
  at: number;
  userId: string;
  username: string;
  credentialKind: string;
  credentialId: string;
  credentialLabel: string;
  through: string | null;
  client: string | null;
  address: string | null;
  requestId: string;
  action: string;
  targetKind: string;
  targetName: string;
  before: string | null;
  after: string | null;
}

/** The previous hash of the first row. */
export const firstPreviousHash = "0".repeat(64);

const sealedFields = [
  "seq",
  "at",
  "userId",
  "username",
  "credentialKind",
  "credentialId",
  "credentialLabel",
  "through",
  "client",
  "address",
  "requestId",
  "action",
  "targetKind",
  "targetName",
  "before",
  "after",
] as const satisfies readonly (keyof SealedRow)[];

/** SHA-256, as hex, of the previous row's hash, a line feed and the row's values as a JSON array in the fixed order of `sealedFields`. */
export function sealOf(previousHash: string, row: SealedRow): string {
  const values = JSON.stringify(sealedFields.map((field) => row[field]));
  return bytesToHex(sha256(utf8ToBytes(`${previousHash}\n${values}`)));
}

/** JSON of a value for the log: secrets are redacted (redact.ts), and what is longer than a limit is cut and says so. */
export function auditJson(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = JSON.stringify(value, redactMember);
  if (text.length <= auditLimits.valueChars) return text;
  return JSON.stringify({ cut: text.slice(0, auditLimits.valueChars), chars: text.length });
}

/** A row and how it is sealed. */
export interface SealedEntry extends SealedRow {
  previousHash: string;
  hash: string;
}

/** A place in the chain: the last entry that was checked, or number 0 and the chain's start. */
export interface ChainPlace {
  seq: number;
  hash: string;
}

/** The first entry at which the chain does not hold. */
export interface Fault {
  seq: number;
  why: string;
}

export const chainStart: ChainPlace = { seq: 0, hash: firstPreviousHash };

/**
 * Follows the chain from `place` over the entries after it: each must be the next number, name the hash before it and match its own.
 * `expected` is an entry's hash as an earlier check gave it. Stops at the first fault.
 */
export function followChain(
  place: ChainPlace,
  entries: readonly SealedEntry[],
  expected: ChainPlace | undefined,
): { place: ChainPlace; fault?: Fault } {
  let last = place;
  for (const entry of entries) {
    const why = faultOf(last, entry, expected);
    if (why !== undefined) return { place: last, fault: why };
    last = { seq: entry.seq, hash: entry.hash };
  }
  return { place: last };
}

function faultOf(last: ChainPlace, entry: SealedEntry, expected: ChainPlace | undefined): Fault | undefined {
  const { seq } = entry;
  if (seq > last.seq + 1) {
    return { seq: last.seq + 1, why: `It is missing: entry ${last.seq} is followed by entry ${seq}.` };
  }
  if (seq <= last.seq) return { seq, why: `It is out of order: it follows entry ${last.seq}.` };
  if (entry.hash !== sealOf(entry.previousHash, entry)) {
    return { seq, why: "It was changed: its content is not what its hash was made of." };
  }
  if (entry.previousHash !== last.hash) {
    const before = last.seq === 0 ? "the start of the chain" : `entry ${last.seq}`;
    return { seq, why: `It does not follow ${before}: one of the two was replaced, moved or put in.` };
  }
  if (seq === expected?.seq && entry.hash !== expected.hash) {
    return { seq, why: "It is not the entry that was here: its hash differs from the expected head's." };
  }
  return undefined;
}

/** The fault of a log that ends before an entry known from an earlier check. */
export function cutTail(head: ChainPlace, expected: ChainPlace | undefined): Fault | undefined {
  if (expected === undefined || head.seq >= expected.seq) return undefined;
  return {
    seq: head.seq + 1,
    why: `The end was cut off: the log ends at entry ${head.seq}, and entry ${expected.seq} was there.`,
  };
}

/** One line of an export: every sealed field by its name in docs/guides/audit.md, values exactly as they were hashed. */
export function exportLine(entry: SealedEntry): string {
  return JSON.stringify({
    seq: entry.seq,
    at: entry.at,
    user_id: entry.userId,
    username: entry.username,
    credential_kind: entry.credentialKind,
    credential_id: entry.credentialId,
    credential_label: entry.credentialLabel,
    through: entry.through,
    client: entry.client,
    address: entry.address,
    request_id: entry.requestId,
    action: entry.action,
    target_kind: entry.targetKind,
    target_name: entry.targetName,
    before_json: entry.before,
    after_json: entry.after,
    previous_hash: entry.previousHash,
    hash: entry.hash,
  });
}
