// 200 MB of NDJSON: uploaded in parts with one lost and sent again, queried in records mode, in flat memory.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { call, connectV2, rest } from "../helpers/clients.ts";
import { startServer } from "../helpers/server.ts";

const MB = 1_000_000;
const partBytes = 50 * MB;
const parts = 4;

/** Records cut at arbitrary bytes into parts; every record has amount 1, and every tenth region "north". */
function makeParts(): { bodies: Uint8Array[]; records: number } {
  const encoder = new TextEncoder();
  const bodies: Uint8Array[] = [];
  let rest = new Uint8Array(0);
  let records = 0;
  for (let part = 0; part < parts; part++) {
    const body = new Uint8Array(partBytes);
    let at = Math.min(rest.length, partBytes);
    body.set(rest.subarray(0, at));
    rest = rest.subarray(at);
    while (at < partBytes) {
      const line = encoder.encode(
        `{"id":${records},"region":"${records % 10 === 0 ? "north" : "south"}","amount":1,"note":"${"n".repeat(60)}"}\n`,
      );
      records++;
      const fits = Math.min(line.length, partBytes - at);
      body.set(line.subarray(0, fits), at);
      at += fits;
      rest = line.subarray(fits);
    }
    bodies.push(body);
  }
  bodies.push(rest);
  return { bodies, records };
}

/** Peak resident bytes of the server's workerd processes. */
function peakResident(persist: string): number {
  const pids = execFileSync("pgrep", ["-f", "workerd"], { encoding: "utf8" }).trim().split("\n");
  const peaks = pids.flatMap((pid) => {
    try {
      if (
        !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(persist) &&
        !readFileSync(`/proc/${pid}/environ`, "utf8").includes(persist)
      )
        return [];
      return [Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024];
    } catch {
      return [];
    }
  });
  return Math.max(0, ...peaks);
}

it("uploads, resumes, completes and queries 200 MB", { timeout: 400_000 }, async () => {
  const server = await startServer();
  const { bodies, records } = makeParts();
  const created = await rest(server, "/datasets/large/uploads", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ format: "ndjson" }),
  });
  expect(created.status).toBe(201);
  const { upload_id } = (await created.json()) as { upload_id: string };
  const put = (n: number) =>
    rest(server, `/datasets/large/uploads/${upload_id}/parts/${n}`, { method: "PUT", body: bodies[n - 1] as BodyInit });

  for (const n of [1, 2, 4, 5]) expect((await put(n)).status).toBe(200);
  const early = await rest(server, `/datasets/large/uploads/${upload_id}/complete`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ parts: 5 }),
  });
  expect([early.status, ((await early.json()) as { code: string }).code]).toEqual([400, "upload_incomplete"]);
  expect((await rest(server, "/datasets/large")).status).toBe(404);
  expect((await put(3)).status).toBe(200);
  const done = await rest(server, `/datasets/large/uploads/${upload_id}/complete`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ parts: 5 }),
  });
  expect(done.status, await done.clone().text()).toBe(201);
  expect(await done.json()).toMatchObject({ name: "large", version: 1, record_count: records, kind: "records" });

  const client = await connectV2(server);
  const before = peakResident(server.persist);
  const query = {
    dataset: "large",
    query: "reduce inputs as $r ({}; .[$r.region] += $r.amount)",
    input: "records",
    null_input: true,
  };
  const answer = await client.callTool({ name: "query_dataset", arguments: query }, { timeout: 240_000 });
  const north = Math.ceil(records / 10);
  expect((answer.structuredContent as { rows: unknown[] }).rows).toEqual([{ north, south: records - north }]);
  const after = peakResident(server.persist);
  console.log(`200 MB query: workerd's peak grew from ${Math.round(before / MB)} to ${Math.round(after / MB)} MB`);
  expect(before).toBeGreaterThan(0);
  expect(after - before).toBeLessThan(150 * MB);
  const again = await call(client, "query_dataset", { ...query });
  expect(again.data.cached).toBe(true);
  await client.close();
  await server.stop();
});
