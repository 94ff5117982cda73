// `npm start` as a newcomer and a script meet it.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, inject, it } from "vitest";
import { call, connectV2, rest } from "../helpers/clients.ts";
import { freePort, startServer } from "../helpers/server.ts";

const shared = inject("server");

function start(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn("npm", ["start", "--", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.once("exit", (code) => resolve({ code, out, err }));
  });
}

it("prints one JSON line, keeps all data across restarts and ends cleanly on SIGTERM", async () => {
  const first = await startServer();
  expect(first.url).toBe(`${first.origin}/t/demo/mcp`);
  const put = await rest(first, "/datasets/mine", {
    method: "PUT",
    headers: { "content-type": "text/csv" },
    body: "a,b\n1,x\n",
  });
  expect(put.status).toBe(201);
  const changed = await rest(first, "/datasets/sales", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: '{"revenue": 3, "cost": 1}',
  });
  expect(changed.status).toBe(200);
  await first.stop({ keep: true });
  // A line of JSON for each request reaches whoever runs it; wrangler's own, which show paths, do not.
  const lines = first.stderr().split("\n");
  const requests = lines.filter((line) => line.startsWith('{"event":"request"')).map((line) => JSON.parse(line));
  expect(requests.map(({ username, route, method, status }) => ({ username, route, method, status }))).toEqual([
    { username: "owner", route: "/t/:team/api/v1/datasets/:dataset", method: "PUT", status: 201 },
    { username: "owner", route: "/t/:team/api/v1/datasets/:dataset", method: "PUT", status: 200 },
  ]);
  expect(lines.filter((line) => line.includes("[wrangler:info]"))).toEqual([]);

  const second = await startServer({ persist: first.persist });
  expect(second.token).not.toBe(first.token);
  const client = await connectV2(second);
  expect((await call(client, "query_dataset", { dataset: "mine", query: ".[]" })).data.rows).toEqual([
    { a: 1, b: "x" },
  ]);
  expect((await call(client, "query_dataset", { dataset: "sales", query: ".revenue" })).data.rows).toEqual([3]);
  // Yesterday's token still works: a restart locks nobody out.
  expect((await rest({ ...second, token: first.token }, "/datasets")).status).toBe(200);
  await client.close();
  await second.stop();
});

it("says which port is taken and what to do", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const { code, out, err } = await start("--port", String(port), "--persist", shared.persist, "--json");
  server.close();
  expect(code).not.toBe(0);
  expect(out).not.toMatch(/^\{/m);
  expect(err).toContain(`${port}`);
  expect(err).toContain("--port");
});

it("refuses a flag it does not know", async () => {
  const { code, err } = await start("--prot", String(await freePort()));
  expect(code).not.toBe(0);
  expect(err).toContain("--prot");
  expect(err).toContain("--port");
});

it("takes variables from a file, and says what is wrong with it", async () => {
  const port = String(await freePort());
  const missing = await start("--port", port, "--vars", "/no/such/file");
  expect([missing.code, missing.err]).toEqual([
    1,
    expect.stringContaining("The file of variables /no/such/file could not be read: ENOENT."),
  ]);
});
