// One network address: how often it failed to prove who it is. Keeps nothing once that is forgiven. Runs in the object.
import { DurableObject } from "cloudflare:workers";
import { type Bucket, type BucketLimit, secondsUntilFull, secondsUntilOne, takeOne } from "../core/token-bucket.ts";

interface KindBucket extends Bucket {
  limit: BucketLimit;
}

const storageKey = "buckets";

export class AddressObject extends DurableObject<Env> {
  /**
   * Counts one failure of a kind. Undefined while the address may go on failing, else the whole seconds until it may again; then nothing
   * is counted or written, so a flood cannot make the wait longer or the storage busy.
   */
  async failed(kind: string, limit: BucketLimit): Promise<{ retryAfter: number } | undefined> {
    const buckets = this.#read();
    const now = Date.now();
    const after = takeOne(buckets[kind], limit, now);
    if (after === undefined) return { retryAfter: secondsUntilOne(buckets[kind], limit, now) };
    const kept = { ...buckets, [kind]: { ...after, limit } };
    this.ctx.storage.kv.put(storageKey, kept);
    // The time is looked at again when it comes: later failures need not move it.
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(fullAt(kept, now));
    return undefined;
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    const at = fullAt(this.#read(), now);
    if (at > now) await this.ctx.storage.setAlarm(at);
    else await this.ctx.storage.deleteAll();
  }

  #read(): Record<string, KindBucket> {
    return this.ctx.storage.kv.get<Record<string, KindBucket>>(storageKey) ?? {};
  }
}

/** When every bucket is full again, Unix milliseconds. */
function fullAt(buckets: Record<string, KindBucket>, now: number): number {
  return (
    now + Math.max(0, ...Object.values(buckets).map((bucket) => secondsUntilFull(bucket, bucket.limit, now))) * 1000
  );
}
