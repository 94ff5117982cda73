// A person's own page: their name, ways to sign in and browsers that are signed in. Runs at the edge.
import type { Child } from "hono/jsx";
import type { Account, IdentitySummary, PasskeySummary, SessionSummary } from "../../features/sign-in/schema.ts";
import { isForEveryone, type Provider, providerLabel, type SignInConfig } from "../sign-in/providers.ts";
import type { Session } from "../sign-in/session-cookie.ts";
import { PasskeyRegister } from "../sign-in/ways.tsx";
import { AppsCard, type ConnectedApp } from "./apps.tsx";
import { renderPage } from "./page.tsx";
import { browserName, Time } from "./parts.tsx";

/** What is said after a form did its work. */
const done: Record<string, string> = {
  name: "Your name is changed. Teams you are in keep the name you joined with.",
  session: "That browser is signed out.",
  passkey: "The passkey is on your account.",
  "passkey-renamed": "The passkey is renamed.",
  removed: "It is removed from your account.",
  linked: "The account is added: you can sign in with it from now on.",
  disconnected: "That app is disconnected: its tokens are good for nothing any more.",
  joined: "You are in the team and signed in.",
};

export interface AccountPage {
  account: Account;
  apps: readonly ConnectedApp[];
  session: Session;
  config: SignInConfig;
  url: URL;
}

export function accountPage({ account, apps, session, config, url }: AccountPage): Promise<Response> {
  const notice = done[url.searchParams.get("done") ?? ""];
  const ways = account.passkeys.length + account.identities.length;
  return renderPage({
    title: "Your account",
    script: "passkey.js",
    person: session,
    children: (
      <>
        <h1>Your account</h1>
        {notice === undefined ? null : (
          <div class="notice" role="status">
            <p>{notice}</p>
          </div>
        )}
        {ways === 0 ? (
          <div class="warning" role="alert">
            <p>
              You have no way to sign in again: a one-time link let you in. Add a passkey or an account below before you
              sign out.
            </p>
          </div>
        ) : null}
        <NameCard account={account} />
        <WaysCard account={account} session={session} config={config} url={url} />
        <AppsCard apps={apps} />
        <SessionsCard sessions={account.sessions} session={session} config={config} />
        <p>
          <a href="/">Your teams</a>
        </p>
      </>
    ),
  });
}

function NameCard({ account }: { account: Account }) {
  return (
    <section class="card" aria-labelledby="name-title">
      <h2 id="name-title">Name</h2>
      <form method="post" action="/account/name" class="row">
        <input
          class="grow"
          name="display_name"
          type="text"
          required
          maxlength={100}
          autocomplete="name"
          aria-labelledby="name-title"
          value={account.displayName}
        />
        <button type="submit" class="quiet">
          Change
        </button>
      </form>
    </section>
  );
}

function WaysCard({ account, session, config, url }: Omit<AccountPage, "apps">) {
  const { passkeys, identities } = account;
  const others = config.providers.filter(({ id }) => !identities.some(({ provider }) => provider === id));
  return (
    <section class="card" aria-labelledby="ways-title">
      <h2 id="ways-title">Ways to sign in</h2>
      {passkeys.length + identities.length === 0 ? <p class="muted">None yet.</p> : null}
      <ul class="items">
        {identities.map((identity) => (
          <IdentityItem identity={identity} config={config} />
        ))}
        {passkeys.map((passkey) => (
          <PasskeyItem passkey={passkey} />
        ))}
      </ul>
      {!isForEveryone(config, session.provider) ? (
        <p class="hint">To change these, sign in another way: you came with an account of some teams alone.</p>
      ) : config.passkeys ? (
        <PasskeyRegister url={url} returnTo="/account?done=passkey" label="Add a passkey" />
      ) : passkeys.length > 0 ? (
        <p class="hint">This server does not offer passkeys at present.</p>
      ) : null}
      {others.length === 0 || !isForEveryone(config, session.provider) ? null : (
        <LinkChoices providers={others} session={session} />
      )}
    </section>
  );
}

