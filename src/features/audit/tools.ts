// The tools over the audit log. Run at the edge.
import { readsOnly } from "../../core/define-tool.ts";
import { moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { resultLimits } from "../../limits.ts";
import { defineTool } from "../../tool.ts";
import { type AuditPage, searchAuditLog, verifyAuditLog } from "./reading.ts";
import {
  type ShownEntry,
  searchAnswerSchema,
  searchAuditSchema,
  type Verdict,
  verdictSchema,
  verifyAuditSchema,
} from "./schema.ts";
import { shortDiff } from "./short-diff.ts";

const searchAuditLogTool = defineTool({
  name: "search_audit_log",
  title: "Search the audit log",
  description:
    "Who changed what in this team, when and through what, with the values before and after; newest first. Reads and runs are in list_executions.",
  input: searchAuditSchema,
  output: searchAnswerSchema,
  hints: readsOnly,
  permission: "audit:read",
  toolset: "admin",
  handler: async (context, input) => {
    const page = await searchAuditLog(context, input, resultLimits.rowsBytes);
    return { text: describePage(page), data: page };
  },
});

const verifyAuditLogTool = defineTool({
  name: "verify_audit_log",
  title: "Verify the audit log",
  description:
    "Recomputes the audit log's chain of hashes: finds entries that were changed, removed, put in or moved. With expected_head of an earlier run it also finds a cut end.",
  input: verifyAuditSchema,
  output: verdictSchema,
  hints: readsOnly,
  permission: "audit:read",
  toolset: "admin",
  handler: async (context, input) => {
    const verdict = await verifyAuditLog(context, input);
    return { text: describeVerdict(verdict), data: verdict };
  },
});

export const auditTools = [searchAuditLogTool, verifyAuditLogTool];

function describePage(page: AuditPage): string {
  const { entries, returned, total, searched_to } = page;
  const count = `${returned} of ${total} ${total === 1 ? "entry" : "entries"}`;
  const reach =
    searched_to === undefined ? [] : [`Searched back to entry ${searched_to}; older matches come with the cursor.`];
  const lines = entries.length === 0 ? [] : [fenceUntrusted(entries.map(describeEntry).join("\n"), "audit log")];
  return [count, ...lines, ...reach, ...moreLines(page)].join("\n");
}

function describeEntry(entry: ShownEntry): string {
  const { seq, at, actor, through, credential, client, action, target, before, after } = entry;
  const by = through === null ? actor : `${actor} (through ${through})`;
  const via = [`${credential.kind} ${credential.label}`, ...(client === null ? [] : [client])].join(", ");
  const changes = shortDiff(before, after);
  return oneLine(`${seq} ${at} ${by} ${action} ${target.name} [${via}]${changes === "" ? "" : ` ${changes}`}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, "⏎");
}

function describeVerdict({ ok, complete, entries, head, first_bad, next_cursor }: Verdict): string {
  const upTo = `${entries} ${entries === 1 ? "entry" : "entries"}`;
  if (!ok) return `The chain is broken at entry ${first_bad?.seq}. ${first_bad?.why} Before it, ${upTo} hold.`;
  if (!complete) {
    return [`${upTo} of ${head.seq} hold so far; the rest is yet to be checked.`, ...moreLines({ next_cursor })].join(
      "\n",
    );
  }
  return `The chain holds: ${upTo}. Head: ${head.seq}:${head.hash}\nKeep the head outside this server; given as expected_head later, it shows whether the end was cut.`;
}
