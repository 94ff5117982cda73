// Secrets that are kept at rest for a team (webhooks' keys, signing keys): sealed under the deployment's own. Runs at the edge.
import { openText, type SealingKey, sealText } from "../core/sealing.ts";

/** Seals secrets of one team; `place` says what one is for, e.g. `webhook whk_1`. */
export interface SecretSeal {
  seal: (place: string, secret: string) => Promise<string>;
  /** Undefined when the deployment's secret has changed since, or it was sealed for another team or place. */
  open: (place: string, sealed: string) => Promise<string | undefined>;
}

/** Under SECRETS_KEY where the operator has set it, else under OPERATOR_TOKEN. */
export function secretSeal(env: Pick<Env, "OPERATOR_TOKEN">, team: string): SecretSeal {
  const own = Reflect.get(env, "SECRETS_KEY");
  const material = typeof own === "string" && own !== "" ? own : env.OPERATOR_TOKEN;
  const key: SealingKey = { material, salt: team, info: "super-data secrets of a team v1" };
  return {
    seal: (place, secret) => sealText(key, place, secret),
    open: (place, sealed) => openText(key, place, sealed),
  };
}
