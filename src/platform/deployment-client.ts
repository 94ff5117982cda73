// Calls to the deployment's object. Runs at the edge.
import type { DeploymentObject } from "../durable/deployment-object.ts";
import { objectOf, type Remote } from "./object-client.ts";

export type DeploymentClient = Remote<DeploymentObject>;

/** A client of the deployment's one object: `await deploymentClient(env).listTeams({ limit: 100 })`. */
export function deploymentClient(env: { DEPLOYMENT: DurableObjectNamespace<DeploymentObject> }): DeploymentClient {
  const client = new Proxy(
    {},
    {
      get: (_target, method) => {
        // A client that is awaited by mistake must not look like a promise.
        if (typeof method !== "string" || method === "then") return undefined;
        return async (...args: unknown[]) => objectOf(env.DEPLOYMENT, "deployment")[method]?.(...args);
      },
    },
  );
  return client as DeploymentClient;
}
