// The frame of every page of a team: where one is, where one can go, and what just happened. Runs at the edge.
import type { Child } from "hono/jsx";
import { describeError, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { renderDocument } from "../pages/page.tsx";
import { httpStatus } from "../rest/problem.ts";
import { Problem } from "./forms.tsx";
import { Places, placesFor, type Section } from "./nav.tsx";
import { Palette, Shortcuts } from "./palette.tsx";
import type { Attempt, PageContext } from "./routes.ts";

export interface TeamPage {
  /** Of the document and, unless `heading` says more, of the page. */
  title: string;
  section?: Section;
  /** The way here, from the section down; the page itself is not among them. */
  crumbs?: readonly { label: string; path: string }[];
  /** What stands where the title would. */
  heading?: Child;
  /** One sentence under the heading: what the page is for. */
  intro?: Child;
  /** Buttons and links beside the heading. */
  tools?: Child;
  children: Child;
  status?: number;
  headers?: HeadersInit;
  /** A form of this page that failed; said at the top unless the page shows it itself (`attempt.action` in `ownProblems`). */
  attempt?: Attempt | undefined;
  ownProblems?: readonly string[];
  /** What is said after a form did its work, by the key in `?done=`. */
  done?: Readonly<Record<string, Child>>;
}

/** What keeps htmx within the content security policy, and how it treats the pages' requests. */
const htmxConfig = JSON.stringify({ includeIndicatorCSS: false, defaultTimeout: 120_000, defaultFocusScroll: false });

/** A page of the team as an answer. */
export function teamPage(c: PageContext, page: TeamPage): Promise<Response> {
  const call = c.get("call");
  const { attempt } = page;
  const done = noticeOf(c, page.done);
  const isSaidHere = attempt !== undefined && page.ownProblems?.includes(attempt.action) !== true;
  return renderDocument({
    title: `${page.title} · ${call.catalogue.name}`,
    stylesheet: "dashboard.css",
    script: "dashboard.js",
    status: page.status ?? attempt?.status ?? 200,
    ...(page.headers === undefined ? {} : { headers: page.headers }),
    head: <meta name="htmx-config" content={htmxConfig} />,
    body: (
      <body class="dashboard" hx-boost:inherited="true" data-team={call.team}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <TopBar c={c} section={page.section} />
        <nav class="side" aria-label="Team">
          <Places call={call} here={page.section} />
        </nav>
        <main id="main" tabindex={-1}>
          <Crumbs c={c} crumbs={page.crumbs ?? []} />
          <div class="head">
            <div class="grow">
              <h1>{page.heading ?? page.title}</h1>
              {page.intro === undefined ? null : <p class="intro">{page.intro}</p>}
            </div>
            {page.tools === undefined ? null : <div class="tools">{page.tools}</div>}
          </div>
          {done === undefined || attempt !== undefined ? null : (
            <div class="notice" role="status" id="done">
              {done}
            </div>
          )}
          {isSaidHere ? <Problem attempt={attempt} /> : null}
          {page.children}
        </main>
        <div class="offline" role="alert" hidden>
          You are offline. This page shows what was last loaded; it catches up by itself.
        </div>
        <Palette team={call.team} />
        <Shortcuts call={call} />
      </body>
    ),
  });
}

/** The notice that an address asks for: of the page's own ones, whatever else every object has. */
export function noticeOf(
  c: Pick<PageContext, "req">,
  notices: Readonly<Record<string, Child>> | undefined,
): Child | undefined {
  const key = c.req.query("done") ?? "";
  return notices !== undefined && Object.hasOwn(notices, key) ? notices[key] : undefined;
}

function TopBar({ c, section }: { c: PageContext; section: Section | undefined }) {
  const call = c.get("call");
  return (
    <header class="top">
      <details class="menu">
        <summary>Menu</summary>
        <nav aria-label="Team, short">
          <Places call={call} here={section} />
          <ul class="places" hx-boost:inherited="false">
            <li>
              <a href="/account">Your account</a>
            </li>
            <li>
              <a href="/">Your teams</a>
            </li>
          </ul>
        </nav>
      </details>
      <a class="brand" href="/" hx-boost="false" title="Your teams">
        Super Data
      </a>
      <a class="team" href={`/t/${call.team}`}>
        <bdi>{call.catalogue.name}</bdi>
      </a>
      <span class="live" data-live-state="off" role="status" aria-live="polite" />
      <button type="button" class="quiet small find" data-open="palette" hidden>
        Find <kbd>/</kbd>
      </button>
      <nav class="account" aria-label="Account" hx-boost:inherited="false">
        <a href="/account">
          <bdi>{call.actor.username}</bdi>
        </a>
        <span class="tag">{call.actor.role}</span>
        <form method="post" action="/sign-out">
          <button type="submit" class="quiet small">
            Sign out
          </button>
        </form>
      </nav>
    </header>
  );
}

function Crumbs({ c, crumbs }: { c: PageContext; crumbs: readonly { label: string; path: string }[] }) {
  if (crumbs.length === 0) return null;
  return (
    <nav class="crumbs" aria-label="Way here">
      <ol>
        {crumbs.map(({ label, path }) => (
          <li>
            <a href={`/t/${c.get("call").team}${path}`}>
              <bdi>{label}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** The page of an error, inside the team's frame. Logs what is unexpected, shows nothing of it. */
export function teamProblem(c: PageContext, error: unknown): Promise<Response> {
  if (!isAppError(error)) logFailure("unexpected_error", { request_id: c.get("requestId") }, error);
  const { code, message, hint, details } = describeError(error);
  const title =
    code === "forbidden" || code === "insufficient_scope"
      ? "This is not allowed"
      : code === "not_found"
        ? "Nothing is here"
        : code === "internal"
          ? "Something failed"
          : "This did not work";
  const { pathname } = new URL(c.req.url);
  const near = placesFor(c.get("call")).find(
    ({ path }) => path !== "" && pathname.startsWith(`/t/${c.get("call").team}${path}/`),
  );
  // The hint of what is not there names a tool to call; a page has its list.
  const isMissing = code === "not_found" && near !== undefined;
  const headers = new Headers();
  if (typeof details?.retry_after === "number") headers.set("retry-after", String(details.retry_after));
  return teamPage(c, {
    title,
    status: httpStatus(code),
    headers,
    children: (
      <div class="card">
        <p>{message}</p>
        {hint === undefined || isMissing ? null : <p>{hint}</p>}
        <p class="actions">
          <a class="button" href={`/t/${c.get("call").team}${isMissing ? near.path : ""}`}>
            {isMissing ? `Go to ${near.label}` : "Go to the team's home"}
          </a>
        </p>
        <p class="hint">Request {c.get("requestId")}</p>
      </div>
    ),
  });
}
