// Calls to a team's workspace from the edge: one round trip each, nothing left open. Runs at the edge.
import type { WorkspaceObject, WorkspaceOwner } from "../durable/workspace-object.ts";
import { featureClient, objectOf, type Remote } from "./object-client.ts";

const features = ["frames", "operations", "relations", "sql", "tables"] as const;
type FeatureName = (typeof features)[number];

/** The workspace as a directory of its features: `await workspace.frames().list(reader)`. */
export type WorkspaceClient = { [Name in FeatureName]: () => Remote<ReturnType<WorkspaceObject[Name]>> } & Remote<
  Pick<WorkspaceObject, "destroy" | "sizes">
> & { newestWrite: () => Promise<number> };

/** A client of the workspace of one life of a team: another life of the same slug has another. */
export function workspaceClient(
  namespace: DurableObjectNamespace<WorkspaceObject>,
  team: string,
  incarnation: string,
): WorkspaceClient {
  const owner: WorkspaceOwner = { team, incarnation };
  const object = () => objectOf(namespace, `${team}/${incarnation}`);
  const client: Record<string, unknown> = {
    destroy: () => object().destroy?.(),
    sizes: async () => object().sizes?.(),
    newestWrite: async () => object().newestWrite?.(owner),
  };
  for (const name of features) client[name] = () => featureClient(object, name, owner);
  return client as WorkspaceClient;
}
