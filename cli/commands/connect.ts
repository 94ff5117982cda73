// `connect`: what an MCP client needs to reach the team, to copy or written into its file. Runs under Node.
import { realpathSync } from "node:fs";
import { type Written, writeServer } from "../client-file.ts";
import { type ClientKind, clientKinds, type Place, type Reach } from "../clients.ts";
import type { Command, Context, Input } from "../core/command.ts";
import { exitCodes, usageError } from "../core/errors.ts";
import type { Session } from "../core/session.ts";

const ids = clientKinds.map(({ id }) => id).join(", ");

export const connect: Command = {
  usage: "[CLIENT]",
  words: [0, 1],
  about: `CLIENT is one of ${ids}; left out, all are shown. Clients sign in by OAuth themselves, so no token is written
unless --with-token asks for it. Clients without HTTP start \`super-data stdio\`, which uses the sign-in of this command line.`,
  options: {
    write: { type: "flag", help: "Write it into the client's file; the file as it was is kept beside it." },
    project: { type: "flag", help: "The file of this project (Cursor, VS Code, Gemini CLI); Claude Code's always is." },
    stdio: { type: "flag", help: "Over the bridge, also where the client speaks HTTP." },
    "with-token": {
      type: "flag",
      help: "Put the token of this command line in. It is a secret: keep such a file out of git.",
    },
    name: { type: "text", value: "NAME", help: "What the client calls the server; default super-data." },
  },
  examples: [
    "super-data connect",
    "super-data connect claude-desktop --write",
    "super-data connect vscode --write --project",
    "super-data connect stdio --json",
  ],
  run: async (context, input) => {
    const kinds = chosen(input.words[0]);
    const team = await context.session();
    const reach = await reachOf(context, input, team);
    const place: Place = { cwd: process.cwd(), env: context.env, isProject: input.flag("project") };
    if (input.flag("write")) return write(context, input, kinds, reach, place);
    const shown = kinds.map((kind) => describe(kind, reach, input, place));
    await context.output.result({ url: reach.url, clients: shown }, () =>
      shown
        .map(({ title, text, next }) =>
          [context.output.paint("bold", title), text, ...(next === undefined ? [] : [next])].join("\n"),
        )
        .join("\n\n"),
    );
    return exitCodes.ok;
  },
};

function chosen(id: string | undefined): readonly ClientKind[] {
  if (id === undefined) return clientKinds;
  const kind = clientKinds.find((one) => one.id === id);
  if (kind !== undefined) return [kind];
  throw usageError(`There is no client "${id}" here.`, `There are ${ids}. Any other: give it the URL, or take stdio.`);
}

async function reachOf({ script, env }: Context, input: Input, team: Session): Promise<Reach> {
  const name = input.text("name") ?? "super-data";
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(name)) throw usageError("--name takes letters, digits, _ and -.");
  const withToken = input.flag("with-token");
  if (withToken && team.source === "oauth") {
    throw usageError(
      "The token of a sign-in in the browser ends in minutes, so it helps no client.",
      "Make one that stays: `super-data token create`, then set SUPER_DATA_TOKEN to it.",
    );
  }
  const token = withToken ? await team.tokens.token() : undefined;
  return { name, url: team.mcpUrl, token, bridge: bridgeOf(script, team, token, env) };
}

/** Node itself and this file: no shell, no PATH and no registry stand between. */
function bridgeOf(script: string, team: Session, token: string | undefined, env: NodeJS.ProcessEnv): Reach["bridge"] {
  const profile = token === undefined && team.profile !== undefined ? ["--profile", team.profile] : ["--url", team.url];
  const variables = {
    ...(token === undefined ? {} : { SUPER_DATA_TOKEN: token }),
    ...(env.XDG_CONFIG_HOME === undefined || token !== undefined ? {} : { XDG_CONFIG_HOME: env.XDG_CONFIG_HOME }),
  };
  return {
    command: process.execPath,
    args: [realpathSync(script), "stdio", ...profile],
    ...(Object.keys(variables).length === 0 ? {} : { env: variables }),
  };
}

interface Shown {
  id: string;
  title: string;
  file: string | null;
  config: object | null;
  text: string;
  next?: string;
}

function describe(kind: ClientKind, reach: Reach, input: Input, place: Place): Shown {
  const { id, title, key, line, next } = kind;
  const file = kind.file?.(place);
  const entry = entryOf(kind, reach, input);
  const config = entry === undefined || key === undefined ? null : { [key]: { [reach.name]: entry } };
  const parts = [
    ...(line === undefined || (input.flag("stdio") && config !== null) ? [] : [line(reach)]),
    ...(config === null || file === undefined ? [] : [`${file}:\n${JSON.stringify(config, null, 2)}`]),
  ];
  const isSignIn = reach.token === undefined && !usesBridge(kind, input);
  return {
    id,
    title,
    file: file ?? null,
    config,
    text: parts.join("\n"),
    ...(next !== undefined && (isSignIn || kind.isStdioOnly === true) ? { next } : {}),
  };
}

const usesBridge = (kind: ClientKind, input: Input): boolean => kind.isStdioOnly === true || input.flag("stdio");

function entryOf(kind: ClientKind, reach: Reach, input: Input) {
  return usesBridge(kind, input) && kind.entry !== undefined ? { ...reach.bridge } : kind.entry?.(reach);
}

async function write(
  { output }: Context,
  input: Input,
  kinds: readonly ClientKind[],
  reach: Reach,
  place: Place,
): Promise<number> {
  const [kind] = kinds;
  if (kind === undefined || kinds.length !== 1)
    throw usageError("Which client? --write takes one.", `super-data connect CLIENT --write, with one of ${ids}.`);
  const file = kind.file?.(place);
  const entry = entryOf(kind, reach, input);
  if (file === undefined || kind.key === undefined || entry === undefined) {
    throw usageError(
      `The file of ${kind.title} cannot be written here.`,
      `Run \`super-data connect ${kind.id}\` and add the lines yourself.`,
    );
  }
  const done: Written = await writeServer(file, kind.key, reach.name, entry, reach.token !== undefined);
  const isShared = reach.token !== undefined && file.startsWith(place.cwd);
  if (isShared) output.warn(`${file} now holds a token: keep it out of git.`);
  await output.result({ client: kind.id, ...done, backup: done.backup ?? null }, () =>
    [
      done.outcome === "unchanged"
        ? `${file} has it already.`
        : `${done.outcome === "created" ? "Wrote" : "Changed"} ${file}.`,
      ...(done.backup === undefined ? [] : [`As it was: ${done.backup}`]),
      ...(kind.next === undefined ? [] : [kind.next]),
    ].join("\n"),
  );
  return exitCodes.ok;
}
