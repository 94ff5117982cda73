// OAuth with real clients against the real server: both SDKs with their own helpers, registered and described clients, mcp-remote.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../helpers/browser.ts";
import { call, callError, connectV2 as connectWithToken, createTeam, rest, until } from "../helpers/clients.ts";
import { allow, connectV1, connectV2, type MetadataSite, publishClient, TestAuth } from "../helpers/oauth.ts";
import { type RunningServer, startServer } from "../helpers/server.ts";
import { joinTeam } from "../helpers/sign-in.ts";

const scratch = mkdtempSync(join(tmpdir(), "super-data-oauth-"));
let site: MetadataSite;
let server: RunningServer;
/** Ada: member of the demo team and of a second one. */
let ada: Browser;
let second: { url: string; team: string; token: string };

beforeAll(async () => {
  site = await publishClient(scratch);
  server = await startServer({ env: { NODE_EXTRA_CA_CERTS: site.caPath } });
  second = await createTeam(server, "second");
  ada = aBrowser();
  const body = JSON.stringify({ settings: { members_save_directly: true } });
  const set = await rest(server, "/team", { method: "PATCH", body, headers: { "content-type": "application/json" } });
  expect(set.status).toBe(200);
  await joinTeam(ada, server, server.team, "member");
  await joinTeam(ada, server, second.team, "member");
});

