// Metadata, challenges, preflights, and what the endpoints make of requests that cannot be meant. Driven as HTTP. Runs in workerd.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { get, origin, register, send, token } from "../../../test/helpers/oauth-worker.ts";
import { oauthLimits } from "../../limits.ts";
import { app } from "../app.ts";

describe("discovery", () => {
  it("says what a team's resource is, the same for teams that exist and others", async () => {
    const answer = await get("/.well-known/oauth-protected-resource/t/no-such-team/mcp");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await answer.json()).toEqual({
      resource: "https://data.test/t/no-such-team/mcp",
      authorization_servers: ["https://data.test"],
      scopes_supported: ["data:read"],
      bearer_methods_supported: ["header"],
    });
    for (const path of ["/t/UPPER/mcp", "/t/a", "", "/t/a/mcp/x"]) {
      expect((await get(`/.well-known/oauth-protected-resource${path}`)).status, path).toBe(404);
    }
  });

  it("says what the authorization server does and names no team", async () => {
    const answer = await get("/.well-known/oauth-authorization-server");
    expect(await answer.json()).toEqual({
      issuer: "https://data.test",
      authorization_endpoint: "https://data.test/authorize",
      token_endpoint: "https://data.test/token",
      registration_endpoint: "https://data.test/register",
      revocation_endpoint: "https://data.test/token",
      scopes_supported: ["data:read", "data:write", "library:write", "admin"],
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: ["RS256", "ES256"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
    expect((await get("/.well-known/openid-configuration")).status).toBe(404);
  });

  it("uses PUBLIC_ORIGIN where the operator has set it, and refuses plain http but on this machine", async () => {
    const ctx = createExecutionContext();
    const asked = new Request("http://inner:8080/.well-known/oauth-protected-resource/t/a/mcp");
    const told = await app.fetch(asked.clone(), { ...env, PUBLIC_ORIGIN: "https://data.example/" }, ctx);
    expect(await told.json()).toMatchObject({ resource: "https://data.example/t/a/mcp" });
    const server = await app.fetch(
      new Request("http://inner:8080/.well-known/oauth-authorization-server"),
      { ...env, PUBLIC_ORIGIN: "https://data.example/" },
      ctx,
    );
    expect(await server.json()).toMatchObject({ issuer: "https://data.example" });
    expect((await app.fetch(asked, env, ctx)).status).toBe(404);
  });
});

describe("on this machine", () => {
  it("teams are reached by number and by name, and people sign in by name, which passkeys need", async () => {
    const ask = async (url: string): Promise<unknown> => (await send(new Request(url))).json();
    const named = { authorization_servers: ["http://localhost:8787"] };
    expect(await ask("http://127.0.0.1:8787/.well-known/oauth-protected-resource/t/a/mcp")).toMatchObject({
      resource: "http://127.0.0.1:8787/t/a/mcp",
      ...named,
    });
    expect(await ask("http://localhost:8787/.well-known/oauth-protected-resource/t/a/mcp")).toMatchObject({
      resource: "http://localhost:8787/t/a/mcp",
      ...named,
    });
    expect(await ask("http://localhost:8787/.well-known/oauth-authorization-server")).toMatchObject({
      issuer: "http://localhost:8787",
      authorization_endpoint: "http://localhost:8787/authorize",
    });
    const asked = await send(new Request("http://127.0.0.1:8787/authorize?client_id=x"));
    expect([asked.status, asked.headers.get("location")]).toEqual([303, "http://localhost:8787/authorize?client_id=x"]);
    const challenged = await send(new Request("http://127.0.0.1:8787/t/a/mcp", { method: "POST" }));
    expect(challenged.headers.get("www-authenticate")).toContain(
      'resource_metadata="http://127.0.0.1:8787/.well-known/oauth-protected-resource/t/a/mcp"',
    );
  });
});

describe("the challenge", () => {
  it.each(["mcp", "api/v1/datasets"])("of /%s names the metadata and the first scope", async (path) => {
    const metadata = 'resource_metadata="https://data.test/.well-known/oauth-protected-resource/t/nobody/mcp"';
    const bare = await get(`/t/nobody/${path}`);
    expect(bare.status).toBe(401);
    expect(bare.headers.get("www-authenticate")).toBe(`Bearer realm="super-data", ${metadata}, scope="data:read"`);
    const wrong = await get(`/t/nobody/${path}`, { headers: { authorization: "Bearer x" } });
    expect(wrong.headers.get("www-authenticate")).toBe(
      `Bearer realm="super-data", error="invalid_token", ${metadata}, scope="data:read"`,
    );
  });

  it("can be read by pages that may call, after a preflight", async () => {
    const from = { origin: "http://localhost:6274" };
    const asked = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,mcp-name",
    };
    const allowed = await get("/t/nobody/mcp", { method: "OPTIONS", headers: { ...from, ...asked } });
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([204, from.origin]);
    expect(allowed.headers.get("access-control-allow-headers")).toBe("authorization,mcp-name");
    const answer = await get("/t/nobody/mcp", { method: "POST", headers: from });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([401, from.origin]);
    expect(answer.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
    const foreign = await get("/t/nobody/mcp", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", ...asked },
    });
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("what cannot be meant", () => {
  const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
    method: "POST",
    body: new URLSearchParams(fields),
    headers,
  });
  const long = "x".repeat(600);

  it.each<[string, string, RequestInit, number]>([
    ["a client id longer than any", `/authorize?client_id=${long}&resource=${origin}/t/a/mcp`, {}, 400],
    ["a form of the wrong kind", "/authorize", { method: "POST", body: "x" }, 403],
    ["a form without end", "/authorize", { method: "POST", body: "x".repeat(oauthLimits.requestBytes + 1) }, 400],
    ["a client at the token endpoint", "/token", form({ grant_type: "refresh_token", client_id: long }), 401],
    ["a client by Basic", "/token", form({ token: "a" }, { authorization: `Basic ${btoa(`${long}:x`)}` }), 401],
    ["bytes that are no text", "/token", { method: "POST", body: new Uint8Array([255, 254]) }, 400],
    ["a body without end", "/token", { method: "POST", body: "x".repeat(oauthLimits.requestBytes + 1) }, 413],
    ["a method that is none", "/token", { method: "PUT", body: "x" }, 405],
    ["a registration that is none", "/register", { method: "POST", body: "[]" }, 400],
    ["a registration without end", "/register", { method: "POST", body: "x".repeat(70_000) }, 413],
  ])("%s is refused: %s", async (_what, path, init, status) => {
    const answer = await get(path, init);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toMatch(/internal|stack/i);
  });

  it.each(["code", "refresh_token"])("a %s of another shape is an invalid grant", async (kind) => {
    const clientId = await register();
    const grantType = kind === "code" ? "authorization_code" : kind;
    for (const text of [`${long}:b:c`, "a:b:c", "a.b:c:d", "::", "x"]) {
      const { status, body } = await token({ grant_type: grantType, [kind]: text, client_id: clientId });
      expect([status, body.error]).toEqual([400, "invalid_grant"]);
    }
    expect((await token({ token: `${long}:b:c`, client_id: clientId })).status).toBe(200);
  });
});
