// The audit log and idempotency keys of the running product: real clients, and the check from outside.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { call, callError, connectV1, connectV2, createTeam, createToken, rest } from "../helpers/clients.ts";

const server = inject("server");
const scratch = mkdtempSync(join(tmpdir(), "super-data-audit-"));
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "audited");
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function audit(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync("node", ["scripts/audit-verify.mjs", ...args], { encoding: "utf8" });
  return { status, text: (stdout + stderr).trim() };
}

const upload = (name: string, body: string, key?: string) =>
  rest(team, `/datasets/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/x-ndjson", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body,
  });

describe("idempotency keys", () => {
  it("twenty retries of one upload at once make one version, and all hear the same", async () => {
    const body = Array.from({ length: 40_000 }, (_, id) => JSON.stringify({ id, note: "x".repeat(40) })).join("\n");
    expect(body.length).toBeGreaterThan(2 * 1024 * 1024);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await upload("once", body, "upload-1");
        const replayed = response.headers.get("idempotency-replayed");
        return { status: response.status, replayed, etag: response.headers.get("etag"), text: await response.text() };
      }),
    );
    expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(new Set(answers.map(({ status, etag, text }) => `${status} ${etag} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    const dataset = (await (await rest(team, "/datasets/once")).json()) as { version: number; record_count: number };
    expect([dataset.version, dataset.record_count]).toEqual([1, 40_000]);
    const other = await upload("once", `${body}\n{}`, "upload-1");
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, "idempotency_mismatch"]);
  });

  it("twenty calls of a tool at once, by clients of both eras and through run_tool, write once", async () => {
    const clients = await Promise.all([connectV1(team), connectV2(team)]);
    const args = { name: "stamp", definition: "def stamp: 1;", idempotency_key: "fn-1" };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const client = clients[n % 2 === 0 ? 0 : 1];
        if (n % 4 < 2) return call(client, "save_function", args);
        return call(client, "run_tool", { name: "save_function", arguments: args });
      }),
    );
    expect(answers.map(({ isError }) => isError)).toEqual(answers.map(() => false));
    expect(new Set(answers.map(({ text, data }) => text + JSON.stringify(data))).size).toBe(1);
    const [client] = clients;
    const found = await call<{ total: number }>(client, "search_audit_log", {
      target_kind: "function",
      target_name: "stamp",
    });
    expect(found.data.total, found.text).toBe(1);
    const changed = { ...args, definition: "def stamp: 2;" };
    expect((await callError(client, "save_function", changed)).code).toBe("idempotency_mismatch");
  });
  it("a token made with a key is given again to the same rights, and its text is in no file of the storage", async () => {
    const headers = { "idempotency-key": "token-1", "content-type": "application/json" };
    const make = async (credential = team) => {
      const body = JSON.stringify({ label: "ci" });
      const response = await rest(credential, "/tokens", { method: "POST", headers, body });
      return { status: response.status, body: (await response.json()) as { token: string; code?: string } };
    };
    const first = await make();
    expect([first.status, first.body.token]).toEqual([201, expect.stringMatching(/^sdp_/)]);
    expect(await make()).toEqual(first);
    const weaker = await createToken(server, "audited", { username: "audited-owner", role: "viewer" });
    const refused = await make({ ...team, token: weaker.token });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
    const state = join(server.persist, "state");
    const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((path) => /\.sqlite/.test(path));
    expect(files.length).toBeGreaterThan(1);
    const holding = files.filter((path) => readFileSync(join(state, path)).includes(first.body.token));
    expect(holding).toEqual([]);
  });
});

