// A person over RPC: thin. Runs in the person's object.
import { RpcTarget } from "cloudflare:workers";
import { AppError } from "../../core/errors.ts";
import type { PersonDeps } from "../../durable/person-deps.ts";
import { signInLimits } from "../../limits.ts";
import * as store from "./person-store.ts";
import type { Account, FoundSession, Identity, NewSession, Passkey } from "./schema.ts";

/** Who signs in: the person's id and what to call them when they are new. */
export interface Who {
  personId: string;
  displayName: string;
}

/** A challenge that a browser answered; the same one counts once. */
export interface Challenge {
  challenge: string;
  expiresAt: number;
}

/** A session that was opened, and those that ended to make room for it. */
export interface Opened {
  sessionId: string;
  ended: string[];
}

export class PersonRpc extends RpcTarget {
  readonly #deps: PersonDeps;

  constructor(deps: PersonDeps) {
    super();
    this.#deps = deps;
  }

  /** Signs in who was proven by other means than an identity provider or a passkey. */
  openSession(who: Who, session: NewSession): Opened {
    return this.#write((now) => {
      store.ensurePerson(this.#deps.db, who.personId, who.displayName, now);
      return store.insertSession(this.#deps.db, session, now);
    });
  }

  /**
   * Signs in with an account at an identity provider. Called on the person that the account is derived from: returns `linkedTo` instead when
   * the account was added to another person, who is then asked with `signInAsLinked`. Throws `sign_in_failed` for an account that the person
   * removed and has other ways to sign in instead of.
   */
  signInWithIdentity(who: Who, identity: Identity, session: NewSession): Opened | { linkedTo: string } {
    return this.#write((now) => {
      const { db } = this.#deps;
      const before = store.readPerson(db);
      if (before !== undefined && before.linkedTo !== null) return { linkedTo: before.linkedTo };
      if (before !== undefined && !this.#has(identity) && this.#ways() > 0) throw removedIdentity();
      store.ensurePerson(db, who.personId, who.displayName, now);
      store.upsertIdentity(db, identity, now);
      return store.insertSession(db, session, now);
    });
  }

  /** Signs in with an account that was added to this person. Undefined when it has been removed since. */
  signInAsLinked(identity: Identity, session: NewSession): Opened | undefined {
    if (!this.#deps.exists()) return undefined;
    return this.#write((now) => {
      if (!this.#has(identity)) return undefined;
      store.upsertIdentity(this.#deps.db, identity, now);
      return store.insertSession(this.#deps.db, session, now);
    });
  }

  /** Signs in with a passkey whose answer the edge has verified. Throws `sign_in_failed` for an answer that was used before or a copied passkey. */
  signInWithPasskey(passkeyId: string, counter: number, challenge: Challenge, session: NewSession): Opened {
    return this.#write((now) => {
      const passkey = store.findPasskey(this.#deps.db, passkeyId);
      if (passkey === undefined) throw unknownPasskey();
      this.#useChallenge(challenge, now);
      // A passkey that counts goes up with each use; one that falls back was copied. Synced passkeys stay at nought.
      if ((counter > 0 || passkey.counter > 0) && counter <= passkey.counter) throw copiedPasskey();
      store.notePasskeyUse(this.#deps.db, passkeyId, counter, now);
      return store.insertSession(this.#deps.db, session, now);
    });
  }

  /** Adds a passkey whose making the edge has verified, to a person who may be new. */
  addPasskey(who: Who, passkey: Passkey & { label: string }, challenge: Challenge): void {
    this.#write((now) => {
      this.#useChallenge(challenge, now);
      store.ensurePerson(this.#deps.db, who.personId, who.displayName, now);
      const held = store.listPasskeys(this.#deps.db);
      if (held.some(({ id }) => id === passkey.id)) {
        throw new AppError("already_exists", "This passkey is on your account already.", {
          hint: "There is nothing to do.",
        });
      }
      requireRoom("passkeys", held.length);
      store.insertPasskey(this.#deps.db, passkey, now);
    });
  }

  /** The passkey of that id, to check an answer with. */
  findPasskey(id: string): Passkey | undefined {
    return this.#deps.exists() ? store.findPasskey(this.#deps.db, id) : undefined;
  }

  /** The passkeys this person has, for a browser that makes another. */
  passkeyIds(): { id: string; transports: string[] }[] {
    if (!this.#deps.exists()) return [];
    return store.listPasskeys(this.#deps.db).map(({ id, transports }) => ({ id, transports }));
  }

  renamePasskey(id: string, label: string): boolean {
    return this.#deps.exists() && this.#write(() => store.renamePasskey(this.#deps.db, id, label));
  }

  /** `last`: it is the only way to sign in, and nothing was removed since `evenIfLast` is not set. */
  removePasskey(id: string, evenIfLast: boolean): "removed" | "last" | "unknown" {
    return this.#removeWay(evenIfLast, () => store.deletePasskey(this.#deps.db, id));
  }

  /** Adds an account at an identity provider to this person. */
  addIdentity(identity: Identity): void {
    this.#write((now) => {
      if (!this.#has(identity)) requireRoom("identities", store.listIdentities(this.#deps.db).length);
      store.upsertIdentity(this.#deps.db, identity, now);
    });
  }

  /** The same as removePasskey, for an account at an identity provider. */
  removeIdentity(issuer: string, subject: string, evenIfLast: boolean): "removed" | "last" | "unknown" {
    return this.#removeWay(evenIfLast, () => store.deleteIdentity(this.#deps.db, issuer, subject));
  }

  /**
   * Makes the account that this object is derived from sign in as another person; null undoes it. Throws `conflict` when someone already
   * signs in with it: two people are not made one.
   */
  linkTo(who: Who, personId: string | null): void {
    this.#write((now) => {
      const { db } = this.#deps;
      const before = store.readPerson(db);
      if (personId === null) {
        if (before !== undefined && before.linkedTo !== null) store.deletePerson(db);
        return;
      }
      const isInUse =
        before !== undefined && before.linkedTo === null && hasAnything(store.readAccount(db, before, now));
      const isOthers = before !== undefined && before.linkedTo !== null && before.linkedTo !== personId;
      if (isInUse || isOthers) {
        throw new AppError("conflict", "Someone already signs in with that account, so it was not added to yours.", {
          hint: "Sign in with it to see whose it is. To use it here, remove it there first.",
        });
      }
      store.ensurePerson(db, who.personId, who.displayName, now);
      store.linkPerson(db, personId);
    });
  }

  /** The live session whose secret has this digest. */
  findSession(hash: string): FoundSession | undefined {
    return this.#deps.exists() ? store.findSession(this.#deps.db, hash, this.#deps.now()) : undefined;
  }

  /** Ends a session. False when there was none. */
  revokeSession(id: string): boolean {
    return this.#deps.exists() && this.#write(() => store.deleteSession(this.#deps.db, id));
  }

  /** Ends all sessions; returns which. */
  revokeSessions(): string[] {
    if (!this.#deps.exists()) return [];
    return this.#write((now) => {
      const ended = store.listSessions(this.#deps.db, now).map(({ id }) => id);
      for (const id of ended) store.deleteSession(this.#deps.db, id);
      return ended;
    });
  }

  /** Everything that the person's own page shows. Undefined when there is no such person. */
  account(): Account | undefined {
    const who = this.#deps.exists() ? store.readPerson(this.#deps.db) : undefined;
    return who === undefined ? undefined : store.readAccount(this.#deps.db, who, this.#deps.now());
  }

  rename(displayName: string): void {
    if (this.#deps.exists()) this.#write(() => store.renamePerson(this.#deps.db, displayName));
  }

  /** Notes that this person is in a team now. Throws `conflict` over signInLimits.teams. */
  joinTeam(team: string): void {
    this.#write((now) => {
      if (!store.listTeams(this.#deps.db).includes(team)) requireRoom("teams", store.countTeams(this.#deps.db));
      store.insertTeam(this.#deps.db, team, now);
    });
  }

  leftTeam(team: string): void {
    if (this.#deps.exists()) this.#write(() => store.deleteTeam(this.#deps.db, team));
  }

  /** Teams this person joined, by name. Each team's own object decides whether they are still in it. */
  teams(): string[] {
    return this.#deps.exists() ? store.listTeams(this.#deps.db) : [];
  }

  #write<T>(write: (now: number) => T): T {
    return this.#deps.atomically(() => write(this.#deps.now()));
  }

  #ways(): number {
    return store.listPasskeys(this.#deps.db).length + store.listIdentities(this.#deps.db).length;
  }

  #has({ issuer, subject }: Identity): boolean {
    return store.listIdentities(this.#deps.db).some((held) => held.issuer === issuer && held.subject === subject);
  }

  #useChallenge({ challenge, expiresAt }: Challenge, now: number): void {
    if (expiresAt > now && store.useChallenge(this.#deps.db, challenge, expiresAt, now)) return;
    throw new AppError("sign_in_failed", "This passkey prompt was answered before or has expired.", {
      hint: "Start again and answer the new prompt.",
    });
  }

  #removeWay(evenIfLast: boolean, remove: () => boolean): "removed" | "last" | "unknown" {
    if (!this.#deps.exists()) return "unknown";
    if (this.#ways() <= 1 && !evenIfLast) return "last";
    return this.#write(remove) ? "removed" : "unknown";
  }
}

function hasAnything(account: Account): boolean {
  const { sessions, passkeys, identities, teams } = account;
  return sessions.length + passkeys.length + identities.length + teams.length > 0;
}

function requireRoom(limit: "passkeys" | "identities" | "teams", held: number): void {
  if (held < signInLimits[limit]) return;
  const what = { passkeys: "passkeys", identities: "accounts to sign in with", teams: "teams" }[limit];
  throw new AppError("conflict", `You have ${held} ${what}, which is the limit (${limit} = ${signInLimits[limit]}).`, {
    hint: limit === "teams" ? "Leave a team you no longer need." : "Remove one you no longer use.",
    details: { limit, value: signInLimits[limit] },
  });
}

function removedIdentity(): AppError {
  return new AppError("sign_in_failed", "This account was removed from the person it signed in as.", {
    hint: "Sign in another way, and add it again on your account page.",
  });
}

function unknownPasskey(): AppError {
  return new AppError("sign_in_failed", "This passkey is not known here.", {
    hint: "Use another passkey or another way to sign in; a removed passkey can be deleted from your device.",
  });
}

function copiedPasskey(): AppError {
  return new AppError("sign_in_failed", "This passkey looks like a copy: its counter went backwards.", {
    hint: "Sign in another way and remove the passkey from your account.",
  });
}
