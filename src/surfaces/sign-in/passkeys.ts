// Passkeys: options for the browser's prompt, and what its answer proves. The browser's page is src/browser/passkey.ts. Runs at the edge.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { Hono } from "hono";
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { base64Url, fromBase64Url } from "../../core/ids.ts";
import { logFailure } from "../../core/log.ts";
import { parseWith } from "../../core/parse.ts";
import type { Passkey } from "../../features/sign-in/schema.ts";
import { cleanName, isPersonId, newPersonId } from "../../features/sign-in/sign-in.ts";
import { signInLimits } from "../../limits.ts";
import { personClient } from "../../platform/person-client.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { publicOrigin } from "../oauth/addresses.ts";
import { browserName } from "../pages/parts.tsx";
import type { LoggedRoutes } from "../request-log.ts";
import { problemResponse } from "../rest/problem.ts";
import { startSession } from "./complete.ts";
import { countFailure, requireNotBlocked } from "./failures.ts";
import { describeInvitation } from "./invitation.ts";
import { clearedPending, type PendingPasskey, pendingCookie, readPending } from "./pending.ts";
import { readProviders } from "./providers.ts";
import { readSession, requireOwnWays, requireSameOrigin, safeReturnTo } from "./session-cookie.ts";

const base64UrlText = z.string().regex(/^[A-Za-z0-9_-]+$/);
const registerSchema = z.object({ display_name: z.string().optional(), invitation: z.string().optional() });
// What the library reads of a browser's answer; it checks the content itself.
const answerSchema = z.object({
  response: z.looseObject({ id: base64UrlText, response: z.looseObject({}) }),
  return_to: z.string(),
});
const userHandleSchema = z.looseObject({ userHandle: base64UrlText });

// Loaded when the first passkey is asked for: it reads certificates of every kind of authenticator, and no other request needs that.
const library = () => import("@simplewebauthn/server");

export const passkeyRoutes = new Hono<LoggedRoutes>()
  .use("/*", async (c, next) => {
    requireSameOrigin(c.req.raw);
    requireNotBlocked(c.req.raw);
    if (!readProviders(c.env).passkeys) {
      throw new AppError("not_found", "This server does not use passkeys.", {
        hint: "Choose another way to sign in; the operator turns passkeys on with PASSKEYS=on.",
      });
    }
    await next();
  })
  .post("/options", async (c) => {
    const { generateAuthenticationOptions } = await library();
    const options = await generateAuthenticationOptions({
      rpID: rpIdOf(c.req.raw, c.env),
      userVerification: "required",
    });
    return answerWith(c.env, options, { what: "sign-in" });
  })
  .post("/verify", async (c) => {
    const { response, returnTo } = await readAnswer(c.req.raw);
    const pending = await requirePending(c.req.raw, c.env, "sign-in");
    const cookie = await signInWithPasskey(
      c.req.raw,
      c.env,
      response as unknown as AuthenticationResponseJSON,
      pending,
    );
    return next(returnTo, cookie);
  })
  .post("/register/options", async (c) => {
    const person = await whoRegisters(c.req.raw, c.env);
    const held = person.isNew ? [] : await personClient(c.env, person.id).passkeyIds();
    const { generateRegistrationOptions } = await library();
    const options = await generateRegistrationOptions({
      rpName: "Super Data",
      rpID: rpIdOf(c.req.raw, c.env),
      userName: person.displayName,
      userDisplayName: person.displayName,
      userID: new Uint8Array(new TextEncoder().encode(person.id)),
      attestationType: "none",
      excludeCredentials: held.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
    return answerWith(c.env, options, { what: "register", person });
  })
  .post("/register/verify", async (c) => {
    const { response, returnTo } = await readAnswer(c.req.raw);
    const pending = await requirePending(c.req.raw, c.env, "register");
    const cookies = await register(c.req.raw, c.env, response as unknown as RegistrationResponseJSON, pending);
    return next(returnTo, ...cookies);
  })
  .onError(async (error, c) => problemResponse(await countFailure(c.req.raw, c.env, error), c.get("requestId")));

interface Registrant {
  id: string;
  displayName: string;
  isNew: boolean;
}

/** Who may make a passkey: whoever is signed in, or someone new who holds an open invitation. */
async function whoRegisters(request: Request, env: Env): Promise<Registrant> {
  const body = parseWith(registerSchema, await jsonBody(request), "passkey");
  const session = await readSession(request, env);
  if (session !== undefined) {
    requireOwnWays(env, session);
    return { id: session.personId, displayName: session.displayName, isNew: false };
  }
  const [team = "", secret = ""] = (body.invitation ?? "").split("/");
  if (body.invitation === undefined) {
    throw new AppError("unauthorized", "A passkey is made with an invitation, or by who is signed in.", {
      hint: "Open the invitation link again, or sign in first.",
    });
  }
  await describeInvitation(env, team, secret);
  const displayName = cleanName(body.display_name);
  if (displayName === undefined) {
    throw new AppError("invalid_argument", "A name is needed for the team to know you by.", {
      hint: "Enter your name.",
    });
  }
  return { id: newPersonId(), displayName, isNew: true };
}

async function signInWithPasskey(
  request: Request,
  env: Env,
  response: AuthenticationResponseJSON,
  pending: PendingPasskey,
): Promise<string> {
  const handle = userHandleSchema.safeParse(response.response);
  const personId = handle.success ? new TextDecoder().decode(fromBase64Url(handle.data.userHandle)) : "";
  const passkey = isPersonId(personId) ? await personClient(env, personId).findPasskey(response.id) : undefined;
  const publicKey = passkey === undefined ? undefined : fromBase64Url(passkey.publicKey);
  if (passkey === undefined || publicKey === undefined) throw unknownPasskey();
  const { verifyAuthenticationResponse } = await library();
  const { authenticationInfo } = await checked(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: pending.challenge,
      expectedOrigin: publicOrigin(request, env),
      expectedRPID: rpIdOf(request, env),
      // The counter is compared in the person's object, where two answers at once come one after the other.
      credential: { id: passkey.id, publicKey: new Uint8Array(publicKey), counter: 0 },
      requireUserVerification: true,
    }),
  );
  const started = await startSession(request, env, personId, "passkey", (session) =>
    personClient(env, personId).signInWithPasskey(passkey.id, authenticationInfo.newCounter, pending, session),
  );
  if ("cookie" in started) return started.cookie;
  throw unknownPasskey();
}

