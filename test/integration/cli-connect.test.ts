// The command line and MCP clients: the stdio bridge with real clients of both eras, clients' files, and the doctor.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Cli, errorOf, openCli, script } from "../helpers/cli.ts";
import { call, callError, connectV2, createTeam, createToken, until } from "../helpers/clients.ts";

const server = inject("server");
let cli: Cli;
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "bridged");
  cli = await openCli();
  await cli.json(["login", team.url, "--token", "-"], { input: team.token });
  await cli.json(["datasets", "push", "-", "--name", "few", "--format", "json"], { input: "[1,2,3]" });
});
afterAll(() => cli?.remove());

const sums = { dataset: "few", query: "add" };
const started = (...args: string[]) => ({
  command: process.execPath,
  args: [script, "stdio", ...args],
  env: cli.env,
  stderr: "pipe" as const,
});

const eras = [
  [
    "2025",
    async (...args: string[]) => {
      const client = new ClientV1({ name: "old-host", version: "1" });
      const transport = new StdioV1(started(...args));
      return { client, transport, connect: () => client.connect(transport) };
    },
  ],
  [
    "2026",
    async (...args: string[]) => {
      const client = new ClientV2({ name: "new-host", version: "1" }, { versionNegotiation: { mode: "auto" } });
      const transport = new StdioV2(started(...args));
      return { client, transport, connect: () => client.connect(transport) };
    },
  ],
] as const;

describe.each(eras)("stdio, for a client of %s", (era, open) => {
  it("lists, calls, answers side by side and says errors as the server does", async () => {
    const { client, connect } = await open();
    await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["find_tools", "run_tool", "query_dataset"]));
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(client, "query_dataset", sums)));
    expect(answers.map(({ data }) => data.rows)).toEqual(Array.from({ length: 8 }, () => [6]));
    expect(await callError(client, "query_dataset", { dataset: "none", query: "." })).toMatchObject({
      code: "not_found",
    });
    await client.close();
  });

  it("lists the toolsets that it is started with", async () => {
    const { client, connect } = await open("--toolsets", "jq");
    await connect();
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("save_tool");
    await client.close();
  });

  it("gives up what the host cancels, and goes on", async () => {
    const { client, connect } = await open();
    await connect();
    const abort = new AbortController();
    const params = {
      name: "query_dataset",
      arguments: { dataset: "few", query: "reduce range(30000000) as $n (0; . + $n)" },
    };
    const options = { signal: abort.signal };
    const asked =
      client instanceof ClientV2 ? client.callTool(params, options) : client.callTool(params, undefined, options);
    const outcome = asked.then(
      () => "answered",
      () => "cancelled",
    );
    setTimeout(() => abort.abort(), 50);
    expect(await outcome).toBe("cancelled");
    expect((await call(client, "query_dataset", sums)).data.rows).toEqual([6]);
    await client.close();
  });

  it("passes on what changes", async () => {
    const { client, connect } = await open();
    let changes = 0;
    const told = (): void => {
      changes++;
    };
    if (client instanceof ClientV2) client.setNotificationHandler("notifications/tools/list_changed", told);
    else {
      const { ToolListChangedNotificationSchema } = await import("@modelcontextprotocol/sdk/types.js");
      client.setNotificationHandler(ToolListChangedNotificationSchema, told);
    }
    await connect();
    if (client instanceof ClientV2) await client.listen({ toolsListChanged: true });
    // The stream of a client of 2025 opens by itself; its first word says so.
    else await until(() => changes > 0, "the stream was open");
    const before = changes;
    const author = await connectV2(team);
    await call(author, "save_tool", { name: `fresh_${era}`, description: "One.", query: "1" });
    await until(() => changes > before, "the host was told");
    await Promise.all([client.close(), author.close()]);
  });
});

describe("stdio", () => {
  it("writes nothing but the protocol, answers what was asked before the input ended, and ends", async () => {
    const initialize = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "script", version: "1" } },
    };
    const ask = { jsonrpc: "2.0", id: "two", method: "tools/call", params: { name: "query_dataset", arguments: sums } };
    const { code, out } = await cli.run(["stdio"], {
      input: `${JSON.stringify(initialize)}\n${JSON.stringify(ask)}\n`,
    });
    const messages = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: unknown; result?: unknown });
    expect([code, messages.map(({ id, result }) => [id, result !== undefined])]).toEqual([
      0,
      expect.arrayContaining([
        [1, true],
        ["two", true],
      ]),
    ]);
  });

  it("answers with an error when the server cannot be reached, and goes on", async () => {
    const list = (id: number) => JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list" });
    const env = { SUPER_DATA_URL: "http://127.0.0.1:1/t/bridged", SUPER_DATA_TOKEN: "sdp_x" };
    const { code, out, err } = await cli.run(["stdio"], { env, input: `${list(1)}\n${list(2)}\n` });
    const answers = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: number; error: { data: { code: string } } });
    expect([code, answers.map(({ id, error }) => [id, error.data.code]).sort()]).toEqual([
      0,
      [
        [1, "unreachable"],
        [2, "unreachable"],
      ],
    ]);
    expect(err).toContain("cannot be reached");
  });

  it("says at once that nobody is signed in", async () => {
    const { code, out, err } = await cli.run(["stdio", "--profile", "none"]);
    expect([code, out, err]).toEqual([3, "", expect.stringContaining('There is no profile "none".')]);
  });
});

