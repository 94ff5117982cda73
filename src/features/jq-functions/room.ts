// How much a team's library may hold: one entry, how many of them, and all together. Runs at the edge and in the object.
import { AppError } from "../../core/errors.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { libraryLimits } from "../../limits.ts";

type Kind = "functions" | "tools";

/** Bytes of an entry's content as JSON: how much it adds to what travels to each isolate. */
export function contentBytes(content: readonly unknown[]): number {
  return content.reduce<number>((sum, part) => sum + utf8Bytes(JSON.stringify(part)), 0);
}

/** Throws `too_large` for a function or tool whose content is over the limit `entryBytes`. */
export function requireEntrySize(kind: "function" | "tool", name: string, content: readonly unknown[]): void {
  const bytes = contentBytes(content);
  if (bytes <= libraryLimits.entryBytes) return;
  throw new AppError(
    "too_large",
    `The ${kind} ${name} is ${bytes} bytes as JSON; the limit is ${libraryLimits.entryBytes} (limit entryBytes).`,
    {
      hint: "Shorten it; keep data in a dataset instead of in defaults, enums or code.",
      details: { limit: "entryBytes", value: libraryLimits.entryBytes, bytes },
    },
  );
}

/** Throws `too_large` when a team that has `count` of a kind may have no further one. */
export function requireCount(kind: Kind, count: number): void {
  if (count < libraryLimits[kind]) return;
  throw new AppError(
    "too_large",
    `The team has ${count} ${kind}; the limit is ${libraryLimits[kind]} (limit ${kind}).`,
    {
      hint: `Change one of the ${kind} that is no longer used instead of adding one.`,
      details: { limit: kind, value: libraryLimits[kind] },
    },
  );
}

/** Throws `too_large` when a save that makes them grow leaves all of a kind with more bytes than the limit. */
export function requireBytes(kind: Kind, { before, after }: { before: number; after: number }): void {
  const limit = kind === "functions" ? "functionsBytes" : "toolsBytes";
  if (after <= libraryLimits[limit] || after <= before) return;
  throw new AppError(
    "too_large",
    `The team's ${kind} would be ${after} bytes as JSON; the limit is ${libraryLimits[limit]} (limit ${limit}).`,
    {
      hint: `Shorten ${kind} that are no longer used; deactivated ones count too.`,
      details: { limit, value: libraryLimits[limit], bytes: after },
    },
  );
}
