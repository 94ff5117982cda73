// One team: a directory of its features' RPC objects, its schema and its feed. Wiring only. Runs in the object.
import { DurableObject } from "cloudflare:workers";
import teamMigrations from "../../migrations/team/migrations.js";
import { AppError, isAppError } from "../core/errors.ts";
import { logFailure } from "../core/log.ts";
import type { Actor, Caller } from "../features/access/access.ts";
import { ConnectionsRpc } from "../features/access/connection-rpc.ts";
import { AccessRpc } from "../features/access/rpc.ts";
import type { Credential } from "../features/access/schema.ts";
import { actorFor, findActor } from "../features/access/store.ts";
import { isWork } from "../features/activity/activity.ts";
import { ActivityRpc } from "../features/activity/rpc.ts";
import { addSample, isSampleDue, nextSampleAt } from "../features/activity/sample-store.ts";
import { countCalls, countUsers } from "../features/activity/store.ts";
import { ApprovalsRpc } from "../features/approvals/rpc.ts";
import { AuditRpc } from "../features/audit/rpc.ts";
import { auditHead } from "../features/audit/store.ts";
import { adoptSnapshots, noteMissedSnapshot, sweepBackups } from "../features/backups/keeping.ts";
import { MakingRpc } from "../features/backups/making-rpc.ts";
import { leftOver, snapshotBeforeMigration } from "../features/backups/migrating.ts";
import { BackupsRpc } from "../features/backups/rpc.ts";
import { DatasetsRpc } from "../features/datasets/rpc.ts";
import type { Dataset } from "../features/datasets/schema.ts";
import { changedDatasets } from "../features/datasets/store.ts";
import { HistoryRpc } from "../features/history/rpc.ts";
import { IdempotencyRpc } from "../features/idempotency/rpc.ts";
import { FunctionsRpc } from "../features/jq-functions/rpc.ts";
import type { JqFunction } from "../features/jq-functions/schema.ts";
import { changedFunctions } from "../features/jq-functions/store.ts";
import { ToolsRpc } from "../features/jq-tools/rpc.ts";
import type { JqTool } from "../features/jq-tools/schema.ts";
import { changedTools } from "../features/jq-tools/store.ts";
import { LearningRpc, learn, suggestDue } from "../features/learning/rpc.ts";
import { MetricsRpc } from "../features/metrics/rpc.ts";
import { readPolicy } from "../features/notifications/notifications.ts";
import { NotificationsRpc } from "../features/notifications/rpc.ts";
import { PeopleRpc } from "../features/people/rpc.ts";
import { Limiter, type RateState } from "../features/rate-limits/rate-limits.ts";
import { LimitsRpc } from "../features/rate-limits/rpc.ts";
import { bucketStorage } from "../features/rate-limits/store.ts";
import { SharingRpc } from "../features/sharing/rpc.ts";
import { isPurgeDue, requireNotDeleted } from "../features/teams/lifecycle.ts";
import { TeamsRpc } from "../features/teams/rpc.ts";
import { allowsProvider, maxRatePerMinute } from "../features/teams/schema.ts";
import { createTeam, type Founder, readSettings, readTeam } from "../features/teams/store.ts";
import { VisibilityRpc } from "../features/visibility/rpc.ts";
import { WorkspaceLogRpc } from "../features/workspace/rpc.ts";
import { cacheLimits } from "../limits.ts";
import { Alarm } from "./alarm.ts";
import { sendHint, sweepTeam } from "./alarms.ts";
import { type Db, hasSchema, isBehind, type MigrationSource, migrateDb, openDb } from "./db.ts";
import { acceptFeed, answerPings, endExpired, endFeeds, openingOf, publishToFeed, refuseMessage } from "./feed.ts";
import { makeTeamDeps, type TeamDeps } from "./team-deps.ts";
import { DoorRefusals, readGauges } from "./team-gauges.ts";
import { readHolding, sizesOfWorkspace } from "./team-holding.ts";

/** What the Worker knows of the team already. */
export interface KnownState {
  incarnation?: string;
  revision?: number;
}

export interface EnterInput extends KnownState {
  credential: Credential;
  /** The request would restore a deleted team. */
  restoring?: boolean;
  /** The request has a precondition, so it must know the newest entry of the log. */
  withHead?: boolean;
}

/** The team's definitions, as far as the Worker does not know them. */
export interface TeamState {
  name: string;
  incarnation: string;
  revision: number;
  /** Rows that a frame of the team may have. */
  frameRows: number;
  /** TeamChanges as JSON text, which crosses RPC cheaper than objects. Absent when the Worker's copy is current. */
  changes?: string;
}

