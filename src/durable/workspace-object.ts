// What one team shapes with SQL of its own: a directory of its features' RPC objects, and the way to the team's log. Wiring only. Runs in the workspace.
import { DurableObject } from "cloudflare:workers";
import workspaceMigrations from "../../migrations/workspace/migrations.js";
import { AppError } from "../core/errors.ts";
import { logFailure } from "../core/log.ts";
import { type Caller, movedOn } from "../features/access/access.ts";
import type { WorkspaceSizes } from "../features/activity/schema.ts";
import { OperationsRpc } from "../features/frame-operations/rpc.ts";
import { frameBytes, sweepFrames } from "../features/frames/frame-store.ts";
import { FramesRpc } from "../features/frames/rpc.ts";
import { RelationsRpc } from "../features/query/rpc.ts";
import { SqlRpc } from "../features/sql/rpc.ts";
import { sweepChanges } from "../features/tables/change-log.ts";
import { sweepTables } from "../features/tables/ddl-drop.ts";
import { TablesRpc } from "../features/tables/rpc.ts";
import type { Source } from "../features/workspace/schema.ts";
import {
  addToOutbox,
  newestTold,
  noteLife,
  readLife,
  readOutbox,
  removeFromOutbox,
  sourcesByName,
} from "../features/workspace/store.ts";
import { unionOfSources, type WorkspaceEvent } from "../features/workspace/workspace.ts";
import { workspaceLimits } from "../workspace-limits.ts";
import { Alarm } from "./alarm.ts";
import { type Db, hasSchema, migrateDb, openDb } from "./db.ts";
import type { TeamObject } from "./team-object.ts";
import type { WorkspaceChange, WorkspaceDeps } from "./workspace-deps.ts";

/** Which life of which team: comes with every call, and is kept with the first write. */
export interface WorkspaceOwner {
  team: string;
  incarnation: string;
}

class Undone extends Error {
  constructor(readonly result: unknown) {
    super("undone");
  }
}

/** Events with the datasets behind what they are about, whether it is still there or not. */
function withSources(
  events: readonly WorkspaceEvent[],
  ...known: readonly ReadonlyMap<string, Source[]>[]
): WorkspaceEvent[] {
  return events.map((event) => {
    const sources = unionOfSources(...known.map((one) => one.get(event.name.toLowerCase()) ?? []));
    return sources.length === 0 ? event : { ...event, sources };
  });
}

