// The entry: what exists in this Worker. Runs at the edge.
import { app } from "./surfaces/app.ts";
import { handleBackground } from "./surfaces/background/consumer.ts";
import { backUpAllTeams } from "./surfaces/background/nightly.ts";

export { AddressObject } from "./durable/address-object.ts";
export { DeploymentObject } from "./durable/deployment-object.ts";
export { PersonObject } from "./durable/person-object.ts";
export { TeamObject } from "./durable/team-object.ts";
export { WorkspaceObject } from "./durable/workspace-object.ts";

export default {
  fetch: app.fetch,
  queue: handleBackground,
  scheduled: backUpAllTeams,
} satisfies ExportedHandler<Env>;
