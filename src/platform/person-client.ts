// Calls to a person's object. Runs at the edge.
import type { PersonRpc } from "../features/sign-in/rpc.ts";
import { featureClient, objectOf, type Remote } from "./object-client.ts";

export type PersonClient = Remote<PersonRpc>;

/** A client of one person's object: `await personClient(env, personId).teams()`. */
export function personClient(env: Pick<Env, "PERSON">, personId: string): PersonClient {
  return featureClient<PersonRpc>(() => objectOf(env.PERSON, personId), "person");
}
