// MCP clients: where each keeps its servers, and what stands there for this team. Runs under Node.
import { homedir } from "node:os";
import { join } from "node:path";
import type { JsonRecord } from "./core/json.ts";

/** How the client reaches the team. */
export interface Reach {
  /** The name the server gets in the client. */
  name: string;
  /** The MCP URL. */
  url: string;
  /** Sent as it is; undefined: the client signs in by OAuth. */
  token: string | undefined;
  /** Starts the bridge. */
  bridge: { command: string; args: string[]; env?: Record<string, string> };
}

export interface ClientKind {
  id: string;
  title: string;
  /** Its file for this project or for this person; undefined: it has none that could be written. */
  file?: (place: Place) => string | undefined;
  /** The object of that file in which the servers stand. */
  key?: string;
  /** The entry. */
  entry?: (reach: Reach) => JsonRecord;
  /** A line to run or text to paste instead of, or besides, the file. */
  line?: (reach: Reach) => string;
  /** True when only the bridge works: the client speaks no HTTP. */
  isStdioOnly?: boolean;
  /** What to do afterwards. */
  next?: string;
}

export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Of this project and not of the person. */
  isProject: boolean;
}

const bearer = (token: string): string => `Bearer ${token}`;
const headers = ({ token }: Reach): JsonRecord =>
  token === undefined ? {} : { headers: { Authorization: bearer(token) } };
const bridgeEntry = ({ bridge }: Reach): JsonRecord => ({ ...bridge });

/** The person's own configuration directory of a desktop application. */
function applicationData({ env }: Place): string {
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  if (process.platform === "win32") return env.APPDATA ?? join(homedir(), "AppData", "Roaming");
  return env.XDG_CONFIG_HOME ?? join(homedir(), ".config");
}

export const clientKinds: readonly ClientKind[] = [
  {
    id: "claude-code",
    title: "Claude Code",
    file: ({ cwd }) => join(cwd, ".mcp.json"),
    key: "mcpServers",
    entry: (reach) => ({ type: "http", url: reach.url, ...headers(reach) }),
    line: ({ name, url, token }) =>
      `claude mcp add --transport http ${name} ${url}${token === undefined ? "" : ` --header "Authorization: ${bearer(token)}"`}`,
    next: "Then /mcp in Claude Code, and Authenticate.",
  },
  {
    id: "claude-desktop",
    title: "Claude Desktop",
    file: (place) => join(applicationData(place), "Claude", "claude_desktop_config.json"),
    key: "mcpServers",
    entry: bridgeEntry,
    isStdioOnly: true,
    next: "Then quit Claude Desktop and start it again. Or paste the URL under Settings, Connectors.",
  },
  {
    id: "cursor",
    title: "Cursor",
    file: ({ cwd, isProject }) => join(isProject ? cwd : homedir(), ".cursor", "mcp.json"),
    key: "mcpServers",
    entry: (reach) => ({ url: reach.url, ...headers(reach) }),
  },
  {
    id: "vscode",
    title: "VS Code",
    file: (place) =>
      place.isProject
        ? join(place.cwd, ".vscode", "mcp.json")
        : join(applicationData(place), "Code", "User", "mcp.json"),
    key: "servers",
    entry: (reach) => ({ type: "http", url: reach.url, ...headers(reach) }),
  },
  {
    id: "windsurf",
    title: "Windsurf",
    file: () => join(homedir(), ".codeium", "windsurf", "mcp_config.json"),
    key: "mcpServers",
    entry: (reach) => ({ serverUrl: reach.url, ...headers(reach) }),
  },
  {
    id: "gemini-cli",
    title: "Gemini CLI",
    file: ({ cwd, isProject }) => join(isProject ? cwd : homedir(), ".gemini", "settings.json"),
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
        ...(token === undefined ? [] : ['bearer_token_env_var = "SUPER_DATA_TOKEN"']),
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
      `npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list${token === undefined ? "" : ` --header "Authorization: ${bearer(token)}"`}`,
  },
];
