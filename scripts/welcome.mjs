// What `npm start` prints for people: where the server is, how people and clients get in, and one tool's answer. Pure; runs under Node.

const indent = (text) =>
  text
    .trim()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");

/** The whole text; `proof` is `{ call, answer }` of one tool call made through MCP, `origin` and `team` say where. */
export function welcomeText({ origin, team, token, ownerLink, proof, persistDir }) {
  const url = `${origin}/t/${team}/mcp`;
  const mcpRemote = { command: "npx", args: ["mcp-remote", url, "--header", `Authorization:Bearer ${token}`] };
  const http = { url, headers: { Authorization: `Bearer ${token}` } };
  return `
Dashboard  ${new URL(`/t/${team}`, ownerLink)}
Sign in    ${ownerLink}
           signs in one browser as an owner, once and within a day; a new one each start. Add a passkey there to come back, then open the dashboard.
MCP URL    ${url}
Token      ${token}   (owner of team "${team}"; a new one each start, older ones stay valid)

Connect
  Claude Code          claude mcp add --transport http super-data ${url} --header "Authorization: Bearer ${token}"
  VS Code              .vscode/mcp.json
                       ${JSON.stringify({ servers: { "super-data": { type: "http", ...http } } })}
  Cursor               .cursor/mcp.json
                       ${JSON.stringify({ mcpServers: { "super-data": http } })}
  Claude Desktop and   claude_desktop_config.json, or the like
  other stdio clients  ${JSON.stringify({ mcpServers: { "super-data": mcpRemote } })}
  Inspector            npx mcp-inspector --cli ${url} --transport http --method tools/list --header "Authorization: Bearer ${token}"
  REST                 curl -H "Authorization: Bearer ${token}" ${origin}/t/${team}/api/v1/datasets

Proof: ${proof.call}
${indent(proof.answer)}

Ask your assistant "which datasets are there?" or "monthly revenue of the orders, as a table".
State is in ${persistDir}. Ctrl+C ends the server.
`;
}
