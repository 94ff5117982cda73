// The critical cases of the plan about conflicts: of imports, restores, migrations, and of many writers of one thing.
// Each under its name there and whole: through the product's surfaces, with real clients.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { type Client, done, person, rowsOf } from "../helpers/acting.ts";
import { call, callError, connectV2, createTeam, until } from "../helpers/clients.ts";
import { withServer } from "../isolation/server.ts";

const server = inject("server");

describe("3. S3 sync conflict resolution (import and restore conflicts)", () => {
  const tool = (client: Client, name: string, query: string, description = "d") =>
    done(client, "save_tool", { name, query, description, null_input: true });
  const own = async (client: Client, names: string[]): Promise<unknown[]> =>
    Promise.all(names.map(async (name) => (await rowsOf(client, name))[0]));

  it("decides each conflict of an import as it was told to, and imports what was planned or nothing", async () => {
    const [here, there] = await Promise.all([createTeam(server, "case-import"), createTeam(server, "case-export")]);
    const [ours, theirs] = await Promise.all([connectV2(here), connectV2(there)]);
    await done(theirs, "save_function", { name: "rate", definition: "def rate: 2;" });
    await tool(theirs, "fresh", "rate * 10");
    await tool(theirs, "clash", "rate * 100");
    await tool(theirs, "moved", "1");
    const early = (await done<{ content: string }>(theirs, "export_library", { what: "all" })).content;
    await done(ours, "import_library", { content: early });
    await tool(theirs, "moved", "2");
    await tool(ours, "clash", "-1");
    await tool(theirs, "clash", "rate * 1000");
    const { content } = await done<{ content: string }>(theirs, "export_library", { what: "all" });

    interface Plan {
      plan: string;
      entries: { name: string; action: string }[];
    }
    const planned = async (strategy?: string): Promise<Plan & { actions: Record<string, string> }> => {
      const plan = await done<Plan>(ours, "plan_import", { content, ...(strategy === undefined ? {} : { strategy }) });
      return { ...plan, actions: Object.fromEntries(plan.entries.map(({ name, action }) => [name, action])) };
    };
    const left = { rate: "same", fresh: "same", moved: "update" };
    expect((await planned()).actions).toEqual({ ...left, clash: "conflict" });
    expect((await planned("rename")).actions).toEqual({ ...left, clash: "rename" });
    const { plan, actions } = await planned("overwrite");
    expect(actions).toEqual({ ...left, clash: "update" });

    await tool(ours, "bystander", "0");
    const stale = { content, strategy: "overwrite", expected_plan: plan };
    expect(await callError(ours, "import_library", stale)).toMatchObject({
      code: expect.stringMatching(/conflict|precondition_failed/),
    });
    expect(await own(ours, ["fresh", "clash", "moved"])).toEqual([20, -1, 1]);

    await done(ours, "import_library", { content });
    expect(await own(ours, ["fresh", "clash", "moved"])).toEqual([20, -1, 2]);
    await done(ours, "import_library", { content, strategy: "rename" });
    expect(await own(ours, ["clash", "clash_imported"])).toEqual([-1, 2000]);
    const again = await planned("overwrite");
    await done(ours, "import_library", { content, strategy: "overwrite", expected_plan: again.plan });
    expect(await own(ours, ["clash"])).toEqual([2000]);
    await Promise.all([ours.close(), theirs.close()]);
  });

  it("shows what a restore would undo, refuses it once the team has moved on, and can be undone itself", {
    timeout: 120_000,
  }, async () => {
    const team = await createTeam(server, "case-restore");
    const client = await connectV2(team);
    await tool(client, "kept", "1");
    await tool(client, "changed", "1");
    const backup = await done<{ id: string }>(client, "create_backup", {});
    await tool(client, "changed", "2");
    await tool(client, "added", "3");
    interface Restore {
      outcome: string;
      changes: { kind: string; created: number; changed: number; removed: number }[];
      confirm: string;
      safety_backup: string;
    }
    const preview = await done<Restore>(client, "restore_backup", { backup_id: backup.id });
    expect(preview).toMatchObject({ outcome: "previewed", confirm: expect.any(String) });
    expect(preview.changes).toContainEqual(expect.objectContaining({ created: 0, changed: 1, removed: 1 }));
    expect(await own(client, ["kept", "changed", "added"])).toEqual([1, 2, 3]);

    await tool(client, "added", "4");
    const late = { backup_id: backup.id, confirm: preview.confirm };
    expect(await callError(client, "restore_backup", late)).toMatchObject({
      code: expect.stringMatching(/conflict|precondition_failed/),
    });
    expect(await own(client, ["added"])).toEqual([4]);

    const { confirm } = await done<Restore>(client, "restore_backup", { backup_id: backup.id });
    const restored = await done<Restore>(client, "restore_backup", { backup_id: backup.id, confirm });
    expect(restored).toMatchObject({ outcome: "restored", safety_backup: expect.any(String) });
    expect(await own(client, ["kept", "changed"])).toEqual([1, 1]);
    expect(await callError(client, "run_tool", { name: "added", arguments: {} })).toMatchObject({ code: "not_found" });

    const undo = await done<Restore>(client, "restore_backup", { backup_id: restored.safety_backup });
    await done(client, "restore_backup", { backup_id: restored.safety_backup, confirm: undo.confirm });
    expect(await own(client, ["kept", "changed", "added"])).toEqual([1, 2, 4]);
    expect((await done<{ ok: boolean }>(client, "verify_audit_log", {})).ok).toBe(true);
    await client.close();
  });
});

