// All commands by name, in the order of the help. Each is loaded only when it is used. Runs under Node.
import type { Entry } from "./core/command.ts";

export const entries: readonly Entry[] = [
  { name: "login", summary: "Signs in to a team.", load: async () => (await import("./commands/login.ts")).login },
  { name: "logout", summary: "Signs out of a team.", load: async () => (await import("./commands/logout.ts")).logout },
  {
    name: "profiles",
    summary: "Lists the teams this machine is signed in to, and chooses the current one.",
    load: async () => (await import("./commands/profiles.ts")).profiles,
  },
  {
    name: "whoami",
    summary: "Who you are in the team, and what you may do.",
    load: async () => (await import("./commands/whoami.ts")).whoami,
  },
  {
    name: "doctor",
    summary: "Finds what is wrong with a setup and says the fix.",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "connect",
    summary: "Prints or writes the configuration of an MCP client.",
    load: async () => (await import("./commands/connect.ts")).connect,
  },
  {
    name: "stdio",
    summary: "A bridge for MCP clients that only speak stdio.",
    load: async () => (await import("./commands/stdio.ts")).stdio,
  },
  {
    name: "datasets list",
    summary: "Lists the team's datasets.",
    load: async () => (await import("./commands/datasets/list.ts")).listDatasets,
  },
  {
    name: "datasets push",
    summary: "Uploads a file as a dataset, or as its next version.",
    load: async () => (await import("./commands/datasets/push.ts")).pushDataset,
  },
  {
    name: "datasets pull",
    summary: "Downloads a dataset, to a file or to standard output.",
    load: async () => (await import("./commands/datasets/pull.ts")).pullDataset,
  },
  {
    name: "query",
    summary: "Asks a dataset with jq, or the team's tables with SQL.",
    load: async () => (await import("./commands/query.ts")).query,
  },
  {
    name: "tools list",
    summary: "Lists the team's tools and functions.",
    load: async () => (await import("./commands/tools/list.ts")).listTools,
  },
  {
    name: "tools run",
    summary: "Runs a tool: one of the team's, or one that is built in.",
    load: async () => (await import("./commands/tools/run.ts")).runTool,
  },
  {
    name: "tools test",
    summary: "Tries tools without saving anything: a saved one, or the files of a folder with their test cases.",
    load: async () => (await import("./commands/tools/test.ts")).testTools,
  },
  {
    name: "tools pull",
    summary: "Writes the team's functions and tools as YAML files.",
    load: async () => (await import("./commands/tools/pull.ts")).pullTools,
  },
  {
    name: "tools push",
    summary: "Brings the YAML files of a folder to the team: shows the plan, then applies it.",
    load: async () => (await import("./commands/tools/push.ts")).pushTools,
  },
  {
    name: "export",
    summary: "Writes the team's library as one file, signed if you like.",
    load: async () => (await import("./commands/export.ts")).exportLibrary,
  },
  {
    name: "import",
    summary: "Imports a library file of this or another team: shows the plan, then applies it.",
    load: async () => (await import("./commands/import.ts")).importLibrary,
  },
  {
    name: "backup list",
    summary: "Lists backups, and previews that are open.",
    load: async () => (await import("./commands/backup/list.ts")).listBackups,
  },
  {
    name: "backup create",
    summary: "Backs the team up.",
    load: async () => (await import("./commands/backup/create.ts")).createBackup,
  },
  {
    name: "backup download",
    summary: "Writes a backup to a file, to keep elsewhere.",
    load: async () => (await import("./commands/backup/download.ts")).downloadBackup,
  },
  {
    name: "backup preview",
    summary: "Opens a backup as a preview team and shows what restoring it would change.",
    load: async () => (await import("./commands/backup/preview.ts")).previewBackup,
  },
  {
    name: "backup restore",
    summary: "Restores a backup, after showing what that changes.",
    load: async () => (await import("./commands/backup/restore.ts")).restoreBackup,
  },
  {
    name: "backup delete",
    summary: "Deletes a backup.",
    load: async () => (await import("./commands/backup/delete.ts")).deleteBackup,
  },
  {
    name: "audit verify",
    summary: "Checks the audit log's chain of hashes from outside the server.",
    load: async () => (await import("./commands/audit/verify.ts")).verifyAudit,
  },
  {
    name: "token create",
    summary: "Creates a token: your own, or a service account's.",
    load: async () => (await import("./commands/token/create.ts")).createToken,
  },
  {
    name: "token list",
    summary: "Lists your tokens; as admin everyone's.",
    load: async () => (await import("./commands/token/list.ts")).listTokens,
  },
  {
    name: "token revoke",
    summary: "Ends a token at once.",
    load: async () => (await import("./commands/token/revoke.ts")).revokeToken,
  },
];
