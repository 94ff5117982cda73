// Arguments of a tool or query on the command line: `--arg name=value` and `--argjson name=JSON`. Runs under Node.
import type { Input, OptionSpec } from "./command.ts";
import { usageError } from "./errors.ts";
import { isRecord, parseJson } from "./json.ts";

export const argumentOptions: Readonly<Record<string, OptionSpec>> = {
  arg: {
    type: "text",
    multiple: true,
    value: "NAME=VALUE",
    help: "An argument; its type is the one the tool declares, else text.",
  },
  argjson: { type: "text", multiple: true, value: "NAME=JSON", help: "An argument as JSON." },
};

/** The arguments, each text turned into what `typeOf` says of its name. Throws `usage`. */
export function readArguments(
  input: Input,
  typeOf: (name: string) => string | undefined = () => undefined,
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const [name, text] of input.list("arg").map((pair) => split("--arg", pair)))
    args[name] = typed(name, text, typeOf(name));
  for (const [name, text] of input.list("argjson").map((pair) => split("--argjson", pair)))
    args[name] = json(name, text);
  return args;
}

function split(option: string, pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw usageError(`${option} takes NAME=VALUE, not "${pair}".`);
}

function typed(name: string, text: string, type: string | undefined): unknown {
  if (type === undefined || type === "string") return text;
  const value = parseJson(text);
  const found = Array.isArray(value) ? "array" : isRecord(value) ? "object" : typeof value;
  if (found === type || (type === "integer" && Number.isInteger(value))) return value;
  throw usageError(`${name} is ${/^[aeio]/.test(type) ? "an" : "a"} ${type}; "${text}" is none.`);
}

function json(name: string, text: string): unknown {
  const value = parseJson(text);
  if (value !== undefined) return value;
  throw usageError(
    `--argjson ${name}: "${text}" is not JSON.`,
    "Text is written in quotes: --argjson name='\"text\"', or --arg name=text.",
  );
}
