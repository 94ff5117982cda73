// What changed between two values, on one line. Runs everywhere.
import { isRecord } from "../../core/exact-json.ts";
import { cutText } from "../../core/markdown.ts";
import { auditLimits } from "../../limits.ts";

/** Levels of objects that are looked into; what lies deeper is compared whole. */
const depth = 3;

/** The fields that differ, as `path: before → after`, with `+` for what is new and `-` for what is gone; the rest is counted. */
export function shortDiff(before: unknown, after: unknown): string {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === is) return [];
    const name = path === "" ? "" : `${path}: `;
    if (was === undefined) return [`+${name}${cut(is)}`];
    return is === undefined ? [`-${name}${cut(was)}`] : [`${name}${cut(was)} → ${cut(is)}`];
  });
  const hidden = changes.length - auditLimits.shownFields;
  const lines = changes.slice(0, auditLimits.shownFields);
  return [...lines, ...(hidden > 0 ? [`${hidden} more`] : [])].join("; ");
}

function cut(text: string | undefined): string {
  return cutText(text ?? "", auditLimits.shownValueChars);
}

/** Every leaf by its dotted path, as JSON. */
function leavesOf(value: unknown): Map<string, string> {
  const leaves = new Map<string, string>();
  const visit = (member: unknown, path: string, level: number): void => {
    if (member === undefined || (level === 0 && member === null)) return;
    if (!isRecord(member) || level >= depth) {
      leaves.set(path, JSON.stringify(member));
      return;
    }
    for (const [key, inner] of Object.entries(member)) visit(inner, path === "" ? key : `${path}.${key}`, level + 1);
  };
  visit(value, "", 0);
  return leaves;
}