describe("9. Database migration rollback", () => {
  it("leaves a team as it was when a migration fails, and serves it again once that is corrected", {
    timeout: 240_000,
  }, async () => {
    const persistDir = mkdtempSync(join(tmpdir(), "super-data-migration-"));
    const operatorToken = "case-nine";
    const asOperator = async (origin: string, path: string, method: string, body?: object): Promise<Response> =>
      fetch(`${origin}/operator${path}`, {
        method,
        headers: { authorization: `Bearer ${operatorToken}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    interface Head {
      seq: number;
      hash: string;
    }
    /** What the tool gives, how many functions there are, and the audit log's head; `since`: an earlier head, which must still be in it. */
    const look = async (origin: string, token: string, since?: Head): Promise<{ seen: object; head: Head }> => {
      const client = await connectV2({ url: `${origin}/t/kept/mcp`, token });
      const rows = await rowsOf(client, "kept_tool");
      const functions = (await done<{ total: number }>(client, "list_functions", {})).total;
      const expected = since === undefined ? {} : { expected_head: `${since.seq}:${since.hash}` };
      const log = await done<{ ok: boolean; head: Head }>(client, "verify_audit_log", expected);
      await client.close();
      return { seen: { rows, functions, log: log.ok }, head: log.head };
    };
    const { token, before } = await withServer(
      persistDir,
      async ({ origin }) => {
        await asOperator(origin, "/teams/kept", "PUT");
        const made = await asOperator(origin, "/teams/kept/tokens", "POST", { username: "olga", role: "owner" });
        const owner = (await made.json()) as { token: string };
        const client = await connectV2({ url: `${origin}/t/kept/mcp`, token: owner.token });
        await done(client, "save_function", { name: "kept_function", definition: "def kept_function: 7;" });
        const kept = { name: "kept_tool", description: "Seven.", query: "kept_function", null_input: true };
        await done(client, "save_tool", kept);
        await client.close();
        return { token: owner.token, before: await look(origin, owner.token) };
      },
      { operatorToken },
    );
    await withServer(
      persistDir,
      async ({ origin, lines }) => {
        const headers = { authorization: `Bearer ${token}` };
        for (const path of ["/library/approved_tools.json", "/whoami"]) {
          const answer = await fetch(`${origin}/t/kept/api/v1${path}`, { headers });
          expect([answer.status, await answer.json()]).toEqual([
            503,
            expect.objectContaining({ code: "team_unavailable" }),
          ]);
        }
        await until(
          () => lines.some((line) => line.includes("migration_failed") && line.includes("9999_half_way")),
          "the log named the migration",
        );
      },
      { operatorToken, entry: "test/fixtures/next-version.ts" },
    );
    const after = await withServer(
      persistDir,
      async ({ origin }) => {
        const client = await connectV2({ url: `${origin}/t/kept/mcp`, token });
        const { backups } = await done<{ backups: { reason: string }[] }>(client, "list_backups", {});
        await client.close();
        return { ...(await look(origin, token, before.head)), reasons: backups.map(({ reason }) => reason) };
      },
      { operatorToken },
    );
    expect(after.seen).toEqual({ rows: [7], functions: 1, log: true });
    expect(after.seen).toEqual(before.seen);
    // The one thing that is new: the team was backed up before the migration that failed.
    expect(after.reasons).toEqual(["migration"]);
    rmSync(persistDir, { recursive: true, force: true });
  });
});

describe("10. Lock timeout scenarios", () => {
  it("lets 60 writers of one function in one after the other: each has a version, nobody waits in vain", {
    timeout: 180_000,
  }, async () => {
    const team = await createTeam(server, "case-contention");
    const client = await connectV2(team);
    const writers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => person(server, team, `writer-${n}`, "admin")),
    );
    await Promise.all(
      writers.map(async (writer, n) => {
        const own = await connectV2(writer);
        await done(own, "save_function", { name: "contended", definition: `def contended: ${n};` });
        await own.close();
      }),
    );
    const seen: { version: number; author: string }[] = [];
    let cursor: string | undefined;
    do {
      const page = await done<{ versions: typeof seen; total: number; next_cursor?: string }>(
        client,
        "function_history",
        { name: "contended", limit: 20, ...(cursor === undefined ? {} : { cursor }) },
      );
      expect(page.total).toBe(60);
      seen.push(...page.versions);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen.map(({ version }) => version)).toEqual(Array.from({ length: 60 }, (_, n) => 60 - n));
    expect(new Set(seen.map(({ author }) => author)).size).toBe(60);
    await client.close();
  });

  it("runs a write once whose key 20 callers send at the same moment", async () => {
    const team = await createTeam(server, "case-keys");
    const client = await connectV2(team);
    const args = { name: "keyed", definition: "def keyed: 1;", idempotency_key: "one-and-only" };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        call<{ outcome?: string; error?: { code: string } }>(client, "save_function", args),
      ),
    );
    // A second caller gets the first one's answer, or is told that the first one is still at it.
    for (const { data } of answers)
      expect(["created", "idempotency_running"]).toContain(data.outcome ?? data.error?.code);
    expect(answers.some(({ data }) => data.outcome === "created")).toBe(true);
    expect(
      (await done<{ function: { version: number } }>(client, "get_function", { name: "keyed" })).function.version,
    ).toBe(1);
    await client.close();
  });
});
