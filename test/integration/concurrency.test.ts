// 100 clients calling tools while one saves tools and another uploads: no error, no torn read, every execution logged once.
import { expect, inject, it } from "vitest";
import { call, connectV1, connectV2, createTeam, rest, until } from "../helpers/clients.ts";

const server = inject("server");
const clients = 100;
const callsPerClient = 5;
const writes = 20;

it(`${clients} clients, a tool author and an uploader at once`, { timeout: 240_000 }, async () => {
  const team = await createTeam(server, "crowd");
  const author = await connectV2(team);
  // Every version of the dataset holds its own number in every record, so a mix of two versions would show.
  const upload = (version: number) =>
    rest(team, "/datasets/shared", {
      method: "PUT",
      headers: { "content-type": "application/x-ndjson" },
      body: Array.from({ length: 500 }, (_, i) => JSON.stringify({ i, version })).join("\n"),
    });
  // Every version of the function and of the tool answers with a pair of equal numbers.
  const save = async (version: number) => {
    const fn = await call(author, "save_function", {
      name: "stamp",
      definition: `def stamp: [${version}, ${version}];`,
    });
    expect(fn.isError, fn.text).toBe(false);
    const tool = await call(author, "save_tool", {
      name: "stamped",
      description: `Version ${version}`,
      query: "{stamp: stamp, versions: (map(.version) | unique), count: length}",
      datasets: ["shared"],
    });
    expect(tool.isError, tool.text).toBe(false);
  };
  expect((await upload(0)).status).toBe(201);
  await save(0);

  const seen: unknown[] = [];
  const readers = Array.from({ length: clients }, async (_, n) => {
    const client = await (n % 4 === 0 ? connectV1 : connectV2)(team);
    for (let i = 0; i < callsPerClient; i++) {
      const answer = await call(client, "stamped", { fresh: i % 2 === 0 });
      expect(answer.isError, answer.text).toBe(false);
      seen.push(answer.data.rows[0]);
    }
    await client.close();
  });
  const writer = (async () => {
    for (let version = 1; version <= writes; version++) await save(version);
  })();
  const uploader = (async () => {
    for (let version = 1; version <= writes; version++) {
      const response = await upload(version);
      expect(response.status, await response.text()).toBe(200);
    }
  })();
  await Promise.all([...readers, writer, uploader]);

  expect(seen).toHaveLength(clients * callsPerClient);
  for (const row of seen as { stamp: [number, number]; versions: number[]; count: number }[]) {
    expect(row.stamp[0]).toBe(row.stamp[1]);
    expect(row.versions).toHaveLength(1);
    expect(row.count).toBe(500);
  }

  const logged = async () => (await (await rest(team, "/executions?tool=stamped&limit=1")).json()) as { total: number };
  await until(async () => (await logged()).total >= clients * callsPerClient, "all executions were logged");
  expect((await logged()).total).toBe(clients * callsPerClient);
  const usage = await call<{ usage_count: number }>(author, "get_tool", { name: "stamped" });
  expect(usage.data.usage_count).toBe(clients * callsPerClient);
  const history = await call<{ total: number }>(author, "tool_history", { name: "stamped" });
  expect(history.data.total).toBe(writes + 1);
});
