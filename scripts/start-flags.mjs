// The flags of `npm start`: what they are, their defaults, and the errors of a wrong one. Pure; runs under Node.
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const defaultPort = 8787;

export const usage = `Usage: npm start [-- --port N --persist DIR --vars FILE --json]

  --port N       the port on 127.0.0.1 to serve at (default ${defaultPort})
  --persist DIR  where all state is kept (default ./.dev)
  --vars FILE    variables for the server, one NAME=value a line: ways to sign in, who may create teams, limits
                 (docs/guides/sign-in.md); without it: passkeys, and anyone who is signed in may create a team
  --json         for scripts: one line {"url","team","token","owner_link"} on standard output, everything else on standard error
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
        vars: { type: "string" },
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
  if (values.vars === "") return { problem: "--vars takes a file." };
  return {
    port,
    persistDir: resolve(root, values.persist ?? ".dev"),
    ...(values.vars === undefined ? {} : { varsFile: resolve(root, values.vars) }),
    json: values.json === true,
    help: values.help === true,
  };
}
