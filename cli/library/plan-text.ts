// A plan as a person reads it: a line for each entry that is not as it was, with the difference below. Runs under Node.
import type { Output } from "../core/output.ts";
import type { ImportPlan, ImportReport, PlannedEntry } from "../core/wire.ts";

const marks: Readonly<Record<string, readonly [string, "green" | "yellow" | "red" | "dim"]>> = {
  create: ["+", "green"],
  rename: ["+", "green"],
  update: ["~", "yellow"],
  remove: ["-", "red"],
  same: [" ", "dim"],
  skip: [" ", "dim"],
  conflict: ["!", "red"],
  missing_dependency: ["!", "red"],
  invalid: ["!", "red"],
};

/** The entries' lines; `where` names the place of an entry that cannot be saved. */
export function planLines(
  output: Output,
  entries: readonly PlannedEntry[],
  where: (entry: PlannedEntry) => string = ({ line }) => `line ${line}`,
): string[] {
  return entries
    .filter(({ action }) => action !== "same")
    .flatMap((entry) => {
      const { kind, name, action, as, why, error, diff } = entry;
      const [mark, colour] = marks[action] ?? ["?", "dim"];
      const head = output.paint(colour, `${mark} ${kind} ${name}`, "err");
      const renamed = as === undefined || as === name ? "" : ` as ${as}`;
      const reason =
        error === undefined ? (why === undefined ? "" : `: ${why}`) : `: ${where(entry)}: ${error.message}`;
      const hint = error?.hint === undefined ? [] : [`    ${error.hint}`];
      return [`${head} (${action.replaceAll("_", " ")}${renamed})${reason}`, ...hint, ...diffLines(output, diff)];
    });
}

function diffLines(output: Output, diff: string | undefined): string[] {
  if (diff === undefined || diff === "") return [];
  return diff
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line.startsWith("+")) return `    ${output.paint("green", line, "err")}`;
      return `    ${line.startsWith("-") ? output.paint("red", line, "err") : line}`;
    });
}

/** `2 create, 1 update, 9 same`. */
export const countText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} ${action.replaceAll("_", " ")}`)
    .join(", ") || "nothing";

/** Who made an imported file, as far as its signature proves it. */
export function originText({ state, signer, fingerprint, made_by }: ImportPlan["origin"]): string {
  const says = made_by === undefined ? "" : ` It says: by ${made_by.exported_by} of ${made_by.team}.`;
  switch (state) {
    case "this_team":
      return `Signed by this team.${says}`;
    case "trusted":
      return `Signed by ${signer}.${says}`;
    case "unknown_key":
      return `Signed with a key this team does not know (${fingerprint}).${says}`;
    default:
      return `Unsigned: anybody can have made it.${says}`;
  }
}

export const reportText = ({ created, updated, renamed, skipped, unchanged, failed }: ImportReport): string =>
  countText({
    created: created.length,
    updated: updated.length,
    renamed: renamed.length,
    unchanged: unchanged.length,
    skipped: skipped.length,
    failed: failed.length,
  });
