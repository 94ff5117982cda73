// What sharing needs of the team's object: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError, describeError, type ErrorDescription } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { sharingLimits } from "../../workflow-limits.ts";
import { type Asker, type Caller, maySee } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import { requireDirectSave } from "../jq-functions/library-store.ts";
import type { FunctionResult, FunctionsRpc } from "../jq-functions/rpc.ts";
import type { SaveFunction } from "../jq-functions/schema.ts";
import { findFunctionRow } from "../jq-functions/store.ts";
import type { ToolOrigin, ToolResult, ToolsRpc } from "../jq-tools/rpc.ts";
import type { SaveTool } from "../jq-tools/schema.ts";
import { findToolRow } from "../jq-tools/store.ts";
import type { Signer, Signers } from "./schema.ts";
import {
  countSigners,
  deleteSigner,
  findSigner,
  functionHashes,
  readSigningKey,
  selectSigners,
  toolHashes,
  writeSigner,
  writeSigningKey,
} from "./store.ts";

export interface EntryNames {
  functions: readonly string[];
  tools: readonly string[];
}

/** The first digits of the hashes of each entry's newest versions, by name. */
export interface EntryHashes {
  functions: Record<string, string[]>;
  tools: Record<string, string[]>;
}

/** What an import must know of the team beyond its definitions. */
export interface Standing {
  /** Why the caller may not save without a proposal; absent: they may. */
  refusal?: ErrorDescription;
  /** Deactivated ones: a save brings them back. */
  inactive: { functions: string[]; tools: string[] };
  /** Tools that are not shown to the caller: their names cannot be had. */
  taken: string[];
  /** The name of the trusted key that was asked for. */
  signer?: string;
  ownKey?: string;
}

/** An entry to save, and the version it is meant to follow: null for none that is in use. */
export interface Guarded<Input> {
  input: Input;
  base: number | null;
}

export interface KeptKey {
  publicKey: string;
  sealed: string;
  createdAt: string;
}

/** Saving is other features': this one says only what must still be so. */
interface Saving {
  functions: Pick<FunctionsRpc, "saveAll">;
  tools: Pick<ToolsRpc, "saveAll">;
}

