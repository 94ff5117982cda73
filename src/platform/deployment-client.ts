// Calls to the deployment's object. Runs at the edge.
import type { DeploymentObject } from "../durable/deployment-object.ts";
import { clientOf, objectOf, type Remote } from "./object-client.ts";

export type DeploymentClient = Remote<DeploymentObject>;

/** A client of the deployment's one object: `await deploymentClient(env).listTeams({ limit: 100 })`. */
export function deploymentClient(env: { DEPLOYMENT: DurableObjectNamespace<DeploymentObject> }): DeploymentClient {
  return clientOf<DeploymentObject>((method, args) => objectOf(env.DEPLOYMENT, "deployment")[method]?.(...args));
}
