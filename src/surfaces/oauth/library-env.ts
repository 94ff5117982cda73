// The environment as the OAuth library sees it: our KV namespace, guarded. Runs at the edge.

/** What KV takes as a key; callers choose parts of the keys that the library looks up. */
const maxKeyBytes = 512;

/**
 * The same environment. A look-up of a key longer than KV takes finds nothing instead of failing. The keys that are deleted through it are
 * put into `deleted`: only so is it known whether the library took a revocation for good.
 */
export function libraryEnv(env: Env, deleted: string[] = []): Env {
  const kv = env.OAUTH_KV;
  const guarded = new Proxy(kv, {
    get: (target, name) => {
      if (name === "get") return guardedGet(target);
      if (name === "delete") {
        return async (key: string): Promise<void> => {
          deleted.push(key);
          await target.delete(key);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...env, OAUTH_KV: guarded };
}

function guardedGet(kv: KVNamespace): (key: string, ...options: unknown[]) => Promise<unknown> {
  return async (key, ...options) => {
    if (new TextEncoder().encode(key).length > maxKeyBytes) return null;
    // The namespace has one `get` for each kind of value; whichever was asked for is asked for again.
    return (kv.get as (key: string, ...options: unknown[]) => Promise<unknown>).call(kv, key, ...options);
  };
}
