// Calls to a team's object from the edge: one round trip each, nothing left open. Runs at the edge.
import type { TeamObject } from "../durable/team-object.ts";
import { featureClient, objectOf, type Remote } from "./object-client.ts";

const features = [
  "access",
  "activity",
  "connections",
  "functions",
  "tools",
  "datasets",
  "visibility",
  "metrics",
  "limits",
  "people",
  "notifications",
  "teams",
  "audit",
  "idempotency",
  "history",
  "learning",
  "approvals",
  "sharing",
  "backups",
  "making",
] as const;
type FeatureName = (typeof features)[number];

/** The team's object as a directory of its features: `await team.metrics().record(report)`. */
export type TeamClient = { [Name in FeatureName]: () => Remote<ReturnType<TeamObject[Name]>> } & Remote<
  Pick<TeamObject, "create" | "discard" | "enter" | "finishPurge" | "look">
> & { fetch: (url: string, init: RequestInit) => Promise<Response> };

/** A client of one team's object. */
export function teamClient(namespace: DurableObjectNamespace<TeamObject>, team: string): TeamClient {
  const object = () => objectOf(namespace, team);
  const direct =
    (method: string) =>
    (...args: unknown[]): unknown =>
      object()[method]?.(...args);
  const client: Record<string, unknown> = {
    create: direct("create"),
    discard: direct("discard"),
    enter: direct("enter"),
    fetch: direct("fetch"),
    finishPurge: direct("finishPurge"),
    look: direct("look"),
  };
  for (const name of features) client[name] = () => featureClient(object, name);
  return client as TeamClient;
}
