// From the words of the command line to a command and its input. Runs under Node.
import { parseArgs } from "node:util";
import { type Entry, globalOptions, type Input, type OptionSpec } from "./command.ts";
import { usageError } from "./errors.ts";

export interface Found {
  entry: Entry | undefined;
  /** The words that name it, or as many as name a group. */
  name: string;
  /** All other words. */
  rest: string[];
}

const globals: Readonly<Record<string, OptionSpec>> = globalOptions;

/** Finds the command that the first words name; options may stand before and between them. */
export function findCommand(args: readonly string[], entries: readonly Entry[]): Found {
  const rest: string[] = [];
  let name = "";
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word.startsWith("-")) {
      rest.push(word);
      if (takesValue(word)) rest.push(...args.slice(++at, at + 1));
      continue;
    }
    const longer = name === "" ? word : `${name} ${word}`;
    if (!entries.some((entry) => entry.name === longer || entry.name.startsWith(`${longer} `))) {
      rest.push(...args.slice(at));
      break;
    }
    name = longer;
    const entry = entries.find((one) => one.name === name);
    if (entry !== undefined) return { entry, name, rest: [...rest, ...args.slice(at + 1)] };
  }
  return { entry: undefined, name, rest };
}

function takesValue(word: string): boolean {
  return word.startsWith("--") && !word.includes("=") && globals[word.slice(2)]?.type === "text";
}

/** Reads the words after a command's name. Throws `usage`. */
export function readInput(rest: readonly string[], options: Readonly<Record<string, OptionSpec>>, name: string): Input {
  const specs = { ...globals, ...options };
  const help = `super-data ${name} --help`.replace("  ", " ");
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(rest, specs);
  } catch (error) {
    throw usageError(problemOf(error, Object.keys(specs)), `See \`${help}\`.`);
  }
  const { values, positionals } = parsed;
  const list = (option: string): string[] => {
    const value = values[option];
    return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
  };
  return { words: positionals, list, text: (option) => list(option).at(-1), flag: (option) => values[option] === true };
}

function parse(args: readonly string[], specs: Readonly<Record<string, OptionSpec>>) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple = false }]) => [
      name,
      { type: type === "flag" ? ("boolean" as const) : ("string" as const), multiple, ...(short && { short }) },
    ]),
  );
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

function problemOf(error: unknown, known: readonly string[]): string {
  const text = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '(--?)([^']*)'/.exec(text);
  if (unknown === null) return text.split("\n")[0] ?? text;
  const [, dashes = "", name = ""] = unknown;
  const near = known.find((one) => isNear(one, name));
  return `There is no option ${dashes}${name}.${near === undefined ? "" : ` Did you mean --${near}?`}`;
}

/** True when one typing mistake apart, or one begins the other. */
export function isNear(a: string, b: string): boolean {
  if (b.length >= 3 && (a.startsWith(b) || b.startsWith(a))) return true;
  return distance(a, b) <= (Math.max(a.length, b.length) > 4 ? 2 : 1);
}

function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}
