// The deployment as a whole: which teams there are and how its queues do. Wiring only. Runs in the object.
import { DurableObject } from "cloudflare:workers";
import deploymentMigrations from "../../migrations/deployment/migrations.js";
import {
  type DeadLetterFilter,
  deleteDeadLetter,
  findDeadLetter,
  keepDeadLetters,
  markReplayed,
  selectDeadLetters,
} from "../features/metrics/dead-letter-store.ts";
import { addBatch, probe, selectQueues } from "../features/metrics/queue-store.ts";
import type { DeadLetter, NewDeadLetter, QueueReport, QueueTotal } from "../features/metrics/schema.ts";
import {
  listTeams,
  type RegisteredTeam,
  type Reservation,
  registerTeam,
  releaseTeam,
  reserveTeam,
  teamsCreatedBy,
  unregisterTeam,
} from "../features/teams/deployment-store.ts";
import { type Db, migrateDb, openDb } from "./db.ts";

const signOutsKey = "operator_sign_outs";

/** There is one, under the name `deployment`. */
export class DeploymentObject extends DurableObject<Env> {
  readonly #db: Db;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#db = openDb(ctx.storage);
    ctx.blockConcurrencyWhile(async () => migrateDb(ctx.storage, deploymentMigrations));
  }

  reserveTeam(slug: string, personId: string): Reservation {
    return reserveTeam(this.#db, slug, personId, Date.now());
  }

  releaseTeam(slug: string, personId: string): void {
    releaseTeam(this.#db, slug, personId);
  }

  registerTeam(team: { slug: string; incarnation: string; createdByPerson: string | null; createdAt: number }): void {
    registerTeam(this.#db, team);
  }

  unregisterTeam(slug: string, incarnation: string): void {
    unregisterTeam(this.#db, slug, incarnation);
  }

  listTeams(page: { after?: string | undefined; limit: number }): { teams: RegisteredTeam[]; total: number } {
    return listTeams(this.#db, page);
  }

  teamsCreatedBy(personId: string): number {
    return teamsCreatedBy(this.#db, personId);
  }

  /** Answers once its database has been read. */
  ping(): void {
    probe(this.#db);
  }

  recordQueue(report: QueueReport): void {
    addBatch(this.#db, report, Date.now());
  }

  keepDeadLetters(letters: NewDeadLetter[]): void {
    keepDeadLetters(this.#db, letters, Date.now());
  }

  deadLetters(filter: DeadLetterFilter): { rows: { seq: number; letter: DeadLetter }[]; total: number } {
    return selectDeadLetters(this.#db, filter);
  }

  deadLetter(id: string): DeadLetter | undefined {
    return findDeadLetter(this.#db, id);
  }

  markReplayed(id: string): void {
    markReplayed(this.#db, id, Date.now());
  }

  deleteDeadLetter(id: string): boolean {
    return deleteDeadLetter(this.#db, id);
  }

  queues(): QueueTotal[] {
    return selectQueues(this.#db);
  }

  isOperatorSignedOut(session: string): boolean {
    return Object.hasOwn(this.#signOuts(), session);
  }

  /** Remembers that a session of the operator's pages has ended, until its cookie would end by itself (Unix milliseconds). */
  signOutOperator(session: string, until: number): void {
    const now = Date.now();
    const lasting = Object.entries(this.#signOuts()).filter(([, end]) => end > now);
    this.ctx.storage.kv.put(signOutsKey, Object.fromEntries([...lasting, [session, until]]));
  }

  #signOuts(): Record<string, number> {
    return this.ctx.storage.kv.get<Record<string, number>>(signOutsKey) ?? {};
  }
}