afterAll(async () => {
  await server?.stop();
  site?.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** A browser of someone on this machine, where servers are visited by name. */
const aBrowser = (): Browser => new Browser([server.origin.replace("127.0.0.1", "localhost")]);

const question = { dataset: "sales", query: ".revenue > .cost" };
const aTool = (name: string) => ({
  name,
  description: "Doubles a number.",
  query: "${n} * 2",
  parameters: [{ name: "n", type: "number" }],
});

const clients = [
  ["SDK v1, registered", "v1", connectV1, false],
  ["SDK v2, registered", "v2", connectV2, false],
  ["SDK v2, by its metadata document", "cimd", connectV2, true],
] as const;

describe.each(clients)("%s", (_what, id, connect, isDescribed) => {
  it("signs in, steps up when a call needs it, refreshes, and is asked again once revoked", async () => {
    const auth = new TestAuth(ada, isDescribed ? site.clientId : undefined);
    let client = await connect(server.url, auth);
    expect(auth.asked).toEqual(["data:read"]);
    expect(auth.known?.client_id === site.clientId).toBe(isDescribed);
    expect((await call(client, "query_dataset", question)).data.rows).toEqual([true]);

    // Step-up: the tool is there, the scope is not.
    if (id === "v1") {
      // SDK v1 answers the challenge with a refresh, which adds no scope, and gives up; its person ticks the scope and signs in again.
      await expect(call(client, "save_tool", aTool("doubles_v1"))).rejects.toThrow("403 after trying upscoping");
      auth.invalidateCredentials("tokens");
      auth.filling = { tick: ["library:write", "admin"] };
      client = await connect(server.url, auth);
      expect((await call(client, "save_tool", aTool("doubles_v1"))).isError).toBe(false);
      expect(auth.asked).toEqual(["data:read", "data:read"]);
    } else {
      expect((await call(client, "save_tool", aTool(`doubles_${id}`))).isError).toBe(false);
      expect(auth.asked).toEqual(["data:read", "data:read library:write"]);
    }
    expect((await call(client, "run_tool", { name: `doubles_${id}`, arguments: { n: 4 } })).data.rows).toEqual([8]);

    // An access token that is no longer good is replaced without the person.
    const before = auth.saved?.refresh_token;
    auth.saved = { ...auth.saved, access_token: "expired" };
    expect((await call(client, "query_dataset", question)).data.rows).toEqual([true]);
    expect(auth.saved?.refresh_token).not.toBe(before);
    expect(auth.asked).toHaveLength(2);

    // Role and scope still bind: a member is no admin.
    expect(await callError(client, "list_connections", { everyone: true })).toMatchObject({ code: "forbidden" });
    const consents = auth.asked.length;

    // Revoked by an admin: out at once, and only the person can let the client in again.
    const { connections } = (await (await rest(server, "/connections?everyone=true")).json()) as {
      connections: { id: string; client: string; client_id: string }[];
    };
    const own = connections.filter((connection) => connection.client_id === auth.known?.client_id);
    expect(own).toHaveLength(1);
    expect((await rest(server, `/connections/${own[0]?.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await rest({ ...server, token: auth.accessToken }, "/datasets")).status).toBe(401);
    expect((await call(client, "query_dataset", question)).data.rows).toEqual([true]);
    expect(auth.asked.slice(consents)).toEqual(["data:read"]);
    await client.close();
  });
});

describe("one client in two teams", () => {
  it("has a grant in each; neither opens the other, and signing in to one leaves the other alone", async () => {
    const [here, there] = [new TestAuth(ada, site.clientId), new TestAuth(ada, site.clientId)];
    const first = await connectV2(server.url, here);
    const other = await connectV2(second.url, there);
    const reach = async (team: string, token: string) => (await rest({ ...server, team, token }, "/datasets")).status;
    expect(await reach(server.team, here.accessToken)).toBe(200);
    expect(await reach(second.team, there.accessToken)).toBe(200);
    expect(await reach(second.team, here.accessToken)).toBe(401);
    expect(await reach(server.team, there.accessToken)).toBe(401);
    const crossed = await fetch(`${server.origin}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: String(here.saved?.refresh_token),
        client_id: site.clientId,
        resource: second.url,
      }),
    });
    expect([crossed.status, ((await crossed.json()) as { error: string }).error]).toEqual([400, "invalid_grant"]);
    expect((await call(first, "query_dataset", question)).data.rows).toEqual([true]);
    await Promise.all([first.close(), other.close()]);
  });

  it("is stopped by a person who is not in the team", async () => {
    const stranger = aBrowser();
    await joinTeam(stranger, server, second.team, "member");
    await expect(connectV2(server.url, new TestAuth(stranger))).rejects.toThrow("You are not in a team “demo”");
  });
});

it("what the person unticks the client does not get", async () => {
  const auth = new TestAuth(ada);
  auth.filling = { untick: ["library:write"], tick: ["data:write"] };
  const client = await connectV2(server.url, auth);
  expect(auth.saved?.scope).toBe("data:read data:write");
  const write = await rest({ ...server, token: auth.accessToken }, "/library/functions/none", { method: "DELETE" });
  expect([write.status, write.headers.get("www-authenticate")]).toEqual([
    403,
    expect.stringContaining('scope="data:read data:write library:write"'),
  ]);
  await client.close();
});

it("removing the person ends the client's streams and tokens", async () => {
  const bob = aBrowser();
  await joinTeam(bob, server, second.team, "member", "bob");
  const auth = new TestAuth(bob);
  const client = await connectV2(second.url, auth);
  const headers = { authorization: `Bearer ${auth.accessToken}`, accept: "text/event-stream" };
  const stream = await fetch(second.url, { headers });
  expect(stream.status).toBe(200);
  const admin = await connectWithToken(second);
  await call(admin, "remove_member", { username: "bob" });
  expect((await rest({ ...server, team: second.team, token: auth.accessToken }, "/datasets")).status).toBe(401);
  // Reading comes to an end, as it does not while the stream is open.
  expect(await stream.text()).toContain("tools/list_changed");
  await expect(call(client, "list_datasets")).rejects.toThrow("You are not in a team “second”");
  await Promise.all([client.close(), admin.close()]);
});

it("mcp-remote signs a stdio host in", async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ["node_modules/.bin/mcp-remote", server.url],
    env: { ...(process.env as Record<string, string>), MCP_REMOTE_CONFIG_DIR: scratch, BROWSER: "true" },
    stderr: "pipe",
  });
  let said = "";
  transport.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  // Negotiating the revision would start a second mcp-remote, whose standard error nobody hears.
  const client = new ClientV2({ name: "stdio-host", version: "1" });
  const connected = client.connect(transport);
  const address = () => /https?:\/\/\S+\/authorize\?\S+/.exec(said)?.[0];
  await until(() => address() !== undefined, "mcp-remote named the address to sign in at");
  await (await fetch(await allow(ada, new URL(address() ?? "")))).text();
  await connected;
  expect((await call(client, "query_dataset", question)).data.rows).toEqual([true]);
  await client.close();
});
