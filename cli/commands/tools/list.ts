// `tools list`: the team's tools and functions. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { table } from "../../core/output.ts";
import { readAllPages } from "../../core/pages.ts";
import type { LibraryFunction, LibraryTool, Page } from "../../core/wire.ts";

export const listTools: Command = {
  about:
    "Of what is in use and shown to you. The built-in tools are in the documentation, and `super-data tools run` runs them too.",
  examples: ["super-data tools list", "super-data tools list --json | jq -r '.tools[].name'"],
  run: async ({ output, session }) => {
    const { api } = await session();
    const [tools, functions] = await Promise.all([
      readAllPages(api, "/library/tools", (page: Page & { tools: LibraryTool[] }) => page.tools),
      readAllPages(api, "/library/functions", (page: Page & { functions: LibraryFunction[] }) => page.functions),
    ]);
    await output.result({ tools, functions }, () => {
      const rows = [
        ...tools.map((one) => ({ ...one, kind: "tool", takes: one.parameters.map(({ name }) => name).join(" ") })),
        ...functions.map((one) => ({ ...one, kind: "function", takes: "" })),
      ].map((row) => ({ ...row, about: row.description.split("\n")[0] }));
      if (rows.length === 0)
        return "There are none. Bring a library in with `super-data tools push` or `super-data import`.";
      return table(rows, [
        { title: "KIND", key: "kind" },
        { title: "NAME", key: "name" },
        { title: "VERSION", key: "version", right: true },
        { title: "PARAMETERS", key: "takes" },
        { title: "BY", key: "updated_by" },
        { title: "DESCRIPTION", key: "about" },
      ]);
    });
    return exitCodes.ok;
  },
};
