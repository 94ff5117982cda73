// One team: a directory of its features' RPC objects, its schema and its feed. Wiring only. Runs in the object.
import { DurableObject } from "cloudflare:workers";
import teamMigrations from "../../migrations/team/migrations.js";
import { AppError } from "../core/errors.ts";
import { logFailure } from "../core/log.ts";
import type { Actor } from "../features/access/access.ts";
import { AccessRpc } from "../features/access/rpc.ts";
import { findActor, findToken } from "../features/access/store.ts";
import { DatasetsRpc } from "../features/datasets/rpc.ts";
import type { Dataset } from "../features/datasets/schema.ts";
import { changedDatasets } from "../features/datasets/store.ts";
import { FunctionsRpc } from "../features/jq-functions/rpc.ts";
import type { JqFunction } from "../features/jq-functions/schema.ts";
import { changedFunctions } from "../features/jq-functions/store.ts";
import { ToolsRpc } from "../features/jq-tools/rpc.ts";
import type { JqTool } from "../features/jq-tools/schema.ts";
import { changedTools } from "../features/jq-tools/store.ts";
import { MetricsRpc } from "../features/metrics/rpc.ts";
import { createTeam, readTeam } from "../features/teams/store.ts";
import { cacheLimits } from "../limits.ts";
import { Alarm, sweepTeam } from "./alarms.ts";
import { type Db, hasSchema, type MigrationSource, migrateDb, openDb } from "./db.ts";
import { acceptFeed, endFeeds, publishToFeed } from "./feed.ts";
import { makeTeamDeps, type TeamDeps } from "./team-deps.ts";

/** What a Worker learns when a request enters: who asks, and what changed since the revision it already knows. */
export interface TeamEntry {
  actor: Actor;
  name: string;
  incarnation: string;
  revision: number;
  /** TeamChanges as JSON text, which crosses RPC cheaper than objects. Absent when the Worker's copy is current. */
  changes?: string;
}

/** `full`: not a difference but everything there is. A difference includes inactive and deleted entries, so that they can be taken out. */
export interface TeamChanges {
  full: boolean;
  functions: JqFunction[];
  tools: JqTool[];
  datasets: Dataset[];
}

/** Each getter hands out one feature's methods, which throw `not_found` before `create` and `team_unavailable` after a failed migration. */
export class TeamObject extends DurableObject<Env> {
  readonly #db: Db;
  readonly #deps: TeamDeps;
  readonly #alarm: Alarm;
  #migrationFailure: unknown;
  #isTeam = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#db = openDb(ctx.storage);
    this.#alarm = new Alarm(ctx.storage);
    this.#deps = makeTeamDeps(ctx.storage, this.#db, this.#alarm, {
      publish: (event) => publishToFeed(ctx, event, this.#deps.now()),
      endFeeds: (tokenId) => endFeeds(ctx, tokenId),
    });
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.restore();
      this.#isTeam = hasSchema(ctx.storage);
      if (this.#isTeam) this.#migrate();
    });
  }

  /** Where the schema comes from; tests replace it to make a migration fail. */
  protected migrationSource(): MigrationSource {
    return teamMigrations;
  }

  /** Makes this object a team. Returns false, changing nothing, when it already is one. */
  create(input: { slug: string; name: string }): boolean {
    if (this.#isTeam) return false;
    this.ctx.storage.transactionSync(() => {
      this.#migrate();
      if (this.#migrationFailure !== undefined) throw this.#refusal();
      createTeam(this.#db, input, this.#deps.now());
    });
    this.#isTeam = true;
    return true;
  }

  /** The door of every request: undefined unless the team exists and the token is good. Nothing is written for a team that does not exist. */
  enter(input: { tokenHash: string; incarnation?: string; revision?: number }): TeamEntry | undefined {
    if (!this.#isTeam) return undefined;
    this.#requireUsable();
    const actor = findActor(this.#db, input.tokenHash, this.#deps.now());
    if (actor === undefined) return undefined;
    const { name, incarnation, revision } = readTeam(this.#db);
    const behind = input.incarnation === incarnation && input.revision !== undefined ? revision - input.revision : -1;
    const full = behind < 0 || behind > cacheLimits.catalogueRevisions;
    const entry = { actor, name, incarnation, revision };
    if (!full && input.revision === revision) return entry;
    const since = full ? -1 : (input.revision ?? -1);
    const changes: TeamChanges = {
      full,
      functions: changedFunctions(this.#db, since),
      tools: changedTools(this.#db, since),
      datasets: changedDatasets(this.#db, since),
    };
    return { ...entry, changes: JSON.stringify(changes) };
  }

  access(): AccessRpc {
    return new AccessRpc(this.#usable());
  }

  functions(): FunctionsRpc {
    return new FunctionsRpc(this.#usable());
  }

  tools(): ToolsRpc {
    return new ToolsRpc(this.#usable());
  }

  datasets(): DatasetsRpc {
    return new DatasetsRpc(this.#usable());
  }

  metrics(): MetricsRpc {
    return new MetricsRpc(this.#usable());
  }

  /** The feed: a hibernatable WebSocket on which every TeamEvent is sent. The Worker has checked the caller and names the token in `X-Token-Id`. */
  override fetch(request: Request): Response {
    const { db } = this.#usable();
    const id = request.headers.get("x-token-id") ?? "";
    const token = findToken(db, id);
    return token === undefined ? new Response(null, { status: 401 }) : acceptFeed(this.ctx, request, { id, ...token });
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }

  override async alarm(): Promise<void> {
    this.#alarm.wentOff();
    if (!this.#isTeam || this.#migrationFailure !== undefined) return;
    await sweepTeam(this.#deps, this.env.BACKGROUND, readTeam(this.#db).slug);
  }

  #migrate(): void {
    try {
      migrateDb(this.ctx.storage, this.migrationSource());
      this.#migrationFailure = undefined;
    } catch (error) {
      this.#migrationFailure = error;
      logFailure("migration_failed", { object: this.ctx.id.name }, error);
    }
  }

  /**
   * What a feature works with. In an object that cannot be used it throws at the first touch, so that the refusal is the answer of the
   * method that was called: an error of `functions()` itself would be one that nobody awaits.
   */
  #usable(): TeamDeps {
    const refusal = this.#refusal();
    if (refusal === undefined) return this.#deps;
    return new Proxy(this.#deps, {
      get: () => {
        throw refusal;
      },
    });
  }

  #requireUsable(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
  }

  #refusal(): AppError | undefined {
    if (this.#migrationFailure !== undefined) {
      return new AppError(
        "team_unavailable",
        "This team's storage could not be brought to the current version, so nothing of it was changed and it cannot be used yet.",
        {
          hint: "The operator finds the failing migration in the log under migration_failed; deploying a corrected version brings the team back as it was.",
        },
      );
    }
    return this.#isTeam ? undefined : new AppError("not_found", "There is no such team.");
  }
}
