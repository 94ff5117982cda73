// `stdio`: a bridge from a client that starts a program to the team's MCP over HTTP. Runs under Node.
import { runBridge } from "../bridge.ts";
import type { Command } from "../core/command.ts";
import { exitCodes } from "../core/errors.ts";
import { mcpFailure, transportTo } from "../core/mcp.ts";

export const stdio: Command = {
  about: `Standard output carries the protocol alone; what there is to say goes to standard error. The sign-in is the profile's and is renewed by itself,
so no token stands in the client's configuration. \`super-data connect\` writes the lines that start it.`,
  options: {
    toolsets: {
      type: "text",
      value: "NAMES",
      help: "Families of tools to list, comma separated, or all; default catalog.",
    },
    tools: { type: "text", value: "NAMES", help: "List exactly these tools." },
  },
  examples: [
    "super-data stdio --profile demo",
    "super-data stdio --url https://super-data.example.com/t/demo --toolsets all",
  ],
  run: async ({ output, session }, input) => {
    const team = await session();
    // What is wrong with the sign-in is better said now than inside an answer.
    await team.tokens.token();
    const url = new URL(team.mcpUrl);
    for (const name of ["toolsets", "tools"]) {
      const value = input.text(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    await runBridge({
      http: transportTo(team, url),
      log: (text) => output.say(text),
      explain: (error) => mcpFailure(team, error),
    });
    return exitCodes.ok;
  },
};
