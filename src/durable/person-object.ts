// One person across teams: a directory of what signs them in. Wiring only. Runs in the object.
import { DurableObject } from "cloudflare:workers";
import personMigrations from "../../migrations/person/migrations.js";
import { AppError } from "../core/errors.ts";
import { logFailure } from "../core/log.ts";
import { PersonRpc } from "../features/sign-in/rpc.ts";
import { type Db, hasSchema, migrateDb, openDb } from "./db.ts";
import type { PersonDeps } from "./person-deps.ts";

export class PersonObject extends DurableObject<Env> {
  readonly #db: Db;
  #exists = false;
  #migrationFailure: unknown;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#db = openDb(ctx.storage);
    ctx.blockConcurrencyWhile(async () => {
      this.#exists = hasSchema(ctx.storage);
      if (!this.#exists) return;
      try {
        migrateDb(ctx.storage, personMigrations);
      } catch (error) {
        this.#migrationFailure = error;
        logFailure("migration_failed", { object: ctx.id.name }, error);
      }
    });
  }

  /** The person's methods. Each throws `internal` once a migration of this object has failed. */
  person(): PersonRpc {
    const deps: PersonDeps = {
      db: this.#db,
      now: () => Date.now(),
      exists: () => {
        this.#requireUsable();
        return this.#exists;
      },
      atomically: (write) => this.#atomically(write),
    };
    return new PersonRpc(deps);
  }

  #atomically<T>(write: () => T): T {
    this.#requireUsable();
    const result = this.ctx.storage.transactionSync(() => {
      if (!this.#exists) migrateDb(this.ctx.storage, personMigrations);
      return write();
    });
    this.#exists = true;
    return result;
  }

  #requireUsable(): void {
    if (this.#migrationFailure === undefined) return;
    throw new AppError(
      "internal",
      "This person's record could not be brought to the current version, so it cannot be used yet.",
      {
        hint: "The operator finds the failing migration in the log under migration_failed.",
      },
    );
  }
}
