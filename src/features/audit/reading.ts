// Searching, verifying and exporting the audit log for whoever may. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { parseExact } from "../../core/exact-json.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../core/paging.ts";
import { auditLimits, listLimits } from "../../limits.ts";
import { type ChainPlace, chainStart, exportLine, type SealedEntry } from "./audit.ts";
import type { AuditFilter, SearchAudit, ShownEntry, Verdict, VerifyAudit } from "./schema.ts";
import type { SearchPlace } from "./store.ts";

export interface AuditPage {
  entries: ShownEntry[];
  returned: number;
  total: number;
  truncated: boolean;
  searched_to?: number;
  next_cursor?: string;
}

/** A page of entries, newest first, of `maxBytes` about. Throws `cursor_invalid`. */
export async function searchAuditLog(context: CallContext, input: SearchAudit, maxBytes: number): Promise<AuditPage> {
  const { limit = listLimits.toolEntries, cursor, ...filter } = input;
  const place = cursor === undefined ? undefined : searchPlaceOf(cursor);
  const found = await context.stub.audit().search({ filter, place, limit, maxBytes });
  return {
    entries: found.entries.map(shown),
    returned: found.entries.length,
    total: found.total,
    truncated: found.next !== undefined,
    ...(found.searchedTo === undefined ? {} : { searched_to: found.searchedTo }),
    ...(found.next === undefined ? {} : { next_cursor: encodeCursor({ ...found.next }) }),
  };
}

function searchPlaceOf(cursor: string): SearchPlace {
  const { before, window } = decodeCursor(cursor);
  if (isNumber(before) && isNumber(window)) return { before, window };
  throw invalidCursor();
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function shown(entry: SealedEntry): ShownEntry {
  return {
    seq: entry.seq,
    at: new Date(entry.at).toISOString(),
    actor: entry.username,
    user_id: entry.userId,
    credential: { kind: entry.credentialKind, id: entry.credentialId, label: entry.credentialLabel },
    through: entry.through,
    client: entry.client,
    address: entry.address,
    request_id: entry.requestId,
    action: entry.action,
    target: { kind: entry.targetKind, name: entry.targetName },
    before: parsedValue(entry.before),
    after: parsedValue(entry.after),
    hash: entry.hash,
  };
}

/** A value as it was written; a text that somebody broke is shown as the text it is. */
function parsedValue(json: string | null): unknown {
  if (json === null) return null;
  try {
    return parseExact(json);
  } catch {
    return json;
  }
}

/**
 * Checks the chain slice by slice, from its start or from where a cursor left off; after auditLimits.verifySlices it stops with a cursor,
 * so that neither the team's object nor the call is held up. Throws `cursor_invalid`.
 */
export async function verifyAuditLog(context: CallContext, input: VerifyAudit): Promise<Verdict> {
  let place = input.cursor === undefined ? chainStart : placeOf(input.cursor);
  for (let slice = 1; ; slice++) {
    const { head, done, fault, ...reached } = await context.stub.audit().verify(place, input.expected_head);
    place = reached.place;
    const verdict = { ok: fault === undefined, entries: place.seq, head };
    if (fault !== undefined) return { ...verdict, complete: true, first_bad: fault };
    if (done) return { ...verdict, complete: true };
    if (slice === auditLimits.verifySlices) {
      return { ...verdict, complete: false, next_cursor: encodeCursor({ seq: place.seq, hash: place.hash }) };
    }
  }
}

function placeOf(cursor: string): ChainPlace {
  const { seq, hash } = decodeCursor(cursor);
  if (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0 && typeof hash === "string")
    return { seq, hash };
  throw invalidCursor();
}

/**
 * The log after entry `from` as NDJSON, oldest first, read from the team's object a slice at a time as the reader takes it. The last line names the head as of
 * the beginning: `{"head":{"seq":…,"hash":…},"filtered":…}`; without it the export broke off.
 */
export function exportAuditLog(context: CallContext, filter: AuditFilter, from = 0): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const filtered = Object.values(filter).some((value) => value !== undefined);
  let head: ChainPlace | undefined;
  let after = from;
  return new ReadableStream({
    pull: async (controller) => {
      head ??= await context.stub.audit().head();
      // A filtered slice may be empty; the reader waits for a line, not for a slice.
      while (after < head.seq) {
        const slice = await context.stub.audit().slice(after, head.seq, filter);
        after = slice.after;
        if (slice.entries.length === 0) continue;
        controller.enqueue(encoder.encode(slice.entries.map((entry) => `${exportLine(entry)}\n`).join("")));
        return;
      }
      controller.enqueue(encoder.encode(`${JSON.stringify({ head, filtered })}\n`));
      controller.close();
    },
  });
}