function LinkChoices({ providers, session }: { providers: readonly Provider[]; session: Session }) {
  return (
    <ul class="choices">
      {providers.map(({ id, label }) => {
        const query = new URLSearchParams({ link: session.csrf, return_to: "/account?done=linked" });
        return (
          <li>
            <a class="button quiet" href={`/sign-in/${id}?${query}`}>
              Add an account of {label}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function IdentityItem({ identity, config }: { identity: IdentitySummary; config: SignInConfig }) {
  const { issuer, subject, provider, email, lastUsedAt } = identity;
  const label = providerLabel(config, provider);
  return (
    <li class="row">
      <div class="grow">
        <h3>
          {label}
          {email === null ? "" : `: ${email}`}
        </h3>
        <p class="hint">
          Last used <Time ms={lastUsedAt} />
        </p>
      </div>
      <form method="post" action="/account/identities/remove">
        <input type="hidden" name="issuer" value={issuer} />
        <input type="hidden" name="subject" value={subject} />
        <button type="submit" class="danger small" aria-label={`Remove ${label}`}>
          Remove
        </button>
      </form>
    </li>
  );
}

function PasskeyItem({ passkey }: { passkey: PasskeySummary }) {
  const { id, label, createdAt, lastUsedAt } = passkey;
  return (
    <li>
      <div class="row">
        <div class="grow">
          <h3>
            {label} <span class="tag">passkey</span>
          </h3>
          <p class="hint">
            Added <Time ms={createdAt} />
            {lastUsedAt === null ? null : (
              <>
                , last used <Time ms={lastUsedAt} />
              </>
            )}
          </p>
        </div>
        <form method="post" action="/account/passkeys/remove">
          <input type="hidden" name="id" value={id} />
          <button type="submit" class="danger small" aria-label={`Remove the passkey ${label}`}>
            Remove
          </button>
        </form>
      </div>
      <details>
        <summary>Rename</summary>
        <form method="post" action="/account/passkeys/rename" class="row">
          <input type="hidden" name="id" value={id} />
          <input class="grow" name="label" type="text" required maxlength={60} value={label} aria-label="New name" />
          <button type="submit" class="quiet small">
            Rename
          </button>
        </form>
      </details>
    </li>
  );
}

interface SessionsInput {
  sessions: readonly SessionSummary[];
  session: Session;
  config: SignInConfig;
}

function SessionsCard({ sessions, session, config }: SessionsInput) {
  return (
    <section class="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Signed-in browsers</h2>
      <ul class="items">
        {sessions.map(({ id, userAgent, address, provider, createdAt, lastSeenAt }) => (
          <li class="row">
            <div class="grow">
              <h3>
                {browserName(userAgent)}
                {id === session.sessionId ? <span class="tag here">this browser</span> : null}
              </h3>
              <p class="hint">
                {providerLabel(config, provider)}
                {address === null ? "" : `, from ${address}`}. Signed in <Time ms={createdAt} />, last seen{" "}
                <Time ms={lastSeenAt} />.
              </p>
            </div>
            {id === session.sessionId ? null : (
              <form method="post" action="/account/sessions/revoke">
                <input type="hidden" name="id" value={id} />
                <button type="submit" class="quiet small" aria-label={`Sign out ${browserName(userAgent)}`}>
                  Sign out
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
      <form method="post" action="/account/sign-out-everywhere">
        <button type="submit" class="danger">
          Sign out everywhere
        </button>
      </form>
    </section>
  );
}

export interface LastWay {
  action: string;
  fields: Record<string, string>;
  /** This person is who the account stands for, so signing in with it brings it back. */
  comesBack?: boolean;
}

/** Asks once more before the last way to sign in goes. */
export function lastWayPage(session: Session, again: LastWay): Promise<Response> {
  const fields: Child[] = Object.entries(again.fields).map(([name, value]) => (
    <input type="hidden" name={name} value={value} />
  ));
  return renderPage({
    title: "Remove your only way to sign in?",
    status: 409,
    person: session,
    narrow: true,
    children: (
      <>
        <h1>Remove your only way to sign in?</h1>
        <div class="card">
          <p>
            Nothing was removed yet. Without it you stay signed in here until you sign out or this session ends.{" "}
            {again.comesBack === true
              ? "After that you come back only by signing in with that very account, which adds it again."
              : "After that nobody can sign in as you, and your teams would have to invite you as someone new."}
          </p>
          <form method="post" action={again.action}>
            {fields}
            <input type="hidden" name="confirm" value="yes" />
            <p class="actions">
              <a class="button" href="/account">
                Keep it
              </a>
              <button type="submit" class="danger">
                Remove it
              </button>
            </p>
          </form>
        </div>
      </>
    ),
  });
}
