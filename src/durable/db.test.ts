// Migrations: all or none, and a team that outlives a failing one. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import teamMigrations from "../../migrations/team/migrations.js";
import { aCaller } from "../../test/helpers/team.ts";
import { isAppError } from "../core/errors.ts";
import { createTeam } from "../features/teams/store.ts";
import { hasSchema, type MigrationSource, migrateDb, openDb } from "./db.ts";
import { TeamObject } from "./team-object.ts";

const last = teamMigrations.journal.entries.length - 1;

/** The real migrations and one more, which adds a table, changes data, and then fails. */
const failing: MigrationSource = {
  journal: { entries: [...teamMigrations.journal.entries, { idx: last + 1, tag: "9999_broken" }] },
  migrations: {
    ...teamMigrations.migrations,
    [`m${String(last + 1).padStart(4, "0")}`]:
      "CREATE TABLE half (a integer);\n--> statement-breakpoint\nUPDATE team SET name = 'half-way';\n--> statement-breakpoint\nINSERT INTO no_such_table VALUES (1);",
  },
};

class TeamWithFailingMigration extends TeamObject {
  protected override migrationSource(): MigrationSource {
    return failing;
  }
}

/** What the platform waits for before an object's first event: the end of the work its constructor began. */
function constructed(state: DurableObjectState): Promise<void> {
  return state.blockConcurrencyWhile(async () => undefined);
}

function team(slug: string) {
  return env.TEAM.get(env.TEAM.idFromName(slug));
}

function tables(storage: DurableObjectStorage): unknown[] {
  return storage.sql.exec("SELECT name, sql FROM sqlite_master ORDER BY name").toArray();
}

describe("migrations", () => {
  it("apply once, in order, and are recorded", async () => {
    await runInDurableObject(team("migrate-once"), (_object, state) => {
      migrateDb(state.storage, teamMigrations);
      const schema = tables(state.storage);
      migrateDb(state.storage, teamMigrations);
      expect(tables(state.storage)).toEqual(schema);
      const applied = state.storage.sql.exec("SELECT idx, tag FROM applied_migrations ORDER BY idx").toArray();
      expect(applied).toEqual(teamMigrations.journal.entries.map(({ idx, tag }) => ({ idx, tag })));
    });
  });

  it("leave schema and data as they were when one fails, and name the statement", async () => {
    await runInDurableObject(team("migrate-fail"), (_object, state) => {
      migrateDb(state.storage, teamMigrations);
      createTeam(openDb(state.storage), { slug: "migrate-fail", name: "Before" }, 0);
      const schema = tables(state.storage);
      expect(() => migrateDb(state.storage, failing)).toThrow(
        "migration 9999_broken failed at: INSERT INTO no_such_table VALUES (1);",
      );
      expect(tables(state.storage)).toEqual(schema);
      expect(state.storage.sql.exec("SELECT name FROM team").one()).toEqual({ name: "Before" });
    });
  });

  it("leave the team answering with a clear error, and a later version brings it back", async () => {
    const stub = team("migrate-team");
    await stub.create({ slug: "migrate-team", name: "Kept" });
    await stub
      .access()
      .createToken({ username: "ada", role: "owner", label: "t", hash: "h", prefix: "p", expiresAt: null }, aCaller());
    await runInDurableObject(stub, async (_object, state) => {
      const broken = new TeamWithFailingMigration(state, env);
      await constructed(state);
      const calls = [
        () => broken.enter({ credential: { kind: "token", hash: "h" } }),
        () => broken.access().revokeToken("tok_1", aCaller()),
        () => broken.fetch(new Request("https://team/feed")),
      ];
      for (const call of calls) {
        expect(call).toThrow(
          "This team's storage could not be brought to the current version, so nothing of it was changed and it cannot be used yet.",
        );
        expect(codeOf(call)).toBe("team_unavailable");
      }
      await broken.alarm();
      const repaired = new TeamObject(state, env);
      await constructed(state);
      expect(repaired.enter({ credential: { kind: "token", hash: "h" } })).toMatchObject({
        actor: { username: "ada", role: "owner" },
        name: "Kept",
      });
    });
  });
});

describe("an object that was never made a team", () => {
  it("stays empty, whatever is asked of it", async () => {
    const stub = team("never-created");
    expect(await stub.enter({ credential: { kind: "token", hash: "whatever" } })).toBeUndefined();
    await runInDurableObject(stub, (_object, state) => {
      expect(tables(state.storage)).toEqual([]);
      expect(hasSchema(state.storage)).toBe(false);
    });
  });
});

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (isAppError(error)) return error.code;
  }
  return undefined;
}
