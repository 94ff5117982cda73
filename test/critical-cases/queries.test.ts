// The critical cases of the plan about queries: those that do not end, and those whose results do not.
// Each under its name there and whole: through the product's surfaces, with real clients.
import { describe, expect, inject, it } from "vitest";
import { done, rowsOf } from "../helpers/acting.ts";
import { callError, connectV2, createTeam, rest } from "../helpers/clients.ts";

const server = inject("server");

describe("7. Query timeout handling", () => {
  it("ends a program that does not end by its steps, says so, and serves everyone else meanwhile", {
    timeout: 120_000,
  }, async () => {
    const team = await createTeam(server, "case-timeout");
    const [client, neighbour] = await Promise.all([connectV2(team), connectV2(team)]);
    await done(client, "create_dataset", { name: "d", content: "[1,2,3]", format: "json" });
    await done(client, "save_tool", {
      name: "endless",
      description: "Never.",
      query: "last(range(1e15))",
      null_input: true,
    });
    const stuck = [
      callError(client, "query_dataset", { dataset: "d", query: "[limit(1; repeat(empty))]" }),
      callError(client, "endless", {}),
    ];
    for (let n = 0; n < 10; n++)
      expect(await rowsOf(neighbour, "query_dataset", { dataset: "d", query: `map(. * ${n}) | add` })).toEqual([6 * n]);
    for (const error of await Promise.all(stuck)) {
      expect(error).toMatchObject({
        code: "jq_steps",
        message: expect.stringMatching(/steps/),
        hint: expect.any(String),
      });
    }
    expect(await rowsOf(client, "query_dataset", { dataset: "d", query: "add", fresh: true })).toEqual([6]);
    await Promise.all([client.close(), neighbour.close()]);
  });
});

describe("8. Large result streaming", () => {
  it("answers from a dataset too large to hold, page by page, each row once and in order", {
    timeout: 180_000,
  }, async () => {
    const team = await createTeam(server, "case-streaming");
    const client = await connectV2(team);
    const records = 150_000;
    const body = Array.from(
      { length: records },
      (_, id) => `{"id":${id},"group":"g${id % 50}","note":"${"n".repeat(50)}"}`,
    );
    const uploaded = await rest(team, "/datasets/events", {
      method: "PUT",
      headers: { "content-type": "application/x-ndjson" },
      body: body.join("\n"),
    });
    expect(uploaded.status, await uploaded.text()).toBe(201);
    const whole = { dataset: "events", query: "length" };
    expect(await callError(client, "query_dataset", whole)).toMatchObject({
      code: "dataset_too_large_for_whole",
      hint: expect.stringContaining('input: "records"'),
    });
    const counted = { dataset: "events", query: "reduce inputs as $r (0; . + 1)", null_input: true };
    expect(await rowsOf(client, "query_dataset", counted)).toEqual([records]);

    const query = { dataset: "events", query: 'select(.group == "g7") | .id', input: "records", limit: 500 };
    const wanted = Array.from({ length: records / 50 }, (_, n) => n * 50 + 7);
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await done<{ rows: unknown[]; total: number; next_cursor?: string }>(client, "query_dataset", {
        ...query,
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(page.total).toBe(wanted.length);
      seen.push(...page.rows);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(wanted);
    const content = await rest(team, "/datasets/events/content");
    expect((await content.text()).trimEnd().split("\n")).toEqual(body);
    await client.close();
  });
});
