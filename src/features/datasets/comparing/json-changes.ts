// What differs between two JSON values, place by place. Pure.
import { isRawNumber, isRecord } from "../../../core/exact-json.ts";
import { cutText } from "../../../core/markdown.ts";
import { memberPath } from "../ingest/infer-schema.ts";

/** One place that differs: what stood there and what does, as JSON texts that may be cut; left out where there was or is nothing. */
export interface JsonChange {
  path: string;
  before?: string;
  after?: string;
}

/** Differences found: the first few, and how many there are by kind. */
export interface JsonChanges {
  shown: JsonChange[];
  added: number;
  removed: number;
  changed: number;
}

/** True for the same value, however the keys of its objects are ordered. Numbers kept as text are the same when their texts are. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isRawNumber(a) || isRawNumber(b))
    return isRawNumber(a) && isRawNumber(b) && JSON.stringify(a) === JSON.stringify(b);
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** The places that differ: members of objects by their keys, elements of arrays by their places. `show`: how many of them to describe, in `chars` characters a value. */
export function jsonChanges(
  before: unknown,
  after: unknown,
  { show, chars }: { show: number; chars: number },
): JsonChanges {
  const found: JsonChanges = { shown: [], added: 0, removed: 0, changed: 0 };
  const note = (kind: "added" | "removed" | "changed", path: string, was: unknown, is: unknown): void => {
    found[kind]++;
    if (found.shown.length === show) return;
    const text = (value: unknown): string => cutText(JSON.stringify(value), chars);
    found.shown.push({
      path: path === "" ? "." : path,
      ...(kind === "added" ? {} : { before: text(was) }),
      ...(kind === "removed" ? {} : { after: text(is) }),
    });
  };
  const walkObjects = (path: string, was: Record<string, unknown>, is: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(was)) {
      const place = memberPath(path, key);
      if (Object.hasOwn(is, key)) walk(place, value, is[key]);
      else note("removed", place, value, undefined);
    }
    for (const [key, value] of Object.entries(is)) {
      if (!Object.hasOwn(was, key)) note("added", memberPath(path, key), undefined, value);
    }
  };
  const walkArrays = (path: string, was: readonly unknown[], is: readonly unknown[]): void => {
    for (let index = 0; index < Math.max(was.length, is.length); index++) {
      const place = `${path}[${index}]`;
      if (index >= is.length) note("removed", place, was[index], undefined);
      else if (index >= was.length) note("added", place, undefined, is[index]);
      else walk(place, was[index], is[index]);
    }
  };
  const walk = (path: string, was: unknown, is: unknown): void => {
    if (isRecord(was) && isRecord(is)) walkObjects(path, was, is);
    else if (Array.isArray(was) && Array.isArray(is)) walkArrays(path, was, is);
    else if (!sameJson(was, is)) note("changed", path, was, is);
  };
  walk("", before, after);
  return found;
}