/** Each getter hands out one feature's methods, which throw `team_unavailable` after a failed migration. */
export class WorkspaceObject extends DurableObject<Env> {
  readonly #db: Db;
  readonly #alarm: Alarm;
  readonly #deps: WorkspaceDeps;
  #owner: WorkspaceOwner | undefined;
  #exists = false;
  #migrationFailure: unknown;
  #telling: Promise<void> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#db = openDb(ctx.storage);
    this.#alarm = new Alarm(ctx.storage);
    this.#deps = {
      db: this.#db,
      sql: ctx.storage.sql,
      now: () => Date.now(),
      change: (by, write) => this.#change(by, write),
      atomically: (write) => this.#atomically(write),
      undone: (read) => this.#undone(read),
      wakeAt: (timeMs) => this.#alarm.wakeAt(timeMs),
    };
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.restore();
      this.#exists = hasSchema(ctx.storage);
      if (!this.#exists) return;
      try {
        migrateDb(ctx.storage, workspaceMigrations);
        this.#owner = readLife(this.#db);
      } catch (error) {
        this.#migrationFailure = error;
        logFailure("migration_failed", { object: ctx.id.name }, error);
      }
    });
  }

  tables(owner: WorkspaceOwner): TablesRpc {
    return new TablesRpc(this.#usable(owner));
  }

  sql(owner: WorkspaceOwner): SqlRpc {
    return new SqlRpc(this.#usable(owner));
  }

  frames(owner: WorkspaceOwner): FramesRpc {
    return new FramesRpc(this.#usable(owner));
  }

  relations(owner: WorkspaceOwner): RelationsRpc {
    return new RelationsRpc(this.#usable(owner));
  }

  operations(owner: WorkspaceOwner): OperationsRpc {
    return new OperationsRpc(this.#usable(owner));
  }

  /** What it holds; nothing for a workspace that nobody has used. */
  sizes(): WorkspaceSizes {
    if (!this.#exists || this.#migrationFailure !== undefined) return { sqliteBytes: 0, frameBytes: 0 };
    return { sqliteBytes: this.ctx.storage.sql.databaseSize, frameBytes: frameBytes(this.#db) };
  }

  /** The number of the newest write that the team's log was or will be told of; 0 before the first. */
  newestWrite(owner: WorkspaceOwner): number {
    return newestTold(this.#usable(owner).db);
  }

  /** Removes all there is, when the team's time is up. */
  async destroy(): Promise<void> {
    await this.ctx.blockConcurrencyWhile(async () => {
      this.#exists = false;
      await this.ctx.storage.deleteAll();
      this.#alarm.wentOff();
    });
  }

  override async alarm(): Promise<void> {
    this.#alarm.wentOff();
    if (!this.#exists || this.#migrationFailure !== undefined) return;
    // Should a step fail, the next try is set already.
    this.#alarm.wakeAt(this.#deps.now() + workspaceLimits.sweepMs);
    for (const next of [sweepFrames(this.#deps), sweepChanges(this.#deps), sweepTables(this.#deps)])
      if (next !== undefined) this.#alarm.wakeAt(next);
    await this.#tell();
  }

  #atomically<T>(write: () => T): T {
    return this.#alarm.afterwards(() => this.ctx.storage.transactionSync(write));
  }

  #undone<T>(read: () => T): T {
    try {
      this.ctx.storage.transactionSync(() => {
        throw new Undone(read());
      });
    } catch (error) {
      if (error instanceof Undone) return error.result as T;
      throw error;
    }
    throw new Error("a transaction that throws cannot come here");
  }

  async #change<T>(by: Caller, write: () => WorkspaceChange<T>): Promise<T> {
    const { idempotencyId, unless, ...caller } = by;
    if (idempotencyId !== undefined) await this.#team((log) => log.markWritten(idempotencyId));
    const result = this.#atomically(() => {
      if (unless?.workspace !== undefined && unless.workspace !== newestTold(this.#db)) throw movedOn();
      const before = sourcesByName(this.#db);
      const { result, audit, events = [] } = write();
      if (audit.length + events.length > 0)
        addToOutbox(this.#db, { by: caller, audit, events: withSources(events, before, sourcesByName(this.#db)) });
      return result;
    });
    await this.#tell();
    return result;
  }

  /** Tells the team's object what it has not heard yet, in order and one at a time. What fails is told again when the alarm goes off. */
  #tell(): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      try {
        for (;;) {
          const waiting = readOutbox(this.#db, workspaceLimits.outboxBatch);
          if (waiting.length === 0) return;
          const { incarnation } = this.#requireOwner();
          await this.#team((log) => log.hear(incarnation, waiting));
          removeFromOutbox(
            this.#db,
            waiting.map(({ seq }) => seq),
          );
        }
      } catch (error) {
        this.#alarm.wakeAt(this.#deps.now() + workspaceLimits.retryMs);
        logFailure("workspace_log_failed", { object: this.ctx.id.name }, error);
      }
    });
    return this.#telling;
  }

  async #team<T>(call: (log: Rpc.Stub<ReturnType<TeamObject["workspaceLog"]>>) => Promise<T>): Promise<T> {
    const namespace = this.env.TEAM;
    using log = namespace.get(namespace.idFromName(this.#requireOwner().team)).workspaceLog() as unknown as Rpc.Stub<
      ReturnType<TeamObject["workspaceLog"]>
    > &
      Disposable;
    return await call(log);
  }

  #requireOwner(): WorkspaceOwner {
    if (this.#owner === undefined) throw new Error("a workspace was written to before it knew its team");
    return this.#owner;
  }

  /** The first call gives the object its schema. */
  #begin(owner: WorkspaceOwner): void {
    this.ctx.storage.transactionSync(() => {
      migrateDb(this.ctx.storage, workspaceMigrations);
      noteLife(this.#db, owner.team, owner.incarnation, this.#deps.now());
    });
    this.#owner = owner;
    this.#exists = true;
  }

  #usable(owner: WorkspaceOwner): WorkspaceDeps {
    if (this.#migrationFailure === undefined) {
      if (!this.#exists) this.#begin(owner);
      return this.#deps;
    }
    const refusal = new AppError(
      "team_unavailable",
      "This team's tables and frames could not be brought to the current version, so nothing of them was changed and they cannot be used yet.",
      { hint: "The operator finds the failing migration in the log under migration_failed." },
    );
    return new Proxy(this.#deps, {
      get: () => {
        throw refusal;
      },
    });
  }
}