describe("connect", () => {
  it("shows every client's lines, without a token", async () => {
    const { url, clients } = await cli.json<{ url: string; clients: { id: string; text: string }[] }>(["connect"]);
    expect(url).toBe(team.url);
    expect(clients.map(({ id }) => id)).toEqual([
      "claude-code",
      "claude-desktop",
      "cursor",
      "vscode",
      "windsurf",
      "gemini-cli",
      "zed",
      "codex",
      "stdio",
      "inspector",
    ]);
    expect(JSON.stringify(clients)).not.toContain(team.token);
    const text = (await cli.run(["connect", "claude-code"])).out;
    expect(text).toContain(`claude mcp add --transport http super-data ${team.url}\n`);
  });

  it("writes a client's file beside what is there, keeps a copy, and changes nothing the second time", async () => {
    const path = join(cli.folder, ".cursor", "mcp.json");
    expect(await cli.json(["connect", "cursor", "--write"])).toEqual({
      client: "cursor",
      path,
      outcome: "created",
      backup: null,
    });
    const before = `{\n    "theme": "dark",\n    "mcpServers": {\n        "other": {"command": "x"}\n    }\n}\n`;
    writeFileSync(path, before);
    const { backup } = await cli.json<{ backup: string }>(["connect", "cursor", "--write"]);
    expect(readFileSync(backup, "utf8")).toBe(before);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      theme: "dark",
      mcpServers: { other: { command: "x" }, "super-data": { url: team.url } },
    });
    expect(readFileSync(path, "utf8")).toMatch(/^\{\n {4}"theme"/);
    expect(await cli.json(["connect", "cursor", "--write"])).toMatchObject({ outcome: "unchanged", backup: null });
  });

  it("leaves a file alone that it cannot read", async () => {
    const path = join(cli.folder, ".vscode", "mcp.json");
    await cli.json(["connect", "vscode", "--write", "--project"]);
    const commented = '{\n  // mine\n  "servers": {}\n}\n';
    writeFileSync(path, commented);
    const { code, err } = await cli.run(["connect", "vscode", "--write", "--project", "--json"]);
    expect([code, errorOf({ code, out: "", err }).code, readFileSync(path, "utf8")]).toEqual([
      1,
      "client_file",
      commented,
    ]);
    expect(existsSync(`${path}.backup-1`)).toBe(false);
  });

  it("writes a token only when asked, into a file of its owner's", async () => {
    const path = join(cli.folder, ".mcp.json");
    const { code, err } = await cli.run(["connect", "claude-code", "--write", "--with-token"]);
    expect([code, err]).toEqual([0, `warning: ${path} now holds a token: keep it out of git.\n`]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      mcpServers: { "super-data": { type: "http", url: team.url, headers: { Authorization: `Bearer ${team.token}` } } },
    });
  });

  it("starts the bridge as it writes it", async () => {
    const { clients } = await cli.json<{
      clients: {
        config: { mcpServers: Record<string, { command: string; args: string[]; env?: Record<string, string> }> };
      }[];
    }>(["connect", "claude-desktop"]);
    const entry = clients[0]?.config.mcpServers["super-data"];
    if (entry === undefined) throw new Error("no entry");
    const client = new ClientV1({ name: "desktop", version: "1" });
    await client.connect(new StdioV1({ ...entry, env: { HOME: cli.folder, ...entry.env } }));
    expect((await call(client, "query_dataset", sums)).data.rows).toEqual([6]);
    await client.close();
  });

  it("refuses what it does not know", async () => {
    expect((await cli.run(["connect", "emacs"])).err).toContain('There is no client "emacs" here.');
    expect((await cli.run(["connect", "--write"])).code).toBe(2);
    expect((await cli.run(["connect", "codex", "--write"])).err).toContain("The file of Codex cannot be written here.");
  });
});

interface Report {
  ok: boolean;
  findings: { id: string; state: string; message: string; fix?: string }[];
}

