// The flags of `npm start`: what they are, their defaults, and the errors of a wrong one. Pure; runs under Node.
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const defaultPort = 8787;

export const usage = `Usage: npm start [-- --port N --persist DIR --json]

  --port N       the port on 127.0.0.1 to serve at (default ${defaultPort})
  --persist DIR  where all state is kept (default ./.dev)
  --json         for scripts: one line {"url","team","token"} on standard output, everything else on standard error
  --help         this text`;

/** The flags as `{ port, persistDir, json, help }`, or `{ problem }` with one line that says what is wrong. */
export function readFlags(args, root) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        port: { type: "string" },
        persist: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    return { problem: error.message.replace(/\. To specify a positional.*$/s, ".") };
  }
  const port = Number(values.port ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return { problem: `--port takes a number from 1 to 65535, not "${values.port}".` };
  }
  if (values.persist === "") return { problem: "--persist takes a directory." };
  return {
    port,
    persistDir: resolve(root, values.persist ?? ".dev"),
    json: values.json === true,
    help: values.help === true,
  };
}