/** Keeps the new passkey; someone new is signed in with it. */
async function register(
  request: Request,
  env: Env,
  response: RegistrationResponseJSON,
  pending: PendingPasskey,
): Promise<string[]> {
  const { person } = pending;
  const session = await readSession(request, env);
  // Signed out or in as another while the prompt was open: whose passkey it would be is not what the page said.
  if (person === undefined || (person.isNew ? session !== undefined : session?.personId !== person.id))
    throw stalePrompt();
  if (session !== undefined) requireOwnWays(env, session);
  const { verifyRegistrationResponse } = await library();
  const { registrationInfo } = await checked(() =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: pending.challenge,
      expectedOrigin: publicOrigin(request, env),
      expectedRPID: rpIdOf(request, env),
      requireUserVerification: true,
    }),
  );
  if (registrationInfo === undefined) throw stalePrompt();
  const { credential } = registrationInfo;
  const passkey: Passkey & { label: string } = {
    id: credential.id,
    publicKey: base64Url(credential.publicKey),
    counter: credential.counter,
    transports: credential.transports ?? [],
    label: browserName(request.headers.get("user-agent")),
  };
  const who = { personId: person.id, displayName: person.displayName };
  await personClient(env, person.id).addPasskey(who, passkey, pending);
  if (!person.isNew) return [];
  const started = await startSession(request, env, person.id, "passkey", (opened) =>
    personClient(env, person.id).openSession(who, opened),
  );
  return "cookie" in started ? [started.cookie] : [];
}

/** Runs the library's check. It throws for every answer that does not count, with texts for developers: they go to the log. */
async function checked<Result extends { verified: boolean }>(check: () => Promise<Result>): Promise<Result> {
  try {
    const result = await check();
    if (result.verified) return result;
  } catch (error) {
    logFailure("passkey_refused", {}, error);
  }
  throw new AppError("sign_in_failed", "The passkey's answer does not count.", {
    hint: "Reload the page and try again, or choose another way.",
  });
}

async function readAnswer(request: Request): Promise<{ response: unknown; returnTo: string }> {
  const { response, return_to } = parseWith(answerSchema, await jsonBody(request), "passkey");
  return { response, returnTo: safeReturnTo(request, return_to) };
}

async function requirePending(request: Request, env: Env, what: PendingPasskey["what"]): Promise<PendingPasskey> {
  const pending = await readPending(request, env, "passkey", Date.now());
  if (pending?.what === what) return pending;
  throw stalePrompt();
}

/** The options for the browser, and a sealed note of their challenge that only this browser can bring back. */
async function answerWith(
  env: Env,
  options: { challenge: string },
  pending: Omit<PendingPasskey, "challenge" | "expiresAt">,
): Promise<Response> {
  const now = Date.now();
  const value = { ...pending, challenge: options.challenge, expiresAt: now + signInLimits.pendingMs };
  const headers = { "set-cookie": await pendingCookie(env, "passkey", value, now), "cache-control": "no-store" };
  return Response.json(options, { headers });
}

function next(returnTo: string, ...cookies: string[]): Response {
  const headers = new Headers({ "cache-control": "no-store" });
  for (const cookie of [clearedPending("passkey"), ...cookies]) headers.append("set-cookie", cookie);
  return Response.json({ next: returnTo }, { headers });
}

function rpIdOf(request: Request, env: Env): string {
  return new URL(publicOrigin(request, env)).hostname;
}

function unknownPasskey(): AppError {
  return new AppError("sign_in_failed", "This passkey is not known here.", {
    hint: "Use another passkey or another way to sign in; a removed passkey can be deleted from your device.",
  });
}

function stalePrompt(): AppError {
  return new AppError("sign_in_failed", "This passkey prompt was not opened from this page, or has expired.", {
    hint: "Reload the page and try again.",
  });
}
