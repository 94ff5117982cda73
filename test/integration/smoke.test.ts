// `npm run smoke` against the shared server, and against servers that are not as they should be.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, inject, it } from "vitest";
import { createTeam, createToken, rest } from "../helpers/clients.ts";
import { runScript } from "../helpers/deploying.ts";
import { freePort } from "../helpers/server.ts";

const server = inject("server");
const operatorToken = readFileSync(join(server.persist, "operator-token"), "utf8").trim();
const asOperator = { OPERATOR_TOKEN: operatorToken };

interface Report {
  ok: boolean;
  checks: { name: string; ok: boolean; detail: string; next?: string }[];
}

async function smoke(args: string[], env: Record<string, string> = {}): Promise<Report & { status: number | null }> {
  const { status, out, err } = await runScript("smoke.mjs", [...args, "--json"], env);
  expect(out, err).toMatch(/^\{.*\}\n$/);
  return { status, ...JSON.parse(out) };
}

const failed = (report: Report) => report.checks.filter(({ ok }) => !ok);
const all = [
  "health",
  "ready",
  "oauth metadata",
  "team",
  "token",
  "dataset",
  "mcp initialize",
  "mcp tools",
  "dataset removed",
  "removed",
];

let stub: Server | undefined;
afterEach(() => {
  stub?.close();
  stub = undefined;
});

/** A server that answers paths by their beginning; everything else is 404. */
async function serving(answers: Record<string, [number, string]>): Promise<string> {
  stub = createServer((request, response) => {
    const [status, body] = Object.entries(answers).find(([path]) => request.url === path)?.[1] ?? [404, "<h1>no</h1>"];
    response.writeHead(status).end(body);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => stub?.once("listening", resolve));
  return `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
}

describe("a deployment that works", () => {
  it("passes every check, twice in a row, and keeps nothing of it", async () => {
    for (const _ of [1, 2]) {
      const { status, ok, checks } = await smoke(["--url", server.origin], asOperator);
      expect({ status, ok, failed: failed({ ok, checks }) }).toEqual({ status: 0, ok: true, failed: [] });
      expect(checks.map(({ name }) => name)).toEqual(all);
      expect(checks.find(({ name }) => name === "mcp tools")?.detail).toMatch(/^\d+ listed; query_dataset answers 42$/);
      expect(checks.at(-1)?.detail).toBe("token and team");
    }
    const after = await fetch(`${server.origin}/operator/teams/smoke-test/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${operatorToken}` },
      body: JSON.stringify({ username: "late", role: "owner", label: "late" }),
    });
    const { token } = (await after.json()) as { token: string };
    const asked = await fetch(`${server.origin}/t/smoke-test/api/v1/datasets`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([asked.status, ((await asked.json()) as { code: string }).code]).toEqual([410, "team_deleted"]);
  });

  it("works in a team of one's own, by its MCP URL, and removes its dataset", async () => {
    const team = await createTeam(server, "smoked");
    const before = await (await rest(team, "/datasets")).json();
    const { status, checks } = await smoke(["--url", team.url, "--token", team.token]);
    expect([status, checks.map(({ name }) => name)]).toEqual([
      0,
      ["health", "ready", "oauth metadata", "dataset", "mcp initialize", "mcp tools", "dataset removed"],
    ]);
    expect(await (await rest(team, "/datasets")).json()).toEqual(before);
  });

  it("tests what is open without a token, and prints a line for each check", async () => {
    const { status, out } = await runScript("smoke.mjs", ["--url", `${server.origin}/`, "--public"]);
    expect(status).toBe(0);
    expect(out.replace(/\d+ ms/g, "N ms").split("\n")).toEqual([
      "ok     health: the Worker answers",
      "ok     ready: object N ms, files N ms, grants N ms, queue N ms",
      `ok     oauth metadata: issuer http://localhost:${new URL(server.origin).port}`,
      `${server.origin} works.`,
      "",
    ]);
  });
});