/** What one team shares and whom it trusts. */
export class SharingRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #saving: Saving;

  constructor(deps: TeamDeps, saving: Saving) {
    super();
    this.#deps = deps;
    this.#saving = saving;
  }

  /** Hashes of the newest versions of each, the present one among them. */
  hashes({ functions, tools }: EntryNames, asker: Asker): EntryHashes {
    const { db } = this.#deps;
    const limit = sharingLimits.earlierVersions + 1;
    return {
      functions: Object.fromEntries(functions.map((name) => [name, functionHashes(db, name, limit)])),
      tools: Object.fromEntries(tools.map((name) => [name, toolHashes(db, name, limit, asker)])),
    };
  }

  /** How the team stands to entries of these names, and to the key with this fingerprint. */
  standing({ functions, tools }: EntryNames, fingerprint: string | undefined, by: Caller): Standing {
    const { db } = this.#deps;
    const refusal = this.#refusal(by);
    const rows = tools.flatMap((name) => findToolRow(db, name) ?? []);
    const seen = rows.filter((row) => maySee(by.actor, row));
    const signer = fingerprint === undefined ? undefined : findSigner(db, fingerprint)?.name;
    const ownKey = readSigningKey(db)?.publicKey;
    return {
      ...(refusal === undefined ? {} : { refusal }),
      inactive: {
        functions: functions.filter((name) => findFunctionRow(db, name)?.isActive === false),
        tools: seen.filter(({ isActive }) => !isActive).map(({ name }) => name),
      },
      taken: rows.filter((row) => !seen.includes(row)).map(({ name }) => name),
      ...(signer === undefined ? {} : { signer }),
      ...(ownKey === undefined ? {} : { ownKey }),
    };
  }

  #refusal(by: Caller): ErrorDescription | undefined {
    try {
      requireDirectSave(this.#deps.db, by);
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  /** Saves functions, each only if it still is what it was planned on; those that are not end in `conflict`. */
  saveFunctions(entries: Guarded<SaveFunction>[], by: Caller): FunctionResult[] {
    const { db } = this.#deps;
    const versionOf = (name: string): number | null => {
      const row = findFunctionRow(db, name);
      return row?.isActive === true ? row.version : null;
    };
    return guarded("function", entries, versionOf, (inputs) => this.#saving.functions.saveAll(inputs, by, "yaml"));
  }

  /** Saves tools likewise. */
  saveTools(entries: Guarded<SaveTool>[], by: Caller, origin: ToolOrigin): ToolResult[] {
    const { db } = this.#deps;
    const versionOf = (name: string): number | null => {
      const row = findToolRow(db, name);
      // Of a tool that is not shown nothing is said but what every save says: its name is taken.
      return row?.isActive === true && maySee(by.actor, row) ? row.version : null;
    };
    return guarded("tool", entries, versionOf, (inputs) => this.#saving.tools.saveAll(inputs, by, origin));
  }

  /** Puts into the audit log what an import came to and whose it was; each entry has an entry of its own. */
  noteImport(summary: object, by: Caller): void {
    this.#deps.record(by, () => ({
      result: undefined,
      audit: [{ action: "library.import", target: { kind: "library", name: "library" }, after: summary }],
    }));
  }

  signingKey(): KeptKey | undefined {
    const row = readSigningKey(this.#deps.db);
    return row && { publicKey: row.publicKey, sealed: row.privateKey, createdAt: row.createdAt.toISOString() };
  }

  /** Keeps a new key if the team's is still `replaces` (null: none), and answers the one it then has. */
  keepSigningKey(
    key: { publicKey: string; sealed: string; fingerprint: string; replaces: string | null },
    by: Caller,
  ): KeptKey {
    const { db } = this.#deps;
    const caller = requireNow(db, by, "library:write");
    const current = this.signingKey();
    if (current !== undefined && current.publicKey !== key.replaces) return current;
    const createdAt = new Date(this.#deps.now());
    this.#deps.record(caller, () => {
      writeSigningKey(db, { publicKey: key.publicKey, privateKey: key.sealed, createdAt });
      return {
        result: undefined,
        audit: [
          {
            action: current === undefined ? "signing_key.create" : "signing_key.replace",
            target: { kind: "signing_key", name: key.fingerprint },
            after: { fingerprint: key.fingerprint, replaces: key.replaces },
          },
        ],
      };
    });
    return { publicKey: key.publicKey, sealed: key.sealed, createdAt: createdAt.toISOString() };
  }

  signers(): Omit<Signers, "own"> & { own: { publicKey: string; createdAt: string } | null } {
    const key = readSigningKey(this.#deps.db);
    const own = key === undefined ? null : { publicKey: key.publicKey, createdAt: key.createdAt.toISOString() };
    return { own, trusted: selectSigners(this.#deps.db) };
  }

  /** Trusts a key from now on, or gives a trusted one another name. Throws `too_large` for more than the limit. */
  trust(input: { fingerprint: string; publicKey: string; name: string }, by: Caller): Signer {
    const { db } = this.#deps;
    const caller = requireNow(db, by, "settings:manage");
    const before = findSigner(db, input.fingerprint);
    if (before?.name === input.name) return before;
    if (before === undefined) requireRoom(countSigners(db));
    const addedAt = new Date(this.#deps.now());
    const addedBy = caller.actor.username;
    const { fingerprint, publicKey: public_key, name } = input;
    return this.#deps.record(caller, () => {
      writeSigner(db, { ...input, addedBy, addedAt });
      return {
        result: { fingerprint, public_key, name, added_by: addedBy, added_at: addedAt.toISOString() },
        audit: [
          {
            action: "signer.trust",
            target: { kind: "signer", name: fingerprint },
            ...(before === undefined ? {} : { before: { name: before.name } }),
            after: { name },
          },
        ],
      };
    });
  }

  /** No longer trusts a key. Throws `not_found`. */
  distrust(fingerprint: string, by: Caller): Signer {
    const { db } = this.#deps;
    const caller = requireNow(db, by, "settings:manage");
    const before = findSigner(db, fingerprint);
    if (before === undefined) {
      throw new AppError("not_found", "The team trusts no key with this fingerprint.", {
        hint: "list_signers shows those it trusts.",
        details: { fingerprint },
      });
    }
    return this.#deps.record(caller, () => {
      deleteSigner(db, fingerprint);
      return {
        result: before,
        audit: [
          {
            action: "signer.distrust",
            target: { kind: "signer", name: fingerprint },
            before: { name: before.name },
          },
        ],
      };
    });
  }
}

function guarded<Input extends { name: string }, Result extends { name: string }>(
  kind: string,
  entries: readonly Guarded<Input>[],
  versionOf: (name: string) => number | null,
  saveAll: (inputs: Input[]) => Result[],
): (Result | { name: string; error: ErrorDescription })[] {
  const stays = entries.map(({ input, base }) => versionOf(input.name) === base);
  const saved = saveAll(entries.filter((_, at) => stays[at]).map(({ input }) => input)).values();
  return entries.map(({ input }, at) => {
    const result = stays[at] === true ? saved.next().value : undefined;
    return result ?? { name: input.name, error: movedOn(kind, input.name) };
  });
}

function movedOn(kind: string, name: string): ErrorDescription {
  return {
    code: "conflict",
    message: `The ${kind} ${name} was changed while this import was under way, so it was left as it is.`,
    hint: "Plan and import again.",
  };
}

function requireRoom(signers: number): void {
  if (signers < sharingLimits.signers) return;
  throw new AppError(
    "too_large",
    `The team trusts ${signers} keys; the limit is ${sharingLimits.signers} (limit signers).`,
    {
      hint: "Distrust one that is no longer used (distrust_signer).",
      details: { limit: "signers", value: sharingLimits.signers },
    },
  );
}
