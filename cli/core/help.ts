// The help texts. Runs under Node.
import { type Command, type Entry, globalOptions, type OptionSpec } from "./command.ts";

const exitCodeLine =
  "Exit codes: 0 done · 1 failed · 2 usage, or --check found a difference · 3 not signed in · 4 forbidden · 5 not found · 6 conflict · 7 unreachable or busy";

/** The list of commands; with `group` those that begin with it. */
export function overview(entries: readonly Entry[], group = ""): string {
  const shown = entries.filter(({ name }) => group === "" || name.startsWith(`${group} `));
  const lines = shown.map(({ name, summary }) => [name, summary] as const);
  return [
    `Usage: super-data ${group === "" ? "COMMAND" : `${group} …`} [options]`,
    "",
    columns(lines),
    "",
    "Everywhere:",
    optionLines(globalOptions),
    "",
    "Help on a command: super-data COMMAND --help",
    exitCodeLine,
  ].join("\n");
}

/** The help of one command. */
export function commandHelp({ name, summary }: Entry, { usage, about, options = {}, examples }: Command): string {
  return [
    `Usage: super-data ${name}${usage === undefined ? "" : ` ${usage}`} [options]`,
    "",
    summary,
    ...(about === undefined ? [] : ["", about]),
    ...(Object.keys(options).length === 0 ? [] : ["", "Options:", optionLines(options)]),
    "",
    "Everywhere:",
    optionLines(globalOptions),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
  ].join("\n");
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string {
  return columns(
    Object.entries(options).map(([name, { short, value, help }]) => [
      `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
      help,
    ]),
  );
}

function columns(lines: readonly (readonly [string, string])[]): string {
  const wide = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(wide)}  ${right}`).join("\n");
}
