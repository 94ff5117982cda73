// The command line: finds the command, runs it, and turns what it throws into words and an exit code. Runs under Node.
import { version } from "../package.json";
import { entries } from "./commands.ts";
import { findCommand, isNear, readInput } from "./core/args.ts";
import type { Context, Entry, Input } from "./core/command.ts";
import { CliError, exitCodes, usageError } from "./core/errors.ts";
import { commandHelp, overview } from "./core/help.ts";
import { endOnInterrupt } from "./core/interrupts.ts";
import { Output } from "./core/output.ts";
import { openSession } from "./core/session.ts";

/** Runs one command and ends the process with its exit code. `script` is the file that was started. */
export async function main(args: string[], script: string): Promise<void> {
  endOnClosedPipe();
  endOnInterrupt();
  const output = new Output({
    json: hasFlag(args, "--json"),
    quiet: hasFlag(args, "--quiet") || hasFlag(args, "-q"),
    env: process.env,
  });
  try {
    process.exitCode = (await dispatch(args, script, output)) ?? exitCodes.ok;
  } catch (error) {
    const failure = error instanceof CliError ? error : unexpected(error);
    output.fail(failure);
    process.exitCode = failure.exitCode;
  }
}

/** Whether it stands before `--`: what to print errors as must be known even if the rest cannot be read. */
const hasFlag = (args: readonly string[], flag: string): boolean => {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes(flag);
};

async function dispatch(args: string[], script: string, output: Output): Promise<number | undefined> {
  const { entry, name, rest } = findCommand(args, entries);
  if (entry === undefined) return withoutCommand(name, rest, output);
  const command = await entry.load();
  if (hasFlag(rest, "--help") || hasFlag(rest, "-h")) {
    await output.write(`${commandHelp(entry, command)}\n`);
    return exitCodes.ok;
  }
  const input = readInput(rest, command.options ?? {}, name);
  checkWords(entry, input, command.words ?? [0, 0], command.usage);
  return command.run(contextOf(input, script, output), input);
}

async function withoutCommand(name: string, rest: readonly string[], output: Output): Promise<number> {
  const word = rest.find((one) => !one.startsWith("-"));
  if (word !== undefined) {
    const given = `${name} ${word}`.trim();
    const near = entries.find((one) => isNear(one.name, given) || isNear(one.name.split(" ").at(-1) ?? "", word));
    throw usageError(
      `There is no command "${given}".${near === undefined ? "" : ` Did you mean "${near.name}"?`}`,
      `See \`super-data ${name === "" ? "" : `${name} `}--help\`.`,
    );
  }
  if (hasFlag(rest, "--version")) {
    await output.result({ version }, version);
    return exitCodes.ok;
  }
  await output.write(`${overview(entries, name)}\n`);
  return name === "" || hasFlag(rest, "--help") || hasFlag(rest, "-h") ? exitCodes.ok : exitCodes.usage;
}

function checkWords(entry: Entry, { words }: Input, [least, most]: readonly [number, number], usage = ""): void {
  if (words.length >= least && words.length <= most) return;
  const what = words.length < least ? "Something is missing" : `"${words[most]}" is one word too many`;
  throw usageError(
    `${what}: super-data ${entry.name}${usage === "" ? " takes no words" : ` ${usage}`}.`,
    `See \`super-data ${entry.name} --help\`.`,
  );
}

function contextOf(input: Input, script: string, output: Output): Context {
  const asked = { profile: input.text("profile"), url: input.text("url") };
  return { output, env: process.env, script, asked, session: () => openSession(process.env, asked) };
}

function unexpected(error: unknown): CliError {
  const text =
    error instanceof Error ? (process.env.SUPER_DATA_DEBUG === undefined ? error.message : error.stack) : error;
  return new CliError("unexpected", `Something unexpected went wrong: ${String(text)}`, {
    hint: "Run it again with SUPER_DATA_DEBUG=1 for all there is to know.",
    cause: error,
  });
}

/** `super-data … | head` reads what it wants and leaves; that is no error. */
function endOnClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
}
