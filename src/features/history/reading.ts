// Reading the past of a function or tool: versions with what they changed, two compared, each line's origin. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { type Page, pageBefore, pageOf, readBefore } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { historyLimits } from "../../workflow-limits.ts";
import { lineDiff } from "../jq-tools/jq-tools.ts";
import { compareContents, LineBlame, textOf, writeContent } from "./history.ts";
import { type Blame, blameFields, type Comparison, type EntryKind, type Version, type WholeVersion } from "./schema.ts";

/** What is asked about. */
export interface Entry {
  kind: EntryKind;
  name: string;
}

export type VersionWithDiff = Version & { diff: string };

/** A page of versions, newest first, each with what it changed. Throws `not_found`, `cursor_invalid`. */
export async function readHistory(
  context: CallContext,
  { kind, name }: Entry,
  page: { limit?: number | undefined; cursor?: string | undefined },
): Promise<Page<VersionWithDiff> & { name: string; isActive: boolean }> {
  const limit = page.limit ?? listLimits.versions;
  // One more than shown: the oldest shown is compared with it.
  const asked = { limit: limit + 1, before: readBefore(page.cursor) };
  const found = await context.stub.history().versions(kind, name, asked, context.actor);
  const { items, ...rest } = pageBefore(found.versions, { limit, total: found.total, key: ({ version }) => version });
  const versions = items.map(({ content, ...version }, at) => {
    const older = found.versions[at + 1];
    return {
      ...version,
      diff: lineDiff(older === undefined ? "" : writeContent(older.content), writeContent(content)),
    };
  });
  return { ...rest, items: versions, name: found.name, isActive: found.is_active };
}

/** What changed from one version to another; the last change when none is named. Throws `not_found`. */
export async function compareVersions(
  context: CallContext,
  { kind, name }: Entry,
  { from, to }: { from?: number | undefined; to?: number | undefined },
): Promise<Comparison> {
  const read = async (page: { limit: number; before?: number }) =>
    context.stub.history().versions(kind, name, page, context.actor);
  const end = await read({ limit: 2, ...(to === undefined ? {} : { before: to + 1 }) });
  const [newest, before] = end.versions;
  const later = found(newest, to ?? end.total, { kind, name }, end.total);
  const wanted = from ?? later.version - 1;
  const earlier =
    wanted === 0 && from === undefined
      ? undefined
      : before?.version === wanted
        ? before
        : found((await read({ limit: 1, before: wanted + 1 })).versions[0], wanted, { kind, name }, end.total);
  const { content: after, ...toVersion } = later;
  if (earlier === undefined) return { kind, name, from: null, to: toVersion, ...compareContents(undefined, after) };
  const { content, ...fromVersion } = earlier;
  return { kind, name, from: fromVersion, to: toVersion, ...compareContents(content, after) };
}

function found(version: WholeVersion | undefined, wanted: number, entry: Entry, newest: number): WholeVersion {
  if (version?.version === wanted) return version;
  throw new AppError(
    "not_found",
    `The ${entry.kind} ${entry.name} has no version ${wanted}; the newest is ${newest}.`,
    {
      hint: `${entry.kind}_history lists its versions.`,
      details: { name: entry.name, version: wanted, newest },
    },
  );
}

/** Versions that are read at once while looking back. */
const slice = 100;

/**
 * For a page of a field's lines as they are now, the version that brought each. Looks back over historyLimits.blameVersions versions at most.
 * Throws `not_found`, `cursor_invalid`, and `invalid_argument` for a field of the other kind.
 */
export async function readBlame(
  context: CallContext,
  { kind, name }: Entry,
  input: { field?: string | undefined; limit?: number | undefined; cursor?: string | undefined },
): Promise<Page<Blame["lines"][number]> & Omit<Blame, "lines">> {
  const known: readonly string[] = blameFields[kind];
  const field = input.field ?? blameFields[kind][0];
  if (!known.includes(field)) {
    throw new AppError("invalid_argument", `A ${kind} has no field ${field} with lines.`, {
      hint: `Use one of ${known.join(", ")}.`,
      details: { fields: known },
    });
  }
  const { lines, versions } = await lookBack(context, { kind, name }, field);
  const { items, ...page } = pageOf(lines, {
    limit: input.limit ?? historyLimits.blameLines,
    cursor: input.cursor,
    // Sorted as text, so all of one length.
    key: ({ line }) => String(line).padStart(8, "0"),
  });
  const named = new Set(items.map(({ version }) => version));
  return { ...page, items, kind, name, field, versions: versions.filter(({ version }) => named.has(version)) };
}

async function lookBack(
  context: CallContext,
  { kind, name }: Entry,
  field: string,
): Promise<{ lines: Blame["lines"]; versions: Version[] }> {
  const versions: Version[] = [];
  let blame: LineBlame | undefined;
  let texts: string[] = [];
  let before: number | undefined;
  while (versions.length < historyLimits.blameVersions && before !== 1 && blame?.isDone !== true) {
    const page = { limit: slice, before };
    const read = await context.stub.history().versions(kind, name, page, context.actor);
    for (const { content, ...version } of read.versions) {
      const text = textOf(content[field]);
      if (blame === undefined) texts = text === "" ? [] : text.split("\n");
      blame ??= new LineBlame({ version: version.version, text });
      blame.lookBack({ version: version.version, text });
      versions.push(version);
    }
    before = read.versions.at(-1)?.version ?? 1;
  }
  const broughtBy = blame?.finish(before === 1) ?? [];
  const lines = texts.map((text, at) => ({ line: at + 1, text, version: broughtBy[at] ?? null }));
  return { lines, versions };
}