describe("doctor", () => {
  const report = async (env: Record<string, string> = {}): Promise<Report & { code: number | null }> => {
    const { code, out } = await cli.run(["doctor", "--json"], { env });
    return { code, ...(JSON.parse(out) as Report) };
  };
  const stateOf = ({ findings }: Report, id: string) => findings.find((one) => one.id === id);

  it("finds nothing where nothing is wrong, and says what it checked", async () => {
    const healthy = await report();
    expect([healthy.code, healthy.ok]).toEqual([0, true]);
    expect(healthy.findings.map(({ id, state }) => `${id} ${state}`)).toEqual(
      [
        "node",
        "config",
        "team",
        "proxy",
        "reach",
        "tls",
        "ready",
        "clock",
        "oauth",
        "token",
        "initialize",
        "mcp",
        "stream",
      ].map((id) => `${id} ok`),
    );
    const { code, err, out } = await cli.run(["doctor"]);
    expect([code, out]).toEqual([0, "Nothing is broken.\n"]);
    expect(err).toContain(`ok    Sign-in: bridged-owner, owner of bridged`);
  });

  it("says what is wrong and the fix, and skips what cannot work without it", async () => {
    const away = await report({ SUPER_DATA_URL: "http://127.0.0.1:1/t/bridged", SUPER_DATA_TOKEN: "x" });
    expect([away.code, stateOf(away, "reach")?.state, stateOf(away, "mcp")?.state]).toEqual([1, "fail", "skip"]);
    const nobody = await report({ XDG_CONFIG_HOME: join(cli.folder, "nobody") });
    expect([nobody.code, stateOf(nobody, "team")]).toEqual([
      1,
      expect.objectContaining({ state: "fail", fix: expect.stringContaining("super-data login") }),
    ]);
    const wrong = await report({ SUPER_DATA_URL: team.url, SUPER_DATA_TOKEN: "sdp_wrong" });
    expect([wrong.code, stateOf(wrong, "token")?.state, stateOf(wrong, "reach")?.state]).toEqual([1, "fail", "ok"]);
    const { token } = await createToken(server, "bridged", { username: "temp", role: "member", expires_in_days: 2 });
    const ending = await report({ SUPER_DATA_URL: team.url, SUPER_DATA_TOKEN: token });
    expect([ending.code, stateOf(ending, "token")]).toEqual([
      0,
      expect.objectContaining({ state: "warn", fix: expect.stringContaining("token create") }),
    ]);
  });

  it("finds a file of secrets that others may read", async () => {
    const path = join(cli.folder, "config", "super-data", "config.json");
    chmodSync(path, 0o644);
    const open = await report();
    chmodSync(path, 0o600);
    expect([open.code, stateOf(open, "config")]).toEqual([
      1,
      expect.objectContaining({ state: "fail", fix: `chmod 600 ${path}` }),
    ]);
  });

  it("finds a page of something else, a clock that is wrong, and a proxy that holds streams back", {
    timeout: 60_000,
  }, async () => {
    const page = createServer((_request, response) =>
      response.writeHead(200, { date: "Thu, 01 Jan 2026 00:00:00 GMT" }).end("<h1>Sign in</h1>"),
    );
    page.listen(0, "127.0.0.1");
    await new Promise((resolve) => page.once("listening", resolve));
    const other = await report({
      SUPER_DATA_URL: `http://127.0.0.1:${(page.address() as AddressInfo).port}/t/x`,
      SUPER_DATA_TOKEN: "x",
    });
    page.close();
    expect(stateOf(other, "reach")).toMatchObject({
      state: "fail",
      message: expect.stringContaining("not as Super Data does"),
    });

    // Gathers each answer until it is whole before it passes it on, and names another time.
    const gathering = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const abort = new AbortController();
      response.once("close", () => abort.abort());
      const {
        host: _host,
        connection: _connection,
        "transfer-encoding": _coding,
        "content-length": _length,
        ...headers
      } = request.headers;
      const body = Buffer.concat(chunks);
      try {
        const answer = await fetch(server.origin + request.url, {
          method: request.method ?? "GET",
          headers: headers as Record<string, string>,
          signal: abort.signal,
          ...(body.length === 0 ? {} : { body }),
        });
        const content = Buffer.from(await answer.arrayBuffer());
        const kept = ["content-type", "www-authenticate"].flatMap((name) =>
          answer.headers.has(name) ? [[name, answer.headers.get(name) ?? ""]] : [],
        );
        response
          .writeHead(answer.status, { ...Object.fromEntries(kept), date: "Thu, 01 Jan 2026 00:00:00 GMT" })
          .end(content);
      } catch {
        response.destroy();
      }
    });
    gathering.listen(0, "127.0.0.1");
    await new Promise((resolve) => gathering.once("listening", resolve));
    const { port } = gathering.address() as AddressInfo;
    const held = await report({ SUPER_DATA_URL: `http://127.0.0.1:${port}/t/bridged`, SUPER_DATA_TOKEN: team.token });
    gathering.closeAllConnections();
    gathering.close();
    expect(stateOf(held, "clock")).toMatchObject({ state: "fail", fix: expect.stringContaining("NTP") });
    expect(stateOf(held, "mcp")?.state).toBe("ok");
    expect(stateOf(held, "stream")).toMatchObject({
      state: "fail",
      fix: expect.stringContaining("proxy_buffering off"),
    });
  });
});
