// What a command is: its words, its options, and what it is given to run with. Runs under Node.
import type { Output } from "./output.ts";
import type { Session } from "./session.ts";

export interface OptionSpec {
  type: "text" | "flag";
  short?: string;
  /** May be given several times. */
  multiple?: boolean;
  /** What stands for the value in the help. */
  value?: string;
  help: string;
}

export interface Context {
  output: Output;
  env: NodeJS.ProcessEnv;
  /** The file that was run, for lines that start this command line again. */
  script: string;
  /** What --profile and --url say. */
  asked: { profile: string | undefined; url: string | undefined };
  /** The team that is meant and how to get in. Throws `not_signed_in`. */
  session: () => Promise<Session>;
}

/** What stands on the command line after the command's name. */
export interface Input {
  words: string[];
  text: (option: string) => string | undefined;
  list: (option: string) => string[];
  flag: (option: string) => boolean;
}

export interface Command {
  /** What follows the name, for the help: `FILE`, `[DIR]`. */
  usage?: string;
  /** Least and greatest number of words. */
  words?: readonly [number, number];
  /** What one must know besides the summary. */
  about?: string;
  options?: Readonly<Record<string, OptionSpec>>;
  examples: readonly string[];
  /** Resolves to the exit code when it is not 0. */
  run: (context: Context, input: Input) => Promise<number | undefined>;
}

/** A command as the list of all of them knows it: loaded only when it is used. */
export interface Entry {
  name: string;
  summary: string;
  load: () => Promise<Command>;
}

export const globalOptions = {
  json: { type: "flag", help: "The result as JSON; errors too, on standard error." },
  profile: {
    type: "text",
    value: "NAME",
    help: "Which signed-in team; default: the current one, or SUPER_DATA_PROFILE.",
  },
  url: { type: "text", value: "URL", help: "The team's address, https://host/t/TEAM; or SUPER_DATA_URL." },
  quiet: { type: "flag", short: "q", help: "No remarks and no progress bars." },
  help: { type: "flag", short: "h", help: "This text." },
} as const satisfies Record<string, OptionSpec>;
