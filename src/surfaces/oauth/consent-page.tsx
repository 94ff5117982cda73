// What a person sees before an OAuth client may act for them. Everything a client says of itself is shown as text. Runs at the edge.
import type { ConsentDescription } from "@cloudflare/workers-oauth-provider";
import { type Scope, scopes } from "../../core/define-tool.ts";
import { cutText } from "../../core/markdown.ts";
import { scopeSentences, scopesOfRole } from "../../features/access/connections.ts";
import type { Membership } from "../../features/people/schema.ts";
import { oauthLimits } from "../../limits.ts";
import { renderPage } from "../pages/page.tsx";
import type { Session } from "../sign-in/session-cookie.ts";

/** What the consent page is about. */
export interface Consent {
  session: Session;
  team: string;
  membership: Membership;
  client: ConsentDescription;
  /** The library's handle of this page: it works once, in this browser. */
  handle: string;
  headers: Headers;
}

/** The consent page: who asks, where the tokens go, for which team, and what for. */
export function consentPage(consent: Consent): Promise<Response> {
  const { session, team, membership, client, handle } = consent;
  const usable = scopesOfRole(membership.role);
  const name = clientName(client);
  const refused = scopes.filter((scope) => client.scope.includes(scope) && !usable.includes(scope));
  return renderPage({
    title: `Allow ${name}?`,
    headers: consent.headers,
    formAction: [formTarget(client.redirectUri)],
    person: session,
    children: (
      <>
        <h1>
          Allow <bdi>{name}</bdi> to use the team <bdi>{team}</bdi>?
        </h1>
        <p>
          <Origin client={client} /> It would act as <strong>{membership.username}</strong> ({membership.role}) in the
          team <strong>{team}</strong>.
        </p>
        <p>
          Access is sent to <strong>{client.redirectHost}</strong>.
        </p>
        {client.redirectIsLoopback ? (
          <div role="alert" class="warning">
            <p>
              This address is an app on your own computer, and any app there can use it under any name. Go on only if
              you have just started to connect from <bdi>{name}</bdi>.
            </p>
          </div>
        ) : null}
        <form method="post" action="/authorize">
          <input type="hidden" name="handle" value={handle} />
          <input type="hidden" name="csrf" value={session.csrf} />
          <fieldset>
            <legend>It may</legend>
            {usable.map((scope) => (
              <ScopeBox scope={scope} isAsked={client.scope.includes(scope)} />
            ))}
          </fieldset>
          {refused.length === 0 ? null : (
            <p>
              It also asks for {refused.join(", ")}, which your role {membership.role} does not allow.
            </p>
          )}
          <p>It never gets more than your role allows. You can end it at any time on your account page.</p>
          <p class="actions">
            <button type="submit" name="decision" value="allow">
              Allow
            </button>{" "}
            <button type="submit" name="decision" value="deny" class="quiet">
              Deny
            </button>
          </p>
        </form>
      </>
    ),
  });
}

function Origin({ client }: { client: ConsentDescription }) {
  if (client.clientDomain === undefined) return <>This app registered itself; nobody has verified its name.</>;
  return (
    <>
      This app is published by <strong>{client.clientDomain}</strong>.
    </>
  );
}

function ScopeBox({ scope, isAsked }: { scope: Scope; isAsked: boolean }) {
  const isFixed = scope === "data:read";
  return (
    <p>
      <label>
        <input type="checkbox" name="scope" value={scope} checked={isFixed || isAsked} disabled={isFixed} />{" "}
        {scopeSentences[scope]} <small>{scope}</small>
      </label>
    </p>
  );
}

/** The name a client gives itself, at a length that leaves the page readable. */
export function clientName(client: Pick<ConsentDescription, "clientName">): string {
  return cutText(client.clientName, oauthLimits.clientNameChars);
}

/**
 * Where the form may lead after our redirect, as a policy source. A host that a policy cannot name, such as an IPv6 address or one with a
 * semicolon, which would begin another directive, is any of its scheme.
 */
function formTarget(redirectUri: string): string {
  const { protocol, origin, hostname } = new URL(redirectUri);
  return /^[a-z0-9._-]+$/.test(hostname) ? origin : protocol;
}

/** A page that says one thing and what to do about it. */
export function messagePage(input: {
  status: number;
  title: string;
  lines: readonly string[];
  session?: Session;
  links?: readonly { href: string; text: string }[];
}): Promise<Response> {
  return renderPage({
    title: input.title,
    status: input.status,
    person: input.session,
    children: (
      <>
        <h1>{input.title}</h1>
        {input.lines.map((line) => (
          <p>{line}</p>
        ))}
        {input.links === undefined ? null : (
          <ul>
            {input.links.map(({ href, text }) => (
              <li>
                <a href={href}>{text}</a>
              </li>
            ))}
          </ul>
        )}
      </>
    ),
  });
}
