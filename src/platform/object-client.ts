// Calls to Durable Objects from the edge: one round trip each, nothing left open. Runs at the edge.

/** An object's or feature's methods as its callers see them: asynchronous, with plain data in and out. */
export type Remote<Feature> = {
  [Method in keyof Feature as Feature[Method] extends (...args: never[]) => unknown
    ? Method
    : never]: Feature[Method] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

type AnyObject = Record<string, (...args: unknown[]) => unknown>;
type RemoteFeature = Record<string, (...args: unknown[]) => Promise<unknown>> & Disposable;

/** A fresh stub of the object of that name: one kept over a restart of the object stays broken. */
export function objectOf<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): AnyObject {
  return namespace.get(namespace.idFromName(name)) as unknown as AnyObject;
}

/** A client whose methods all go through `call`. */
export function clientOf<Feature>(call: (method: string, args: unknown[]) => unknown): Remote<Feature> {
  const client = new Proxy(
    {},
    {
      get: (_target, method) => {
        // A client that is awaited by mistake must not look like a promise.
        if (typeof method !== "string" || method === "then") return undefined;
        return async (...args: unknown[]) => call(method, args);
      },
    },
  );
  return client as Remote<Feature>;
}

/**
 * The methods of what the object's method `feature`, given `given`, hands out. A stub is taken fresh for each call; the call to the feature's method travels
 * with the call for the feature (promise pipelining) and both are let go of together.
 */
export function featureClient<Feature>(object: () => AnyObject, feature: string, ...given: unknown[]): Remote<Feature> {
  return clientOf<Feature>(async (method, args) => {
    using opened = object()[feature]?.(...given) as RemoteFeature;
    return await opened[method]?.(...args);
  });
}