describe("what is wrong is said with the next step", () => {
  it("nobody answers", async () => {
    const origin = `http://127.0.0.1:${await freePort()}`;
    const report = await smoke(["--url", origin, "--public"]);
    expect([report.status, report.checks]).toEqual([
      1,
      [
        {
          name: "health",
          ok: false,
          detail: `${origin} cannot be reached: ECONNREFUSED.`,
          next: "Check the address. A workers.dev name or a domain that is new takes some minutes to be known everywhere.",
        },
      ],
    ]);
  });

  it("another server answers", async () => {
    const origin = await serving({ "/health": [200, "<h1>Welcome</h1>"] });
    expect((await smoke(["--url", origin, "--public"])).checks).toEqual([
      {
        name: "health",
        ok: false,
        detail: "GET /health was answered with 200 and no JSON: this is not Super Data.",
        next: "Check the address: it is the deployment's origin, without a path.",
      },
    ]);
  });

  it("a part does not work", async () => {
    const checks = {
      object: { ok: true, ms: 1 },
      files: { ok: false, ms: 2 },
      grants: { ok: true, ms: 1 },
      queue: { ok: false, ms: 9 },
    };
    const origin = await serving({
      "/health": [200, '{"status":"ok"}'],
      "/health/ready": [503, JSON.stringify({ status: "failing", checks })],
    });
    expect(failed(await smoke(["--url", origin, "--public"]))).toEqual([
      {
        name: "ready",
        ok: false,
        detail: "Not ready: files, queue.",
        next: "`npx wrangler tail` shows why, as not_ready. The part's binding may name something that is not there: run `npm run deploy` again.",
      },
    ]);
  });

  it("it goes by another address", async () => {
    const origin = await serving({
      "/health": [200, '{"status":"ok"}'],
      "/health/ready": [200, '{"status":"ok","checks":{"object":{"ok":true,"ms":1}}}'],
      "/.well-known/oauth-protected-resource/t/smoke-test/mcp": [
        200,
        '{"resource":"https://other.example/t/smoke-test/mcp"}',
      ],
      "/.well-known/oauth-authorization-server": [200, '{"issuer":"https://other.example"}'],
    });
    expect(failed(await smoke(["--url", origin, "--public"]))).toEqual([
      {
        name: "oauth metadata",
        ok: false,
        detail: `It calls itself https://other.example (https://other.example/t/smoke-test/mcp), not ${origin}.`,
        next: "Set PUBLIC_ORIGIN to the address that people and clients use, or test that one.",
      },
    ]);
  });

  it("tokens are not good", async () => {
    expect(failed(await smoke(["--url", server.origin], { OPERATOR_TOKEN: "0".repeat(64) }))).toEqual([
      {
        name: "team",
        ok: false,
        detail: "The deployment refuses this OPERATOR_TOKEN.",
        next: "Give the one it was deployed with; `npx wrangler secret put OPERATOR_TOKEN` sets another.",
      },
    ]);
    const team = await createTeam(server, "watched");
    const slug = new URL(team.url).pathname.split("/")[2] ?? "";
    const { token } = await createToken(server, slug, { username: "looker", role: "viewer" });
    const report = await smoke(["--url", team.url, "--token", token]);
    expect(failed(report).map(({ name, detail }) => [name, detail.split(": ")[0]])).toEqual([
      [
        "dataset",
        expect.stringMatching(/^PUT \/t\/[^/]+\/api\/v1\/datasets\/smoke_[0-9a-f]{8} was answered with 403$/),
      ],
    ]);
  });

  it("arguments are missing", async () => {
    const said = async (...args: string[]) => (await runScript("smoke.mjs", args)).err.split("\n")[0];
    expect(await said()).toBe("--url takes the address of the deployment, https://…");
    expect(await said("--url", server.origin)).toBe(
      "OPERATOR_TOKEN is not set. Set it, give --team and --token, or test only what is open with --public.",
    );
    expect(await said("--url", server.origin, "--team", "demo")).toBe("--team and --token belong together.");
  });
});
