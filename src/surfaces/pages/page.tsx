// The frame of every page: one document, one stylesheet, a strict content security policy. Runs at the edge.
import type { Child } from "hono/jsx";

export interface PageInput {
  title: string;
  children: Child;
  status?: number;
  headers?: HeadersInit;
  /** File names in build/assets of scripts this page loads, e.g. `passkey.js`. */
  script?: string | readonly string[];
  /** Origins that a form of this page may lead to, besides our own: a browser applies the policy to redirects too. */
  formAction?: readonly string[];
  /** A page of one short card. */
  narrow?: boolean;
  /** Who is signed in; shown at the top with links to their account. */
  person?: { displayName: string } | undefined;
}

/** A whole page as an answer. Never cached, never framed; runs no script but our own files. */
export function renderPage(input: PageInput): Promise<Response> {
  return renderDocument({
    ...input,
    stylesheet: "style.css",
    body: (
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Header person={input.person} />
        <main id="main" class={input.narrow === true ? "narrow" : undefined}>
          {input.children}
        </main>
      </body>
    ),
  });
}

export interface DocumentInput extends Pick<PageInput, "title" | "status" | "headers" | "script" | "formAction"> {
  /** A file name in build/assets. */
  stylesheet: string;
  /** More of the head: elements without text of their own. */
  head?: Child;
  /** The body element. */
  body: Child;
}

/** A document under the one content security policy that every page has. */
export async function renderDocument(input: DocumentInput): Promise<Response> {
  const scripts = input.script === undefined ? [] : [input.script].flat();
  const html = await (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${input.title} · Super Data`}</title>
        <link rel="stylesheet" href={`/${input.stylesheet}`} />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        {input.head}
        {scripts.map((name) => (
          <script type="module" src={`/${name}`} />
        ))}
      </head>
      {input.body}
    </html>
  );
  const headers = new Headers(input.headers);
  for (const [name, value] of Object.entries(securityHeaders(input.formAction ?? []))) headers.set(name, value);
  return new Response(`<!doctype html>${String(html)}`, { status: input.status ?? 200, headers });
}

function Header({ person }: { person: PageInput["person"] }) {
  return (
    <header class="site">
      <a class="brand" href="/">
        Super Data
      </a>
      {person === undefined ? null : (
        <nav aria-label="Account">
          <a href="/account">{person.displayName}</a>
          <form method="post" action="/sign-out">
            <button type="submit" class="quiet">
              Sign out
            </button>
          </form>
        </nav>
      )}
    </header>
  );
}

/** What every answer that a browser may show has, a part of a page too. */
export function securityHeaders(formAction: readonly string[] = []): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    ["form-action 'self'", ...formAction].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    // With no-referrer a browser would send its own forms with `Origin: null`.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
  };
}
