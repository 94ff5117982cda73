// `export`: the team's library as one file. Runs under Node.
import type { Command } from "../core/command.ts";
import { exitCodes, usageError } from "../core/errors.ts";
import { writeWhole } from "../core/files.ts";

const files = { tools: "approved_tools", functions: "functions", all: "library" } as const;
const formats = ["json", "yaml"] as const;

export const exportLibrary: Command = {
  about: "Functions that tools call come along. The file goes to another team with `super-data import`.",
  options: {
    what: { type: "text", value: "WHAT", help: "tools, functions or all; default all." },
    names: { type: "text", value: "NAMES", help: "Only these, comma separated, and what they call." },
    format: { type: "text", value: "FORMAT", help: "json or yaml; default by the file's name, else json." },
    sign: { type: "flag", help: "Sign it with the team's key." },
    output: { type: "text", short: "o", value: "FILE", help: "Default -, standard output." },
  },
  examples: [
    "super-data export -o library.yaml",
    "super-data export --what tools --names revenue_by,top_customers --sign -o revenue.json",
  ],
  run: async ({ output, session }, input) => {
    const to = input.text("output") ?? "-";
    const what = input.text("what") ?? "all";
    const format = input.text("format") ?? (/\.ya?ml$/i.test(to) ? "yaml" : "json");
    if (!(what in files)) throw usageError(`--what takes tools, functions or all, not "${what}".`);
    if (!(formats as readonly string[]).includes(format))
      throw usageError(`--format takes json or yaml, not "${format}".`);
    const { api } = await session();
    const answer = await api.send(`/library/${files[what as keyof typeof files]}.${format}`, {
      query: { names: input.text("names"), sign: input.flag("sign") ? true : undefined },
      headers: { accept: "*/*" },
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (to === "-") {
      await output.write(bytes);
      return exitCodes.ok;
    }
    await writeWhole(to, bytes);
    await output.result({ path: to, bytes: bytes.length, what, format, signed: input.flag("sign") }, `Wrote ${to}.`);
    return exitCodes.ok;
  },
};
