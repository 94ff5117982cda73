// The ways to sign in as parts of a page: a link for each identity provider, a form for a passkey. Runs at the edge.
import type { SignInConfig } from "./providers.ts";

interface WaysInput {
  config: SignInConfig;
  returnTo: string;
  /** This page's own address, to say where passkeys work when it is not here. */
  url: URL;
}

/** Links and the passkey's button. Links, not forms: a browser would hold a form's redirect to our own content policy. */
export function Ways({ config, returnTo, url }: WaysInput) {
  return (
    <>
      <ProviderLinks config={config} returnTo={returnTo} />
      {config.providers.length > 0 && config.passkeys ? <p class="or">or</p> : null}
      {config.passkeys ? <PasskeySignIn returnTo={returnTo} url={url} /> : null}
    </>
  );
}

export function ProviderLinks({ config, returnTo }: Pick<WaysInput, "config" | "returnTo">) {
  if (config.providers.length === 0) return null;
  return (
    <ul class="choices">
      {config.providers.map(({ id, label }) => (
        <li>
          <a class="button" href={`/sign-in/${id}?${new URLSearchParams({ return_to: returnTo })}`}>
            Sign in with {label}
          </a>
        </li>
      ))}
    </ul>
  );
}

export function PasskeySignIn({ returnTo, url, quiet }: Pick<WaysInput, "returnTo" | "url"> & { quiet?: boolean }) {
  if (!hasPasskeys(url)) return <PasskeysElsewhere url={url} />;
  return (
    <>
      <form data-passkey="sign-in" data-return-to={returnTo} hidden>
        <button type="submit" class={quiet === true ? "wide quiet" : "wide"}>
          Sign in with a passkey
        </button>
        <p class="hint" role="status" />
      </form>
      <NeedsScript />
    </>
  );
}

interface RegisterInput {
  returnTo: string;
  url: URL;
  label: string;
  /** `<team>/<secret>` of the invitation that lets someone new make a passkey; absent: for who is signed in. */
  invitation?: string;
}

/** Makes a passkey: of a new person with an invitation, who says what to be called, or of who is signed in. */
export function PasskeyRegister({ returnTo, url, label, invitation }: RegisterInput) {
  if (!hasPasskeys(url)) return <PasskeysElsewhere url={url} />;
  return (
    <>
      <form data-passkey="register" data-return-to={returnTo} data-invitation={invitation} hidden>
        {invitation === undefined ? null : <NameField id="passkey-name" />}
        <button type="submit" class={invitation === undefined ? "" : "wide"}>
          {label}
        </button>
        <p class="hint" role="status" />
      </form>
      <NeedsScript />
    </>
  );
}

export function NameField({ id, value }: { id: string; value?: string }) {
  return (
    <div class="field">
      <label for={id}>Your name, as the team sees it</label>
      <input id={id} name="display_name" type="text" required maxlength={100} autocomplete="name" value={value} />
    </div>
  );
}

function NeedsScript() {
  return (
    <noscript>
      <p class="hint">Passkeys need JavaScript, which is off in this browser.</p>
    </noscript>
  );
}

function PasskeysElsewhere({ url }: { url: URL }) {
  const there = new URL(url);
  there.hostname = "localhost";
  return (
    <p class="hint">
      Passkeys belong to a name, and {url.hostname} is a number.
      {isThisMachine(url) ? (
        <>
          {" "}
          Open <a href={there.href}>{there.origin}</a> to use one.
        </>
      ) : null}
    </p>
  );
}

/** Browsers bind passkeys to a domain; an address in numbers is none. */
function hasPasskeys(url: URL): boolean {
  return !/^\[|^\d+(?:\.\d+){3}$/.test(url.hostname);
}

function isThisMachine(url: URL): boolean {
  return url.hostname === "127.0.0.1" || url.hostname === "[::1]";
}
