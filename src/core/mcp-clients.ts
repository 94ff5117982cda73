// MCP clients and other programs: what stands in each for a team, the one source of these lines for the command line and the pages. Runs everywhere.

/** How the client reaches the team. */
export interface Reach {
  /** The name the server gets in the client. */
  name: string;
  /** The MCP URL. */
  url: string;
  /** Sent as it is; undefined: the client signs in by OAuth. */
  token: string | undefined;
  /** Starts a bridge for clients that speak no HTTP. */
  bridge: { command: string; args: string[]; env?: Record<string, string> };
}

export interface McpClient {
  id: string;
  title: string;
  /** Its file, as people call it; undefined: it has none that a program could write. */
  where?: string;
  /** The object of that file in which the servers stand. */
  key?: string;
  /** The entry. */
  entry?: (reach: Reach) => Record<string, unknown>;
  /** A line to run or text to paste instead of, or besides, the file. */
  line?: (reach: Reach) => string;
  /** True when only the bridge works: the client speaks no HTTP. */
  isStdioOnly?: boolean;
  /** What to do afterwards. */
  next?: string;
}

/** Where a program finds its token. */
export const tokenVariable = "SUPER_DATA_TOKEN";

const bearer = (token: string): string => `Bearer ${token}`;
const headers = ({ token }: Reach): Record<string, unknown> =>
  token === undefined ? {} : { headers: { Authorization: bearer(token) } };
const bridgeEntry = ({ bridge }: Reach): Record<string, unknown> => ({ ...bridge });
const headerFlag = (token: string | undefined): string =>
  token === undefined ? "" : ` --header "Authorization: ${bearer(token)}"`;

/** Every client with lines of its own; any other is given the URL, or takes stdio. */
export const mcpClients: readonly McpClient[] = [
  {
    id: "claude-code",
    title: "Claude Code",
    where: ".mcp.json in the project's folder",
    key: "mcpServers",
    entry: (reach) => ({ type: "http", url: reach.url, ...headers(reach) }),
    line: ({ name, url, token }) => `claude mcp add --transport http ${name} ${url}${headerFlag(token)}`,
    next: "Then /mcp in Claude Code, and Authenticate.",
  },
  {
    id: "claude-desktop",
    title: "Claude Desktop",
    where: "claude_desktop_config.json (Settings, Developer, Edit Config)",
    key: "mcpServers",
    entry: bridgeEntry,
    isStdioOnly: true,
    next: "Then quit Claude Desktop and start it again. Or paste the URL under Settings, Connectors.",
  },
  {
    id: "cursor",
    title: "Cursor",
    where: ".cursor/mcp.json in the project's folder or your own",
    key: "mcpServers",
    entry: (reach) => ({ url: reach.url, ...headers(reach) }),
  },
  {
    id: "vscode",
    title: "VS Code",
    where: ".vscode/mcp.json in the project's folder",
    key: "servers",
    entry: (reach) => ({ type: "http", url: reach.url, ...headers(reach) }),
  },
  {
    id: "windsurf",
    title: "Windsurf",
    where: "~/.codeium/windsurf/mcp_config.json",
    key: "mcpServers",
    entry: (reach) => ({ serverUrl: reach.url, ...headers(reach) }),
  },
  {
    id: "gemini-cli",
    title: "Gemini CLI",
    where: ".gemini/settings.json in the project's folder or your own",
    key: "mcpServers",
    entry: (reach) => ({ httpUrl: reach.url, ...headers(reach) }),
  },
  {
    id: "zed",
    title: "Zed",
    line: (reach) =>
      `settings.json:\n${JSON.stringify({ context_servers: { [reach.name]: bridgeEntry(reach) } }, null, 2)}`,
    isStdioOnly: true,
  },
  {
    id: "codex",
    title: "Codex",
    line: ({ name, url, token }) => {
      const lines = [
        `url = ${JSON.stringify(url)}`,
        ...(token === undefined ? [] : [`bearer_token_env_var = "${tokenVariable}"`]),
      ];
      return `~/.codex/config.toml:\n[mcp_servers.${name}]\n${lines.join("\n")}`;
    },
    next: "Then: codex mcp login NAME.",
  },
  {
    id: "stdio",
    title: "Other stdio clients",
    line: (reach) => JSON.stringify({ mcpServers: { [reach.name]: bridgeEntry(reach) } }, null, 2),
    isStdioOnly: true,
  },
  {
    id: "inspector",
    title: "Inspector",
    line: ({ url, token }) =>
      `npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list${headerFlag(token)}`,
  },
];

/** What stands in a client's file for this team, as JSON text; undefined for a client without a file. */
export function configOf(client: McpClient, reach: Reach): string | undefined {
  if (client.key === undefined || client.entry === undefined) return undefined;
  return JSON.stringify({ [client.key]: { [reach.name]: client.entry(reach) } }, null, 2);
}

/** A whole program that lists a team's tools, in Python; it reads the token from the environment. */
export function pythonProgram(url: string): string {
  return `# pip install mcp httpx
import asyncio, os
import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

async def main():
    headers = {"Authorization": f"Bearer {os.environ['${tokenVariable}']}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        async with streamable_http_client(${JSON.stringify(url)}, http_client=http) as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                answer = await session.call_tool("list_datasets", {})
                print(answer.content[0].text)

asyncio.run(main())`;
}

/** The same in TypeScript. */
export function typescriptProgram(url: string): string {
  return `// npm install @modelcontextprotocol/client
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const token = async () => process.env.${tokenVariable};
const client = new Client({ name: "my-script", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(${JSON.stringify(url)}), { authProvider: { token } }));
const answer = await client.callTool({ name: "list_datasets", arguments: {} });
console.log(answer.content[0].text);
await client.close();`;
}
