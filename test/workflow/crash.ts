// A Worker that dies: calls to the team's object that stop at a chosen one, before it is made or before its answer arrives. Runs in workerd.
import { env } from "cloudflare:workers";
import type { TeamObject } from "../../src/durable/team-object.ts";

/** How a Worker ends: after so many calls to the object; `lost` makes the last call and loses its answer. */
export interface Fate {
  calls: number;
  lost: boolean;
}

export class WorkerDied extends Error {
  constructor() {
    super("the Worker died");
  }
}

/** Methods of the object itself; all others hand out a feature. */
const direct = new Set(["create", "enter", "fetch", "finishPurge", "look"]);

type Call = (...args: unknown[]) => unknown;

/** The team objects as a Worker with this fate sees them. `between` runs before each call: what else may happen in the meantime. */
export function mortal(fate: Fate | undefined, between?: () => Promise<void>): DurableObjectNamespace<TeamObject> {
  let left = fate?.calls ?? Number.POSITIVE_INFINITY;
  const make = async (call: () => unknown): Promise<unknown> => {
    if (left < 0) throw new WorkerDied();
    left -= 1;
    if (left < 0 && fate?.lost !== true) throw new WorkerDied();
    await between?.();
    const answer = await call();
    if (left < 0) throw new WorkerDied();
    return answer;
  };
  const objectOf = (id: DurableObjectId): unknown =>
    new Proxy(
      {},
      {
        get: (_target, name) => {
          // A fresh stub each time: one kept over a restart stays broken.
          const stub = () => env.TEAM.get(id) as unknown as Record<string, Call>;
          if (typeof name !== "string") return undefined;
          if (direct.has(name)) return (...args: unknown[]) => make(() => stub()[name]?.(...args));
          return () => featureOf(() => stub()[name]?.(), make);
        },
      },
    );
  return {
    idFromName: (name: string) => env.TEAM.idFromName(name),
    get: objectOf,
  } as unknown as DurableObjectNamespace<TeamObject>;
}

function featureOf(open: () => unknown, make: (call: () => unknown) => Promise<unknown>): unknown {
  return new Proxy(
    {},
    {
      get: (_target, method) => {
        if (method === "then") return undefined;
        // The one symbol that is asked for is Symbol.dispose, and each call disposes of its own.
        if (typeof method !== "string") return () => undefined;
        return (...args: unknown[]) =>
          make(async () => {
            using opened = open() as Record<string, Call> & Disposable;
            return await opened[method]?.(...args);
          });
      },
    },
  );
}