describe("the audit log", () => {
  it("is verified by the tool, over REST and from outside, and names what tampering with an export changed", async () => {
    await upload("once", '{"id":1}');
    const client = await connectV2(team);
    const tool = await call<{ ok: boolean; entries: number; head: { seq: number; hash: string } }>(
      client,
      "verify_audit_log",
    );
    const { seq, hash } = tool.data.head;
    expect(seq).toBeGreaterThan(3);
    expect(tool.data).toMatchObject({ ok: true, entries: seq });
    const online = ["--url", team.url, "--token", team.token];
    const holds = { status: 0, text: `The chain holds: ${seq} entries. Head: ${seq}:${hash}` };
    expect(audit(...online, "--expect", `${seq}:${hash}`)).toEqual(holds);
    expect(await (await rest(team, `/audit/verify?expected_head=${seq}:${hash}`)).json()).toMatchObject({ ok: true });

    const file = join(scratch, "export.ndjson");
    const lines = (await (await rest(team, "/audit/export")).text()).trimEnd().split("\n");
    const check = (changed: readonly string[], ...more: string[]) => {
      writeFileSync(file, `${changed.join("\n")}\n`);
      return audit("--file", file, ...more);
    };
    expect(check(lines)).toEqual(holds);
    const [first = "", second = "", third = ""] = lines;
    expect(check([first, second.replace('"username":"', '"username":"x'), ...lines.slice(2)])).toEqual({
      status: 1,
      text: "The chain is broken at entry 2. It was changed: its content is not what its hash was made of.",
    });
    expect(check([first, ...lines.slice(2)])).toEqual({
      status: 1,
      text: "The chain is broken at entry 2. It is missing: entry 1 is followed by entry 3.",
    });
    expect(check([first, third, second, ...lines.slice(3)]).text).toMatch(
      /^The chain is broken at entry 2\. It is missing/,
    );
    expect(check([first, second, second, ...lines.slice(2)])).toEqual({
      status: 1,
      text: "The chain is broken at entry 2. It is out of order: it follows entry 2.",
    });
    expect(check(lines.slice(0, -1)).text).toBe(
      `The export broke off after entry ${seq}: its last line, the head, is missing.`,
    );
    expect(check(lines, "--expect", `${seq + 2}:${hash}`).text).toBe(
      `The chain is broken at entry ${seq + 1}. The end was cut off: the log ends at entry ${seq}, and entry ${seq + 2} was there.`,
    );
    expect(check(lines, "--expect", `2:${"0".repeat(64)}`).text).toBe(
      "The chain is broken at entry 2. It is not the entry that was here: its hash differs from the expected head's.",
    );
    expect(readFileSync(file, "utf8")).not.toContain(team.token);
  });

  it("goes on where a broken export ended, and gives up when nothing more comes", async () => {
    const lines = (await (await rest(team, "/audit/export")).text()).trimEnd().split("\n");
    const [half, asked] = [Math.floor(lines.length / 2), [] as string[]];
    const flaky = (giving: (after: number) => string[]) =>
      createServer((request, response) => {
        asked.push(request.url ?? "");
        const given = giving(Number(new URL(request.url ?? "", "http://x").searchParams.get("after")));
        const isEnd = given.at(-1) === lines.at(-1);
        response.write(given.map((line) => `${line}\n`).join(""), () => (isEnd ? response.end() : response.destroy()));
      });
    const check = async (server: Server) => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const args = ["scripts/audit-verify.mjs", "--url", `http://127.0.0.1:${port}`, "--team", "x", "--token", "y"];
      const result = await promisify(execFile)("node", args).catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      server.close();
      return (result.stdout + result.stderr).trim();
    };
    const path = "/t/x/api/v1/audit/export?after=";
    expect(await check(flaky((after) => (after === 0 ? lines.slice(0, half) : lines.slice(after))))).toMatch(
      new RegExp(`^The chain holds: ${lines.length - 1} entries\\.`),
    );
    expect(asked.splice(0)).toEqual([`${path}0`, `${path}${half}`]);
    expect(await check(flaky((after) => (after === 0 ? lines.slice(0, half) : [])))).toMatch(
      /^The audit log could not be read: /,
    );
    expect(asked).toEqual([`${path}0`, `${path}${half}`]);
  });

  it("says what keeps the check from running", async () => {
    const { token } = await createToken(server, "audited", { username: "audited-viewer", role: "viewer" });
    expect(audit("--url", team.url, "--token", token)).toEqual({
      status: 1,
      text: `${team.origin}/t/audited/api/v1/audit/export answered 403: As viewer you may not read, verify and export the audit log: it needs the role admin or higher. Ask an admin or owner of the team for that role, or use a token that is not limited to less.`,
    });
    expect(audit("--file", join(scratch, "none")).text).toMatch(/^The audit log could not be read: ENOENT/);
    expect(audit("--expect", "x").text).toBe("--expect takes <seq>:<hash>, as an earlier run printed it.");
    expect(audit().text).toMatch(/^Usage:/);
    const filtered = join(scratch, "filtered.ndjson");
    writeFileSync(filtered, await (await rest(team, "/audit/export?action=tool.")).text());
    expect(audit("--file", filtered).text).toBe(
      "This export was filtered, so its entries are no chain. Export without filters.",
    );
  });
});
