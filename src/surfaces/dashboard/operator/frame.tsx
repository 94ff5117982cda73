// The frame of the operator's pages: no team, no session, the same look. Runs at the edge.
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { describeError, isAppError } from "../../../core/errors.ts";
import { logFailure } from "../../../core/log.ts";
import { renderDocument } from "../../pages/page.tsx";
import { httpStatus } from "../../rest/problem.ts";
import { requestIdOf } from "../../session.ts";
import { seeOther } from "../../sign-in/form.ts";
import { actionField } from "../actions.ts";
import { Problem } from "../forms.tsx";
import { noticeOf } from "../page.tsx";
import type { Attempt } from "../routes.ts";

export interface OperatorRoutes {
  Bindings: Env;
  Variables: { form: URLSearchParams };
}

export type OperatorContext = Context<OperatorRoutes>;

const places = [
  { id: "overview", label: "Overview", href: "/operator" },
  { id: "teams", label: "Teams", href: "/operator/teams" },
  { id: "dead-letters", label: "Dead letters", href: "/operator/dead-letters" },
] as const;

export interface OperatorPage {
  title: string;
  here: (typeof places)[number]["id"];
  heading?: Child;
  intro?: Child;
  children: Child;
  status?: number;
  attempt?: Attempt | undefined;
  ownProblems?: readonly string[];
  /** What is said after a form did its work, by the key in `?done=`. */
  done?: Readonly<Record<string, Child>>;
}

/** A page for who is signed in as the operator. */
export function operatorPage(c: OperatorContext, page: OperatorPage): Promise<Response> {
  const { attempt } = page;
  const done = noticeOf(c, page.done);
  return operatorDocument({
    title: page.title,
    status: page.status ?? attempt?.status ?? 200,
    places: <Places here={page.here} />,
    main: (
      <>
        <div class="head">
          <div class="grow">
            <h1>{page.heading ?? page.title}</h1>
            {page.intro === undefined ? null : <p class="intro">{page.intro}</p>}
          </div>
        </div>
        {done === undefined || attempt !== undefined ? null : (
          <div class="notice" role="status" id="done">
            {done}
          </div>
        )}
        {attempt === undefined || page.ownProblems?.includes(attempt.action) === true ? null : (
          <Problem attempt={attempt} />
        )}
        {page.children}
      </>
    ),
  });
}

/** The document, with its places once somebody is signed in. */
export function operatorDocument(page: {
  title: string;
  status: number;
  places?: Child;
  main: Child;
}): Promise<Response> {
  const isIn = page.places !== undefined;
  return renderDocument({
    title: `${page.title} · Operator`,
    stylesheet: "dashboard.css",
    script: "dashboard.js",
    status: page.status,
    body: (
      <body class={isIn ? "dashboard" : undefined}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class={isIn ? "top" : "site"}>
          {isIn ? (
            <details class="menu">
              <summary>Menu</summary>
              <nav aria-label="Operator, short">{page.places}</nav>
            </details>
          ) : null}
          <a class="brand" href="/operator">
            Super Data
          </a>
          <span class="team">Operator</span>
          {isIn ? (
            <nav class="account" aria-label="Account">
              <form method="post" action="/operator/sign-out">
                <button type="submit" class="quiet small">
                  Sign out
                </button>
              </form>
            </nav>
          ) : null}
        </header>
        {isIn ? (
          <nav class="side" aria-label="Operator">
            {page.places}
          </nav>
        ) : null}
        <main id="main" tabindex={-1} class={isIn ? undefined : "narrow"}>
          {page.main}
        </main>
      </body>
    ),
  });
}

function Places({ here }: { here: string }) {
  return (
    <ul class="places">
      {places.map(({ id, label, href }) => (
        <li>
          <a href={href} aria-current={id === here ? "page" : undefined}>
            {label}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Does a form's work: a key of the page's notices with, if not the page itself, where to go; or the answer as it is. */
export type OperatorAction = (
  c: OperatorContext,
  form: URLSearchParams,
) => Promise<{ to?: string; done: string } | Response>;

/** The POST handler of a page, as `formActions` is for a team's. */
export function operatorActions(
  actions: Readonly<Record<string, OperatorAction>>,
  render: (c: OperatorContext, attempt?: Attempt) => Promise<Response>,
): (c: OperatorContext) => Promise<Response> {
  return async (c) => {
    const form = c.get("form");
    const name = form.get(actionField) ?? "";
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) return render(c);
    try {
      const result = await action(c, form);
      if (result instanceof Response) return result;
      const target = new URL(result.to ?? c.req.path, c.req.url);
      target.searchParams.set("done", result.done);
      return seeOther(target.pathname + target.search);
    } catch (error) {
      return render(c, attemptOf(c, name, form, error));
    }
  };
}

function attemptOf(c: OperatorContext, action: string, form: URLSearchParams, error: unknown): Attempt {
  if (!isAppError(error)) logFailure("unexpected_error", { request_id: requestIdOf(c.req.raw) }, error);
  const described = describeError(error);
  return { action, form, error: described, status: httpStatus(described.code) };
}
