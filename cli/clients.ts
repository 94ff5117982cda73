// MCP clients: where each keeps its servers on this machine. What stands there is core's. Runs under Node.
import { homedir } from "node:os";
import { join } from "node:path";
import { type McpClient, mcpClients } from "../src/core/mcp-clients.ts";

export type { Reach } from "../src/core/mcp-clients.ts";

export interface ClientKind extends McpClient {
  /** Its file for this project or for this person; undefined: it has none that could be written. */
  file?: (place: Place) => string | undefined;
}

export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Of this project and not of the person. */
  isProject: boolean;
}

/** The person's own configuration directory of a desktop application. */
function applicationData({ env }: Place): string {
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  if (process.platform === "win32") return env.APPDATA ?? join(homedir(), "AppData", "Roaming");
  return env.XDG_CONFIG_HOME ?? join(homedir(), ".config");
}

/** By the client's id. */
const files: Readonly<Record<string, (place: Place) => string>> = {
  "claude-code": ({ cwd }) => join(cwd, ".mcp.json"),
  "claude-desktop": (place) => join(applicationData(place), "Claude", "claude_desktop_config.json"),
  cursor: ({ cwd, isProject }) => join(isProject ? cwd : homedir(), ".cursor", "mcp.json"),
  vscode: (place) =>
    place.isProject ? join(place.cwd, ".vscode", "mcp.json") : join(applicationData(place), "Code", "User", "mcp.json"),
  windsurf: () => join(homedir(), ".codeium", "windsurf", "mcp_config.json"),
  "gemini-cli": ({ cwd, isProject }) => join(isProject ? cwd : homedir(), ".gemini", "settings.json"),
};

export const clientKinds: readonly ClientKind[] = mcpClients.map((client) => {
  const file = files[client.id];
  return file === undefined ? client : { ...client, file };
});
