// What the features of a person's object are given. Types only.
import type { Db } from "./db.ts";

export interface PersonDeps {
  db: Db;
  now: () => number;
  /** False until something was written; reading then finds nothing and leaves nothing behind. */
  exists: () => boolean;
  /** Runs `write` in one transaction, giving the object its schema first when it has none. */
  atomically: <T>(write: () => T) => T;
}