/** What a Worker learns when a request enters: who asks, and what changed since the revision it already knows. */
export interface TeamEntry extends TeamState {
  actor: Actor;
  /** The operator's log may show arguments of this team's calls. */
  logArguments: boolean;
  /** Where the caller's rate limits stand, this request counted. */
  limits: RateState[];
  auditHead?: number;
}

/** `full`: not a difference but everything there is. A difference includes inactive and deleted entries, so that they can be taken out. */
export interface TeamChanges {
  full: boolean;
  functions: JqFunction[];
  tools: JqTool[];
  datasets: Dataset[];
}

/** Whom a credential stands for, and when it ends by itself: Unix milliseconds, null for never. */
interface Admitted {
  actor: Actor;
  expiresAt: number | null;
}

/** Each getter hands out one feature's methods, which throw `not_found` before `create` and `team_unavailable` after a failed migration. */
export class TeamObject extends DurableObject<Env> {
  readonly #db: Db;
  readonly #deps: TeamDeps;
  readonly #alarm: Alarm;
  readonly #limiter: Limiter;
  readonly #refusals = new DoorRefusals();
  #migrationFailure: unknown;
  #isTeam = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#db = openDb(ctx.storage);
    this.#alarm = new Alarm(ctx.storage);
    this.#limiter = new Limiter(bucketStorage(this.#db), maxRatePerMinute(env));
    this.#deps = makeTeamDeps(
      ctx.storage,
      this.#db,
      this.#alarm,
      {
        publish: (events) => publishToFeed(ctx, events, this.#deps.now()),
        endFeeds: (whose, why) => endFeeds(ctx, whose, why),
      },
      (message, delayMs) => ctx.waitUntil(sendHint(env.BACKGROUND, message, delayMs)),
    );
    answerPings(ctx);
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.restore();
      this.#isTeam = hasSchema(ctx.storage);
      if (this.#isTeam) this.#migrateTeam();
    });
  }

  /** Where the schema comes from; tests replace it to make a migration fail. */
  protected migrationSource(): MigrationSource {
    return teamMigrations;
  }

  /** Makes this object a team, owned by its founder if a person creates it. Returns false, changing nothing, when it already is one. */
  create(input: { slug: string; name: string; founder?: Founder; by?: Caller }): boolean {
    if (this.#isTeam) return false;
    this.ctx.storage.transactionSync(() => {
      this.#migrate();
      if (this.#migrationFailure !== undefined) throw this.#refusal();
      createTeam(this.#db, input, this.#deps.now(), input.by);
    });
    this.#isTeam = true;
    return true;
  }

  /** Removes all there is of a deleted team whose time is up. Says false, changing nothing, when this is not that life of it. */
  async finishPurge(incarnation: string): Promise<boolean> {
    if (!this.#isTeam) return false;
    this.#requireUsable();
    if (!isPurgeDue(this.#deps, incarnation)) return false;
    await this.#empty();
    return true;
  }

  /** Removes all there is of a preview, or of what was to become one. Says false, changing nothing, for any other team. */
  async discard(incarnation: string): Promise<boolean> {
    if (this.#isTeam && readTeam(this.#db).incarnation !== incarnation) return false;
    this.#deps.endFeeds("all");
    await this.#empty();
    return true;
  }

  async #empty(): Promise<void> {
    await this.ctx.blockConcurrencyWhile(async () => {
      this.#isTeam = false;
      await this.ctx.storage.deleteAll();
      this.#alarm.wentOff();
    });
  }

  /**
   * The door of every request: undefined unless the team exists and the credential is good. Charges it; throws `rate_limited`, and `team_deleted`
   * unless an owner comes to restore it. Nothing is written for a team that does not exist.
   */
  enter(input: EnterInput): TeamEntry | undefined {
    if (!this.#isTeam) return undefined;
    this.#requireUsable();
    return this.#refusals.watch(() => this.#letIn(input));
  }

  #letIn(input: EnterInput): TeamEntry | undefined {
    const actor = this.#admit(input.credential)?.actor;
    if (actor === undefined) return undefined;
    if (input.restoring !== true || actor.role !== "owner") requireNotDeleted(this.#db);
    const settings = readSettings(this.#db);
    const limits = this.#limiter.enter(actor, settings, this.#deps.now());
    const head = input.withHead === true ? { auditHead: auditHead(this.#db).seq } : {};
    return { actor, limits, logArguments: settings.log_arguments, ...head, ...this.#stateSince(input) };
  }

  /** The team's definitions for what the Worker does in it by itself; undefined when there is no team or it was deleted. */
  look(known: KnownState): TeamState | undefined {
    if (!this.#isTeam) return undefined;
    this.#requireUsable();
    return readTeam(this.#db).deletedAt === null ? this.#stateSince(known) : undefined;
  }

  #stateSince(known: KnownState): TeamState {
    const { name, incarnation, revision } = readTeam(this.#db);
    const behind = known.incarnation === incarnation && known.revision !== undefined ? revision - known.revision : -1;
    const full = behind < 0 || behind > cacheLimits.catalogueRevisions;
    const state = { name, incarnation, revision, frameRows: readSettings(this.#db).frame_rows };
    if (!full && known.revision === revision) return state;
    const since = full ? -1 : (known.revision ?? -1);
    const changes: TeamChanges = {
      full,
      functions: changedFunctions(this.#db, since),
      tools: changedTools(this.#db, since),
      datasets: changedDatasets(this.#db, since),
    };
    return { ...state, changes: JSON.stringify(changes) };
  }

  access(): AccessRpc {
    return new AccessRpc(this.#usable());
  }

  connections(): ConnectionsRpc {
    return new ConnectionsRpc(this.#usable());
  }

  functions(): FunctionsRpc {
    return new FunctionsRpc(this.#usable());
  }

  tools(): ToolsRpc {
    return new ToolsRpc(this.#usable());
  }

  approvals(): ApprovalsRpc {
    return new ApprovalsRpc(this.#usable());
  }

  sharing(): SharingRpc {
    const deps = this.#usable();
    return new SharingRpc(deps, { functions: new FunctionsRpc(deps), tools: new ToolsRpc(deps) });
  }

  datasets(): DatasetsRpc {
    return new DatasetsRpc(this.#usable());
  }

  limits(): LimitsRpc {
    return new LimitsRpc(this.#usable(), this.#limiter, () => readSettings(this.#db));
  }

  visibility(): VisibilityRpc {
    return new VisibilityRpc(this.#usable());
  }

  metrics(): MetricsRpc {
    const deps = this.#usable();
    return new MetricsRpc(deps, {
      gauges: () => readGauges(this.ctx, this.#db),
      takeRefusals: () => this.#refusals.take(),
      learn: (report) => learn(deps, report),
      count: (calls, logged) => {
        const now = deps.now();
        countCalls(deps.db, calls.filter(isWork), now);
        countUsers(deps.db, logged, now);
        deps.wakeAt(nextSampleAt(deps.db, now));
      },
      learnt: (reports) => suggestDue(deps, reports),
    });
  }

  activity(): ActivityRpc {
    return new ActivityRpc(this.#usable(), () => readHolding(this.ctx.storage, this.#db));
  }

  learning(): LearningRpc {
    return new LearningRpc(this.#usable());
  }

  audit(): AuditRpc {
    return new AuditRpc(this.#usable());
  }

  backups(): BackupsRpc {
    return new BackupsRpc(this.#usable(), this.ctx.storage.sql);
  }

  /** For an object that is not a team: makes it one from a backup. */
  making(): MakingRpc {
    const { storage } = this.ctx;
    return new MakingRpc({
      sql: storage.sql,
      db: this.#db,
      now: this.#deps.now,
      isTeam: () => this.#isTeam,
      knows: (migration) => this.migrationSource().journal.entries.some(({ tag }) => tag === migration),
      transaction: (run) => storage.transactionSync(run),
      migrate: (upTo) => migrateDb(storage, this.migrationSource(), upTo),
      opened: () => {
        this.#isTeam = true;
      },
      wakeAt: this.#deps.wakeAt,
    });
  }

  workspaceLog(): WorkspaceLogRpc {
    return new WorkspaceLogRpc(this.#usable());
  }

  idempotency(): IdempotencyRpc {
    return new IdempotencyRpc(this.#usable());
  }

  history(): HistoryRpc {
    return new HistoryRpc(this.#usable());
  }

  teams(): TeamsRpc {
    return new TeamsRpc(this.#usable(), maxRatePerMinute(this.env));
  }

  notifications(): NotificationsRpc {
    return new NotificationsRpc(this.#usable(), readPolicy(this.env));
  }

  people(): PeopleRpc {
    return new PeopleRpc(this.#usable());
  }

  /**
   * The feed: a hibernatable WebSocket that carries LiveMessages, those after the event `since` of the URL if it names one. The Worker has
   * verified the credential it passes as JSON in `X-Credential`.
   */
  override fetch(request: Request): Response {
    this.#requireUsable();
    const credential = JSON.parse(request.headers.get("x-credential") ?? "null") as Credential | null;
    const admitted = credential === null ? undefined : this.#admitListener(credential);
    if (admitted === undefined) return new Response(null, { status: 401 });
    const { actor, expiresAt } = admitted;
    const { userId, username, role, scopes, credential: shown } = actor;
    const listener = { userId, username, role, scopes, credentialId: shown.id, expiresAt };
    const since = new URL(request.url).searchParams.get("since");
    const { slug } = readTeam(this.#db);
    const opening = openingOf(this.#db, slug, listener, since === null ? undefined : Number(since));
    if (expiresAt !== null) this.#alarm.wakeAt(expiresAt);
    return acceptFeed(this.ctx, request, listener, opening);
  }

  /** A listener that may not listen is turned away for good, whatever the reason. */
  #admitListener(credential: Credential): Admitted | undefined {
    try {
      requireNotDeleted(this.#db);
      return this.#admit(credential);
    } catch (error) {
      if (isAppError(error)) return undefined;
      throw error;
    }
  }

  /** Whom a credential stands for here. Throws `forbidden` when it names someone it may not act for. */
  #admit(credential: Credential): Admitted | undefined {
    const found = findActor(this.#db, credential, this.#deps.now());
    if (credential.kind === "session" && !allowsProvider(readSettings(this.#db), credential.provider)) return undefined;
    const actFor = credential.kind === "token" ? credential.actFor : undefined;
    if (found === undefined || actFor === undefined) return found;
    if (found.token?.mayActForOthers !== true) {
      throw new AppError("forbidden", "X-User-Id is honoured only from a service token that may act for others.", {
        hint: "Leave the header out, or have an admin create a service token with may_act_for_others.",
      });
    }
    const actor = actorFor(this.#db, found.actor, actFor);
    if (actor !== undefined) return { actor, expiresAt: found.expiresAt };
    throw new AppError("forbidden", "X-User-Id names nobody of this team.", {
      hint: "Send the username of a current member; list_members shows them.",
    });
  }

  override webSocketMessage(socket: WebSocket): void {
    refuseMessage(socket);
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }

  override async alarm(): Promise<void> {
    this.#alarm.wentOff();
    const left = leftOver(this.ctx.storage.sql, this.#isTeam, this.#deps.now());
    if (left === "empty") return await this.#empty();
    if (left !== undefined) return this.#deps.wakeAt(left);
    if (!this.#isTeam || this.#migrationFailure !== undefined) return;
    const nextBackupAt = sweepBackups({ deps: this.#deps, sql: this.ctx.storage.sql }, this.#deps.now());
    if (nextBackupAt !== undefined) this.#deps.wakeAt(nextBackupAt);
    const nextEnd = endExpired(this.ctx, this.#deps.now());
    if (nextEnd !== undefined) this.#alarm.wakeAt(nextEnd);
    await sweepTeam(this.#deps, this.env.BACKGROUND, readTeam(this.#db).slug);
    await this.#takeSample();
  }

  /** Notes what the team holds, once in a while. */
  async #takeSample(): Promise<void> {
    const { now, atomically } = this.#deps;
    if (!isSampleDue(this.#db, now())) return;
    const { slug, incarnation } = readTeam(this.#db);
    const workspace = await sizesOfWorkspace(this.env.WORKSPACE, slug, incarnation);
    // The team may have been removed meanwhile.
    if (this.#isTeam) atomically(() => addSample(this.#db, readHolding(this.ctx.storage, this.#db), workspace, now()));
  }

  /** A snapshot is taken before any migration; one that cannot be does not keep the team from its schema, which comes whole or not at all. */
  #migrateTeam(): void {
    const { storage } = this.ctx;
    const missed = isBehind(storage, this.migrationSource())
      ? snapshotBeforeMigration(storage.sql, (run) => storage.transactionSync(run), this.#deps.now())
      : undefined;
    this.#migrate();
    if (this.#migrationFailure !== undefined) return;
    adoptSnapshots({ deps: this.#deps, sql: storage.sql });
    if (missed !== undefined) noteMissedSnapshot(this.#deps, missed.why);
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
