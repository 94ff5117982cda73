// The operator's browser: a sealed cookie that says only that its holder knew the token, and until when. Runs at the edge.
import * as z from "zod";
import { newId } from "../../../core/ids.ts";
import { deploymentClient } from "../../../platform/deployment-client.ts";
import { clearCookie, readCookie, setCookie } from "../../sign-in/cookies.ts";
import { seal, unseal } from "../../sign-in/sealed.ts";

const cookieName = "__Host-operator";
const purpose = "operator pages";
const lifeMs = 8 * 60 * 60 * 1000;

const sealedSchema = z.strictObject({ is: z.literal("operator"), session: z.string() });

type OperatorEnv = Pick<Env, "OPERATOR_TOKEN" | "DEPLOYMENT">;

/**
 * The `Set-Cookie` value of an operator who has just proven who they are: 8 hours, for this origin's own pages alone. Sealed with a key derived
 * from the operator's token, so another token ends it.
 */
export async function operatorCookie(env: Pick<Env, "OPERATOR_TOKEN">, now: number): Promise<string> {
  const sealed = await seal(env.OPERATOR_TOKEN, purpose, { is: "operator", session: newId("ops") }, now + lifeMs);
  return setCookie(cookieName, sealed, lifeMs, "Strict");
}

/** The `Set-Cookie` value that forgets it. */
export function clearedOperatorCookie(): string {
  return clearCookie(cookieName);
}

/** True for a request with a cookie that this deployment made, whose time is not over and that nobody signed out with. */
export async function isOperator(request: Request, env: OperatorEnv, now: number): Promise<boolean> {
  const session = await sessionOf(request, env, now);
  return session !== undefined && !(await deploymentClient(env).isOperatorSignedOut(session));
}

/** Ends the session of a request's cookie: a copy of it, wherever one is, lets nobody in any more. */
export async function signOutOperator(request: Request, env: OperatorEnv, now: number): Promise<void> {
  const session = await sessionOf(request, env, now);
  if (session !== undefined) await deploymentClient(env).signOutOperator(session, now + lifeMs);
}

async function sessionOf(request: Request, env: OperatorEnv, now: number): Promise<string | undefined> {
  const text = readCookie(request, cookieName);
  if (text === undefined || env.OPERATOR_TOKEN === "") return undefined;
  return sealedSchema.safeParse(await unseal(env.OPERATOR_TOKEN, purpose, text, now)).data?.session;
}
