// Calls to a team's object from the edge: one round trip each, nothing left open. Runs at the edge.
import type { TeamObject } from "../durable/team-object.ts";

const features = ["access", "functions", "tools", "datasets", "metrics"] as const;
type FeatureName = (typeof features)[number];

/** A feature's methods as its callers see them: asynchronous, with plain data in and out. */
type Remote<Feature> = {
  [Method in keyof Feature as Feature[Method] extends (...args: never[]) => unknown
    ? Method
    : never]: Feature[Method] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** The team's object as a directory of its features: `await team.metrics().record(report)`. */
export type TeamClient = { [Name in FeatureName]: () => Remote<ReturnType<TeamObject[Name]>> } & Remote<
  Pick<TeamObject, "create" | "enter">
> & { fetch: (url: string, init: RequestInit) => Promise<Response> };

/**
 * A client of one team's object. A stub is taken fresh for each call, since one kept over a restart of the object stays broken;
 * the call to the feature's method travels with the call for the feature (promise pipelining) and both are let go of together.
 */
export function teamClient(namespace: DurableObjectNamespace<TeamObject>, team: string): TeamClient {
  const id = namespace.idFromName(team);
  const object = (): Record<string, (...args: unknown[]) => unknown> =>
    namespace.get(id) as unknown as Record<string, (...args: unknown[]) => unknown>;
  const direct =
    (method: string) =>
    (...args: unknown[]): unknown =>
      object()[method]?.(...args);
  const client: Record<string, unknown> = { create: direct("create"), enter: direct("enter"), fetch: direct("fetch") };
  for (const name of features) client[name] = () => featureClient(() => object()[name]?.() as RemoteFeature);
  return client as TeamClient;
}

type RemoteFeature = Record<string, (...args: unknown[]) => Promise<unknown>> & Disposable;

function featureClient(open: () => RemoteFeature): unknown {
  return new Proxy(
    {},
    {
      get: (_target, method) => {
        // A client that is awaited by mistake must not look like a promise.
        if (typeof method !== "string" || method === "then") return undefined;
        return async (...args: unknown[]) => {
          using feature = open();
          return await feature[method]?.(...args);
        };
      },
    },
  );
}
