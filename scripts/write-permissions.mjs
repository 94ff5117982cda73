// Writes docs/permissions.md from the rules, the tools and the routes as they are; `--check` only compares (exit 1 on drift). Runs under Node.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const docPath = new URL("../docs/permissions.md", import.meta.url);

/** What the docs are made of, as the sources export it. */
const entry = `
  export { permissions, scopes } from "./src/core/define-tool.ts";
  export { permissionRules, hasRole, roles } from "./src/features/access/access.ts";
  export { builtInTools } from "./src/surfaces/catalogue.ts";
  export { app } from "./src/surfaces/app.ts";
  export { endpointsOf } from "./test/helpers/route-access.ts";
`;

/** The platform's modules, of which nothing runs here. */
const platform = {
  name: "platform",
  setup(bundler) {
    bundler.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "platform" }));
    bundler.onLoad({ filter: /.*/, namespace: "platform" }, () => ({
      contents:
        "export const env = {}; export class WorkerEntrypoint {} export class DurableObject {} export class RpcTarget {}",
    }));
  },
};

/** The edge half of the Worker, loaded under Node: its routes and tools are data until one is called. */
async function loadSources() {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    conditions: ["workerd", "browser", "import"],
    loader: { ".wasm": "empty", ".css": "text", ".svg": "text" },
    plugins: [platform],
    logLevel: "error",
  });
  const [bundle] = outputFiles;
  // What libraries say while they load belongs to no document.
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import(`data:text/javascript;base64,${Buffer.from(bundle.contents).toString("base64")}`);
  } finally {
    console.warn = warn;
  }
}

/** Markdown lines of a table, its columns padded. */
function table([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const code = (text) => `\`${text}\``;
const scopeCell = (scope) => (scope === null ? "any" : code(scope));

function permissionTable({ permissions, permissionRules, roles, hasRole }) {
  const rows = permissions.map((permission) => {
    const { role, scope, what } = permissionRules[permission];
    return [code(permission), ...roles.map((each) => (hasRole(each, role) ? "yes" : "no")), scopeCell(scope), what];
  });
  return table([["permission", ...roles, "scope", "allows to"], ...rows]);
}

function toolTable({ builtInTools, permissionRules }) {
  const rows = builtInTools.map(({ name, permission, hints }) => {
    const { role, scope } = permissionRules[permission];
    return [code(name), code(permission), role, scopeCell(scope), hints.readOnly ? "reads" : "writes"];
  });
  return table([["tool", "permission", "least role", "scope", ""], ...rows]);
}

function routeTables({ app, endpointsOf, permissionRules }) {
  const endpoints = endpointsOf(app);
  const guarded = endpoints.flatMap(({ method, path, access }) => {
    if (access.permission === undefined) return [];
    const { role, scope } = permissionRules[access.permission];
    return [[code(`${method} ${path}`), code(access.permission), role, scopeCell(scope)]];
  });
  const others = endpoints.flatMap(({ method, path, access }) =>
    access.door === undefined ? [] : [[code(`${method === "ALL" ? "" : `${method} `}${path}`), doors[access.door]]],
  );
  return [table([["route", "permission", "least role", "scope"], ...guarded]), table([["address", "for"], ...others])];
}

const doors = {
  anyone: "anyone: it says nothing of a team",
  operator: "whoever bears the operator token",
  team: "any good credential of the team; each tool asks for its own permission",
  session: "a person signed in with a browser",
  invitation: "whoever has the link",
};

const document = (sources, [routes, others]) => `# Permissions

Who may do what. One function decides, \`may\` in \`src/features/access/access.ts\`: the role must be high enough, the credential must carry
the scope, and the dataset or tool must be shown to whoever asks. Written by \`node scripts/write-permissions.mjs\` from the sources; change it
there.

## Roles

${permissionTable(sources)}

A person has one role in a team. A token may be weaker than its person, never stronger; X-User-Id acts with the weaker role of the two,
and never in what takes a credential of one's own: \`owners:manage\`, \`membership:own\` and \`tokens:own\`.
Without the role the answer is \`forbidden\` (HTTP 403) and names the least role.

## Scopes

${sources.scopes.map(code).join(", ")} narrow a credential, whatever the role. A session has all of them, a token those it was made with
(all when none were named), an OAuth connection those its person left ticked. Without the scope the answer is \`insufficient_scope\`
(HTTP 403, with the scope in \`WWW-Authenticate\`), so an OAuth client can ask for it.

## Tools

Over MCP. A team's own tools need \`data:read\`; resources and completions do too. \`find_tools\` shows, and \`run_tool\` runs, what the caller
may use.

${toolTable(sources)}

Some ask for more where it depends on what is asked for: \`set_visibility\` of what someone else created needs \`visibility:manage\`,
\`list_executions\` of others \`activity:read\`, tokens and connections of others and service tokens \`tokens:manage\`, anything about owners
\`owners:manage\`.

## Routes

Over REST. Without a good credential of the team the answer is \`unauthorized\` (HTTP 401), the same whether the team exists or not.

${routes}

### Other addresses

${others}

## Who sees a dataset or tool

\`set_visibility\` (or \`PUT /t/:team/api/v1/visibility/:kind/:name\`) shows a dataset or tool to everyone in the team, to a role and those above
it, or to the people named. Owners see everything. Admins may set it, and whoever created the item; nobody may hide an item from themselves, except
owners, from whom nothing is hidden. Service accounts can be named, too: \`service:<name>\`.

- To everyone else it does not exist: lists, search, near-name hints, calls, resources, completions, history, events, counts and cursors leave it out, and
  asking for it answers \`not_found\`, word for word as for a name that was never used.
- Its name stays taken: creating another of that name answers \`already_exists\`.
- A tool reads only datasets that its caller sees. The names of datasets in a tool's definition are its author's words; they say nothing of whether one exists.
- A change to a jq function that would break a tool is refused, whoever sees the tool; the refusal counts tools that are not shown and does not name them.
- People named must be members at that moment. A username is never given to another person, so someone who left and comes back sees what they saw.
- Deactivated tools and deleted datasets keep their visibility; it applies again when they come back.
- The execution log leaves out runs of tools and on datasets that the reader does not see, and arguments that name one. The audit log is whole for whoever
  may read it, so that its chain can be checked; it holds definitions before and after each change, never data.
- Naming people is no wall against admins: an admin can make a service token that acts for someone, or an invitation for a member without a login, and
  the audit log says so. To keep something from admins, show it to \`owner\`.
- Whoever loses sight of an item is told so on open streams (\`list_changed\`), and hears no more of it.

## Acting for others

\`X-User-Id: <username>\` is honoured from a service token that was made with \`may_act_for_others\`, and from nothing else: any other credential is
refused with \`forbidden\`, and so is a name that is no member's. The request then acts as that member, with the weaker of both roles and the token's
scopes; visibility is the member's. The audit log and the execution log name the member and, under \`through\`, the service account.
`;

async function write() {
  const sources = await loadSources();
  return document(sources, routeTables(sources));
}

const text = await write().catch((error) => {
  // The stack of a bundle in memory would be the bundle.
  console.error(`write-permissions: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
});
if (existsSync(docPath) && readFileSync(docPath, "utf8") === text)
  console.log("write-permissions: docs/permissions.md is current");
else if (process.argv.includes("--check")) {
  console.error("docs/permissions.md is not what the sources say; run `node scripts/write-permissions.mjs` and commit");
  process.exitCode = 1;
} else {
  writeFileSync(docPath, text);
  console.log("write-permissions: wrote docs/permissions.md");
}
