// How to connect a client: lines to copy, with this team's own address. The same source as `super-data connect`. Runs at the edge.
import type { Child } from "hono/jsx";
import {
  configOf,
  type McpClient,
  mcpClients,
  pythonProgram,
  type Reach,
  tokenVariable,
  typescriptProgram,
} from "../../../core/mcp-clients.ts";
import { may } from "../../../features/access/access.ts";
import { publicOrigin, resourceOf } from "../../oauth/addresses.ts";
import { pathOf } from "../actions.ts";
import { Copy, Tabs, urlOf, withQuery } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

interface Way {
  id: string;
  label: string;
  body: (place: ConnectPlace) => Child;
}

interface ConnectPlace {
  c: PageContext;
  reach: Reach;
  /** The team's address, which is what the MCP URL and the API begin with. */
  teamUrl: string;
}

const ownTab = ["claude-code", "claude-desktop", "cursor", "vscode"];

const ways: readonly Way[] = [
  ...mcpClients
    .filter(({ id }) => ownTab.includes(id))
    .map((client) => ({ id: client.id, label: client.title, body: (place: ConnectPlace) => ofClient(client, place) })),
  { id: "chatgpt", label: "ChatGPT and others", body: ChatGpt },
  { id: "more", label: "More clients", body: MoreClients },
  { id: "python", label: "Python", body: Python },
  { id: "typescript", label: "TypeScript", body: TypeScript },
  { id: "curl", label: "curl", body: Curl },
  { id: "command-line", label: "Command line", body: CommandLine },
];

/** Tabs are links: each client's lines have an address. */
export function Connect({ c }: { c: PageContext }) {
  const call = c.get("call");
  const url = urlOf(c);
  const asked = url.searchParams.get("client");
  const way = ways.find(({ id }) => id === asked) ?? ways[0];
  const mcpUrl = resourceOf(publicOrigin(c.req.raw, c.env), call.team);
  const reach: Reach = {
    name: "super-data",
    url: mcpUrl,
    token: undefined,
    bridge: { command: "npx", args: ["-y", "mcp-remote", mcpUrl] },
  };
  const place = { c, reach, teamUrl: mcpUrl.replace(/\/mcp$/, "") };
  return (
    <section class="card" id="connect" aria-labelledby="connect-title">
      <h2 id="connect-title">Connect a client</h2>
      <div
        hx-target:inherited="#connect"
        hx-select:inherited="#connect"
        hx-swap:inherited="outerMorph"
        hx-push-url:inherited="true"
      >
        <Tabs
          label="Client"
          tabs={ways.map(({ id, label }) => ({
            label,
            href: `${withQuery(url, { client: id })}#connect`,
            here: id === way?.id,
          }))}
        />
      </div>
      {way?.body(place)}
    </section>
  );
}

const signsIn = "The client opens your browser once and asks what it may do. No token is needed.";

function ofClient(client: McpClient, { reach }: ConnectPlace): Child {
  const config = configOf(client, reach);
  const line = client.line?.(reach);
  return (
    <>
      {client.isStdioOnly === true ? (
        <>
          <p>Under Settings, Connectors, add a custom connector with this URL. {signsIn}</p>
          <Copy id={`lines-${client.id}-url`} text={reach.url} label={`MCP URL for ${client.title}`} />
        </>
      ) : (
        <p>{signsIn}</p>
      )}
      {line === undefined ? null : (
        <>
          <Copy id={`lines-${client.id}`} text={line} label={`Line for ${client.title}`} />
          {client.next === undefined ? null : <p>{client.next}</p>}
        </>
      )}
      {config === undefined ? null : (
        <>
          <p>
            {line === undefined && client.isStdioOnly !== true ? "In" : "Or in"} {client.where}:
          </p>
          <Copy id={`config-${client.id}`} text={config} label={`Configuration of ${client.title}`} />
        </>
      )}
      {client.isStdioOnly === true ? <p>Then quit {client.title} and start it again.</p> : null}
    </>
  );
}

function ChatGpt({ reach }: ConnectPlace): Child {
  return (
    <>
      <p>
        Add a connector or app in the assistant's settings, paste this URL and choose OAuth. {signsIn} Any client that
        speaks MCP over streamable HTTP takes the same URL.
      </p>
      <Copy id="lines-chatgpt" text={reach.url} label="MCP URL" />
    </>
  );
}

function MoreClients({ reach }: ConnectPlace): Child {
  const rest = mcpClients.filter(({ id }) => !ownTab.includes(id));
  return (
    <>
      {rest.map((client) => {
        const text = client.line?.(reach) ?? configOf(client, reach) ?? reach.url;
        return (
          <>
            <h3>{client.title}</h3>
            {client.where === undefined ? null : <p class="hint">{client.where}</p>}
            <Copy id={`lines-${client.id}`} text={text} label={`Lines for ${client.title}`} />
            {client.next === undefined ? null : <p>{client.next.replace("NAME", reach.name)}</p>}
          </>
        );
      })}
    </>
  );
}

/** Where a program gets its token, with the way to make one. */
function TokenFirst({ c }: { c: PageContext }) {
  const makes = may(c.get("call").actor, "tokens:own");
  return (
    <>
      <p>
        Programs without a browser send a token.{" "}
        {makes ? <a href={pathOf(c, "/people/tokens")}>Make one</a> : "Ask an admin of the team for one"} and put it
        into the environment:
      </p>
      <Copy id="lines-token" text={`export ${tokenVariable}=sdp_…`} label="Line that sets the token" />
    </>
  );
}

function Python({ c, reach }: ConnectPlace): Child {
  return (
    <>
      <TokenFirst c={c} />
      <Copy id="lines-python" text={pythonProgram(reach.url)} label="Python program" />
    </>
  );
}

function TypeScript({ c, reach }: ConnectPlace): Child {
  return (
    <>
      <TokenFirst c={c} />
      <Copy id="lines-typescript" text={typescriptProgram(reach.url)} label="TypeScript program" />
    </>
  );
}

function Curl({ c, teamUrl }: ConnectPlace): Child {
  const header = `-H "Authorization: Bearer $${tokenVariable}"`;
  return (
    <>
      <TokenFirst c={c} />
      <p>What there is, and a file as a dataset:</p>
      <Copy id="lines-curl" text={`curl ${header} ${teamUrl}/api/v1/datasets`} label="Line that lists datasets" />
      <Copy
        id="lines-curl-upload"
        text={`curl ${header} -H "Content-Type: text/csv" -T orders.csv ${teamUrl}/api/v1/datasets/orders`}
        label="Line that uploads a file"
      />
      <p>
        Every call, with examples:{" "}
        <a href={pathOf(c, "/api")} hx-boost="false">
          the API's reference
        </a>
        .
      </p>
    </>
  );
}

function CommandLine({ c, teamUrl }: ConnectPlace): Child {
  const lines = [
    `npx super-data login ${teamUrl}`,
    "npx super-data connect",
    "npx super-data datasets push orders.csv",
    "npx super-data doctor",
  ];
  return (
    <>
      <p>
        Signs in by your browser, prints or writes the configuration of clients, brings files in and out, and says what
        is wrong with a setup. On a machine without a browser, <code>--token -</code> takes{" "}
        {may(c.get("call").actor, "tokens:own") ? <a href={pathOf(c, "/people/tokens")}>a token</a> : "a token"}. It is
        part of Super Data's source: run it there, after <code>npm ci</code> and <code>npm run build</code>.
      </p>
      <Copy id="lines-command-line" text={lines.join("\n")} label="Lines for the command line" />
    </>
  );
}
