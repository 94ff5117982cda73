// A token bucket: so many at once, refilled evenly. Pure. Runs everywhere.

export interface BucketLimit {
  /** What a full bucket holds. */
  capacity: number;
  perMinute: number;
}

/** What was left at a time (Unix milliseconds). A bucket that nobody has is a full one. */
export interface Bucket {
  level: number;
  at: number;
}

/** What rounding may take from a level over many refills; a caller who waited as told must get in. */
const tolerance = 1e-6;

/** What a bucket holds now. A clock that went back refills nothing; a limit that was lowered cuts what is left. */
export function levelOf(bucket: Bucket | undefined, limit: BucketLimit, now: number): number {
  if (bucket === undefined) return limit.capacity;
  const refilled = bucket.level + (Math.max(0, now - bucket.at) * limit.perMinute) / 60_000;
  return Math.min(limit.capacity, refilled);
}

/** The bucket after one was taken, or undefined when there is less than one in it. */
export function takeOne(bucket: Bucket | undefined, limit: BucketLimit, now: number): Bucket | undefined {
  const level = levelOf(bucket, limit, now);
  return level < 1 - tolerance ? undefined : { level: Math.max(0, level - 1), at: Math.max(now, bucket?.at ?? now) };
}

/** Whole seconds until the bucket holds one again, 1 at least: what Retry-After says. */
export function secondsUntilOne(bucket: Bucket | undefined, limit: BucketLimit, now: number): number {
  return secondsUntil(1, bucket, limit, now, 1);
}

/** Whole seconds until the bucket is full. */
export function secondsUntilFull(bucket: Bucket | undefined, limit: BucketLimit, now: number): number {
  return secondsUntil(limit.capacity, bucket, limit, now, 0);
}

function secondsUntil(
  goal: number,
  bucket: Bucket | undefined,
  limit: BucketLimit,
  now: number,
  least: number,
): number {
  const missing = goal - levelOf(bucket, limit, now);
  return Math.max(least, Math.ceil((missing * 60) / limit.perMinute - tolerance));
}
