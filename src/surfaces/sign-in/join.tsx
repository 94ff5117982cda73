// The page of an invitation or one-time owner link. Looking at it changes nothing, since programs look at links too; its button does. Runs at the edge.
import { Hono } from "hono";
import { scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { sha256Hex } from "../../core/ids.ts";
import type { Caller } from "../../features/access/access.ts";
import type { InvitationView } from "../../features/people/schema.ts";
import { cleanName, newPersonId } from "../../features/sign-in/sign-in.ts";
import { personClient } from "../../platform/person-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { renderPage } from "../pages/page.tsx";
import { Time } from "../pages/parts.tsx";
import { renderProblem } from "../pages/problem-page.tsx";
import type { LoggedRoutes } from "../request-log.ts";
import { addressOf } from "../session.ts";
import { startSession } from "./complete.ts";
import { countFailure, requireNotBlocked } from "./failures.ts";
import { readForm, seeOther } from "./form.ts";
import { describeInvitation } from "./invitation.ts";
import { providerLabel, providerServes, providersFor, readProviders, type SignInConfig } from "./providers.ts";
import { readSession, type Session, verifiedEmailsFor } from "./session-cookie.ts";
import { NameField, PasskeyRegister, PasskeySignIn, ProviderLinks } from "./ways.tsx";

export const joinRoutes = new Hono<LoggedRoutes>()
  .get("/join/:team/:secret", async (c) => {
    requireNotBlocked(c.req.raw);
    const { team, secret } = c.req.param();
    const view = await describeInvitation(c.env, team, secret);
    const session = await readSession(c.req.raw, c.env);
    const url = new URL(c.req.url);
    const all = readProviders(c.env);
    const config = providersFor(all, view.team, view.signInProviders);
    const way = session === undefined ? "" : providerLabel(all, session.provider);
    const accepted = session !== undefined && isAccepted(c.env, view, session);
    return joinPage({ view, session, way, accepted, config, url });
  })
  .post("/join/:team/:secret", async (c) => {
    requireNotBlocked(c.req.raw);
    const form = await readForm(c.req.raw);
    const { team, secret } = c.req.param();
    const view = await describeInvitation(c.env, team, secret);
    const hash = await sha256Hex(secret);
    const session = await readSession(c.req.raw, c.env);
    if (session !== undefined) return joinAs(c.req.raw, c.env, { hash, view, session, requestId: c.get("requestId") });
    if (view.signsIn) {
      return joinByLink(c.req.raw, c.env, {
        hash,
        view,
        name: form.get("display_name"),
        requestId: c.get("requestId"),
      });
    }
    return seeOther(new URL(c.req.url).pathname);
  })
  .onError(async (error, c) =>
    renderProblem(await countFailure(c.req.raw, c.env, error), {
      requestId: c.get("requestId"),
      person: await readSession(c.req.raw, c.env).catch(() => undefined),
    }),
  );

interface Joining {
  hash: string;
  view: InvitationView;
  requestId: string;
}

/** A signed-in person joins. Their list of teams is written first, since it alone has no other way to be put right. */
async function joinAs(
  request: Request,
  env: Env,
  { hash, view, session, requestId }: Joining & { session: Session },
): Promise<Response> {
  if (!providerServes(env, session.provider, view.team)) throw wrongWay(env, view, session);
  const { personId, displayName } = session;
  const verifiedEmails = verifiedEmailsFor(session, env, view.team);
  const caller = joiner(request, requestId, session.personId, { id: session.sessionId, label: session.provider });
  await accept(env, view.team, personId, { hash, personId, displayName, verifiedEmails, caller });
  return seeOther(`/?${new URLSearchParams({ joined: view.team })}`);
}

/** Someone new joins and is signed in, because whoever made the link said that it is proof enough. */
async function joinByLink(
  request: Request,
  env: Env,
  { hash, view, name, requestId }: Joining & { name: string | null },
): Promise<Response> {
  const displayName = cleanName(name);
  if (displayName === undefined) {
    throw new AppError("invalid_argument", "A name is needed for the team to know you by.", {
      hint: "Go back and enter your name.",
    });
  }
  const personId = newPersonId();
  const caller = joiner(request, requestId, personId, { id: "link", label: "link" });
  await accept(env, view.team, personId, { hash, personId, displayName, verifiedEmails: [], caller });
  const started = await startSession(request, env, personId, "link", (session) =>
    personClient(env, personId).openSession({ personId, displayName }, session),
  );
  return seeOther("/account?done=joined", ...("cookie" in started ? [started.cookie] : []));
}

type Acceptance = Parameters<ReturnType<ReturnType<typeof teamClient>["people"]>["acceptInvitation"]>[0];

async function accept(env: Env, team: string, personId: string, input: Acceptance): Promise<void> {
  const person = personClient(env, personId);
  const isListed = (await person.teams()).includes(team);
  if (!isListed) await person.joinTeam(team);
  try {
    await teamClient(env.TEAM, team).people().acceptInvitation(input);
  } catch (error) {
    if (!isListed) await person.leftTeam(team);
    throw error;
  }
}

/** Who does it, as far as is known before the team has said who they are in it. */
function joiner(
  request: Request,
  requestId: string,
  personId: string,
  credential: { id: string; label: string },
): Caller {
  return {
    actor: {
      userId: personId,
      username: personId,
      role: "viewer",
      scopes,
      credential: { kind: "session", ...credential },
    },
    client: request.headers.get("user-agent")?.slice(0, 200) ?? null,
    address: addressOf(request) ?? null,
    requestId,
  };
}

/** True when the team would let in who signed in as this session did. */
function isAccepted(env: Env, view: InvitationView, { provider }: Session): boolean {
  return providerServes(env, provider, view.team) && (view.signInProviders?.includes(provider) ?? true);
}

function wrongWay(env: Env, view: InvitationView, { provider }: Session): AppError {
  const label = providerLabel(readProviders(env), provider);
  return new AppError("forbidden", `You signed in with ${label}, which is not for the team ${view.team}.`, {
    hint: "Open the invitation again and sign in another way.",
  });
}

interface JoinPage {
  view: InvitationView;
  session: Session | undefined;
  /** How the session signed in, and whether the team accepts that. */
  way: string;
  accepted: boolean;
  /** The ways it accepts. */
  config: SignInConfig;
  url: URL;
}

function joinPage(input: JoinPage): Promise<Response> {
  const { view, session } = input;
  return renderPage({
    title: `Join ${view.teamName}`,
    script: "passkey.js",
    person: session,
    narrow: true,
    children: (
      <>
        <h1>
          Join <bdi>{view.teamName}</bdi>
        </h1>
        <div class="card">
          <Invited view={view} />
          {session !== undefined && input.accepted ? (
            <JoinAs view={view} session={session} />
          ) : (
            <SignInToJoin {...input} />
          )}
        </div>
        <p class="hint">
          This link works once, until <Time ms={view.expiresAt} />.
        </p>
      </>
    ),
  });
}

function Invited({ view }: { view: InvitationView }) {
  const by = view.invitedBy === "operator" ? "The operator of this server" : view.invitedBy;
  return (
    <p>
      <bdi>{by}</bdi> invites you to the team <strong>{view.team}</strong>
      {view.username === null ? (
        <>
          {" "}
          as <strong>{view.role}</strong>
        </>
      ) : (
        <>
          {" "}
          as its member <strong>{view.username}</strong> ({view.role})
        </>
      )}
      .{view.emailHint === null ? null : ` The invitation is for ${view.emailHint}.`}
    </p>
  );
}

function JoinAs({ view, session }: { view: InvitationView; session: Session }) {
  return (
    <form method="post">
      <p>
        You are signed in as <strong>{session.displayName}</strong>.
      </p>
      <button type="submit" class="wide">
        Join {view.team}
      </button>
    </form>
  );
}

function SignInToJoin({ view, session, way, config, url }: JoinPage) {
  const returnTo = url.pathname;
  const invitation = returnTo.replace("/join/", "");
  const isStranger = session === undefined;
  const hasOthers = config.providers.length > 0 || config.passkeys;
  return (
    <>
      {isStranger ? null : (
        <p>You are signed in with {way}, which this team does not accept. Sign in another way to join.</p>
      )}
      {view.signsIn && isStranger ? (
        <form method="post">
          <NameField id="link-name" />
          <button type="submit" class="wide">
            Continue
          </button>
          <p class="hint">This link signs you in. Afterwards add a passkey or an account, to be able to come back.</p>
        </form>
      ) : null}
      {view.signsIn && isStranger && hasOthers ? <p class="or">or</p> : null}
      <ProviderLinks config={config} returnTo={returnTo} />
      {config.passkeys ? (
        <>
          {isStranger && !view.signsIn ? (
            <>
              {config.providers.length > 0 ? <p class="or">or</p> : null}
              <PasskeyRegister
                url={url}
                returnTo={returnTo}
                invitation={invitation}
                label="Create a passkey and go on"
              />
              <p class="or">or, if you have been here before</p>
            </>
          ) : null}
          <PasskeySignIn url={url} returnTo={returnTo} quiet />
        </>
      ) : null}
      {hasOthers || (view.signsIn && isStranger) ? null : (
        <p class="warning">
          No way to sign in that this team accepts is set up on this server. Tell whoever invited you.
        </p>
      )}
    </>
  );
}
